using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>
/// To which addresses webhooks may be sent: to those that anybody on the internet can reach, and to those that the operator lists. Asked of the
/// address that is connected to, whatever its name was and whatever it resolved to before.
/// </summary>
internal sealed class WebhookAddresses(IOptions<WebhookOptions> options)
{
    // The special-purpose addresses of IANA's registries (RFC 6890) that are not for everybody.
    private static readonly IPNetwork[] Refused =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            // Of no registry: what a machine of Azure asks about itself.
            "168.63.129.16/32",
            // What is left of IPv6 is that of RFC 4291 §2.5.4; of it the protocols' own, the documentation's, and 6to4, which leads to an IPv4 address by anybody's relay.
            "::/3", "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "4000::/2", "8000::/1",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    // RFC 6052 §2.1 and RFC 8215: the last four bytes are an IPv4 address.
    private static readonly IPNetwork[] Translated = [IPNetwork.Parse("64:ff9b::/96"), IPNetwork.Parse("64:ff9b:1::/96")];

    private readonly List<IPNetwork> allowed = [.. options.Value.AllowedNetworks.Select(n => Parse(n)!.Value)];

    /// <summary>Reads a network that an operator lists.</summary>
    /// <returns>Null for what is none.</returns>
    public static IPNetwork? Parse(string text) =>
        text.Contains('/', StringComparison.Ordinal) && IPNetwork.TryParse(text, out var network) ? network : null;

    /// <summary>Whether something may be sent there.</summary>
    public bool Admits(IPAddress address)
    {
        var (plain, isTranslated) = Plain(address);
        if (allowed.Exists(n => n.Contains(plain) || n.Contains(address))) return true;
        // What a gateway translates is not written so by those who mean an address of everybody.
        return !isTranslated && !Array.Exists(Refused, n => n.Contains(plain));
    }

    // IPv4 as it is written in IPv6 (RFC 4291 §2.5.5.2) is IPv4. A zone names an interface of this machine, and no network.
    private static (IPAddress Address, bool IsTranslated) Plain(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return (address, false);
        if (address.IsIPv4MappedToIPv6) return (address.MapToIPv4(), false);
        var bytes = address.GetAddressBytes();
        var plain = new IPAddress(bytes);
        return Array.Exists(Translated, n => n.Contains(plain)) ? (new IPAddress(bytes.AsSpan(12)), true) : (plain, false);
    }
}
