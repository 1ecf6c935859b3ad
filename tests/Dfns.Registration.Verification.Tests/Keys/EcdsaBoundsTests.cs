using System.Numerics;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>
/// ECDSA at the bounds of its numbers, on every curve: r and s lie between 1 and the order less 1 (FIPS 186-4 §6.4). Each signature
/// differs in one thing from one that verifies.
/// </summary>
public sealed class EcdsaBoundsTests
{
    private static readonly byte[] Message = "sample"u8.ToArray();
    private static readonly SignatureScheme Scheme = new(HashAlgorithmName.SHA256, Padding: null);

    public static TheoryData<string> Curves => ["P-256", "P-384", "P-521", "secp256k1"];

    /// <summary>(r, n - s) is the same signature: the specifications accept both, and so must a relying party.</summary>
    [Theory]
    [MemberData(nameof(Curves))]
    public void Accepts_the_twin_of_s(string curve) => Assert.True(Verifies(curve, (r, s, n) => EcdsaNumbers.Der(r, n - s)));

    [Theory]
    [MemberData(nameof(Curves))]
    public void Refuses_numbers_at_and_beyond_the_bounds(string curve)
    {
        Func<BigInteger, BigInteger>[] bounds = [_ => 0, _ => 1, n => n - 1, n => n, n => n + 1, n => 2 * n, _ => -1, n => BigInteger.Pow(2, 1024) + n];
        Assert.All(bounds, bound =>
        {
            Assert.False(Verifies(curve, (_, s, n) => EcdsaNumbers.Der(bound(n), s)), "r");
            Assert.False(Verifies(curve, (r, _, n) => EcdsaNumbers.Der(r, bound(n))), "s");
            Assert.False(Verifies(curve, (_, _, n) => EcdsaNumbers.Der(bound(n), bound(n))), "both");
        });
    }

    [Theory]
    [MemberData(nameof(Curves))]
    public void Refuses_numbers_that_are_congruent_and_those_of_the_twin_of_r(string curve)
    {
        Assert.False(Verifies(curve, (r, s, n) => EcdsaNumbers.Der(r + n, s)));
        Assert.False(Verifies(curve, (r, s, n) => EcdsaNumbers.Der(r, s + n)));
        Assert.False(Verifies(curve, (r, s, n) => EcdsaNumbers.Der(r - n, s)));
        Assert.False(Verifies(curve, (r, s, n) => EcdsaNumbers.Der(n - r, s)));
    }

    [Theory]
    [MemberData(nameof(Curves))]
    public void Refuses_other_encodings_of_the_same_numbers(string curve)
    {
        Func<byte[], byte[]>[] encodings =
        [
            der => [.. der, 0],
            der => [.. der, 5, 0],
            der => der[..^1],
            der => [],
            der => [0x30, 0],
            der => [0x31, .. der[1..]],
            der => [0x10, .. der[1..]],
            // One byte of length more than there are, and one less.
            der => LengthChangedBy(der, 1),
            der => LengthChangedBy(der, -1),
            // A length of 2^31 - 1, and one of 2^64 - 1.
            der => [0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, .. der[2..]],
            der => [0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. der[2..]],
            // Numbers of other types, and none.
            der => Sequence([0x04, .. Content(der)[1..]]),
            der => Sequence([0x02, 0x00, 0x02, 0x00]),
            der => Sequence(Sequence(Content(der))),
        ];
        Assert.All(encodings, encode => Assert.False(Verifies(curve, (r, s, _) => encode(EcdsaNumbers.Der(r, s)))));
    }

    private static bool Verifies(string curve, Func<BigInteger, BigInteger, BigInteger, byte[]> write)
    {
        var signer = SoftwareKey.Named(curve);
        var key = Accepted(SubjectPublicKeyInfo.Read(signer.SubjectPublicKeyInfo));
        var valid = signer.Sign(Message, HashAlgorithmName.SHA256);
        Assert.True(key.Verifies(Message, valid, Scheme));

        var (r, s) = EcdsaNumbers.Read(valid);
        return key.Verifies(Message, write(r, s, EcdsaNumbers.Order(curve)), Scheme);
    }

    private static byte[] LengthChangedBy(byte[] der, int change)
    {
        var changed = der.ToArray();
        var at = der[1] == 0x81 ? 2 : 1;
        changed[at] = (byte)(changed[at] + change);
        return changed;
    }

    private static byte[] Content(byte[] der) => der[1] == 0x81 ? der[3..] : der[2..];

    private static byte[] Sequence(byte[] content) => content.Length < 0x80 ? [0x30, (byte)content.Length, .. content] : [0x30, 0x81, (byte)content.Length, .. content];
}
