using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Dfns.Registration.Api.Mail;

/// <summary>The name by which the service makes itself known to a mail server (RFC 5321 §4.1.1.1).</summary>
internal static class EhloName
{
    // Names that no server outside knows whoever has them by (RFC 6761, RFC 6762, RFC 9476 and what ICANN keeps for networks of one's own).
    private static readonly string[] Inner = ["localhost", "local", "localdomain", "internal", "invalid", "test", "example", "home", "lan", "arpa", "alt", "onion"];

    /// <summary>That of this machine, if it is one that a server may take; else null, and the address in brackets is it.</summary>
    public static string? OfThisMachine { get; } = Taken(HostNames());

    /// <summary>An address in brackets, as a server reads it.</summary>
    public static string Literal(IPAddress address) => address switch
    {
        { IsIPv4MappedToIPv6: true } => $"[{address.MapToIPv4()}]",
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"[IPv6:{new IPAddress(address.GetAddressBytes())}]",
        _ => $"[{address}]",
    };

    /// <summary>Whether a text is a domain or an address literal (RFC 5321 §4.1.2 and §4.1.3).</summary>
    public static bool IsValid(string text) => text is ['[', .. var inner, ']'] ? IsLiteral(inner) : IsDomain(text);

    /// <summary>The first of some names by which others may know a machine.</summary>
    public static string? Taken(IEnumerable<string> names) =>
        names.FirstOrDefault(name => IsDomain(name) && name.Contains('.', StringComparison.Ordinal) && !Inner.Contains(name[(name.LastIndexOf('.') + 1)..], StringComparer.OrdinalIgnoreCase));

    private static bool IsDomain(string text)
    {
        var labels = text.Split('.');
        // One that ends in a number is an address (RFC 1123 §2.1).
        return text.Length <= 253 && labels.All(IsLabel) && !labels[^1].All(char.IsAsciiDigit);
    }

    private static bool IsLabel(string label) =>
        label is { Length: > 0 and <= 63 } && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static bool IsLiteral(string inner) => inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)
        ? IPAddress.TryParse(inner["IPv6:".Length..], out var six) && six.AddressFamily == AddressFamily.InterNetworkV6 && !inner.AsSpan().ContainsAny("%[]")
        : IPAddress.TryParse(inner, out var four) && four.AddressFamily == AddressFamily.InterNetwork && four.ToString() == inner;

    private static IEnumerable<string> HostNames()
    {
        string name, domain;
        try
        {
            var properties = IPGlobalProperties.GetIPGlobalProperties();
            (name, domain) = (Dns.GetHostName(), properties.DomainName);
        }
        catch (Exception e) when (e is NetworkInformationException or SocketException)
        {
            yield break;
        }

        yield return name;
        yield return $"{name}.{domain}";
    }
}
