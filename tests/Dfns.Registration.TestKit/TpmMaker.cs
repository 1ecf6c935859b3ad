using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

/// <summary>What a TPM says of a credential key, in the making: TPMT_PUBLIC and TPMS_ATTEST (TPM 2.0 Part 2), field by field.</summary>
public sealed class TpmDraft
{
    internal TpmDraft(SoftwareKey key, int algorithm)
    {
        var parameters = key.CoseKey(algorithm).Entries.Skip(2).Select(entry => Content(entry.Value)).ToList();
        var isRsa = key.Name.StartsWith("RSA", StringComparison.Ordinal);
        KeyType = isRsa ? (ushort)0x0001 : (ushort)0x0023;
        KeyBits = isRsa ? (ushort)(parameters[0].Length * 8) : (ushort)0;
        CurveId = key.Name switch { "P-256" => 3, "P-384" => 4, "P-521" => 5, _ => 0 };
        Unique = isRsa ? [parameters[0]] : [.. parameters[1..]];
    }

    /// <summary>TPMT_PUBLIC type: 0x0001 RSA, 0x0023 elliptic curve.</summary>
    public ushort KeyType { get; set; }

    /// <summary>TPMT_PUBLIC nameAlg: 0x000B is SHA-256.</summary>
    public ushort NameAlgorithm { get; set; } = 0x000B;

    /// <summary>TPMT_PUBLIC objectAttributes: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, sign.</summary>
    public uint Attributes { get; set; } = 0x00040472;

    /// <summary>TPMT_PUBLIC authPolicy.</summary>
    public byte[] AuthPolicy { get; set; } = new byte[32];

    /// <summary>Parameters: symmetric, with its details.</summary>
    public byte[] Symmetric { get; set; } = [0x00, 0x10];

    /// <summary>Parameters: scheme, with its details.</summary>
    public byte[] Scheme { get; set; } = [0x00, 0x10];

    /// <summary>RSA parameters: keyBits.</summary>
    public ushort KeyBits { get; set; }

    /// <summary>RSA parameters: exponent; 0 stands for 65,537.</summary>
    public uint Exponent { get; set; }

    /// <summary>Elliptic-curve parameters: curveID.</summary>
    public ushort CurveId { get; set; }

    /// <summary>Elliptic-curve parameters: kdf, with its details.</summary>
    public byte[] KeyDerivation { get; set; } = [0x00, 0x10];

    /// <summary>unique: the modulus, or both coordinates.</summary>
    public IList<byte[]> Unique { get; }

    /// <summary>TPMT_PUBLIC as a whole; the name is made of what this gives.</summary>
    public Func<byte[], byte[]> PublicArea { get; set; } = bytes => bytes;

    /// <summary>TPMS_ATTEST magic.</summary>
    public uint Magic { get; set; } = 0xFF544347;

    /// <summary>TPMS_ATTEST type.</summary>
    public ushort Type { get; set; } = 0x8017;

    /// <summary>TPMS_ATTEST qualifiedSigner.</summary>
    public byte[] QualifiedSigner { get; set; } = new byte[34];

    /// <summary>TPMS_ATTEST extraData: the hash of what is attested.</summary>
    public Func<byte[], byte[]> ExtraData { get; set; } = bytes => bytes;

    /// <summary>TPMS_ATTEST clockInfo and firmwareVersion.</summary>
    public byte[] ClockAndFirmware { get; set; } = RandomNumberGenerator.GetBytes(25);

    /// <summary>TPMS_CERTIFY_INFO name: algorithm and hash of the public area.</summary>
    public Func<byte[], byte[]> Name { get; set; } = bytes => bytes;

    /// <summary>TPMS_CERTIFY_INFO qualifiedName.</summary>
    public byte[] QualifiedName { get; set; } = new byte[34];

    /// <summary>TPMS_ATTEST as a whole, before it is signed.</summary>
    public Func<byte[], byte[]> CertInfo { get; set; } = bytes => bytes;

    internal byte[] EncodePublicArea()
    {
        byte[] parameters = KeyType == 0x0001
            ? [.. Symmetric, .. Scheme, .. UInt16(KeyBits), .. UInt32(Exponent)]
            : [.. Symmetric, .. Scheme, .. UInt16(CurveId), .. KeyDerivation];
        return PublicArea(
        [
            .. UInt16(KeyType), .. UInt16(NameAlgorithm), .. UInt32(Attributes), .. Sized(AuthPolicy), .. parameters, .. Unique.SelectMany(Sized),
        ]);
    }

    internal byte[] EncodeCertInfo(byte[] publicArea, byte[] extraData) => CertInfo(
    [
        .. UInt32(Magic), .. UInt16(Type), .. Sized(QualifiedSigner), .. Sized(ExtraData(extraData)), .. ClockAndFirmware,
        .. Sized(Name(NameOf(publicArea))), .. Sized(QualifiedName),
    ]);

    private byte[] NameOf(byte[] publicArea) => [.. UInt16(NameAlgorithm), .. CryptographicOperations.HashData(
        NameAlgorithm switch
        {
            0x0004 => HashAlgorithmName.SHA1,
            0x000C => HashAlgorithmName.SHA384,
            0x000D => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        },
        publicArea)];

    private static byte[] UInt16(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Sized(byte[] content) => [.. UInt16((ushort)content.Length), .. content];

    // The content of an encoded byte string; integers, such as the number of a curve, as they are.
    private static byte[] Content(byte[] cbor) => cbor[0] switch
    {
        0x58 => cbor[2..],
        0x59 => cbor[3..],
        > 0x40 and < 0x58 => cbor[1..],
        _ => cbor,
    };
}

public abstract partial class AttestationMaker
{
    /// <summary>Format <c>tpm</c>: an attestation identity key certifies the credential key.</summary>
    /// <param name="algorithm">The COSE algorithm number of the attestation key; -65535 is RS1.</param>
    /// <param name="describe">Changes the structures of the TPM before they are hashed and signed.</param>
    /// <param name="change">Changes the attestation certificate before it is signed.</param>
    public static AttestationMaker Tpm(int algorithm = -257, Action<TpmDraft>? describe = null, Action<CertificateDraft>? change = null) =>
        new TpmMaker(algorithm, describe ?? (_ => { }), change ?? (_ => { }));

    private sealed class TpmMaker(int algorithm, Action<TpmDraft> describe, Action<CertificateDraft> change) : AttestationMaker
    {
        public override string Format => "tpm";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var attestationKey = SoftwareKey.ForAlgorithm(algorithm);
            var leaf = CertificateDraft.ForTpm(attestationKey);
            change(leaf);

            var tpm = new TpmDraft(draft.CredentialKey, draft.Algorithm);
            describe(tpm);
            var publicArea = tpm.EncodePublicArea();
            var certInfo = tpm.EncodeCertInfo(publicArea, CryptographicOperations.HashData(SoftwareKey.HashOf(algorithm), signedBytes));
            return new CborMapDraft()
                .Set("alg", Cbor.Number(algorithm))
                .Set("sig", Cbor.Bytes(draft.Signature(attestationKey.Sign(certInfo, algorithm))))
                .Set("ver", Cbor.Text("2.0"))
                .Set("x5c", X5c(draft, leaf))
                .Set("pubArea", Cbor.Bytes(publicArea))
                .Set("certInfo", Cbor.Bytes(certInfo));
        }
    }
}
