using System.Buffers.Binary;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn;

/// <summary>The flags of authenticator data (WebAuthn L3 §6.1). Bits 1 and 5 are reserved and say nothing.</summary>
[Flags]
internal enum AuthenticatorFlags : byte
{
    /// <summary>UP: the user was present.</summary>
    UserPresent = 1 << 0,

    /// <summary>UV: the user was verified.</summary>
    UserVerified = 1 << 2,

    /// <summary>BE: the credential may be backed up.</summary>
    BackupEligible = 1 << 3,

    /// <summary>BS: the credential is backed up.</summary>
    BackupState = 1 << 4,

    /// <summary>AT: attested credential data follows.</summary>
    AttestedCredentialData = 1 << 6,

    /// <summary>ED: extension data follows.</summary>
    ExtensionData = 1 << 7,
}

/// <summary>Authenticator data (WebAuthn L3 §6.1): 37 bytes, then what the flags AT and ED announce, then nothing.</summary>
internal sealed record AuthenticatorData
{
    private const int RpIdHashSizeBytes = 32;
    private const int FixedSizeBytes = RpIdHashSizeBytes + 1 + 4;

    /// <summary>The whole, as received: attestation signatures are made over these bytes.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>SHA-256 of the RP ID the authenticator was given.</summary>
    public required ReadOnlyMemory<byte> RpIdHash { get; init; }

    /// <summary>The flags as received.</summary>
    public required AuthenticatorFlags Flags { get; init; }

    /// <summary>The signature counter.</summary>
    public required uint SignCount { get; init; }

    /// <summary>What flag AT announces; null without it.</summary>
    public required AttestedCredentialData? AttestedCredential { get; init; }

    /// <summary>What flag ED announces; nothing without it.</summary>
    public required AuthenticatorExtensions Extensions { get; init; }

    /// <summary>Reads authenticator data.</summary>
    /// <param name="bytes">As made by the authenticator; kept as slices, not copied.</param>
    /// <returns>
    /// The data, or <see cref="RefusalReason.AuthenticatorDataTruncated"/>, <see cref="RefusalReason.AuthenticatorDataTrailingBytes"/>,
    /// or one of the reasons that begin with Cbor.
    /// </returns>
    public static Outcome<AuthenticatorData> Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < FixedSizeBytes) return RefusalReason.AuthenticatorDataTruncated;
        var flags = (AuthenticatorFlags)bytes.Span[RpIdHashSizeBytes];
        var rest = bytes[FixedSizeBytes..];

        AttestedCredentialData? attested = null;
        if (flags.HasFlag(AuthenticatorFlags.AttestedCredentialData))
        {
            if (AttestedCredentialData.ReadFirst(rest).Refused(out var why, out attested)) return why;
            rest = rest[attested.SizeBytes..];
        }

        var extensions = AuthenticatorExtensions.None;
        if (flags.HasFlag(AuthenticatorFlags.ExtensionData))
        {
            if (rest.IsEmpty) return RefusalReason.AuthenticatorDataTruncated;
            // §2.4: authenticators encode in CTAP2 canonical form, and what is not may be refused. This map comes from the authenticator itself,
            // as the credential public key does, and nobody on the way can have written it anew: it is signed.
            if (CborMap.ReadFirst(rest, "extensions", canonicalOrder: true).Refused(out var why, out var outputs)) return why;
            if (AuthenticatorExtensions.Read(outputs.Map).Refused(out why, out extensions)) return why;
            rest = rest[outputs.Length..];
        }

        if (!rest.IsEmpty) return RefusalReason.AuthenticatorDataTrailingBytes;
        return new AuthenticatorData
        {
            Bytes = bytes,
            RpIdHash = bytes[..RpIdHashSizeBytes],
            Flags = flags,
            SignCount = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span[(RpIdHashSizeBytes + 1)..]),
            AttestedCredential = attested,
            Extensions = extensions,
        };
    }
}

/// <summary>Attested credential data (WebAuthn L3 §6.5.1).</summary>
/// <param name="Aaguid">The authenticator model, 16 bytes in network order.</param>
/// <param name="CredentialId">The credential id, of any length its two-byte length field can state.</param>
/// <param name="PublicKey">The COSE_Key as received.</param>
/// <param name="PublicKeyMembers">The same, decoded.</param>
internal sealed record AttestedCredentialData(
    Guid Aaguid, ReadOnlyMemory<byte> CredentialId, ReadOnlyMemory<byte> PublicKey, CborMap PublicKeyMembers)
{
    private const int AaguidSizeBytes = 16;
    private const int FixedSizeBytes = AaguidSizeBytes + 2;

    /// <summary>The bytes that the whole takes.</summary>
    public int SizeBytes => FixedSizeBytes + CredentialId.Length + PublicKey.Length;

    /// <summary>Reads the attested credential data at the beginning of some bytes; the public key's own end is where it ends.</summary>
    /// <returns>The data, or <see cref="RefusalReason.AuthenticatorDataTruncated"/>, or one of the reasons that begin with Cbor.</returns>
    public static Outcome<AttestedCredentialData> ReadFirst(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < FixedSizeBytes) return RefusalReason.AuthenticatorDataTruncated;
        var aaguid = new Guid(bytes.Span[..AaguidSizeBytes], bigEndian: true);
        var credentialIdLength = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[AaguidSizeBytes..]);

        var rest = bytes[FixedSizeBytes..];
        if (rest.Length <= credentialIdLength) return RefusalReason.AuthenticatorDataTruncated;
        var credentialId = rest[..credentialIdLength];

        rest = rest[credentialIdLength..];
        if (CborMap.ReadFirst(rest, "credential public key", canonicalOrder: true).Refused(out var why, out var key)) return why;
        return new AttestedCredentialData(aaguid, credentialId, rest[..key.Length], key.Map);
    }
}
