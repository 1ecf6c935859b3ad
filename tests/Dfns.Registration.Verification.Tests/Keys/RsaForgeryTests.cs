using System.Numerics;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>
/// RSA signatures over messages that were encoded wrongly (RFC 8017 §9.1 and §9.2), raised to the private exponent by hand: a verifier
/// that parses the padding instead of comparing the whole takes one or the other of them.
/// </summary>
public sealed class RsaForgeryTests
{
    private const int SizeBytes = 256;

    private static readonly byte[] Message = "sample"u8.ToArray();
    private static readonly byte[] Sha256Info = Convert.FromHexString("3031300D060960864801650304020105000420");

    private static readonly Lazy<RSAParameters> Key = new(() =>
    {
        using var rsa = RSA.Create(SizeBytes * 8);
        return rsa.ExportParameters(includePrivateParameters: true);
    });

    private static byte[] Hash => SHA256.HashData(Message);

    private static byte[] DigestInfo => [.. Sha256Info, .. Hash];

    /// <summary>For each name a wrongly encoded message; the first bytes are those of <see cref="Padded"/> unless the fault is there.</summary>
    private static Dictionary<string, byte[]> Faults => new(StringComparer.Ordinal)
    {
        ["hash of another message"] = Padded([.. Sha256Info, .. SHA256.HashData("other"u8)]),
        ["hash alone, no DigestInfo"] = Padded(Hash),
        ["DigestInfo of SHA-1 and its hash"] = Padded([.. Convert.FromHexString("3021300906052B0E03021A05000414"), .. SHA1.HashData(Message)]),
        ["DigestInfo of SHA-384 and its hash"] = Padded([.. Convert.FromHexString("3041300D060960864801650304020205000430"), .. SHA384.HashData(Message)]),
        ["DigestInfo of SHA-512 with the hash of SHA-256"] = Padded([.. Convert.FromHexString("3031300D060960864801650304020305000420"), .. Hash]),
        ["NULL missing"] = Padded([.. Convert.FromHexString("302F300B0609608648016503040201" + "0420"), .. Hash]),
        ["parameters that are no NULL"] = Padded([.. Convert.FromHexString("3035301106096086480165030402010404DEADBEEF0420"), .. Hash]),
        ["lengths in their long form"] = Padded([.. Convert.FromHexString("30813130" + "0D060960864801650304020105000420"), .. Hash]),
        ["garbage inside DigestInfo"] = Padded([.. Convert.FromHexString("3035300D060960864801650304020105000420"), .. Hash, 1, 2, 3, 4]),
        ["garbage behind it, padding shorter"] = Block(1, 0xFF, 8, [.. DigestInfo, .. new byte[SizeBytes - 11 - 51]]),
        ["garbage behind it, no padding"] = Block(1, 0xFF, 0, [.. DigestInfo, .. new byte[SizeBytes - 3 - 51]]),
        ["block type 0"] = Block(0, 0x00, SizeBytes - 3 - 51, DigestInfo),
        ["block type 2"] = Block(2, 0xFF, SizeBytes - 3 - 51, DigestInfo),
        ["padding of other bytes"] = Block(1, 0xFE, SizeBytes - 3 - 51, DigestInfo),
        ["a first byte that is not zero"] = [0x01, .. Padded(DigestInfo)[1..]],
        ["no zero before DigestInfo"] = [0, 1, .. Enumerable.Repeat((byte)0xFF, SizeBytes - 2 - 51), .. DigestInfo],
        ["an octet of padding changed"] = [.. Padded(DigestInfo)[..100], 0x7F, .. Padded(DigestInfo)[101..]],
    };

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    [Fact]
    public void Accepts_a_message_that_is_encoded_by_the_book() => Assert.True(Verifies(Padded(DigestInfo), RSASignaturePadding.Pkcs1));

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void Refuses_a_message_that_is_encoded_wrongly(string fault)
    {
        Assert.Equal(SizeBytes, Faults[fault].Length);
        Assert.False(Verifies(Faults[fault], RSASignaturePadding.Pkcs1));
    }

    /// <summary>The forgery of Bleichenbacher (2006): with exponent 3 a cube root of the leading bytes is enough, and no private key.</summary>
    [Fact]
    public void Refuses_a_cube_root_where_the_exponent_is_3()
    {
        byte[] modulus = [0xC0, .. Enumerable.Repeat((byte)0xA5, SizeBytes - 2), 0x01];
        var key = Accepted(RsaPublicKey.Create(modulus, [3]));
        var target = Number(Block(1, 0xFF, 8, [.. DigestInfo, .. Enumerable.Repeat((byte)0xFF, SizeBytes - 11 - 51)]));
        var root = CubeRoot(target);
        var cube = Bytes(BigInteger.Pow(root, 3));
        // What a lax verifier would look at is there.
        Assert.Equal(Block(1, 0xFF, 8, DigestInfo), cube[..(11 + 51)]);

        Assert.False(key.Verifies(Message, Bytes(root), new(HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
    }

    /// <summary>RFC 8017 §8.2.2 step 2: a number below the modulus; 0, 1 and the modulus less 1 are their own powers, or nearly.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void Refuses_numbers_that_stay_what_they_are(int number)
    {
        var signature = Bytes(number < 0 ? Number(Key.Value.Modulus!) + number : number);
        var key = Public();
        Assert.False(key.Verifies(Message, signature, new(HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        Assert.False(key.Verifies(Message, signature, new(HashAlgorithmName.SHA256, RSASignaturePadding.Pss)));
    }

    /// <summary>RFC 8230 §2: the salt is as long as the hash.</summary>
    [Fact]
    public void Accepts_a_PSS_salt_as_long_as_the_hash() => Assert.True(Verifies(Pss(saltSizeBytes: 32), RSASignaturePadding.Pss));

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(222)]
    public void Refuses_a_PSS_salt_of_another_length(int saltSizeBytes) => Assert.False(Verifies(Pss(saltSizeBytes), RSASignaturePadding.Pss));

    [Fact]
    public void Refuses_PSS_with_another_trailer() => Assert.False(Verifies([.. Pss(32)[..^1], 0xCC], RSASignaturePadding.Pss));

    [Fact]
    public void Refuses_PSS_with_a_mask_of_another_hash() => Assert.False(Verifies(Pss(32, mask: HashAlgorithmName.SHA1), RSASignaturePadding.Pss));

    [Fact]
    public void Refuses_PSS_without_the_one_before_the_salt() => Assert.False(Verifies(Pss(32, separator: 2), RSASignaturePadding.Pss));

    private static bool Verifies(byte[] encoded, RSASignaturePadding padding)
    {
        var (modulus, exponent) = (Number(Key.Value.Modulus!), Number(Key.Value.D!));
        var key = Public();
        return key.Verifies(Message, Bytes(BigInteger.ModPow(Number(encoded), exponent, modulus)), new(HashAlgorithmName.SHA256, padding));
    }

    private static RsaPublicKey Public() => Accepted(RsaPublicKey.Create(Key.Value.Modulus, Key.Value.Exponent));

    // RFC 8017 §9.2.
    private static byte[] Padded(byte[] content) => Block(1, 0xFF, SizeBytes - 3 - content.Length, content);

    private static byte[] Block(byte type, byte padding, int count, byte[] content) => [0, type, .. Enumerable.Repeat(padding, count), 0, .. content];

    // RFC 8017 §9.1.1, for a modulus whose length in bits divides by 8.
    private static byte[] Pss(int saltSizeBytes, HashAlgorithmName? mask = null, byte separator = 1)
    {
        var salt = Enumerable.Repeat((byte)0x5A, saltSizeBytes).ToArray();
        var hash = SHA256.HashData([.. new byte[8], .. Hash, .. salt]);
        byte[] data = [.. new byte[SizeBytes - saltSizeBytes - 32 - 2], separator, .. salt];
        var masked = data.Zip(Mask(hash, data.Length, mask ?? HashAlgorithmName.SHA256), (octet, other) => (byte)(octet ^ other)).ToArray();
        masked[0] &= 0x7F;
        return [.. masked, .. hash, 0xBC];
    }

    // RFC 8017 B.2.1.
    private static IEnumerable<byte> Mask(byte[] seed, int size, HashAlgorithmName hash) =>
        Enumerable.Range(0, 255).SelectMany(counter => CryptographicOperations.HashData(hash, [.. seed, 0, 0, 0, (byte)counter])).Take(size);

    private static BigInteger CubeRoot(BigInteger number)
    {
        var (low, high) = (BigInteger.Zero, BigInteger.Pow(2, SizeBytes * 8 / 3));
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (BigInteger.Pow(middle, 3) <= number) low = middle;
            else high = middle - 1;
        }

        return low;
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[SizeBytes - bytes.Length], .. bytes];
    }
}
