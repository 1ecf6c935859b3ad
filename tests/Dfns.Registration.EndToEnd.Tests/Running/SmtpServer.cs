using System.Text.Json;
using System.Text.Json.Nodes;
using MimeKit;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A real SMTP server on loopback, in a process of its own.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    public const string User = "registration";
    public const string Password = "a mail password";

    private readonly RunningProcess process;
    private int received;

    private SmtpServer(RunningProcess process, int port)
    {
        this.process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Everything it saw, mails and failed connections.</summary>
    public ProcessOutput Output => process.Output;

    /// <summary>Starts the server.</summary>
    /// <param name="certificate">With one it demands STARTTLS and a login; without one it takes mail in the clear.</param>
    /// <param name="down">Whether it is away until <see cref="GoUpAsync"/>: its port is known, and nobody listens there.</param>
    /// <param name="replies">What it says to the first recipients, one after the other; null for that it takes them.</param>
    /// <param name="repeats">Whether it refuses each mail in the mail's own words.</param>
    public static async Task<SmtpServer> StartAsync(ServerCertificate? certificate = null, bool down = false, (int Code, string Text)[]? replies = null, bool repeats = false)
    {
        var script = NodeScript.Start("smtp.mjs");
        var settings = new { key = certificate?.PrivateKeyPem, cert = certificate?.CertificatePem, user = User, password = Password, down, replies = (replies ?? []).Select(r => new object[] { r.Code, r.Text }), repeats };
        await script.WriteLineAsync(JsonSerializer.Serialize(settings));
        var port = JsonNode.Parse(await script.Output.LineAsync(line => line.StartsWith("{\"port\"", StringComparison.Ordinal)))!["port"];
        return new SmtpServer(script, (int)port!);
    }

    public async Task GoUpAsync()
    {
        await process.WriteLineAsync("up");
        await process.Output.LineAsync(line => line == "{\"up\":true}");
    }

    /// <summary>The next mail; waits until it has arrived.</summary>
    public async Task<ReceivedMail> NextAsync()
    {
        var number = ++received;
        var mail = JsonNode.Parse(await process.Output.LineAsync(line => line.StartsWith($"{{\"mail\":{number},", StringComparison.Ordinal)))!;
        using var raw = new MemoryStream(Convert.FromBase64String((string)mail["message"]!));
        return new ReceivedMail(
            (string)mail["from"]!,
            [.. mail["to"]!.AsArray().Select(to => (string)to!)],
            (bool)mail["secure"]!,
            (string?)mail["user"],
            (string)mail["ehlo"]!,
            await MimeMessage.LoadAsync(raw));
    }

    public async ValueTask DisposeAsync()
    {
        process.CloseInput();
        await process.DisposeAsync();
    }
}

/// <summary>A mail as it arrived.</summary>
/// <param name="From">Sender of the envelope.</param>
/// <param name="To">Recipients of the envelope.</param>
/// <param name="Secure">Whether the connection was encrypted by then.</param>
/// <param name="User">Who had logged in.</param>
/// <param name="Ehlo">By what name the client made itself known.</param>
/// <param name="Message">Headers and text.</param>
internal sealed record ReceivedMail(string From, IReadOnlyList<string> To, bool Secure, string? User, string Ehlo, MimeMessage Message)
{
    /// <summary>The code that it carries.</summary>
    public string Code => Message.TextBody!.ReplaceLineEndings("\n").Split('\n').Single(line => line.StartsWith("Code:", StringComparison.Ordinal))["Code:".Length..].Trim();
}
