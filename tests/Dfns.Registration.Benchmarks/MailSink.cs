using System.Net;
using System.Net.Sockets;

namespace Dfns.Registration.Benchmarks;

/// <summary>An SMTP server on loopback that takes every mail and keeps none.</summary>
internal sealed class MailSink : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly Task accepting;

    public MailSink()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await accepting;
        listener.Dispose();
        ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true) sessions.Add(TalkAsync(await listener.AcceptTcpClientAsync(ending.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream());
                await using var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
                await writer.WriteLineAsync("220 localhost");
                var inMail = false;
                while (await reader.ReadLineAsync(ending.Token) is { } line)
                {
                    if (inMail && line != ".") continue;
                    inMail = line == "DATA";
                    await writer.WriteLineAsync(inMail ? "354 go on" : line == "QUIT" ? "221 bye" : "250 ok");
                    if (line == "QUIT") return;
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The other side hung up, or the measurement is over.
            }
        }
    }
}
