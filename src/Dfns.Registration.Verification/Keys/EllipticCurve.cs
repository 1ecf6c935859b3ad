using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>One curve that ECDSA keys may lie on. Curves are recognised by these rows and by nothing else.</summary>
/// <param name="Name">The usual name.</param>
/// <param name="Oid">The object identifier in SubjectPublicKeyInfo (RFC 5480 §2.1.1.1, SEC 2 A.2.1).</param>
/// <param name="CoseCurve">The number of the COSE curve (RFC 9053 §7.1, RFC 8812 §4.1).</param>
/// <param name="CoordinateSizeBytes">The size of one coordinate.</param>
internal sealed record EllipticCurve(string Name, string Oid, int CoseCurve, int CoordinateSizeBytes)
{
    public static readonly EllipticCurve P256 = new("P-256", "1.2.840.10045.3.1.7", 1, 32);
    public static readonly EllipticCurve P384 = new("P-384", "1.3.132.0.34", 2, 48);
    public static readonly EllipticCurve P521 = new("P-521", "1.3.132.0.35", 3, 66);
    public static readonly EllipticCurve Secp256k1 = new("secp256k1", "1.3.132.0.10", 8, 32);

    private static readonly EllipticCurve[] All = [P256, P384, P521, Secp256k1];

    /// <summary>The same curve as the framework knows it.</summary>
    public ECCurve Curve => ECCurve.CreateFromValue(Oid);

    /// <summary>The curve of an object identifier, or null.</summary>
    public static EllipticCurve? FindByOid(string oid) => Array.Find(All, curve => curve.Oid == oid);
}
