using System.Numerics;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>
/// RFC 8032 §5.1.7: both halves of a signature are decoded as they are encoded, in one way. The key of test 1 of §7.1 signs by hand, with
/// the nonce 0, so that R is the neutral element and S the challenge times the private scalar.
/// </summary>
public sealed class Ed25519SignatureTests
{
    private const string NeutralElement = "0100000000000000000000000000000000000000000000000000000000000000";

    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", null);
    private static readonly byte[] Message = "sample"u8.ToArray();
    private static readonly byte[] Point = Convert.FromHexString("D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A");
    private static readonly byte[] Seed = Convert.FromHexString("9D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60");

    /// <summary>The neutral element as 1 + p, and both with the sign of an x that is zero.</summary>
    [Theory]
    [InlineData("EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")]
    [InlineData("EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    public void Refuses_an_R_that_is_not_encoded_canonically(string r) => Assert.False(Verifies(Sign(r)));

    [Fact]
    public void Refuses_an_S_that_is_the_order_or_more()
    {
        var signature = Sign(NeutralElement);
        var s = new BigInteger(signature.AsSpan(32), isUnsigned: true);
        for (var multiple = 1; multiple < 8; multiple++) Assert.False(Verifies([.. signature[..32], .. Bytes(s + (multiple * Order))]));
        Assert.False(Verifies([.. signature[..32], .. Bytes(Order)]));
        Assert.False(Verifies([.. signature[..32], .. Bytes(Order - 1)]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(128)]
    public void Refuses_another_length(int length)
    {
        byte[] signature = [.. Convert.FromHexString(
            "E5564300C360AC729086E2CC806E828A84877F1EB8E5D974D873E065224901555FB8821590A33BACC61E39701CF9B46BD25BF5F0595BBE24655141438E7A100B"), .. new byte[64]];
        var key = Accepted(Ed25519PublicKey.Create(Point));
        Assert.True(key.Verifies([], signature.AsSpan(0, 64), default));
        Assert.False(key.Verifies([], signature.AsSpan(0, length), default));
    }

    private static byte[] Sign(string r)
    {
        var scalar = SHA512.HashData(Seed)[..32];
        scalar[0] &= 0xF8;
        scalar[31] = (byte)((scalar[31] & 0x7F) | 0x40);
        var encodedR = Convert.FromHexString(r);
        var challenge = new BigInteger(SHA512.HashData([.. encodedR, .. Point, .. Message]), isUnsigned: true);
        return [.. encodedR, .. Bytes(challenge * new BigInteger(scalar, isUnsigned: true) % Order)];
    }

    private static bool Verifies(byte[] signature)
    {
        var key = Accepted(Ed25519PublicKey.Create(Point));
        return key.Verifies(Message, signature, default);
    }

    private static byte[] Bytes(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true);
        return [.. bytes, .. new byte[32 - bytes.Length]];
    }
}
