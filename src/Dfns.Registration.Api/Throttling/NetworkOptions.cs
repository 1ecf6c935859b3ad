using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Dfns.Registration.Api.Throttling;

/// <summary>Section <c>Network</c>.</summary>
public sealed class NetworkOptions
{
    public const string Section = "Network";

    private const int WidestOfIPv4 = 8;
    private const int WidestOfIPv6 = 16;
    private const int MappedBits = 96;

    /// <summary>
    /// Addresses or networks of the proxies in front of the service, such as <c>10.0.0.0/8</c>. Only they can set
    /// <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c>; with none, these headers mean nothing.
    /// </summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>Connections that may be open at once on one instance; a further one is closed at once. Default 10,000.</summary>
    [Range(10, 1_000_000, ErrorMessage = "Network:MaxConnections must be from 10 to 1000000, such as 10000.")]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>The bound as the web server is given it, which wants it before a start has told what is wrong with the settings.</summary>
    internal static int MaxConnectionsOf(IConfiguration configuration) =>
        int.TryParse(configuration[$"{Section}:{nameof(MaxConnections)}"], CultureInfo.InvariantCulture, out var most) && most > 0 ? most : new NetworkOptions().MaxConnections;

    /// <summary>Applies the setting to the framework's middleware, whose own default trusts loopback.</summary>
    internal void Configure(ForwardedHeadersOptions headers)
    {
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        headers.ForwardedHeaders = TrustedProxies.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
        headers.ForwardLimit = null;
        foreach (var proxy in TrustedProxies) headers.KnownIPNetworks.Add(Parse(proxy)!.Value);
    }

    /// <summary>Reads an address or a network.</summary>
    /// <returns>The network, or null when the text is neither: a lone number is none, nor is a network of everybody, who could then write any address.</returns>
    public static IPNetwork? Parse(string text)
    {
        var address = text.Split('/')[0];
        if (!address.Contains(':', StringComparison.Ordinal) && address.Count(character => character == '.') != 3) return null;
        return ParseAny(text) is { } network && !IsWide(network) ? network : null;
    }

    // No operator has so many, and two or three of them together are everybody. IPv4 may be written as IPv6 (RFC 4291 §2.5.5.2).
    private static bool IsWide(IPNetwork network) => network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? network.PrefixLength < WidestOfIPv4
        : network.BaseAddress.IsIPv4MappedToIPv6 ? network.PrefixLength < MappedBits + WidestOfIPv4
        : network.PrefixLength < WidestOfIPv6;

    private static IPNetwork? ParseAny(string text)
    {
        // One with bits behind its prefix was meant for one address, or is mistyped.
        if (IPNetwork.TryParse(text, out var network)) return IPAddress.Parse(text.Split('/')[0]).Equals(network.BaseAddress) ? network : null;
        return IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
    }
}
