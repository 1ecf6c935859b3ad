using System.Net;
using System.Net.Sockets;
using Dfns.Registration.TestKit.Databases;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>
/// A TCP proxy in front of PostgreSQL that counts round trips, and can lose the answer to a statement: the server has done it, the client
/// never hears of it.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly string host;
    private readonly int port;
    private readonly Task accepting;
    private int roundTrips;
    private int commits;
    private volatile byte[]? losing;
    private int losingAfter;
    private int answersToGo;

    public CuttingProxy(string host, int port)
    {
        (this.host, this.port) = (host, port);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>A proxy in front of a test's own database.</summary>
    public static CuttingProxy Of(TestDatabase database)
    {
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return new CuttingProxy(direct.Host!, direct.Port);
    }

    /// <summary>A service that reaches its database through here.</summary>
    /// <param name="database">The database.</param>
    /// <param name="prepares">Whether it prepares statements; one that was prepared shows its name only.</param>
    public Task<Service> StartBehindAsync(TestDatabase database, bool prepares) => Service.StartAsync(database, ("Database:ConnectionString", Through(database, prepares)));

    /// <summary>The connection string of whoever reaches a database through here.</summary>
    public string Through(TestDatabase database, bool prepares)
    {
        var through = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = Port, SslMode = SslMode.Disable };
        if (!prepares) through.MaxAutoPrepare = 0;
        return through.ConnectionString;
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How many answers were lost.</summary>
    public int Cuts { get; private set; }

    /// <summary>How often a client has spoken and then waited for the server, over all connections.</summary>
    public int RoundTrips => roundTrips;

    /// <summary>How often a transaction was ended by a word of its own.</summary>
    public int Commits => commits;

    /// <summary>Loses the answer to the next statement whose text holds something, once it has let some pass.</summary>
    public void LoseNext(string text, int after = 0)
    {
        losingAfter = after;
        losing = System.Text.Encoding.UTF8.GetBytes(text);
    }

    /// <summary>Loses the answer to a later request, whatever it is.</summary>
    /// <param name="after">How many are answered before it, over all connections.</param>
    public void LoseAnswer(int after) => Volatile.Write(ref answersToGo, after + 1);

    /// <summary>Whether it takes what it is sent and says nothing to it, as a server that is paused.</summary>
    public bool IsSilent { get; set; }

    /// <summary>How often a client has spoken while it was silent, new connections included.</summary>
    public int Unanswered { get; private set; }

    /// <summary>Loses none any more.</summary>
    public void LoseNone() => Volatile.Write(ref answersToGo, 0);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Stop();
        await accepting;
        ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(CarryAsync(await listener.AcceptTcpClientAsync(ending.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(host, port, ending.Token);
                var lost = new TaskCompletionSource();
                var (answered, isGreeted) = (1, false);
                var up = CopyAsync(client.GetStream(), server.GetStream(), bytes =>
                {
                    if (Interlocked.Exchange(ref answered, 0) == 1)
                    {
                        Interlocked.Increment(ref roundTrips);
                        if (IsSilent && !IsCancelRequest(bytes)) Unanswered++;
                    }

                    // The name of the statement that ends a transaction, as the protocol carries it.
                    if (bytes.IndexOf("COMMIT\0"u8) >= 0) Interlocked.Increment(ref commits);
                    if (losing is { } text && bytes.IndexOf(text) >= 0 && Interlocked.Decrement(ref losingAfter) < 0)
                    {
                        losing = null;
                        lost.TrySetResult();
                    }

                    return Passing.On;
                });
                var down = CopyAsync(server.GetStream(), client.GetStream(), bytes =>
                {
                    Interlocked.Exchange(ref answered, 1);
                    // A whole answer ends with ReadyForQuery, the first time to the greeting.
                    if (bytes.Length >= 6 && bytes[^6..^1].SequenceEqual("Z\0\0\0\u0005"u8))
                    {
                        if (isGreeted && Interlocked.Decrement(ref answersToGo) == 0) lost.TrySetResult();
                        isGreeted = true;
                    }

                    return lost.Task.IsCompleted ? Passing.Ends : IsSilent ? Passing.Nowhere : Passing.On;
                });
                await Task.WhenAny(up, down);
                if (lost.Task.IsCompleted) Cuts++;
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side hung up.
            }
        }
    }

    private enum Passing
    {
        On,
        Nowhere,
        Ends,
    }

    // What a client sends, by a connection of its own, that has waited for long enough.
    private static bool IsCancelRequest(ReadOnlySpan<byte> bytes) => bytes.Length == 16 && bytes[4..8].SequenceEqual((ReadOnlySpan<byte>)[0x04, 0xD2, 0x16, 0x2E]);

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Func<ReadOnlySpan<byte>, Passing> pass)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var count = await from.ReadAsync(buffer, ending.Token);
            var passing = count == 0 ? Passing.Ends : pass(buffer.AsSpan(0, count));
            if (passing == Passing.Ends) return;
            if (passing == Passing.On) await to.WriteAsync(buffer.AsMemory(0, count), ending.Token);
        }
    }
}
