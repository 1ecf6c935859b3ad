using Dfns.Registration.Verification.Encoding;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Encoding;

public sealed class Base64UrlTextTests
{
    [Theory]
    [InlineData("AA", "00")]
    [InlineData("AA==", "00")]
    [InlineData("AAA", "0000")]
    [InlineData("AAA=", "0000")]
    [InlineData("AAAA", "000000")]
    [InlineData("-_-_", "FBFFBF")]
    [InlineData("+/+/", "FBFFBF")]
    [InlineData("+/8=", "FBFF")]
    public void Reads_both_alphabets_with_padding_and_without(string text, string hex) =>
        Assert.Equal(hex, Convert.ToHexString(Accepted(Base64UrlText.Decode(text, CredentialPart.CredId)).Span));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("=")]
    [InlineData("====")]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("AA=")]
    [InlineData("AAA==")]
    [InlineData("AAAA=")]
    [InlineData("AAAA====")]
    [InlineData("A===")]
    [InlineData("A=AA")]
    [InlineData("AB")]
    [InlineData("AAB")]
    [InlineData("AB==")]
    [InlineData(" AAAA")]
    [InlineData("AA AA")]
    [InlineData("AAAA\n")]
    [InlineData("AA\r\nAA")]
    [InlineData("AA\tA")]
    [InlineData("AAA.")]
    [InlineData("AAA\u0000")]
    [InlineData("ＡＡＡＡ")]
    [InlineData("+-AA")]
    [InlineData("/_AA")]
    public void Refuses_every_other_spelling(string? text)
    {
        var refusal = Refused(RefusalReason.Base64UrlInvalid, Base64UrlText.Decode(text, CredentialPart.ClientData));
        Assert.Equal(CredentialPart.ClientData, refusal.Part);
    }

    [Fact]
    public void Reads_65536_bytes_and_no_more()
    {
        var most = System.Buffers.Text.Base64Url.EncodeToString(new byte[65_536]);
        var tooMany = System.Buffers.Text.Base64Url.EncodeToString(new byte[65_537]);

        Assert.Equal(65_536, Accepted(Base64UrlText.Decode(most, CredentialPart.ClientData)).Length);
        Assert.Equal(65_536, Accepted(Base64UrlText.Decode(most + "==", CredentialPart.ClientData)).Length);
        Assert.Equal(65_535, Accepted(Base64UrlText.Decode(most[..^2], CredentialPart.ClientData)).Length);
        Assert.Equal(CredentialPart.ClientData, Refused(RefusalReason.MemberTooLarge, Base64UrlText.Decode(tooMany, CredentialPart.ClientData)).Part);
    }

    [Theory]
    [InlineData("my-own-cred-id", "my-own-cred-iQ")]
    [InlineData("AB", "AA")]
    [InlineData("AAB=", "AAA")]
    public void A_chosen_id_with_spare_bits_set_is_the_same_id_without_them(string text, string canonical) => Assert.Equal(
        Accepted(Base64UrlText.Decode(canonical, CredentialPart.CredId)).ToArray(),
        Accepted(Base64UrlText.DecodeChosenId(text)).ToArray());

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("my own id")]
    public void A_chosen_id_is_base64url_all_the_same(string text) =>
        Refused(RefusalReason.Base64UrlInvalid, Base64UrlText.DecodeChosenId(text));
}
