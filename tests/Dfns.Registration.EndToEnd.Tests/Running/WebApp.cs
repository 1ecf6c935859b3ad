using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A team's web application on the official SDK, a page with the back end behind it, at an origin of its own and in a process of its own.</summary>
internal sealed class WebApp : IAsyncDisposable
{
    private readonly RunningProcess process;

    private WebApp(RunningProcess process, string origin)
    {
        this.process = process;
        Origin = origin;
    }

    /// <summary>Where its page is: <c>http://localhost:…</c>.</summary>
    public string Origin { get; }

    public static async Task<WebApp> StartAsync()
    {
        var script = NodeScript.Start("web-app.mjs");
        var told = await script.Output.LineAsync(line => line.StartsWith("{\"origin\"", StringComparison.Ordinal));
        return new WebApp(script, (string)JsonNode.Parse(told)!["origin"]!);
    }

    /// <summary>Tells its back end whom it calls, and as whom.</summary>
    /// <param name="settings"><c>baseUrl</c>, <c>orgId</c>, <c>account</c>, <c>privateKey</c>.</param>
    public Task SetAsync(object settings) => process.WriteLineAsync(JsonSerializer.Serialize(settings, JsonSerializerOptions.Web));

    /// <summary>Opens its page on a device of its own, with an authenticator.</summary>
    public async Task<Tab> OpenAsync(Browser browser)
    {
        var tab = await browser.OpenAsync();
        await tab.AddAuthenticatorAsync();
        await tab.AddScriptAsync("example-pages.mjs");
        await tab.Page.GotoAsync($"{Origin}/");
        return tab;
    }

    public async ValueTask DisposeAsync()
    {
        process.CloseInput();
        await process.DisposeAsync();
    }
}
