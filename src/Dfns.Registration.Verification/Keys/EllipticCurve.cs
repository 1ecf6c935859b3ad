using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// One curve y² = x³ + a·x + b over a prime field that ECDSA keys may lie on (SEC 2 §2.4, §2.5, §2.6; FIPS 186-5 calls the first three
/// P-256, P-384 and P-521). Curves are recognised by these rows and by nothing else. Their cofactors are 1.
/// </summary>
internal sealed class EllipticCurve
{
    public static readonly EllipticCurve P256 = new(
        "P-256", "1.2.840.10045.3.1.7", coseCurve: 1, coordinateSizeBytes: 32, a: -3,
        p: "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        b: "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        gx: "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296",
        gy: "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5");

    public static readonly EllipticCurve P384 = new(
        "P-384", "1.3.132.0.34", coseCurve: 2, coordinateSizeBytes: 48, a: -3,
        p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
        b: "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
        gx: "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7",
        gy: "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F");

    public static readonly EllipticCurve P521 = new(
        "P-521", "1.3.132.0.35", coseCurve: 3, coordinateSizeBytes: 66, a: -3,
        p: "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        b: "51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00",
        gx: "C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66",
        gy: "11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650");

    public static readonly EllipticCurve Secp256k1 = new(
        "secp256k1", "1.3.132.0.10", coseCurve: 8, coordinateSizeBytes: 32, a: 0,
        p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F",
        b: "7",
        gx: "79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798",
        gy: "483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8");

    private readonly BigInteger prime;
    private readonly BigInteger b;
    private readonly int a;
    private readonly Lazy<bool> isOnThisPlatform;

    private EllipticCurve(string name, string oid, int coseCurve, int coordinateSizeBytes, int a, string p, string b, string gx, string gy)
    {
        (Name, Oid, CoseCurve, CoordinateSizeBytes) = (name, oid, coseCurve, coordinateSizeBytes);
        (prime, this.a, this.b) = (Number(p), a, Number(b));
        Generator = new ECPoint { X = Coordinate(Number(gx)), Y = Coordinate(Number(gy)) };
        isOnThisPlatform = new(CanImport);
    }

    /// <summary>All curves.</summary>
    public static IReadOnlyList<EllipticCurve> All { get; } = [P256, P384, P521, Secp256k1];

    /// <summary>The usual name, which is also that of OpenSSL.</summary>
    public string Name { get; }

    /// <summary>The object identifier in SubjectPublicKeyInfo (RFC 5480 §2.1.1.1, SEC 2 A.2.1).</summary>
    public string Oid { get; }

    /// <summary>The number of the COSE curve (RFC 9053 §7.1, RFC 8812 §4.1).</summary>
    public int CoseCurve { get; }

    /// <summary>The size of one coordinate.</summary>
    public int CoordinateSizeBytes { get; }

    /// <summary>The base point.</summary>
    public ECPoint Generator { get; }

    /// <summary>The same curve as the framework knows it.</summary>
    public ECCurve Curve => ECCurve.CreateFromValue(Oid);

    /// <summary>Whether the platform's cryptography has the curve; asked once, by importing the base point.</summary>
    public bool IsOnThisPlatform => isOnThisPlatform.Value;

    /// <summary>The curve of an object identifier, or null.</summary>
    public static EllipticCurve? FindByOid(string oid) => All.FirstOrDefault(curve => curve.Oid == oid);

    /// <summary>
    /// Whether a point lies on the curve, its coordinates below the prime (SEC 1 §3.2.2.1 steps 1 to 3). Since the cofactor is 1, such a
    /// point is a valid key: the point at infinity has no coordinates, and step 4 asks for nothing more.
    /// </summary>
    /// <param name="x">The first coordinate, big-endian.</param>
    /// <param name="y">The second coordinate, big-endian.</param>
    public bool Contains(ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        var (xNumber, yNumber) = (new BigInteger(x, isUnsigned: true, isBigEndian: true), new BigInteger(y, isUnsigned: true, isBigEndian: true));
        if (xNumber >= prime || yNumber >= prime) return false;
        return ((yNumber * yNumber) - (((xNumber * xNumber) + a) * xNumber) - b) % prime == BigInteger.Zero;
    }

    private bool CanImport()
    {
        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = Curve, Q = Generator });
            return true;
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private byte[] Coordinate(BigInteger number)
    {
        var bytes = new byte[CoordinateSizeBytes];
        var digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, bytes.Length - digits.Length);
        return bytes;
    }

    // A zero in front keeps the number positive.
    private static BigInteger Number(string hex) => BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
