using System.Net;
using System.Net.Sockets;

namespace Dfns.Registration.Api.Wire;

/// <summary>Where a request came from. For the audit trail.</summary>
internal static class RequestAddress
{
    /// <summary>The peer's IP address, or what a configured proxy says it is; null where there is none.</summary>
    public static string? RemoteAddress(this HttpRequest request) => request.HttpContext.Connection.RemoteIpAddress?.ToString();

    /// <summary>The same, but of IPv6 the /64, such as <c>2001:db8:1:2::/64</c>: who has one address of it has them all.</summary>
    public static string? RemoteNetwork(this HttpRequest request)
    {
        if (request.HttpContext.Connection.RemoteIpAddress is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } address) return request.RemoteAddress();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
