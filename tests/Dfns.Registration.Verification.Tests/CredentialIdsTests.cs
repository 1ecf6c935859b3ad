namespace Dfns.Registration.Verification.Tests;

public sealed class CredentialIdsTests
{
    [Theory]
    [InlineData("_-8", "FFEF")]
    [InlineData("_-8=", "FFEF")]
    [InlineData("/+8", "FFEF")]
    [InlineData("_-_", "FFEF")]
    [InlineData("my-own-cred-id", "9B2FA8C27F9CADE77E89")]
    [InlineData("my-own-cred-ic", "9B2FA8C27F9CADE77E89")]
    public void Reads_every_spelling_of_an_id(string text, string hex) =>
        Assert.Equal(hex, Convert.ToHexString(Ceremony.Accepted(CredentialIds.Read(text)).Span));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("A A")]
    [InlineData("ci-é")]
    public void Refuses_what_is_not_base64url(string? text) =>
        Assert.Equal(CredentialPart.CredId, Ceremony.Refused(RefusalReason.Base64UrlInvalid, CredentialIds.Read(text)).Part);

    [Fact]
    public void Refuses_more_than_1023_bytes()
    {
        Ceremony.Accepted(CredentialIds.Read(new string('A', 1364)));
        Ceremony.Refused(RefusalReason.CredentialIdLength, CredentialIds.Read(new string('A', 1366)));
    }
}
