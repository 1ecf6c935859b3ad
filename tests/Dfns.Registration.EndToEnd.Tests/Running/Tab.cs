using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A tab that writes down everything a page should never cause: console errors, policy violations, requests to other hosts.</summary>
internal sealed class Tab : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> complaints = new();
    private readonly ConcurrentQueue<string> requests = new();
    private ICDPSession devices = null!;
    private string? authenticator;

    private Tab(IPage page) => Page = page;

    public IPage Page { get; }

    public static async Task<Tab> OpenAsync(IBrowserContext context)
    {
        // Chromium reports violations to the page, not always to the console.
        await context.AddInitScriptAsync(
            "addEventListener('securitypolicyviolation', e => console.error(`policy violation: ${e.violatedDirective} ${e.blockedURI}`))");
        var tab = new Tab(await context.NewPageAsync());
        tab.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") tab.complaints.Enqueue($"{message.Type}: {message.Text}");
        };
        tab.Page.PageError += (_, error) => tab.complaints.Enqueue($"uncaught: {error}");
        tab.Page.Request += (_, request) => tab.requests.Enqueue(request.Url);
        tab.devices = await context.NewCDPSessionAsync(tab.Page);
        await tab.devices.SendAsync("WebAuthn.enable");
        return tab;
    }

    public ILocator this[string testId] => Page.GetByTestId(testId);

    /// <summary>Plugs in a platform authenticator that answers prompts by itself.</summary>
    /// <param name="recognisesUser">False: whoever holds the device does not pass its fingerprint, face or PIN check.</param>
    public async Task AddAuthenticatorAsync(bool recognisesUser = true)
    {
        var added = await devices.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["options"] = new
            {
                protocol = "ctap2",
                transport = "internal",
                hasResidentKey = true,
                hasUserVerification = true,
                isUserVerified = recognisesUser,
                automaticPresenceSimulation = true,
            },
        });
        authenticator = added!.Value.GetProperty("authenticatorId").GetString();
    }

    /// <summary>Has each page that is opened from now on run a script of the <c>node</c> folder first, bundled with what it imports.</summary>
    public async Task AddScriptAsync(string name) => await Page.AddInitScriptAsync((string)(await NodeScript.RunAsync("bundle.mjs", new { entry = name }))["script"]!);

    public Task RecogniseUserAsync(bool recognised = true) =>
        devices.SendAsync("WebAuthn.setUserVerified", new Dictionary<string, object>(StringComparer.Ordinal) { ["authenticatorId"] = authenticator!, ["isUserVerified"] = recognised });

    /// <summary>The passkeys that the authenticator holds.</summary>
    public async Task<IReadOnlyList<JsonElement>> PasskeysAsync()
    {
        var held = await devices.SendAsync("WebAuthn.getCredentials", new Dictionary<string, object>(StringComparer.Ordinal) { ["authenticatorId"] = authenticator! });
        return [.. held!.Value.GetProperty("credentials").EnumerateArray()];
    }

    /// <summary>Takes every passkey off the device: it is lost.</summary>
    public Task LosePasskeysAsync() =>
        devices.SendAsync("WebAuthn.clearCredentials", new Dictionary<string, object>(StringComparer.Ordinal) { ["authenticatorId"] = authenticator! });

    /// <summary>Puts a passkey that another device held on this one, private key and all.</summary>
    public Task AddPasskeyAsync(JsonElement passkey) =>
        devices.SendAsync("WebAuthn.addCredential", new Dictionary<string, object>(StringComparer.Ordinal) { ["authenticatorId"] = authenticator!, ["credential"] = passkey });

    /// <summary>Presses Tab until a control has the focus.</summary>
    public async Task TabToAsync(string testId)
    {
        // More stops than a page has: a control that Tab never reaches fails here.
        for (var stop = 0; stop < 80; stop++)
        {
            await Page.Keyboard.PressAsync("Tab");
            if (await Page.EvaluateAsync<string?>("document.activeElement?.dataset?.testid ?? null") == testId) return;
        }

        Assert.Fail($"The Tab key does not reach {testId}.");
    }

    /// <summary>Asserts that the page caused nothing it should not, apart from what the test provoked.</summary>
    /// <param name="origin">The one origin that the page may talk to.</param>
    /// <param name="provoked">Part of a console line that the browser itself writes about a refused request.</param>
    public void AssertQuiet(string origin, string? provoked = null)
    {
        Assert.DoesNotContain(complaints, line => provoked is null || !line.Contains(provoked, StringComparison.Ordinal));
        Assert.All(requests, url => Assert.True(
            url.StartsWith(origin + "/", StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal) || url.StartsWith("blob:", StringComparison.Ordinal), url));
        Assert.NotEmpty(requests);
    }

    /// <summary>Asserts that the page, as it is now, breaks no rule of axe-core, and is not wider than its window.</summary>
    public async Task AssertAccessibleAsync()
    {
        // By the debugger, which a content security policy does not stop.
        await Page.EvaluateAsync(await NodeScript.PackageFileAsync("axe-core/axe.min.js"));
        var broken = await Page.EvaluateAsync<string[]>(
            "async () => (await axe.run()).violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html} ${node.failureSummary}`))");
        Assert.Empty(broken!);
        var wide = await Page.EvaluateAsync<string[]>(
            """
            document.documentElement.scrollWidth <= innerWidth ? []
              : [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 200))
            """);
        Assert.Empty(wide!);
    }

    public Task ScreenshotAsync(string name) => Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Places.Screenshots, name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
