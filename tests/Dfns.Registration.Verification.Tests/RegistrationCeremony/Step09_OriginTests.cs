using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 9: on a page, or in an app, of the relying party.</summary>
public sealed class Step09_OriginTests
{
    [Fact]
    [Clause("7.1", 9)]
    public void Accepts_a_listed_origin() => Assert.Equal(Origin, Accepted(Make()).WebAuthn!.Origin);

    [Theory]
    [InlineData("android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE")]
    [InlineData("ios:bundle-id:co.example.app")]
    [InlineData("http://localhost:18080")]
    [Clause("7.1", 9)]
    public void Accepts_any_listed_text(string origin) =>
        Accepted(Make(draft => draft.ClientData.Set("origin", origin)), Expected with { Origins = [Origin, origin] });

    [Theory]
    [InlineData("https://evil-example.co")]
    [InlineData("https://app.example.co.evil")]
    [InlineData("https://example.co")]
    [InlineData("https://app.example.co:8443")]
    [InlineData("https://app.example.co:443")]
    [InlineData("http://app.example.co")]
    [InlineData("https://app.example.co/")]
    [InlineData("https://app.example.co.")]
    [InlineData("https://APP.example.co")]
    [InlineData("https://app.example.co\u0000")]
    [InlineData("https://аpp.example.co")]
    [InlineData("null")]
    [InlineData("")]
    [Clause("7.1", 9)]
    public void Refuses_an_origin_that_is_not_listed(string origin) =>
        Refused(RefusalReason.OriginNotAllowed, Make(draft => draft.ClientData.Set("origin", origin)));

    [Fact]
    [Clause("7.1", 9)]
    public void Refuses_every_origin_when_none_is_listed() =>
        Refused(RefusalReason.OriginNotAllowed, Make(), Expected with { Origins = [] });

    [Fact]
    public void The_refusal_quotes_the_origin_in_printable_ASCII() => Assert.Equal(
        "https://evil?.example",
        Refused(RefusalReason.OriginNotAllowed, Make(draft => draft.ClientData.Set("origin", "https://evil\n.example"))).Detail);
}
