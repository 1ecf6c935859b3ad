using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A request as a client may write it: byte by byte, and not to its end.</summary>
public sealed record RawRequest(HttpMethod Method, string Path, string Body, string? Bearer = null, string? UserAction = null)
{
    public string MediaType { get; init; } = "application/json";

    public static RawRequest Of(HttpMethod method, string path, JsonNode? body = null, string? bearer = null, string? userAction = null) =>
        new(method, path, body?.ToJsonString() ?? "", bearer, userAction);

    /// <summary>The head, up to the body.</summary>
    /// <param name="framing">The headers that tell how long the body is; those of the body as it is unless others are named.</param>
    public string Head(string? framing = null) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Method} {Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {MediaType}\r\n{framing ?? $"Content-Length: {Encoding.UTF8.GetByteCount(Body)}"}\r\n{(Bearer is null ? "" : $"Authorization: Bearer {Bearer}\r\n")}{(UserAction is null ? "" : $"X-DFNS-USERACTION: {UserAction}\r\n")}\r\n");
}

/// <summary>A connection of its own to a service.</summary>
public sealed class RawClient : IDisposable
{
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawClient> ConnectAsync(Service service)
    {
        var client = new RawClient();
        await client.socket.ConnectAsync(IPAddress.Loopback, service.Http.BaseAddress!.Port);
        return client;
    }

    public async Task WriteAsync(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var sent = 0; sent < bytes.Length;) sent += await socket.SendAsync(bytes.AsMemory(sent));
    }

    /// <summary>Says that nothing more comes, and waits for the answer all the same.</summary>
    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Hangs up: the service is told that the connection is no more.</summary>
    public void HangUp()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }

    /// <summary>Everything that the service answers until it closes the connection or the answer is whole.</summary>
    public async Task<string> ReadAsync()
    {
        var (text, buffer) = (new StringBuilder(), new byte[8192]);
        while (await TryReceiveAsync(buffer) is var read and > 0)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            if (text.ToString() is var answer && answer.Contains("\r\n\r\n", StringComparison.Ordinal) && (answer.EndsWith("0\r\n\r\n", StringComparison.Ordinal) || answer.EndsWith('}'))) return answer;
        }

        return text.ToString();
    }

    /// <summary>What the service has answered so far.</summary>
    public async Task<string> ReadOnceAsync()
    {
        var buffer = new byte[8192];
        return Encoding.UTF8.GetString(buffer, 0, await TryReceiveAsync(buffer));
    }

    // None where the service has reset the connection.
    private async Task<int> TryReceiveAsync(byte[] buffer)
    {
        try
        {
            return await socket.ReceiveAsync(buffer);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    public void Dispose() => socket.Dispose();
}
