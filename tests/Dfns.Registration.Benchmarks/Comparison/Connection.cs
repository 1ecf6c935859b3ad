using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>
/// One connection of a caller, with one request at a time under way. Plain sockets, read by the thread of <see cref="ClosedLoop"/>: callers
/// share a core with the database, so that what they need is taken from it.
/// </summary>
internal sealed class Connection : IDisposable
{
    private readonly string host;
    private readonly byte[] received = new byte[32 * 1024];
    private int filled;
    private TaskCompletionSource<(int Status, ReadOnlyMemory<byte> Body)>? answer;

    public Connection(int port)
    {
        host = $"127.0.0.1:{port}";
        Socket.Connect(IPAddress.Loopback, port);
    }

    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Whether an answer is still to come.</summary>
    public bool IsWaiting => answer is not null;

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="bearer">The token to send along; null for none.</param>
    /// <param name="body">JSON.</param>
    /// <returns>The answer's JSON.</returns>
    /// <exception cref="UnexpectedAnswerException">The status is not 200, or there was no answer.</exception>
    public async Task<JsonElement> PostAsync(string path, string? bearer, string body)
    {
        var authorization = bearer is null ? "" : $"Authorization: Bearer {bearer}\r\n";
        // All of it is ASCII: a character is a byte.
        Socket.Send(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json\r\n{authorization}Content-Length: {body.Length}\r\n\r\n{body}"));
        // Whoever waits goes on at once, on the thread that has read the answer.
        answer = new();
        var (status, json) = await answer.Task;
        return status == 200 ? JsonElement.Parse(json.Span) : throw new UnexpectedAnswerException($"{path} {status}: {Encoding.UTF8.GetString(json.Span)}");
    }

    /// <summary>Reads what has arrived; whoever waits for the answer goes on, if that is all of it.</summary>
    public void Receive()
    {
        var size = Read();
        filled += size;
        if (size == 0) Complete()?.SetException(new UnexpectedAnswerException("the server has closed the connection"));
        else if (TryParse(received.AsSpan(0, filled), out var status, out var body)) Complete()?.SetResult((status, body));
    }

    public void Dispose() => Socket.Dispose();

    private int Read()
    {
        try
        {
            return Socket.Receive(received.AsSpan(filled));
        }
        catch (SocketException)
        {
            // Reset: there is as little to come as after an orderly end.
            return 0;
        }
    }

    private TaskCompletionSource<(int Status, ReadOnlyMemory<byte> Body)>? Complete()
    {
        filled = 0;
        var waiting = answer;
        answer = null;
        return waiting;
    }

    private static bool TryParse(ReadOnlySpan<byte> bytes, out int status, out ReadOnlyMemory<byte> body)
    {
        (status, body) = (0, default);
        var headLength = bytes.IndexOf("\r\n\r\n"u8);
        if (headLength < 0) return false;
        var head = Encoding.ASCII.GetString(bytes[..(headLength + 2)]);
        var rest = bytes[(headLength + 4)..];
        status = int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);

        const string Length = "\r\nContent-Length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return TryJoinChunks(rest, out body);
        var digits = head.AsSpan(at + Length.Length);
        var length = int.Parse(digits[..digits.IndexOf('\r')], CultureInfo.InvariantCulture);
        if (rest.Length < length) return false;
        body = rest[..length].ToArray();
        return true;
    }

    private static bool TryJoinChunks(ReadOnlySpan<byte> rest, out ReadOnlyMemory<byte> body)
    {
        body = default;
        var joined = new List<byte>();
        while (true)
        {
            var end = rest.IndexOf("\r\n"u8);
            if (end < 0) return false;
            var size = int.Parse(rest[..end], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (rest.Length < end + 2 + size + 2) return false;
            if (size == 0) break;
            joined.AddRange(rest.Slice(end + 2, size));
            rest = rest[(end + 2 + size + 2)..];
        }

        body = joined.ToArray();
        return true;
    }
}

/// <summary>An answer that a measurement does not count on.</summary>
internal sealed class UnexpectedAnswerException(string message) : Exception(message);
