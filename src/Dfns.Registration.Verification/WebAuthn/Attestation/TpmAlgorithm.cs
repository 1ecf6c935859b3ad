using System.Security.Cryptography;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>The values of TPM_ALG_ID that public areas are made of (TPM 2.0 Part 2 §6.3).</summary>
internal static class TpmAlgorithm
{
    public const ushort Rsa = 0x0001;
    public const ushort TripleDes = 0x0003;
    public const ushort Sha1 = 0x0004;
    public const ushort Aes = 0x0006;
    public const ushort Mgf1 = 0x0007;
    public const ushort Sha256 = 0x000B;
    public const ushort Sha384 = 0x000C;
    public const ushort Sha512 = 0x000D;
    public const ushort Null = 0x0010;
    public const ushort Sm4 = 0x0013;
    public const ushort RsaSsa = 0x0014;
    public const ushort RsaEs = 0x0015;
    public const ushort RsaPss = 0x0016;
    public const ushort Oaep = 0x0017;
    public const ushort Ecdsa = 0x0018;
    public const ushort Ecdh = 0x0019;
    public const ushort Ecdaa = 0x001A;
    public const ushort Sm2 = 0x001B;
    public const ushort EcSchnorr = 0x001C;
    public const ushort EcMqv = 0x001D;
    public const ushort Kdf1Sp80056A = 0x0020;
    public const ushort Kdf2 = 0x0021;
    public const ushort Kdf1Sp800108 = 0x0022;
    public const ushort Ecc = 0x0023;
    public const ushort Camellia = 0x0026;

    /// <summary>The hash of a number; null for other numbers than SHA-1 and the SHA-2 hashes.</summary>
    public static HashAlgorithmName? Hash(ushort algorithm) => algorithm switch
    {
        Sha1 => HashAlgorithmName.SHA1,
        Sha256 => HashAlgorithmName.SHA256,
        Sha384 => HashAlgorithmName.SHA384,
        Sha512 => HashAlgorithmName.SHA512,
        _ => null,
    };
}
