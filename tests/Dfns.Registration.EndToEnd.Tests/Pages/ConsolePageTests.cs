using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.EndToEnd.Tests.Running;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>The console of Development, in a real browser: from an invitation to a registered user by clicking.</summary>
public sealed class ConsolePageTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task Invites_a_user_who_registers_by_the_link_and_is_then_seen_as_registered()
    {
        const string username = "Jane+Doe@example.co";
        await using var tab = await OpenAsync();
        await tab.AddAuthenticatorAsync();

        await tab["username"].FillAsync(username);
        await tab["send-invite"].ClickAsync();
        await Expect(tab["invitation-title"]).ToBeFocusedAsync();
        await Expect(tab["invitation-title"]).ToHaveTextAsync($"Invitation for {username}");
        var jane = tab["user"].Filter(new() { HasText = username });
        await Expect(jane).ToHaveAttributeAsync("data-state", "invited");
        await tab.ScreenshotAsync("20-console-invited");

        await tab["invitation-link"].ClickAsync();
        await Expect(tab["username"]).ToHaveValueAsync(username);
        await tab["register-passkey"].ClickAsync();
        await Expect(tab["result-title"]).ToBeVisibleAsync();
        await tab["recovery-confirm"].ClickAsync();
        await tab.Page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "Console" }).ClickAsync();

        await Expect(jane).ToHaveAttributeAsync("data-state", "registered");
        await Expect(jane.GetByTestId("user-credential")).ToHaveCountAsync(2);
        await Expect(jane.GetByTestId("user-credential").First).ToContainTextAsync("Fido2 Active");
        await jane.GetByRole(Microsoft.Playwright.AriaRole.Button).ClickAsync();
        await Expect(tab["audit-title"]).ToBeFocusedAsync();
        await Expect(tab["audit-title"]).ToHaveTextAsync($"Audit trail of {username}");
        await Expect(tab["event"]).ToHaveCountAsync(2);
        await Expect(tab["event"].Nth(0)).ToContainTextAsync("user.registered");
        await Expect(tab["event"].Nth(1)).ToContainTextAsync("user.invited");
        await Expect(tab["event"].Nth(1)).ToContainTextAsync("by operator");
        Assert.Equal(["user.invited", "user.registered"], await service.Tables.AuditAsync(username));
        await tab.ScreenshotAsync("21-console-registered");

        await tab["audit-all"].ClickAsync();
        await Expect(tab["audit-title"]).ToHaveTextAsync("Audit trail");
        await jane.GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await Expect(tab["username"]).ToHaveValueAsync(username);
        await tab["sign-in-passkey"].ClickAsync();
        await Expect(tab["session-username"]).ToHaveTextAsync(username);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Whoever_lost_the_link_is_invited_again_and_the_earlier_link_ends()
    {
        const string username = "mary@example.co";
        await using var tab = await OpenAsync();
        await tab.AddAuthenticatorAsync();
        await tab["username"].FillAsync(username);
        await tab["send-invite"].ClickAsync();
        // The page turns to the title once the link is there.
        await Expect(tab["invitation-title"]).ToBeFocusedAsync();
        var earlier = await tab["invitation-link"].GetAttributeAsync("href");

        await tab["user"].Filter(new() { HasText = username }).GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Invite again mary@example.co" }).ClickAsync();

        await Expect(tab["invitation-link"]).Not.ToHaveAttributeAsync("href", earlier!);
        await Expect(tab["invitation-title"]).ToBeFocusedAsync();
        await tab.ScreenshotAsync("22-console-invited-again");
        var later = await tab["invitation-link"].GetAttributeAsync("href");
        await tab.Page.GotoAsync(earlier!);
        await tab["register-passkey"].ClickAsync();
        await Expect(tab["error-code"]).ToHaveTextAsync("invalid_code");
        await tab.Page.GotoAsync("about:blank");
        await tab.Page.GotoAsync(later!);
        await tab["register-passkey"].ClickAsync();
        await Expect(tab["result-title"]).ToBeVisibleAsync();
        Assert.Equal(["user.invited", "user.invited", "user.registered"], await service.Tables.AuditAsync(username));
    }

    [Fact]
    public async Task A_name_that_is_taken_is_said_beside_its_field()
    {
        var invitation = await service.InviteAsync();
        await using var tab = await OpenAsync();

        await tab["username"].FillAsync(invitation.Username.ToUpperInvariant());
        await tab["send-invite"].ClickAsync();

        await Expect(tab["error-title"]).ToHaveTextAsync("Nobody was invited");
        await Expect(tab["error-code"]).ToHaveTextAsync("user_already_exists");
        await Expect(tab["error-path"]).ToHaveTextAsync("$.username");
        await Expect(tab["error-help"]).ToHaveTextAsync("Whoever has not registered yet is invited again beside the name, below.");
        await Expect(tab.Page.Locator("#username-error")).ToHaveTextAsync("There is a user of this name already.");
        await Expect(tab["invitation"]).ToBeHiddenAsync();
        tab.AssertQuiet(service.Origin, provoked: "status of 401");
    }

    [Fact]
    public async Task Turns_from_one_organisation_to_another_and_stays_there()
    {
        var other = await Seed.In(service.Database).OrganisationAsync("localhost", service.Origin);
        var invitation = await Seed.In(service.Database).InviteAsync(other);
        await using var tab = await OpenAsync();

        await tab["organisation"].SelectOptionAsync(other);

        await Expect(tab["organisation-id"]).ToHaveTextAsync(other);
        await Expect(tab["user"]).ToHaveCountAsync(1);
        await Expect(tab["user"]).ToContainTextAsync(invitation.Username);
        await Expect(tab["status"]).ToHaveTextAsync("Users: 1, of them registered: 0.");
        await tab.Page.ReloadAsync();
        await Expect(tab["organisation-id"]).ToHaveTextAsync(other);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Tells_organisations_of_one_name_apart()
    {
        var (one, other) = (await Seed.In(service.Database).OrganisationAsync("localhost", service.Origin), await Seed.In(service.Database).OrganisationAsync("localhost", service.Origin));
        await using var tab = await OpenAsync();

        foreach (var id in new[] { one, other }) await Expect(tab["organisation"].Locator($"option[value={id}]")).ToHaveTextAsync($"Example ({id})");
        await Expect(tab["organisation"].Locator($"option[value={DemonstrationStore.OrganisationId}]")).ToHaveTextAsync("Demonstration");
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Opens_with_an_organisation_that_lists_the_page_and_warns_of_one_that_does_not()
    {
        var elsewhere = await Seed.In(service.Database).OrganisationAsync("localhost", "http://localhost:3000");
        await using var tab = await OpenAsync();

        await Expect(tab["organisation-id"]).ToHaveTextAsync(DemonstrationStore.OrganisationId);
        await Expect(tab["organisation-elsewhere"]).ToBeHiddenAsync();
        await tab["organisation"].SelectOptionAsync(elsewhere);

        await Expect(tab["organisation-id"]).ToHaveTextAsync(elsewhere);
        await Expect(tab["organisation-elsewhere"]).ToContainTextAsync($"does not list {service.Origin}");
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task The_link_that_a_start_prints_is_followed_by_the_address_of_the_console() =>
        await service.Process.Output.LineAsync(line => line.EndsWith($"{service.Origin}/console.html", StringComparison.Ordinal));

    private async Task<Tab> OpenAsync()
    {
        var tab = await browser.OpenAsync();
        await tab.Page.GotoAsync($"{service.Origin}/console.html");
        await Expect(tab["send-invite"]).ToBeEnabledAsync();
        return tab;
    }
}
