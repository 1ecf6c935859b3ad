namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// TPMS_ATTEST (TPM 2.0 Part 2 §10.12.8) that certifies a key: what a TPM signs when it vouches for one of its objects. Read to the last
/// byte; WebAuthn L3 §8.3 ignores who signed, when, and with which firmware, so those fields may hold anything of their size.
/// </summary>
/// <param name="ExtraData">What the caller of the TPM had it sign along.</param>
/// <param name="Name">The name of the certified object.</param>
internal sealed record TpmCertifyInfo(ReadOnlyMemory<byte> ExtraData, ReadOnlyMemory<byte> Name)
{
    // TPM_GENERATED_VALUE (§6.2): a TPM never signs foreign bytes that begin with it.
    private const uint GeneratedValue = 0xFF544347;

    // TPM_ST_ATTEST_CERTIFY (§6.9).
    private const ushort AttestCertify = 0x8017;

    // TPMS_CLOCK_INFO (§10.11.1): clock, resetCount, restartCount, safe.
    private const int ClockInfoSizeBytes = 8 + 4 + 4 + 1;
    private const int FirmwareVersionSizeBytes = 8;

    /// <summary>Reads a TPMS_ATTEST.</summary>
    /// <returns>
    /// The structure, or <see cref="RefusalReason.TpmMagicUnexpected"/>, <see cref="RefusalReason.TpmTypeUnexpected"/> or
    /// <see cref="RefusalReason.TpmCertInfoMalformed"/>.
    /// </returns>
    public static Outcome<TpmCertifyInfo> Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new TpmReader(bytes);
        var magic = reader.UInt32();
        var type = reader.UInt16();
        if (reader.RanOut) return RefusalReason.TpmCertInfoMalformed;
        if (magic != GeneratedValue) return RefusalReason.TpmMagicUnexpected;
        // The type decides what attested holds, so there is no reading on with another.
        if (type != AttestCertify) return new Refusal(RefusalReason.TpmTypeUnexpected, $"0x{type:X4}");

        // qualifiedSigner.
        reader.Sized();
        var extraData = reader.Sized();
        reader.Bytes(ClockInfoSizeBytes);
        reader.Bytes(FirmwareVersionSizeBytes);
        // TPMS_CERTIFY_INFO (§10.12.3): name, qualifiedName.
        var name = reader.Sized();
        reader.Sized();
        return reader.IsExhausted ? new TpmCertifyInfo(extraData, name) : RefusalReason.TpmCertInfoMalformed;
    }
}
