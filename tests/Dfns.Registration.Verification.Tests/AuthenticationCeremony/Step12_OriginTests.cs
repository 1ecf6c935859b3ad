using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 12: on a page, or in an app, of the relying party.</summary>
public sealed class Step12_OriginTests
{
    [Fact]
    [Clause("7.2", 12)]
    public void Accepts_a_listed_origin_and_tells_it() => Assert.Equal(Ceremony.Origin, Accepted(Get()).WebAuthn!.Origin);

    [Fact]
    [Clause("7.2", 12)]
    public void Accepts_an_app_that_is_listed()
    {
        const string App = "android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
        Accepted(Get(draft => draft.ClientData.Set("origin", App)), Expected with { Origins = [Ceremony.Origin, App] });
    }

    [Theory]
    [InlineData("https://app.example.co.evil")]
    [InlineData("https://evil-example.co")]
    [InlineData("https://example.co")]
    [InlineData("https://app.example.co:8443")]
    [InlineData("http://app.example.co")]
    [InlineData("https://app.example.co/")]
    [InlineData("https://APP.example.co")]
    [InlineData("null")]
    [InlineData("")]
    [Clause("7.2", 12)]
    public void Refuses_an_origin_that_is_not_listed(string origin) =>
        Refused(RefusalReason.OriginNotAllowed, Get(draft => draft.ClientData.Set("origin", origin)));

    [Fact]
    [Clause("7.2", 12)]
    public void Accepts_a_host_below_a_domain_where_all_of_them_are_admitted() =>
        Accepted(Get(draft => draft.ClientData.Set("origin", "https://a.b.example.co")), Expected with { Origins = ["https://*.example.co"] });

    [Theory]
    [InlineData("https://example.co")]
    [InlineData("https://*.example.co")]
    [InlineData("https://evil-example.co")]
    [InlineData("https://app.example.co.evil")]
    [InlineData("https://app.example.co:8443")]
    [Clause("7.2", 12)]
    public void Refuses_what_is_no_host_below_it(string origin) => Refused(
        RefusalReason.OriginNotAllowed,
        Get(draft => draft.ClientData.Set("origin", origin)),
        Expected with { Origins = ["https://*.example.co"] });
}
