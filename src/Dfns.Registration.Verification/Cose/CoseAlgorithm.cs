using System.Security.Cryptography;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.Cose;

/// <summary>COSE key types (RFC 9053 §7, RFC 8230 §4), by their numbers.</summary>
internal enum CoseKeyType
{
    /// <summary>Octet key pair: Ed25519.</summary>
    Okp = 1,

    /// <summary>Elliptic curve with both coordinates.</summary>
    Ec2 = 2,

    /// <summary>RSA.</summary>
    Rsa = 3,
}

/// <summary>
/// One row of the table: an algorithm is its number, key type, curve, hash and padding taken together, so that none of them can be
/// combined with a stranger (WebAuthn L3 §5.8.5 binds the curves; RFC 9053 §2, RFC 8812 §2 and §3, RFC 8230 §2).
/// </summary>
/// <param name="Number">The COSE algorithm number.</param>
/// <param name="Name">The registered name.</param>
/// <param name="KeyType">The one key type.</param>
/// <param name="Curve">The one ECDSA curve; null for keys of another type.</param>
/// <param name="Scheme">Hash and padding.</param>
internal sealed record CoseAlgorithm(int Number, string Name, CoseKeyType KeyType, EllipticCurve? Curve, SignatureScheme Scheme)
{
    /// <summary>The one algorithm of U2F.</summary>
    public static readonly CoseAlgorithm Es256 = Ecdsa(-7, "ES256", EllipticCurve.P256, HashAlgorithmName.SHA256);

    /// <summary>The one algorithm of SafetyNet.</summary>
    public static readonly CoseAlgorithm Rs256 = Rsa(-257, "RS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    private static readonly CoseAlgorithm[] Table =
    [
        Es256,
        Ecdsa(-35, "ES384", EllipticCurve.P384, HashAlgorithmName.SHA384),
        Ecdsa(-36, "ES512", EllipticCurve.P521, HashAlgorithmName.SHA512),
        Ecdsa(-47, "ES256K", EllipticCurve.Secp256k1, HashAlgorithmName.SHA256),
        new(-8, "EdDSA", CoseKeyType.Okp, Curve: null, new(HashAlgorithmName.SHA512, Padding: null)),
        Rs256,
        Rsa(-258, "RS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
        Rsa(-259, "RS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
        Rsa(-37, "PS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        Rsa(-38, "PS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pss),
        Rsa(-39, "PS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pss),
    ];

    // SHA-1: what many TPMs in use sign with (RFC 8812 §2, deprecated). Not in the table, so that nothing else can be signed by it.
    private static readonly CoseAlgorithm Rs1 = Rsa(-65535, "RS1", HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

    /// <summary>The numbers of all rows.</summary>
    public static IReadOnlyList<int> Numbers { get; } = [.. Table.Select(row => row.Number)];

    /// <summary>The row of a number, or null; for the attestation key of a TPM alone, RS1 is one where it is allowed.</summary>
    public static CoseAlgorithm? FindForTpm(long number, bool allowRs1) => allowRs1 && number == Rs1.Number ? Rs1 : Find(number);

    /// <summary>The row of a number, or null.</summary>
    public static CoseAlgorithm? Find(long number) => Array.Find(Table, row => row.Number == number);

    /// <summary>Whether a key is of the row's type and lies on the row's curve.</summary>
    public bool Fits(PublicKey key) => KeyType switch
    {
        CoseKeyType.Ec2 => key is EcdsaPublicKey ecdsa && ecdsa.Curve == Curve,
        CoseKeyType.Okp => key is Ed25519PublicKey,
        CoseKeyType.Rsa => key is RsaPublicKey,
    };

    private static CoseAlgorithm Ecdsa(int number, string name, EllipticCurve curve, HashAlgorithmName hash) =>
        new(number, name, CoseKeyType.Ec2, curve, new(hash, Padding: null));

    private static CoseAlgorithm Rsa(int number, string name, HashAlgorithmName hash, RSASignaturePadding padding) =>
        new(number, name, CoseKeyType.Rsa, Curve: null, new(hash, padding));
}
