using System.Net;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Webhooks;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Tests.Webhooks;

/// <summary>Where webhooks may be sent, and what the address of one must look like.</summary>
[Trait("Speed", "quick")]
public sealed class WebhookAddressTests
{
    public static TheoryData<string> Refused =>
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.0.1", "168.63.129.16", "172.16.0.1", "172.31.255.255",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "100::1",
        "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1", "2001:20::1", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fdff::1",
        "fe80::1", "fe80::1%1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "5f00::1", "4000::1", "8000::1",
    ];

    public static TheoryData<string> Admitted => ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "169.253.0.1", "192.167.0.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1", "3ffe::1"];

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_others_cannot_reach_is_refused_unless_its_network_is_listed(string address)
    {
        var parsed = IPAddress.Parse(address);
        Assert.False(Of().Admits(parsed));

        var everything = parsed.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && !parsed.IsIPv4MappedToIPv6 ? "::/0" : "0.0.0.0/0";
        Assert.True(Of(everything).Admits(parsed));
        Assert.False(Of("9.9.9.0/24", "2a00::/16").Admits(parsed));
    }

    [Theory]
    [MemberData(nameof(Admitted))]
    public void What_everybody_can_reach_is_admitted(string address) => Assert.True(Of().Admits(IPAddress.Parse(address)));

    // Written as a translator writes it, or as IPv6 writes IPv4, it is the same network.
    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("64:ff9b::a01:203", true)]
    [InlineData("10.2.0.1", false)]
    [InlineData("::ffff:10.2.0.1", false)]
    [InlineData("64:ff9b::a02:1", false)]
    [InlineData("::a01:203", false)]
    public void A_listed_network_is_that_network_however_it_is_written(string address, bool admitted) =>
        Assert.Equal(admitted, Of("10.1.0.0/16").Admits(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("backend.internal")]
    [InlineData("10.0.0.0/33")]
    [InlineData("")]
    public void What_is_no_network_is_none(string text) => Assert.Null(WebhookAddresses.Parse(text));

    [Theory]
    [InlineData("https://backend.example.co/webhooks?a=b", null)]
    [InlineData("https://backend.example.co:8443", null)]
    [InlineData("https://8.8.8.8/", null)]
    [InlineData("http://plain.internal:8080/a", null)]
    [InlineData(null, "member_required")]
    [InlineData("", "member_required")]
    [InlineData("http://backend.example.co/", "member_invalid")]
    [InlineData("ftp://backend.example.co/", "member_invalid")]
    [InlineData("file:///etc/passwd", "member_invalid")]
    [InlineData("//backend.example.co/", "member_invalid")]
    [InlineData("backend.example.co", "member_invalid")]
    [InlineData("https://", "member_invalid")]
    [InlineData("https://user:password@backend.example.co/", "member_invalid")]
    [InlineData("https://user@backend.example.co/", "member_invalid")]
    [InlineData("https://backend.example.co/#a", "member_invalid")]
    [InlineData("https://backend.example.co/ a", "member_invalid")]
    [InlineData("https://backend.example.co\\@other.example.co/", "member_invalid")]
    [InlineData("https://backend.example.co/\u0007", "member_invalid")]
    [InlineData("https://bäckend.example.co/", "member_invalid")]
    [InlineData("https://127.0.0.1/", "member_invalid")]
    [InlineData("https://2130706433/", "member_invalid")]
    [InlineData("https://0x7f.1/", "member_invalid")]
    [InlineData("https://[::1]/", "member_invalid")]
    [InlineData("https://[::ffff:169.254.169.254]/", "member_invalid")]
    [InlineData("https://169.254.169.254/latest/meta-data", "member_invalid")]
    public void An_address_is_https_and_nothing_of_this_machine(string? url, string? code)
    {
        var options = Options.Create(new WebhookOptions { HttpHosts = { "plain.internal" } });

        Assert.Equal(code, new WebhookUrls(Of(), options).Fault(url)?.Code);
    }

    [Fact]
    public void An_address_has_so_many_characters()
    {
        var urls = new WebhookUrls(Of(), Options.Create(new WebhookOptions()));
        var longest = "https://a.example.co/".PadRight(Limits.UrlLength, 'a');

        Assert.Null(urls.Fault(longest));
        Assert.Equal("member_too_long", urls.Fault(longest + "a")?.Code);
    }

    private static WebhookAddresses Of(params string[] allowed)
    {
        var options = new WebhookOptions();
        foreach (var network in allowed) options.AllowedNetworks.Add(network);
        return new WebhookAddresses(Options.Create(options));
    }
}
