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

    [Theory]
    [InlineData("my-own-cred-id", "9B2FA8C27F9CADE77E89")]
    [InlineData("A A", "412041")]
    [InlineData("ci-\u00e9", "63692DC3A9")]
    [InlineData("A", "41")]
    [InlineData("\U0001F511", "F09F9491")]
    public void Reads_any_text_as_the_id_of_a_raw_key_and_of_nothing_else(string text, string hex)
    {
        foreach (var kind in Enum.GetValues<CredentialKind>())
        {
            if (kind != CredentialKind.Fido2) Assert.Equal(hex, Convert.ToHexString(Ceremony.Accepted(CredentialIds.Read(text, kind)).Span));
            else if (CredentialIds.Read(text).Refused(out var why, out _)) Assert.Equal(why, CredentialIds.Read(text, kind).Refused(out var same, out _) ? same : null);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("two\nlines")]
    [InlineData("turned \u202e around")]
    [InlineData("half a pair \ud83d")]
    public void Refuses_what_does_not_show_as_the_id_of_a_raw_key(string? text) =>
        Assert.Equal(CredentialPart.CredId, Ceremony.Refused(RefusalReason.Base64UrlInvalid, CredentialIds.Read(text, CredentialKind.Key)).Part);

    [Fact]
    public void Refuses_more_than_1023_bytes_of_text()
    {
        Ceremony.Accepted(CredentialIds.Read(new string('!', 1023), CredentialKind.Key));
        Ceremony.Refused(RefusalReason.CredentialIdLength, CredentialIds.Read(new string('!', 1024), CredentialKind.Key));
        Ceremony.Refused(RefusalReason.CredentialIdLength, CredentialIds.Read(new string('\u00e9', 512), CredentialKind.RecoveryKey));
    }
}
