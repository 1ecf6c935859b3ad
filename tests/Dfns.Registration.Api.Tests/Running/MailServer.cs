using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A mail server in the clear that takes every mail, or refuses whoever connects (RFC 5321 §3.1), for commands, which have a process' mail of their own.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly bool takes;
    private readonly Task answering;

    public MailServer(bool takes)
    {
        this.takes = takes;
        listener.Start();
        answering = AnswerAsync();
    }

    public IEnumerable<(string Key, string Value)> Settings => [("Mail:Port", $"{((IPEndPoint)listener.LocalEndpoint).Port}"), ("Mail:Security", "None")];

    /// <summary>The texts of the mails that it took.</summary>
    public List<string> Mails { get; } = [];

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
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.UTF8);
                await using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\r\n" };
                await writer.WriteLineAsync(takes ? "220 mail.example.co" : "554 No service here");
                while (takes && await reader.ReadLineAsync() is { } line && line != "QUIT")
                {
                    if (line == "DATA") Mails.Add(await TakeAsync(reader, writer));
                    await writer.WriteLineAsync("250 OK");
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            // Nobody is answered any more.
        }
    }

    private static async Task<string> TakeAsync(StreamReader reader, StreamWriter writer)
    {
        await writer.WriteLineAsync("354 Go on");
        var text = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line && line != ".") text.AppendLine(line);
        return text.ToString();
    }
}
