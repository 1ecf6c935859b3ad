using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Browser))]

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>The installed Chromium, started by the first test that asks for it and shared by all.</summary>
public sealed class Browser : IAsyncDisposable
{
    private readonly Lazy<Task<(IPlaywright Driver, IBrowser Chromium)>> started = new(StartAsync);

    /// <summary>Opens a new tab with storage of its own.</summary>
    /// <param name="options">Such as the size of the window; null for the default.</param>
    internal async Task<Tab> OpenAsync(BrowserNewContextOptions? options = null)
    {
        var (_, chromium) = await started.Value;
        return await Tab.OpenAsync(await chromium.NewContextAsync(options));
    }

    public async ValueTask DisposeAsync()
    {
        if (!started.IsValueCreated || !started.Value.IsCompletedSuccessfully) return;
        var (driver, chromium) = await started.Value;
        await chromium.DisposeAsync();
        driver.Dispose();
    }

    private static async Task<(IPlaywright Driver, IBrowser Chromium)> StartAsync()
    {
        var executable = Installed.Find("chromium", "chromium-browser", "google-chrome-stable", "google-chrome");
        if (executable is null) Prerequisite.IsMissing("No Chromium is installed (apt-get install chromium).");

        // Busy machines take their time; nothing is measured by it.
        Assertions.SetDefaultExpectTimeout(30_000);
        var driver = await Playwright.CreateAsync();
        var chromium = await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync",
                // Nothing but this machine: a relying party id foreign to the page would make the browser ask that domain.
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
            ],
        });
        return (driver, chromium);
    }
}
