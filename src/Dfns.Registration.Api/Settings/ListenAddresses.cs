using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dfns.Registration.Api.Settings;

/// <summary>Where the web server is told to listen, for whoever has to know it before, or from another process. In the web server's own order.</summary>
internal static class ListenAddresses
{
    private static readonly ListenAddress Default = new("http://localhost:5000", Protocols: null);

    /// <summary>The addresses, at least one; not yet known to be any.</summary>
    public static IReadOnlyList<ListenAddress> Of(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Where(endpoint => endpoint["Url"] is { Length: > 0 })
            .Select(endpoint => new ListenAddress(endpoint["Url"]!, endpoint["Protocols"] ?? Protocols(configuration)))
            .ToList();
        var hosted = Hosted(configuration).Select(address => new ListenAddress(address, Protocols(configuration))).ToList();
        var prefersHosted = bool.TryParse(configuration["preferHostingUrls"], out var prefers) && prefers;
        return (endpoints, hosted) switch
        {
            ({ Count: > 0 }, { Count: > 0 }) => prefersHosted ? hosted : endpoints,
            ({ Count: > 0 }, _) => endpoints,
            (_, { Count: > 0 }) => hosted,
            _ => [Default with { Protocols = Protocols(configuration) }],
        };
    }

    private static string? Protocols(IConfiguration configuration) => configuration["Kestrel:EndpointDefaults:Protocols"];

    private static IEnumerable<string> Hosted(IConfiguration configuration) => configuration["urls"] is { Length: > 0 } urls
        ? Parts(urls)
        : Parts(configuration["http_ports"]).Select(port => $"http://*:{port}").Concat(Parts(configuration["https_ports"]).Select(port => $"https://*:{port}"));

    private static string[] Parts(string? list) => (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>An address that the web server is told to listen at.</summary>
/// <param name="Url">Such as <c>http://+:8080</c> or <c>http://unix:/run/registration.sock</c>.</param>
/// <param name="Protocols">As the web server spells them, such as <c>Http2</c>; null for its default.</param>
internal sealed record ListenAddress(string Url, string? Protocols)
{
    // The web server takes whatever is no IP address for every address there is, and whatever is no port for its default.
    /// <summary>What is wrong with it, in a sentence, or null.</summary>
    public string? Fault()
    {
        var rest = Url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? Url[7..] : Url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? Url[8..] : null;
        if (rest is null) return $"'{Url}' is no address to listen at: it begins with 'http://' or 'https://', such as 'http://localhost:5081'.";
        if (rest.StartsWith("unix:/", StringComparison.Ordinal) || rest.StartsWith("pipe:/", StringComparison.Ordinal)) return null;

        rest = rest.Split('/')[0];
        // Colons stand in an address of IPv6 too, which is bracketed.
        var colon = rest.LastIndexOf(':');
        var (host, port) = colon > rest.LastIndexOf(']') ? (rest[..colon], rest[(colon + 1)..]) : (rest, null);
        if (port is not null && !(ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _))) return $"'{Url}' is no address to listen at: '{port}' is no port from 0 to 65535.";
        return host is "*" or "+" || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IsAddress(host)
            ? null
            : $"'{Url}' is no address to listen at: '{host}' is neither an IP address nor 'localhost'; '*' is every address of this machine.";
    }

    private static bool IsAddress(string host) => host.StartsWith('[')
        ? host.EndsWith(']') && IPAddress.TryParse(host.Trim('[', ']'), out var six) && six.AddressFamily == AddressFamily.InterNetworkV6
        : host.Count(c => c == '.') == 3 && IPAddress.TryParse(host, out var four) && four.AddressFamily == AddressFamily.InterNetwork;
}
