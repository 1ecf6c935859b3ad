using System.Globalization;
using System.Net.Sockets;

namespace Dfns.Registration.Api.Throttling;

/// <summary>Who is at the other end, as far as limits go: the peer's address, or what a configured proxy says it is.</summary>
internal static class RemoteNetwork
{
    /// <summary>An IPv4 address, or the /64 of an IPv6 address: a subscriber has at least so many to pick from.</summary>
    public static string Of(HttpContext context) => Of(context, bytes: 8);

    /// <summary>An IPv4 address, or the /48 of an IPv6 address: a subscriber may have all its networks (RFC 6177 §2).</summary>
    public static string WideOf(HttpContext context) => Of(context, bytes: 6);

    private static string Of(HttpContext context, int bytes)
    {
        if (context.Connection.RemoteIpAddress is not { } address) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes(), 0, bytes).ToLower(CultureInfo.InvariantCulture)
            : address.ToString();
    }
}
