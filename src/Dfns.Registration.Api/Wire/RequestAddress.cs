using System.Net;
using System.Net.Sockets;

namespace Dfns.Registration.Api.Wire;

/// <summary>Where a request came from: the peer's IP address, or what a configured proxy says it is.</summary>
internal static class RequestAddress
{
    /// <summary>What stands for the address where there is none.</summary>
    private const string None = "unknown";

    /// <summary>The address, such as <c>192.0.2.1</c> or <c>2001:db8::1</c>, for the audit trail; null where there is none.</summary>
    public static string? RemoteAddress(this HttpRequest request) => Address(request)?.ToString();

    /// <summary>An IPv4 address, or of IPv6 the /64, such as <c>2001:db8:1:2::/64</c>: who has one address of it has them all.</summary>
    public static string RemoteNetwork(this HttpRequest request) => Network(request, prefix: 64);

    /// <summary>An IPv4 address, or of IPv6 the /48: a subscriber may have all its networks (RFC 6177 §2).</summary>
    public static string WideRemoteNetwork(this HttpRequest request) => Network(request, prefix: 48);

    private static string Network(HttpRequest request, int prefix)
    {
        if (Address(request) is not { } address) return None;
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(prefix / 8).Clear();
        return $"{new IPAddress(bytes)}/{prefix}";
    }

    // A socket for both families tells of IPv4 as of IPv6 (RFC 4291 §2.5.5.2).
    private static IPAddress? Address(HttpRequest request) =>
        request.HttpContext.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) : null;
}
