using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

public sealed class RsaPublicKeyTests
{
    private static readonly byte[] Exponent65537 = [1, 0, 1];

    [Theory]
    [InlineData(2048)]
    [InlineData(2049)]
    [InlineData(3072)]
    [InlineData(4096)]
    public void Accepts_2048_to_4096_bits(int bits) => Accepted(RsaPublicKey.Create(OddModulus(bits), Exponent65537));

    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(2047)]
    [InlineData(4097)]
    [InlineData(16_384)]
    public void Refuses_other_sizes(int bits) =>
        Refused(RefusalReason.RsaModulusNotAccepted, RsaPublicKey.Create(OddModulus(bits), Exponent65537));

    [Fact]
    public void Refuses_an_even_modulus()
    {
        var modulus = OddModulus(2048);
        modulus[^1] ^= 1;
        Refused(RefusalReason.RsaModulusNotAccepted, RsaPublicKey.Create(modulus, Exponent65537));
    }

    [Theory]
    [InlineData("03")]
    [InlineData("010001")]
    [InlineData("FFFFFFFF")]
    public void Accepts_odd_exponents_from_3_up_to_32_bits(string hex) =>
        Accepted(RsaPublicKey.Create(OddModulus(2048), Convert.FromHexString(hex)));

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("02")]
    [InlineData("04")]
    [InlineData("010000")]
    [InlineData("0100000001")]
    public void Refuses_other_exponents(string hex) => Refused(
        RefusalReason.RsaExponentNotAccepted, RsaPublicKey.Create(OddModulus(2048), Convert.FromHexString(hex)));

    private static byte[] OddModulus(int bits)
    {
        if (bits == 0) return [];
        var modulus = new byte[(bits + 7) / 8];
        modulus[0] = (byte)(1 << ((bits - 1) % 8));
        modulus[^1] |= 1;
        return modulus;
    }
}
