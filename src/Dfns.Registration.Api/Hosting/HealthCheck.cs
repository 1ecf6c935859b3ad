using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Hosting;

/// <summary>What a container's health check runs, for images without curl: asks the service in this container whether it is ready, where it listens.</summary>
internal static class HealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Asks the first address that the settings tell.</summary>
    /// <param name="configuration">The settings of the service.</param>
    /// <param name="error">Told why it is not ready.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The exit code: 0 when it is.</returns>
    public static async Task<int> AskAsync(IConfiguration configuration, TextWriter error, CancellationToken ct)
    {
        var address = ListenAddresses.Of(configuration)[0];
        try
        {
            var bound = BindingAddress.Parse(address.Url);
            using var client = new HttpClient(Handler(bound)) { Timeout = Patience };
            using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(bound.Scheme, IPAddress.Loopback.ToString(), Port(bound), "/health/ready").Uri);
            request.Headers.Host = AllowedHost(configuration);
            // Without TLS nobody says which protocols there are.
            var isHttp2 = string.Equals(address.Protocols, "Http2", StringComparison.OrdinalIgnoreCase);
            (request.Version, request.VersionPolicy) = isHttp2 ? (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact) : (HttpVersion.Version11, HttpVersionPolicy.RequestVersionOrLower);
            using var answer = await client.SendAsync(request, ct);
            if (answer.IsSuccessStatusCode) return 0;
            await error.WriteLineAsync(FreeText.Shown($"The service at {address.Url} is not ready: it answers {(int)answer.StatusCode}."));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or FormatException or ArgumentException)
        {
            await error.WriteLineAsync(FreeText.Shown($"The service at {address.Url} does not answer: {e.Message}"));
        }

        return 1;
    }

    [SuppressMessage("Security", "CA5359:Do not disable certificate validation", Justification = "The service's certificate is for the name that others know it by; whoever could stand in for it on this machine gains an exit code.")]
    private static SocketsHttpHandler Handler(BindingAddress bound) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        ConnectCallback = (_, ct) => ConnectAsync(bound, ct),
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    };

    private static async ValueTask<Stream> ConnectAsync(BindingAddress bound, CancellationToken ct)
    {
        if (bound.IsUnixPipe) return await ConnectAsync(new UnixDomainSocketEndPoint(bound.UnixPipePath), ct);
        var hosts = Hosts(bound.Host);
        foreach (var host in hosts.SkipLast(1))
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(host, bound.Port), ct);
            }
            catch (SocketException)
            {
                // By the other protocol, then.
            }
        }

        return await ConnectAsync(new IPEndPoint(hosts[^1], bound.Port), ct);
    }

    private static async Task<Stream> ConnectAsync(EndPoint to, CancellationToken ct)
    {
        var socket = to is UnixDomainSocketEndPoint ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(to, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // As the web server takes a host: an address for itself, any name but localhost for every address there is.
    private static IPAddress[] Hosts(string host) => IPAddress.TryParse(host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
        ? [address]
        : [IPAddress.Loopback, IPAddress.IPv6Loopback];

    private static int Port(BindingAddress bound) => bound.IsUnixPipe || bound.Port == 0 ? -1 : bound.Port;

    // A service that is told which names it has refuses others.
    private static string? AllowedHost(IConfiguration configuration) =>
        (configuration["AllowedHosts"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [var first, ..] names && !names.Contains("*", StringComparer.Ordinal)
            ? first.Replace("*.", "health.", StringComparison.Ordinal)
            : null;
}
