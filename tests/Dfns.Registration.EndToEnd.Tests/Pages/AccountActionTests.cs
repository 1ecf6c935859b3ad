using Dfns.Registration.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>The credentials on the account page, and the signed actions on them, in a real browser.</summary>
public sealed class AccountActionTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    private static readonly string[] ActionSteps = ["action-challenge", "action-sign", "action-token", "action-call"];

    [Fact]
    public async Task Renames_a_credential_with_an_action_that_the_passkey_signs()
    {
        await using var person = await SignedInAsync("Fido2", withRecovery: true);
        await Expect(person.Tab["credential"]).ToHaveCountAsync(2);
        var passkey = Row(person, "Fido2");
        await Expect(passkey).ToContainTextAsync("signed in with");
        var before = await person.Tab["exchange"].CountAsync();

        await passkey.GetByRole(AriaRole.Button, new() { Name = "Rename Passkey" }).ClickAsync();
        await passkey.GetByTestId("rename-to").FillAsync("Laptop, blue");
        await person.Tab.ScreenshotAsync("13-renaming");
        await passkey.GetByTestId("rename-save").ClickAsync();

        await Expect(person.Tab["status"]).ToHaveTextAsync("Renamed.");
        await Expect(passkey.Locator("[data-part=name]")).ToHaveTextAsync("Laptop, blue");
        await Expect(passkey.Locator("[data-part=name]")).ToBeFocusedAsync();
        await AssertDoneAsync(person, ActionSteps);
        var row = (await service.Tables.CredentialsAsync(person.Invitation.Username))[0];
        Assert.Equal("Laptop, blue", row.Text("name"));
        // Init, sign, call, and the list anew.
        var exchanges = person.Tab["exchange"];
        await Expect(exchanges).ToHaveCountAsync(before + 4);
        foreach (var (at, text) in new[] { (0, "/auth/action/init"), (1, "/auth/action"), (2, $"/auth/credentials/{row.Text("uuid")}"), (3, "/auth/credentials") })
        {
            await Expect(exchanges.Nth(before + at)).ToContainTextAsync(text);
        }

        await exchanges.Nth(before + 2).Locator("summary").ClickAsync();
        await Expect(exchanges.Nth(before + 2)).ToContainTextAsync("X-DFNS-USERACTION");
        await person.Tab.ScreenshotAsync("14-renamed");
        person.Tab.AssertQuiet(service.Origin);
    }

    [Theory]
    [InlineData("Fido2")]
    [InlineData("Key")]
    [InlineData("PasswordProtectedKey")]
    public async Task Adds_a_credential_of_each_kind_and_switches_it_off_and_on(string kind)
    {
        // Signed by a key, so that the device is free to hold a passkey.
        await using var person = await SignedInAsync("Key");
        await person.Tab["new-name"].FillAsync("Second way");
        if (kind == "PasswordProtectedKey") await person.Tab["new-password"].FillAsync(Person.Password);

        await person.Tab[kind switch { "Fido2" => "add-passkey", "Key" => "add-key", _ => "add-password-protected-key" }].ClickAsync();
        await Expect(person.Tab["status"]).ToHaveTextAsync("Added.");
        await AssertDoneAsync(person, ["credential-challenge", "credential-create", .. ActionSteps]);
        await Expect(person.Tab["credential"]).ToHaveCountAsync(2);
        var added = person.Tab["credential"].Filter(new() { HasText = "Second way" });
        await Expect(added).ToHaveAttributeAsync("data-kind", kind);

        await added.GetByRole(AriaRole.Button, new() { Name = "Deactivate Second way" }).ClickAsync();
        await Expect(added).ToHaveAttributeAsync("data-state", "Inactive");
        Assert.Equal("Inactive", await StatusAsync(person, "Second way"));
        await added.GetByRole(AriaRole.Button, new() { Name = "Activate Second way", Exact = true }).ClickAsync();
        await Expect(added).ToHaveAttributeAsync("data-state", "Active");
        Assert.Equal("Active", await StatusAsync(person, "Second way"));

        // And it signs in.
        await person.Tab["sign-out"].ClickAsync();
        if (kind == "PasswordProtectedKey") await person.SignInWithPasswordAsync();
        else await person.SignInAsync(kind == "Fido2" ? "sign-in-passkey" : "sign-in-key");
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Removes_a_credential_once_asked_twice()
    {
        await using var person = await SignedInAsync("Key", withRecovery: true);
        var recovery = Row(person, "RecoveryKey");
        await recovery.GetByRole(AriaRole.Button, new() { Name = "Remove Recovery key" }).ClickAsync();
        await Expect(recovery.GetByRole(AriaRole.Button, new() { Name = "Keep it" })).ToBeFocusedAsync();
        Assert.Equal("Active", await StatusAsync(person, "Recovery key"));

        await recovery.GetByTestId("remove-confirm").ClickAsync();

        await Expect(person.Tab["status"]).ToHaveTextAsync("Removed.");
        await Expect(person.Tab["credential"]).ToHaveCountAsync(1);
        Assert.Equal("Archived", await StatusAsync(person, "Recovery key"));
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task The_last_way_in_cannot_be_switched_off()
    {
        await using var person = await SignedInAsync("Key");

        await Row(person, "Key").GetByRole(AriaRole.Button, new() { Name = "Deactivate Browser key" }).ClickAsync();

        await Expect(person.Tab["error-title"]).ToHaveTextAsync("The credential is not deactivated");
        await Expect(person.Tab["error-code"]).ToHaveTextAsync("last_first_factor");
        await Expect(person.Tab["step-action-call"]).ToHaveAttributeAsync("data-state", "failed");
        await Expect(person.Tab["session"]).ToBeVisibleAsync();
        Assert.Equal("Active", await StatusAsync(person, "Browser key"));
    }

    [Fact]
    public async Task Whoever_switches_off_what_opened_the_session_is_signed_out()
    {
        await using var person = await SignedInAsync("Key");
        await person.Tab["new-name"].FillAsync("Another");
        await person.Tab["add-passkey"].ClickAsync();
        await Expect(person.Tab["status"]).ToHaveTextAsync("Added.");

        await Row(person, "Key").GetByRole(AriaRole.Button, new() { Name = "Deactivate Browser key" }).ClickAsync();

        await Expect(person.Tab["status"]).ToHaveTextAsync("Deactivated. The session that it opened has ended with it.");
        await Expect(person.Tab["session"]).ToBeHiddenAsync();
        await Expect(person.Tab["credentials"]).ToBeHiddenAsync();
        person.Tab.AssertQuiet(service.Origin, provoked: "status of 401");
    }

    [Fact]
    public async Task A_prompt_that_fails_changes_nothing_and_can_be_tried_again()
    {
        await using var person = await SignedInAsync("Fido2");
        await person.Tab.RecogniseUserAsync(recognised: false);
        var passkey = Row(person, "Fido2");
        await passkey.GetByRole(AriaRole.Button, new() { Name = "Rename Passkey" }).ClickAsync();
        await passkey.GetByTestId("rename-to").FillAsync("Laptop");
        await passkey.GetByTestId("rename-to").PressAsync("Enter");

        await Expect(person.Tab["error-code"]).ToHaveTextAsync("NotAllowedError");
        await Expect(person.Tab["step-action-sign"]).ToHaveAttributeAsync("data-state", "failed");
        Assert.Equal("Passkey", (await service.Tables.CredentialsAsync(person.Invitation.Username))[0].Text("name"));
        await person.Tab.RecogniseUserAsync();
        await person.Tab["try-again"].ClickAsync();

        await Expect(passkey.Locator("[data-part=name]")).ToHaveTextAsync("Laptop");
        person.Tab.AssertQuiet(service.Origin);
    }

    private async Task<Person> SignedInAsync(string kind, bool withRecovery = false)
    {
        var person = await Person.RegisteredAsync(service, await browser.OpenAsync(), kind, withRecovery);
        await person.ToAccountAsync();
        return await person.SignInAsync(kind == "Fido2" ? "sign-in-passkey" : "sign-in-key");
    }

    private static ILocator Row(Person person, string kind) => person.Tab.Page.Locator($"[data-testid=credential][data-kind={kind}]");

    private static async Task AssertDoneAsync(Person person, string[] steps)
    {
        foreach (var step in steps) await Expect(person.Tab[$"step-{step}"]).ToHaveAttributeAsync("data-state", "done");
        await Expect(person.Tab["steps"].Locator("li:visible")).ToHaveCountAsync(steps.Length);
    }

    private async Task<string?> StatusAsync(Person person, string name) =>
        (await service.Tables.CredentialsAsync(person.Invitation.Username)).Single(row => row.Text("name") == name).Text("status");
}
