namespace Dfns.Registration.Verification.Tests;

/// <summary>Which origins a list admits that names every host below a domain (WebAuthn L3 §13.4.9).</summary>
public sealed class AdmittedOriginsTests
{
    private static readonly string[] Entries = ["https://*.example.org", "https://example.co"];

    [Theory]
    [InlineData("https://app.example.org")]
    [InlineData("https://a.b.c.example.org")]
    [InlineData("https://xn--bcher-kva.example.org")]
    [InlineData("https://a_b-1.example.org")]
    [InlineData("https://example.co")]
    public void Those_below_it_are_admitted_and_those_that_stand_there(string origin) => Assert.True(AdmittedOrigins.Admits(Entries, origin));

    [Theory]
    // Not below it.
    [InlineData("https://example.org")]
    [InlineData("https://evil-example.org")]
    [InlineData("https://evilexample.org")]
    [InlineData("https://example.org.evil.com")]
    [InlineData("https://app.example.org.evil.com")]
    [InlineData("https://org")]
    [InlineData("https://.example.org")]
    [InlineData("https://a..example.org")]
    // By another scheme, or at another port.
    [InlineData("http://app.example.org")]
    [InlineData("HTTPS://app.example.org")]
    [InlineData("ftp://app.example.org")]
    [InlineData("//app.example.org")]
    [InlineData("app.example.org")]
    [InlineData("https://app.example.org:443")]
    [InlineData("https://app.example.org:8443")]
    [InlineData("https://evil.com:1.example.org")]
    // With what no browser writes into an origin.
    [InlineData("https://app.example.org.")]
    [InlineData("https://app.example.org/")]
    [InlineData("https://evil.com/.example.org")]
    [InlineData("https://evil.com?.example.org")]
    [InlineData("https://evil.com#.example.org")]
    [InlineData("https://evil.com\\.example.org")]
    [InlineData("https://jane@app.example.org")]
    [InlineData("https://evil.com%2f.example.org")]
    [InlineData("https://App.example.org")]
    [InlineData("https://app.Example.org")]
    [InlineData("https://bücher.example.org")]
    [InlineData("https://app\0.example.org")]
    [InlineData("https://app .example.org")]
    [InlineData("https://[::1].example.org")]
    [InlineData(" https://app.example.org")]
    [InlineData("https://app.example.org\n")]
    // The entry itself is no origin, and what stands there by itself admits nothing below it.
    [InlineData("https://*.example.org")]
    [InlineData("https://*.app.example.org")]
    [InlineData("https://app.example.co")]
    [InlineData("android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE")]
    [InlineData("null")]
    [InlineData("")]
    public void Nothing_else_is(string origin) => Assert.False(AdmittedOrigins.Admits(Entries, origin));

    [Fact]
    public void A_name_is_no_longer_than_a_name_can_be()
    {
        var label = new string('a', 63);
        var longest = $"https://{label}.{label}.{label}.{new string('a', 49)}.example.org";

        Assert.Equal(253, longest["https://".Length..].Length);
        Assert.True(AdmittedOrigins.Admits(Entries, longest));
        Assert.False(AdmittedOrigins.Admits(Entries, longest.Replace("https://", "https://a", StringComparison.Ordinal)));
        Assert.False(AdmittedOrigins.Admits(Entries, $"https://{label}.{label}.{label}.{new string('a', 50)}.example.org"));
        Assert.False(AdmittedOrigins.Admits(Entries, $"https://{label}a.example.org"));
    }
}
