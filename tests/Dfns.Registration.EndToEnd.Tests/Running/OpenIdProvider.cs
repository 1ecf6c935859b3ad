using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A certified OpenID provider on loopback, in a process of its own.</summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    public const string ClientId = "web.example.co";

    /// <summary>A client that proves itself by <see cref="Secret"/>.</summary>
    public const string ConfidentialClientId = "server.example.co";

    public const string Secret = "a secret+of: the client";

    public const string RedirectUri = "https://app.example.co/callback";

    private readonly RunningProcess process;

    private OpenIdProvider(RunningProcess process, string issuer)
    {
        this.process = process;
        Issuer = issuer;
    }

    public string Issuer { get; }

    public static async Task<OpenIdProvider> StartAsync()
    {
        var script = NodeScript.Start("openid-provider.mjs");
        return new OpenIdProvider(script, await AnswerAsync(script, "issuer", past: 0));
    }

    /// <summary>Signs a person in at the provider, with the authorization code flow.</summary>
    /// <param name="subject">Who it is, to the provider.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="verified">Whether the provider says that it has verified the address.</param>
    /// <param name="nonce">The nonce of the application, where it makes one.</param>
    /// <returns>The ID token that the application receives.</returns>
    public Task<string> SignInAsync(string subject, string email, bool verified = true, string? nonce = null) =>
        AskAsync(JsonSerializer.Serialize(new { sub = subject, email, verified, nonce }), "idToken");

    /// <summary>Replaces the provider's keys.</summary>
    public Task RotateAsync() => AskAsync("rotate", "rotated");

    /// <summary>Ends the provider: nobody listens there any more.</summary>
    public async Task StopAsync()
    {
        process.CloseInput();
        await process.ExitAsync();
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async Task<string> AskAsync(string line, string member)
    {
        var past = process.Output.Lines.Count(l => IsAnswer(l, member));
        await process.WriteLineAsync(line);
        return await AnswerAsync(process, member, past);
    }

    private static async Task<string> AnswerAsync(RunningProcess script, string member, int past)
    {
        var seen = 0;
        var line = await script.Output.LineAsync(l => IsAnswer(l, member) && seen++ == past);
        return JsonNode.Parse(line)![member]!.ToString();
    }

    private static bool IsAnswer(string line, string member) => line.StartsWith($"{{\"{member}\"", StringComparison.Ordinal);
}
