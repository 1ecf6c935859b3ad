using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>Somebody at a browser: what a person does on the pages on the way to what a test is about.</summary>
internal sealed record Person(DevelopmentService Service, Tab Tab, Invitation Invitation) : IAsyncDisposable
{
    public const string Password = "pässwörd with spaces 🔑";

    /// <summary>The recovery key as the page showed it, and the credential id beside it.</summary>
    public (string Secret, string CredId)? Recovery { get; private init; }

    /// <summary>Registers a new user on the page, with a device at hand that answers every prompt.</summary>
    /// <param name="kind">Fido2, Key or PasswordProtectedKey.</param>
    public static async Task<Person> RegisteredAsync(DevelopmentService service, Tab tab, string kind, bool withRecovery = false, string? username = null)
    {
        var invitation = await service.InviteAsync(username);
        await tab.AddAuthenticatorAsync();
        await tab.Page.GotoAsync(service.Process.LinkFor(invitation));
        await tab["with-recovery"].SetCheckedAsync(withRecovery);
        if (kind == "PasswordProtectedKey")
        {
            await tab["password"].FillAsync(Password);
            await tab["password-again"].FillAsync(Password);
        }

        await tab[kind switch { "Fido2" => "register-passkey", "Key" => "register-key", _ => "register-password-protected-key" }].ClickAsync();
        await Expect(tab["result-title"]).ToHaveTextAsync("You are registered");
        var person = new Person(service, tab, invitation);
        if (!withRecovery) return person;

        var kept = ((await tab["recovery-secret"].TextContentAsync())!, (await tab["recovery-cred-id"].TextContentAsync())!);
        await tab["recovery-confirm"].ClickAsync();
        return person with { Recovery = kept };
    }

    /// <summary>Follows the result's link to the account page, which knows then who it is.</summary>
    public async Task<Person> ToAccountAsync()
    {
        await Tab["to-account"].ClickAsync();
        await Expect(Tab["org-id"]).ToHaveValueAsync(Invitation.OrgId);
        Assert.Equal($"{Service.Origin}/account.html", Tab.Page.Url);
        return this;
    }

    /// <summary>Signs in on the account page with one of its buttons.</summary>
    public async Task<Person> SignInAsync(string button)
    {
        await Tab[button].ClickAsync();
        await Expect(Tab["status"]).ToHaveTextAsync("Signed in.");
        await Expect(Tab["session-title"]).ToBeVisibleAsync();
        return this;
    }

    /// <summary>The code that the service mailed, which in Development stands in its log.</summary>
    /// <param name="purpose">Login or Recovery.</param>
    public async Task<string> CodeAsync(string purpose)
    {
        var start = $"{purpose} code for {Invitation.Username} of {Invitation.OrgId}: ";
        var line = await Service.Process.Output.LineAsync(l => l.Contains(start, StringComparison.Ordinal));
        return line[(line.IndexOf(start, StringComparison.Ordinal) + start.Length)..];
    }

    /// <summary>Asks for a login code and signs in with it and the password.</summary>
    public async Task<Person> SignInWithPasswordAsync(string password = Password)
    {
        await Tab["send-login-code"].ClickAsync();
        await Expect(Tab["login-code"]).ToBeFocusedAsync();
        await Tab["login-code"].FillAsync(await CodeAsync("Login"));
        await Tab["password"].FillAsync(password);
        return await SignInAsync("sign-in-password");
    }

    /// <summary>Fills in what a recovery asks for, with a code that is asked for first.</summary>
    public async Task FillRecoveryAsync()
    {
        await Tab["open-recover"].ClickAsync();
        await Tab["send-recovery-code"].ClickAsync();
        await Expect(Tab["recovery-code"]).ToBeFocusedAsync();
        await Tab["recovery-code"].FillAsync(await CodeAsync("Recovery"));
        await Tab["recovery-credential"].FillAsync(Recovery!.Value.CredId);
        await Tab["recovery-key"].FillAsync(Recovery.Value.Secret);
    }

    public ValueTask DisposeAsync() => Tab.DisposeAsync();
}
