using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>What looks like a server of PostgreSQL, and refuses whoever connects: as it does with a wrong password, whatever that of the tests is set to.</summary>
internal sealed class RefusingServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly byte[] refusal;
    private readonly Task answering;

    /// <param name="sqlState">What it says, in five characters.</param>
    /// <param name="words">What it says, in words.</param>
    public RefusingServer(string sqlState, string words)
    {
        var fields = Encoding.UTF8.GetBytes($"SFATAL\0VFATAL\0C{sqlState}\0M{words}\0\0");
        refusal = [(byte)'E', .. new byte[4], .. fields];
        BinaryPrimitives.WriteInt32BigEndian(refusal.AsSpan(1), fields.Length + 4);
        listener.Start();
        answering = AnswerAsync();
    }

    public string ConnectionString => $"Host=127.0.0.1;Port={((IPEndPoint)listener.LocalEndpoint).Port};Database=registration;Username=registration;Password=wrong;Ssl Mode=Disable";

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await answering;
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                // Whom it is about does not matter.
                if (await client.GetStream().ReadAsync(new byte[8192]) > 0) await client.GetStream().WriteAsync(refusal);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            // Nobody is answered any more.
        }
    }
}
