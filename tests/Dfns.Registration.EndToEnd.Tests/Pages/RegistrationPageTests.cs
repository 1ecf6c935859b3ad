using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>The page that the printed link opens, in a real browser: what a person sees, and what is in the database then.</summary>
public sealed class RegistrationPageTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task Registers_a_passkey_and_a_recovery_key_from_the_printed_link()
    {
        var invitation = await service.Process.PrintedInvitationAsync();
        await using var tab = await browser.OpenAsync();
        await tab.AddAuthenticatorAsync();
        await tab.Page.GotoAsync((await service.Process.PrintedLinkAsync()).OriginalString);

        await Expect(tab["username"]).ToHaveValueAsync(invitation.Username);
        await Expect(tab["code"]).ToHaveValueAsync(invitation.Code);
        await Expect(tab["org-id"]).ToHaveValueAsync(invitation.OrgId);
        Assert.Equal($"{service.Origin}/", tab.Page.Url);
        await tab.ScreenshotAsync("1-opened");
        await tab["register-passkey"].ClickAsync();

        var secret = await RegisteredAsync(tab, invitation, "Fido2", "RecoveryKey");
        await tab.ScreenshotAsync("2-registered-with-passkey");
        var rows = await service.Tables.CredentialsAsync(invitation.Username);
        var passkey = Assert.Single(await tab.PasskeysAsync());
        Assert.Equal(2, rows.Count);
        Assert.Equal(("Fido2", "FirstFactor", "Active", "localhost", service.Origin), (rows[0].Text("kind"), rows[0].Text("slot"), rows[0].Text("status"), rows[0].Text("relying_party_id"), rows[0].Text("origin")));
        Assert.Equal(Convert.FromBase64String(passkey.GetProperty("credentialId").GetString()!), rows[0].Bytes("credential_id"));
        Assert.Equal((await service.Tables.UserAsync(invitation.Username)).Text("id"), passkey.GetProperty("userHandle").GetString() is { } handle ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(handle)) : null);
        AssertOpens(rows[1], "RecoveryKey", "Recovery", secret!, invitation.Username);
        Assert.Equal(["user.registered"], await service.Tables.AuditAsync(invitation.Username));
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Registers_a_key_and_a_recovery_key()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;

        await tab["register-key"].ClickAsync();

        var secret = await RegisteredAsync(tab, invitation, "Key", "RecoveryKey");
        var rows = await service.Tables.CredentialsAsync(invitation.Username);
        Assert.Equal(2, rows.Count);
        Assert.Equal(("Key", "FirstFactor"), (rows[0].Text("kind"), rows[0].Text("slot")));
        Assert.Null(rows[0].Text("encrypted_private_key"));
        AssertOpens(rows[1], "RecoveryKey", "Recovery", secret!, invitation.Username);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Registers_a_password_protected_key_that_the_password_opens_and_a_recovery_key_that_its_secret_opens()
    {
        const string password = "pässwörd with spaces 🔑";
        var (tab, invitation) = await OpenedAsync(username: $"  Ünïcode+{RandomNumberGenerator.GetHexString(8)}@Example.co");
        await using var _ = tab;

        await tab["password"].FillAsync(password);
        await tab["password-again"].FillAsync(password);
        await tab["register-password-protected-key"].ClickAsync();

        var secret = await RegisteredAsync(tab, invitation, "PasswordProtectedKey", "RecoveryKey");
        var rows = await service.Tables.CredentialsAsync(invitation.Username);
        Assert.Equal(2, rows.Count);
        AssertOpens(rows[0], "PasswordProtectedKey", "FirstFactor", password, invitation.Username);
        AssertOpens(rows[1], "RecoveryKey", "Recovery", secret!, invitation.Username);
        await Expect(tab["password"]).ToHaveValueAsync("");
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Registers_without_a_recovery_key_and_the_audit_says_so()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;
        await tab.AddAuthenticatorAsync();

        await tab["with-recovery"].UncheckAsync();
        await tab["register-passkey"].ClickAsync();

        var secret = await RegisteredAsync(tab, invitation, "Fido2");
        Assert.Null(secret);
        Assert.Equal("Fido2", Assert.Single(await service.Tables.CredentialsAsync(invitation.Username)).Text("kind"));
        Assert.Equal(["user.registered", "user.registered_without_recovery"], await service.Tables.AuditAsync(invitation.Username));
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_prompt_that_fails_leaves_the_code_good_for_another_try()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;
        await tab.AddAuthenticatorAsync(recognisesUser: false);

        await tab["register-passkey"].ClickAsync();
        await Expect(tab["error"]).ToBeVisibleAsync();
        await Expect(tab["error-code"]).ToHaveTextAsync("NotAllowedError");
        await tab.ScreenshotAsync("3-prompt-cancelled");
        Assert.Empty(await service.Tables.CredentialsAsync(invitation.Username));
        Assert.Null((await service.Tables.UserAsync(invitation.Username))["registered_at"]);

        await tab.RecogniseUserAsync();
        await tab["try-again"].ClickAsync();

        await RegisteredAsync(tab, invitation, "Fido2", "RecoveryKey");
        Assert.Equal(2, (await service.Tables.CredentialsAsync(invitation.Username)).Count);
        await Expect(tab["error"]).ToBeHiddenAsync();
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Shows_a_wrong_code_in_words_for_people_and_those_of_the_service_to_developers()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;

        await tab["code"].FillAsync("0000-0000-0000-0000");
        await tab["register-key"].ClickAsync();

        await Expect(tab["error-message"]).ToHaveTextAsync("This is not the code of this user.");
        await Expect(tab["error-help"]).ToHaveTextAsync("Check the username, the organisation and the code, or have a new code sent.");
        await Expect(tab["error-wire"]).ToHaveTextAsync("Invalid code Check the username, the organisation and the code, or have a new code sent: PUT /auth/registration/code, POST /auth/login/code, POST /auth/recover/user/code.");
        await Expect(tab["error-wire"]).ToBeHiddenAsync();
        await Expect(tab["error-status"]).ToHaveTextAsync("403");
        await Expect(tab["error-code"]).ToHaveTextAsync("invalid_code");
        await Expect(tab["error"]).ToBeFocusedAsync();
        await tab.ScreenshotAsync("4-wrong-code");
        Assert.Empty(await service.Tables.CredentialsAsync(invitation.Username));

        await tab["code"].FillAsync(invitation.Code.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal));
        await tab["register-key"].ClickAsync();

        await RegisteredAsync(tab, invitation, "Key", "RecoveryKey");
        tab.AssertQuiet(service.Origin, provoked: "status of 403");
    }

    [Fact]
    public async Task A_link_that_has_done_its_work_leads_whoever_opens_it_again_to_the_sign_in()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;
        await tab["with-recovery"].UncheckAsync();
        await tab["register-key"].ClickAsync();
        await RegisteredAsync(tab, invitation, "Key");

        await tab.Page.GotoAsync("about:blank");
        await tab.Page.GotoAsync(service.Process.LinkFor(invitation));
        await tab["register-key"].ClickAsync();

        await Expect(tab["error-title"]).ToHaveTextAsync("You are registered");
        await Expect(tab["error-message"]).ToHaveTextAsync($"This link has done its work: {invitation.Username} is registered.");
        await Expect(tab["error-help"]).ToHaveTextAsync("Sign in with what you registered.");
        await Expect(tab["error-wire"]).ToContainTextAsync("User already exists.");
        await Expect(tab["error-code"]).ToHaveTextAsync("user_already_exists");
        await tab.ScreenshotAsync("8-link-opened-again");
        Assert.Single(await service.Tables.CredentialsAsync(invitation.Username));

        await tab["error-link"].ClickAsync();
        await Expect(tab["username"]).ToHaveValueAsync(invitation.Username);
        await Expect(tab["org-id"]).ToHaveValueAsync(invitation.OrgId);
        await tab["sign-in-key"].ClickAsync();
        await Expect(tab["status"]).ToHaveTextAsync("Signed in.");
    }

    [Fact]
    public async Task A_copy_is_seen_on_the_button_and_so_is_one_that_the_browser_refused()
    {
        var (tab, _) = await OpenedAsync();
        await using var _tab = tab;
        await tab.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await tab["register-key"].ClickAsync();
        await Expect(tab["result-title"]).ToBeVisibleAsync();

        await tab["recovery-copy"].ClickAsync();
        await Expect(tab["recovery-copy"]).ToHaveTextAsync("Copied ✓");
        await tab.ScreenshotAsync("9-copied");
        Assert.Equal(await tab["recovery-secret"].TextContentAsync(), await tab.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await Expect(tab["recovery-copy"]).ToHaveTextAsync("Copy the recovery key");

        await tab.Page.EvaluateAsync("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }");
        await tab["exchange"].First.Locator("summary").ClickAsync();
        foreach (var button in new[] { tab["recovery-copy"], tab["exchange"].First.Locator("[data-part=copy]").First })
        {
            await button.ClickAsync();
            await Expect(button).ToHaveTextAsync("Not copied");
        }
    }

    [Fact]
    public async Task Registers_a_passkey_with_the_keyboard_alone()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;
        await tab.AddAuthenticatorAsync();

        await tab.TabToAsync("register-passkey");
        await tab.Page.Keyboard.PressAsync("Enter");
        await RegisteredAsync(tab, invitation, "Fido2", "RecoveryKey");
        await Expect(tab["result-title"]).ToBeFocusedAsync();
        await tab.TabToAsync("recovery-confirm");
        await tab.Page.Keyboard.PressAsync("Space");

        await Expect(tab["recovery-done"]).ToBeFocusedAsync();
        await Expect(tab["recovery-secret"]).ToBeHiddenAsync();
        Assert.DoesNotContain("D1-", await tab.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.Equal(2, (await service.Tables.CredentialsAsync(invitation.Username)).Count);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Enter_in_a_password_field_registers_with_the_password()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;

        await tab.TabToAsync("password");
        await tab.Page.Keyboard.TypeAsync("correct horse");
        await tab.TabToAsync("password-again");
        await tab.Page.Keyboard.TypeAsync("correct horse");
        await tab.Page.Keyboard.PressAsync("Enter");

        await RegisteredAsync(tab, invitation, "PasswordProtectedKey", "RecoveryKey");
        AssertOpens((await service.Tables.CredentialsAsync(invitation.Username))[0], "PasswordProtectedKey", "FirstFactor", "correct horse", invitation.Username);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Shows_each_exchange_without_the_whole_bearer_token()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;

        await tab["register-key"].ClickAsync();
        await RegisteredAsync(tab, invitation, "Key", "RecoveryKey");

        var exchanges = tab["exchange"];
        await Expect(exchanges).ToHaveCountAsync(2);
        await Expect(exchanges.Nth(0)).ToContainTextAsync("/auth/registration/init");
        await Expect(exchanges.Nth(1)).ToContainTextAsync("200");
        foreach (var exchange in await exchanges.AllAsync()) await exchange.Locator("summary").ClickAsync();
        await Expect(exchanges.Nth(1)).ToContainTextAsync("key.create");
        await tab.ScreenshotAsync("5-exchanges");
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_new_code_from_the_page_ends_the_one_in_the_link()
    {
        var (tab, invitation) = await OpenedAsync();
        await using var _ = tab;

        await tab["send-code"].ClickAsync();
        await Expect(tab["code"]).ToHaveValueAsync("");
        // Without a mail server, in Development, the log is where it goes.
        var line = await service.Process.Output.LineAsync(l => l.Contains($"Registration code for {invitation.Username} of {invitation.OrgId}: ", StringComparison.Ordinal));
        var renewed = line[^"XXXX-XXXX-XXXX-XXXX".Length..];
        Assert.NotEqual(invitation.Code, renewed);
        await tab["code"].FillAsync(invitation.Code);
        await tab["register-key"].ClickAsync();
        await Expect(tab["error-wire"]).ToContainTextAsync("Invalid code");
        await tab["code"].FillAsync(renewed);
        await tab["register-key"].ClickAsync();

        await RegisteredAsync(tab, invitation, "Key", "RecoveryKey");
        tab.AssertQuiet(service.Origin, provoked: "status of 403");
    }

    [Theory]
    [InlineData("6-phone", 360, 740, ColorScheme.Light)]
    [InlineData("7-dark", 1280, 900, ColorScheme.Dark)]
    public async Task Fits_a_phone_and_the_dark_without_scrolling_sideways(string picture, int width, int height, ColorScheme colours)
    {
        var (tab, invitation) = await OpenedAsync(options: new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colours });
        await using var _ = tab;
        await tab.ScreenshotAsync(picture);

        await tab["register-key"].ClickAsync();
        await RegisteredAsync(tab, invitation, "Key", "RecoveryKey");
        foreach (var exchange in await tab["exchange"].AllAsync()) await exchange.Locator("summary").ClickAsync();

        await tab.ScreenshotAsync(picture + "-registered");
        Assert.True(await tab.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the window.");
        tab.AssertQuiet(service.Origin);
    }

    private async Task<(Tab Tab, Invitation Invitation)> OpenedAsync(string? username = null, BrowserNewContextOptions? options = null)
    {
        var tab = await browser.OpenAsync(options);
        var invitation = await service.InviteAsync(username);
        await tab.Page.GotoAsync(service.Process.LinkFor(invitation));
        await Expect(tab["code"]).ToHaveValueAsync(invitation.Code);
        return (tab, invitation);
    }

    /// <summary>Waits for the result, and holds what it shows against what is stored.</summary>
    /// <returns>The recovery secret, when one is shown.</returns>
    private async Task<string?> RegisteredAsync(Tab tab, Invitation invitation, params string[] kinds)
    {
        await Expect(tab["result-title"]).ToBeVisibleAsync();
        var user = await service.Tables.UserAsync(invitation.Username);
        var rows = await service.Tables.CredentialsAsync(invitation.Username);
        Assert.NotNull(user["registered_at"]);
        await Expect(tab["result-user-id"]).ToHaveTextAsync(user.Text("id")!);
        await Expect(tab["result-org-id"]).ToHaveTextAsync(invitation.OrgId);
        Assert.Equal(invitation.Username, await tab["result-username"].TextContentAsync());
        await Expect(tab["result-credential"]).ToHaveCountAsync(kinds.Length);
        for (var i = 0; i < kinds.Length; i++)
        {
            await Expect(tab["result-credential"].Nth(i)).ToHaveAttributeAsync("data-kind", kinds[i]);
            await Expect(tab["result-credential"].Nth(i)).ToContainTextAsync(i == 0 ? rows[0].Text("uuid")! : rows[i].Text("credential_id_text")!);
        }

        if (!kinds.Contains("RecoveryKey"))
        {
            await Expect(tab["recovery"]).ToBeHiddenAsync();
            return null;
        }

        await Expect(tab["recovery-cred-id"]).ToHaveTextAsync(rows[^1].Text("credential_id_text")!);
        var secret = await tab["recovery-secret"].TextContentAsync();
        Assert.Matches("^D1-[A-Z2-9]{6}(-[A-Z2-9]{5}){4}-[A-Z2-9]{6}$", secret);
        return secret;
    }

    // What the service keeps opens with the secret, and is the very key it verified; with another secret it does not open.
    private static void AssertOpens(Row row, string kind, string slot, string secret, string username)
    {
        Assert.Equal((kind, slot), (row.Text("kind"), row.Text("slot")));
        var envelope = row.Text("encrypted_private_key")!;
        using var key = EncryptedPrivateKey.Open(envelope, secret, username);
        Assert.Equal(row.Bytes("public_key"), key.ExportSubjectPublicKeyInfo());
        Assert.Throws<CryptographicException>(() => EncryptedPrivateKey.Open(envelope, secret + " ", username));
        Assert.Equal(row.Bytes("credential_id"), Base64Url.DecodeFromChars(row.Text("credential_id_text")));
    }
}
