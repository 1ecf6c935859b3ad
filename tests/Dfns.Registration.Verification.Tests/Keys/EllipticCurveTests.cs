using System.Numerics;
using System.Security.Cryptography;
using CsCheck;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>The arithmetic on public keys: the curves' numbers, points on them, squares, and the one encoding of a key.</summary>
public sealed class EllipticCurveTests
{
    private static readonly BigInteger PrimeOfEd25519 = BigInteger.Pow(2, 255) - 19;

    public static TheoryData<string> Curves => ["P-256", "P-384", "P-521", "secp256k1"];

    public static TheoryData<string> Keys => ["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "RSA-2048", "RSA-3072"];

    [Theory]
    [MemberData(nameof(Curves))]
    public void Every_curve_has_the_frameworks_base_point_and_the_points_of_its_keys(string name)
    {
        var curve = EcdsaNumbers.Curve(name);
        using var key = ECDsa.Create(curve.Curve);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        Assert.True(curve.Contains(point.X, point.Y));
        Assert.True(curve.Contains(curve.Generator.X, curve.Generator.Y));
        var generator = key.ExportExplicitParameters(includePrivateParameters: false).Curve.G;
        Assert.Equal(Minimal(generator.X!), Minimal(curve.Generator.X!));
        Assert.Equal(Minimal(generator.Y!), Minimal(curve.Generator.Y!));
    }

    /// <summary>Both refuse what lies beside the curve, and coordinates that are not below the prime.</summary>
    [Theory]
    [MemberData(nameof(Curves))]
    public void A_point_counts_exactly_where_the_framework_imports_it(string name)
    {
        var curve = EcdsaNumbers.Curve(name);
        using var key = ECDsa.Create(curve.Curve);
        var explicitly = key.ExportExplicitParameters(includePrivateParameters: false).Curve;
        var prime = new BigInteger(explicitly.Prime, isUnsigned: true, isBigEndian: true);
        var size = curve.CoordinateSizeBytes;
        var (x, y) = (Number(explicitly.G.X!), Number(explicitly.G.Y!));
        (BigInteger X, BigInteger Y)[] points =
        [
            (x, y), (x, prime - y), (prime - x, y), (y, x), (0, 0), (0, 1), (1, 0), (x, 0), (0, y), (prime, y), (x, prime), (x + prime, y), (x, y + prime), (prime - 1, prime - 1), (x + 1, y), (x, y - 1),
        ];
        foreach (var (pointX, pointY) in points)
        {
            if (pointX.GetByteCount(isUnsigned: true) > size || pointY.GetByteCount(isUnsigned: true) > size) continue;
            var (xBytes, yBytes) = (Bytes(pointX, size), Bytes(pointY, size));
            Assert.Equal(Imports(curve, xBytes, yBytes), curve.Contains(xBytes, yBytes));
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_key_is_written_as_the_framework_writes_it(string name)
    {
        var info = SoftwareKey.Named(name).SubjectPublicKeyInfo;
        Assert.Equal(info, Accepted(SubjectPublicKeyInfo.Read(info)).ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void The_Jacobi_symbol_tells_squares_as_Eulers_criterion_does() => Gen.Byte.Array[32].Sample(bytes =>
    {
        var number = new BigInteger(bytes, isUnsigned: true) % PrimeOfEd25519;
        return JacobiSymbol.Of(number, PrimeOfEd25519) == Euler(number, PrimeOfEd25519)
            && JacobiSymbol.Of(number * number % PrimeOfEd25519, PrimeOfEd25519) == 1;
    }, iter: 300);

    [Fact]
    public void The_Jacobi_symbol_of_small_and_of_extreme_numbers_is_right()
    {
        BigInteger[] primes = [3, 5, 7, 11, 13, 17, 251, 65537, PrimeOfEd25519, BigInteger.Pow(2, 256) - 189];
        foreach (var prime in primes)
            foreach (var number in new[] { 0, 1, 2, 3, 4, prime - 1, prime - 2, prime / 2, BigInteger.Pow(2, 64) % prime, BigInteger.Pow(2, 192) % prime, (BigInteger.Pow(2, 128) - 1) % prime })
                if (number >= 0 && number < prime) Assert.Equal(Euler(number, prime), JacobiSymbol.Of(number, prime));
        // Not a prime: a divisor in common, and a product of symbols.
        Assert.Equal(0, JacobiSymbol.Of(6, 15));
        Assert.Equal(1, JacobiSymbol.Of(2, 15));
        Assert.Equal(-1, JacobiSymbol.Of(7, 15));
    }

    private static int Euler(BigInteger number, BigInteger prime)
    {
        var power = BigInteger.ModPow(number, (prime - 1) / 2, prime);
        return power == prime - 1 ? -1 : (int)power;
    }

    private static bool Imports(EllipticCurve curve, byte[] x, byte[] y)
    {
        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = curve.Curve, Q = new ECPoint { X = x, Y = y } });
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[] Minimal(byte[] number) => number.AsSpan().TrimStart((byte)0).ToArray();

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int size)
    {
        var digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[size - digits.Length], .. digits];
    }
}
