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
    public Task<Service> StartBehindAsync(TestDatabase database, bool prepares)
    {
        var through = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = Port, SslMode = SslMode.Disable };
        if (!prepares) through.MaxAutoPrepare = 0;
        return Service.StartAsync(database, ("Database:ConnectionString", through.ConnectionString));
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
                var answered = 1;
                var up = CopyAsync(client.GetStream(), server.GetStream(), bytes =>
                {
                    if (Interlocked.Exchange(ref answered, 0) == 1) Interlocked.Increment(ref roundTrips);
                    // The name of the statement that ends a transaction, as the protocol carries it.
                    if (bytes.IndexOf("COMMIT\0"u8) >= 0) Interlocked.Increment(ref commits);
                    if (losing is { } text && bytes.IndexOf(text) >= 0 && Interlocked.Decrement(ref losingAfter) < 0)
                    {
                        losing = null;
                        lost.TrySetResult();
                    }

                    return true;
                });
                var down = CopyAsync(server.GetStream(), client.GetStream(), _ =>
                {
                    Interlocked.Exchange(ref answered, 1);
                    return !lost.Task.IsCompleted;
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

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Func<ReadOnlySpan<byte>, bool> passes)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var count = await from.ReadAsync(buffer, ending.Token);
            if (count == 0 || !passes(buffer.AsSpan(0, count))) return;
            await to.WriteAsync(buffer.AsMemory(0, count), ending.Token);
        }
    }
}
