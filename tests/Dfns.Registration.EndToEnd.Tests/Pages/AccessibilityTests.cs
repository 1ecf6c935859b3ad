using Dfns.Registration.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>Every page in every state it can be in, on the narrowest window and on a wide one, by day and by night: no rule of axe-core is broken, and nothing scrolls sideways.</summary>
public sealed class AccessibilityTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    public static TheoryData<string, int, int, ColorScheme> Windows => new()
    {
        { "phone-light", 320, 640, ColorScheme.Light },
        { "phone-dark", 320, 640, ColorScheme.Dark },
        { "desk-light", 1280, 900, ColorScheme.Light },
        { "desk-dark", 1280, 900, ColorScheme.Dark },
    };

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task The_registration_page(string window, int width, int height, ColorScheme colours)
    {
        await using var tab = await OpenAsync(width, height, colours);
        await tab.AddAuthenticatorAsync();
        await tab.Page.GotoAsync(service.Origin);
        await tab["register-passkey"].ClickAsync();
        await Expect(tab["username"]).ToBeFocusedAsync();
        await CheckAsync(tab, $"registration-{window}-faults");

        var invitation = await service.InviteAsync();
        await tab.Page.GotoAsync(service.Process.LinkFor(invitation with { Code = "0000-0000-0000-0000" }));
        await tab["register-passkey"].ClickAsync();
        await Expect(tab["error"]).ToBeVisibleAsync();
        await CheckAsync(tab, $"registration-{window}-refused");

        await tab["code"].FillAsync(invitation.Code);
        await tab["register-passkey"].ClickAsync();
        await Expect(tab["recovery"]).ToBeVisibleAsync();
        await OpenExchangesAsync(tab);
        await CheckAsync(tab, $"registration-{window}-registered");
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task The_account_page(string window, int width, int height, ColorScheme colours)
    {
        await using var person = await Person.RegisteredAsync(service, await OpenAsync(width, height, colours), "Fido2", withRecovery: true);
        var tab = person.Tab;
        await tab.Page.GotoAsync($"{service.Origin}/account.html");
        await tab["sign-in-password"].ClickAsync();
        await Expect(tab["username"]).ToBeFocusedAsync();
        await CheckAsync(tab, $"account-{window}-faults");

        await tab["username"].FillAsync(person.Invitation.Username);
        await tab["org-id"].FillAsync(person.Invitation.OrgId);
        await tab["sign-in-key"].ClickAsync();
        await Expect(tab["error"]).ToBeVisibleAsync();
        await CheckAsync(tab, $"account-{window}-failed");

        await person.FillRecoveryAsync();
        await tab["recovery-key"].FillAsync("D1-AAAAAA");
        await tab["recover-passkey"].ClickAsync();
        await Expect(tab["error"]).ToBeVisibleAsync();
        await CheckAsync(tab, $"account-{window}-recovery-failed");

        await tab["recovery-key"].FillAsync(person.Recovery!.Value.Secret);
        await tab["recover-key"].ClickAsync();
        await Expect(tab["recovery"]).ToBeVisibleAsync();
        await OpenExchangesAsync(tab);
        await CheckAsync(tab, $"account-{window}-recovered");

        await tab["recovery-confirm"].ClickAsync();
        await tab["to-sign-in"].ClickAsync();
        await person.SignInAsync("sign-in-key");
        await OpenExchangesAsync(tab);
        await tab["credential"].Nth(0).GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        await tab["credential"].Nth(1).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await tab["add-key"].ClickAsync();
        await Expect(tab["new-name"]).ToBeFocusedAsync();
        await CheckAsync(tab, $"account-{window}-signed-in");
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task The_console_page(string window, int width, int height, ColorScheme colours)
    {
        await using var person = await Person.RegisteredAsync(service, await OpenAsync(width, height, colours), "Key", withRecovery: true);
        var tab = person.Tab;
        await tab.Page.GotoAsync($"{service.Origin}/console.html");
        await tab["send-invite"].ClickAsync();
        await Expect(tab["username"]).ToBeFocusedAsync();
        await CheckAsync(tab, $"console-{window}-faults");

        await tab["username"].FillAsync($"somebody-with-a-long-name-of-{window}@department.example.co");
        await tab["send-invite"].ClickAsync();
        await Expect(tab["invitation"]).ToBeVisibleAsync();
        await CheckAsync(tab, $"console-{window}-invited");

        await tab["username"].FillAsync(person.Invitation.Username);
        await tab["send-invite"].ClickAsync();
        await Expect(tab["error"]).ToBeVisibleAsync();
        await tab["user"].Filter(new() { HasText = person.Invitation.Username }).GetByRole(AriaRole.Button).ClickAsync();
        await Expect(tab["audit-title"]).ToBeFocusedAsync();
        await CheckAsync(tab, $"console-{window}-trail");
    }

    private Task<Tab> OpenAsync(int width, int height, ColorScheme colours) => browser.OpenAsync(new BrowserNewContextOptions
    {
        ViewportSize = new ViewportSize { Width = width, Height = height },
        ColorScheme = colours,
        // A colour halfway through a transition is nobody's choice.
        ReducedMotion = ReducedMotion.Reduce,
    });

    private static async Task OpenExchangesAsync(Tab tab)
    {
        foreach (var exchange in await tab["exchange"].AllAsync()) await exchange.Locator("summary").ClickAsync();
    }

    private static async Task CheckAsync(Tab tab, string state)
    {
        await tab.ScreenshotAsync(state);
        await tab.AssertAccessibleAsync();
    }
}
