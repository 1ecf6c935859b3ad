using System.Security.Cryptography;
using Dfns.Registration.EndToEnd.Tests.Running;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>The page where a registered user signs in and out, in a real browser: what a person sees, and what is in the database then.</summary>
public sealed class AccountPageTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task Signs_in_with_a_passkey_of_the_user_named()
    {
        await using var person = await RegisteredAsync("Fido2");
        await person.ToAccountAsync();
        await person.Tab.ScreenshotAsync("10-account");

        await person.SignInAsync("sign-in-passkey");

        await AssertSignedInAsync(person, "A passkey");
        await person.Tab.ScreenshotAsync("11-signed-in");
    }

    [Fact]
    public async Task Signs_in_with_a_passkey_that_names_its_user()
    {
        await using var person = await RegisteredAsync("Fido2");
        await person.ToAccountAsync();
        await person.Tab["username"].ClearAsync();

        await person.SignInAsync("sign-in-passkey");

        await AssertSignedInAsync(person, "A passkey");
    }

    [Fact]
    public async Task Signs_in_with_the_key_that_this_browser_keeps()
    {
        await using var person = await RegisteredAsync("Key");
        await person.ToAccountAsync();

        await person.SignInAsync("sign-in-key");

        await AssertSignedInAsync(person, "The key in this browser");
    }

    [Fact]
    public async Task Signs_in_with_the_password_once_a_login_code_has_brought_the_key()
    {
        // The salt of the encryption comes from the name, whose case and white space do not count.
        await using var person = await RegisteredAsync("PasswordProtectedKey", $"  Ünïcode+{RandomNumberGenerator.GetHexString(8)}@Example.co");
        await person.ToAccountAsync();

        await person.SignInWithPasswordAsync();

        await AssertSignedInAsync(person, "A key that the password opened");
        await Expect(person.Tab["password"]).ToHaveValueAsync("");
        await Expect(person.Tab["login-code"]).ToHaveValueAsync("");
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_wrong_password_opens_nothing_and_the_code_stays_good()
    {
        await using var person = await RegisteredAsync("PasswordProtectedKey");
        await person.ToAccountAsync();
        await person.Tab["send-login-code"].ClickAsync();
        await Expect(person.Tab["login-code"]).ToBeFocusedAsync();
        await person.Tab["login-code"].FillAsync(await person.CodeAsync("Login"));
        await person.Tab["password"].FillAsync("another password");
        await person.Tab["password"].PressAsync("Enter");

        await Expect(person.Tab["error-message"]).ToHaveTextAsync("The password does not open the key.");
        Assert.Equal(0, await SessionsAsync(person));
        await person.Tab["password"].FillAsync(Person.Password);
        await person.Tab["try-again"].ClickAsync();

        await AssertSignedInAsync(person, "A key that the password opened");
    }

    [Fact]
    public async Task A_wrong_login_code_is_told_in_words_for_people()
    {
        await using var person = await RegisteredAsync("PasswordProtectedKey");
        await person.ToAccountAsync();
        await person.Tab["login-code"].FillAsync("0000-0000-0000-0000");
        await person.Tab["password"].FillAsync(Person.Password);
        await person.Tab["sign-in-password"].ClickAsync();

        await Expect(person.Tab["error-message"]).ToHaveTextAsync("This is not the code of this user.");
        await Expect(person.Tab["error-wire"]).ToContainTextAsync("Invalid code");
        await Expect(person.Tab["error-code"]).ToHaveTextAsync("invalid_code");
        Assert.Equal(0, await SessionsAsync(person));
        person.Tab.AssertQuiet(service.Origin, provoked: "status of 403");
    }

    [Fact]
    public async Task Signs_in_with_the_keyboard_alone()
    {
        await using var person = await RegisteredAsync("Fido2");
        await person.ToAccountAsync();

        await person.Tab.TabToAsync("sign-in-passkey");
        await person.Tab.Page.Keyboard.PressAsync("Enter");

        await Expect(person.Tab["session-title"]).ToBeFocusedAsync();
        await person.Tab.TabToAsync("sign-out");
        await person.Tab.Page.Keyboard.PressAsync("Enter");
        await Expect(person.Tab.Page.Locator("#access-title")).ToBeFocusedAsync();
        await Expect(person.Tab["session"]).ToBeHiddenAsync();
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_prompt_that_fails_can_be_tried_again()
    {
        await using var person = await RegisteredAsync("Fido2");
        await person.ToAccountAsync();
        await person.Tab.RecogniseUserAsync(recognised: false);

        await person.Tab["sign-in-passkey"].ClickAsync();
        await Expect(person.Tab["error-code"]).ToHaveTextAsync("NotAllowedError");
        await Expect(person.Tab["error"]).ToBeFocusedAsync();
        Assert.Equal(0, await SessionsAsync(person));
        await person.Tab.RecogniseUserAsync();
        await person.Tab["try-again"].ClickAsync();

        await AssertSignedInAsync(person, "A passkey");
    }

    [Fact]
    public async Task A_browser_without_the_key_says_so_and_signs_nothing()
    {
        await using var person = await RegisteredAsync("Key");
        await using var elsewhere = await browser.OpenAsync();
        await elsewhere.Page.GotoAsync(AccountLink(person));

        await elsewhere["sign-in-key"].ClickAsync();

        await Expect(elsewhere["error-message"]).ToHaveTextAsync("This browser keeps no key of this user.");
        await Expect(elsewhere["step-login-sign"]).ToHaveAttributeAsync("data-state", "failed");
        Assert.Equal(0, await SessionsAsync(person));
        elsewhere.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Shows_a_refusal_in_words_for_people_and_those_of_the_service_to_developers()
    {
        await using var person = await RegisteredAsync("Fido2");
        await person.ToAccountAsync();
        await service.Tables.RunAsync("UPDATE users SET is_active = 0 WHERE username = @username", ("username", person.Invitation.Username));

        await person.Tab["sign-in-passkey"].ClickAsync();

        await Expect(person.Tab["error-title"]).ToHaveTextAsync("You are not signed in");
        await Expect(person.Tab["error-message"]).ToHaveTextAsync("This account has been deactivated.");
        await Expect(person.Tab["error-wire"]).ToContainTextAsync("User account has been deactivated.");
        await Expect(person.Tab["error-details"]).Not.ToHaveAttributeAsync("open", "");
        await Expect(person.Tab["error-code"]).ToHaveTextAsync("user_deactivated");
        await Expect(person.Tab["error-status"]).ToHaveTextAsync("400");
        await person.Tab.ScreenshotAsync("12-sign-in-refused");
        person.Tab.AssertQuiet(service.Origin, provoked: "status of 400");
    }

    [Fact]
    public async Task An_unknown_organisation_is_said_beside_its_field()
    {
        await using var tab = await browser.OpenAsync();
        await tab.Page.GotoAsync($"{service.Origin}/account.html");

        await tab["sign-in-passkey"].ClickAsync();
        await Expect(tab["org-id"]).ToBeFocusedAsync();
        await Expect(tab.Page.Locator("#org-id-error")).ToHaveTextAsync("Enter the id of your organisation. It begins with “or-”.");
        await tab["org-id"].FillAsync("or-30tnh-itmjs-s235s5ontr3r23h2");
        await tab["sign-in-passkey"].ClickAsync();

        await Expect(tab["error-path"]).ToHaveTextAsync("$.orgId");
        await Expect(tab.Page.Locator("#org-id-error")).ToHaveTextAsync("There is no organisation with this id.");
        tab.AssertQuiet(service.Origin, provoked: "status of 404");
    }

    [Fact]
    public async Task Signs_out_of_this_session_and_leaves_the_others()
    {
        await using var person = await RegisteredAsync("Key");
        await SignInTwiceAsync(person);

        await person.Tab["sign-out"].ClickAsync();

        await Expect(person.Tab["status"]).ToHaveTextAsync("Signed out.");
        await Expect(person.Tab["session"]).ToBeHiddenAsync();
        Assert.Equal(1, await SessionsAsync(person));
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Signs_out_of_every_session()
    {
        await using var person = await RegisteredAsync("Key");
        await SignInTwiceAsync(person);

        await person.Tab["sign-out-everywhere"].ClickAsync();

        await Expect(person.Tab["status"]).ToHaveTextAsync("Signed out: every session of this user has ended.");
        Assert.Equal(0, await SessionsAsync(person));
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_session_that_was_ended_elsewhere_is_told_and_left()
    {
        await using var person = await RegisteredAsync("Key");
        await person.ToAccountAsync();
        await person.SignInAsync("sign-in-key");
        await service.Tables.RunAsync("UPDATE access_tokens SET revoked_at = created_at WHERE user_id = @id", ("id", await UserIdAsync(person)));

        await person.Tab["sign-out"].ClickAsync();

        await Expect(person.Tab["error-title"]).ToHaveTextAsync("Your session has ended");
        await Expect(person.Tab["error-code"]).ToHaveTextAsync("not_authorized");
        await Expect(person.Tab["session"]).ToBeHiddenAsync();
        await Expect(person.Tab["sign-in-key"]).ToBeEnabledAsync();
        person.Tab.AssertQuiet(service.Origin, provoked: "status of 401");
    }

    private async Task<Person> RegisteredAsync(string kind, string? username = null) =>
        await Person.RegisteredAsync(service, await browser.OpenAsync(), kind, username: username);

    private string AccountLink(Person person) =>
        $"{service.Origin}/account.html#username={Uri.EscapeDataString(person.Invitation.Username)}&orgId={person.Invitation.OrgId}";

    private async Task SignInTwiceAsync(Person person)
    {
        await person.ToAccountAsync();
        await person.SignInAsync("sign-in-key");
        // A reload forgets the token, and ends no session.
        await person.Tab.Page.GotoAsync("about:blank");
        await person.Tab.Page.GotoAsync(AccountLink(person));
        await person.SignInAsync("sign-in-key");
    }

    private async Task AssertSignedInAsync(Person person, string means)
    {
        await Expect(person.Tab["session-title"]).ToBeFocusedAsync();
        var userId = await UserIdAsync(person);
        Assert.Equal(person.Invitation.Username, await person.Tab["session-username"].TextContentAsync());
        await Expect(person.Tab["session-user-id"]).ToHaveTextAsync(userId);
        await Expect(person.Tab["session-org-id"]).ToHaveTextAsync(person.Invitation.OrgId);
        await Expect(person.Tab["session-means"]).ToHaveTextAsync(means);
        await Expect(person.Tab["session-claims"]).ToContainTextAsync("https://custom/app_metadata");
        foreach (var step in new[] { "step-login-challenge", "step-login-sign", "step-login-session" }) await Expect(person.Tab[step]).ToHaveAttributeAsync("data-state", "done");
        Assert.Equal(1, await SessionsAsync(person));
        Assert.Contains("user.signed_in", await service.Tables.AuditAsync(person.Invitation.Username));
    }

    private async Task<string> UserIdAsync(Person person) => (await service.Tables.UserAsync(person.Invitation.Username)).Text("id")!;

    private async Task<long> SessionsAsync(Person person) =>
        await service.Tables.CountAsync("access_tokens", "user_id = @id AND revoked_at IS NULL", ("id", await UserIdAsync(person)));
}
