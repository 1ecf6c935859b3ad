using Dfns.Registration.EndToEnd.Tests.Running;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>A lost device and the recovery key, on the pages alone: what a person sees, and what is in the database before and after.</summary>
public sealed class AccountRecoveryTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task The_recovery_key_replaces_a_lost_passkey_and_everything_else()
    {
        await using var person = await RegisteredAsync();
        var tab = person.Tab;
        await person.SignInAsync("sign-in-passkey");
        var lost = Assert.Single(await tab.PasskeysAsync());
        var before = await service.Tables.CredentialsAsync(person.Invitation.Username);
        Assert.Equal(["Active", "Active"], before.Select(row => row.Text("status")));
        await tab.Page.ReloadAsync();
        await FillAccountAsync(person);

        // The device is gone.
        await tab.LosePasskeysAsync();
        await tab["sign-in-passkey"].ClickAsync();
        await Expect(tab["error-code"]).ToHaveTextAsync("NotAllowedError");
        await person.FillRecoveryAsync();
        await tab.ScreenshotAsync("15-recovering");
        await tab["recover-passkey"].ClickAsync();

        await Expect(tab["result-title"]).ToHaveTextAsync("The account is recovered");
        await Expect(tab["result-title"]).ToBeFocusedAsync();
        await Expect(tab["result-text"]).ToContainTextAsync($"Every earlier credential, session and token of {person.Invitation.Username} has ended");
        await Expect(tab["result-credential"]).ToHaveCountAsync(2);
        foreach (var step in new[] { "challenge", "open", "create", "vouch", "send" }) await Expect(tab[$"step-recovery-{step}"]).ToHaveAttributeAsync("data-state", "done");
        await tab["exchange"].Last.Locator("summary").ClickAsync();
        await Expect(tab["exchange"].Last).ToContainTextAsync("recovery.credentialAssertion.clientData, challenge");
        await tab.ScreenshotAsync("16-recovered");
        var secret = await tab["recovery-secret"].TextContentAsync();
        Assert.Matches("^D1-[A-Z2-9]{6}(-[A-Z2-9]{5}){4}-[A-Z2-9]{6}$", secret);
        Assert.NotEqual(person.Recovery!.Value.Secret, secret);

        // The old ones are a record, and nothing else; no session is left.
        var after = await service.Tables.CredentialsAsync(person.Invitation.Username);
        Assert.Equal(4, after.Count);
        Assert.All(before, old => Assert.Equal("Archived", after.Single(row => row.Text("uuid") == old.Text("uuid")).Text("status")));
        Assert.Equal(["Fido2", "RecoveryKey"], after.Where(row => row.Text("status") == "Active").Select(row => row.Text("kind")));
        Assert.Equal(0, await SessionsAsync(person));
        Assert.Contains("user.recovered", await service.Tables.AuditAsync(person.Invitation.Username));

        // The new one signs in, and is all there is.
        await tab["recovery-confirm"].ClickAsync();
        await tab["to-sign-in"].ClickAsync();
        await Expect(tab.Page.Locator("#access-title")).ToBeFocusedAsync();
        await person.SignInAsync("sign-in-passkey");
        await Expect(tab["credential"]).ToHaveCountAsync(2);
        tab.AssertQuiet(service.Origin);

        await AssertRefusedAsync(person, lost);
        await AssertSpentAsync(person);
    }

    [Fact]
    public async Task Recovers_with_a_key_of_this_browser_and_a_recovery_key_typed_carelessly()
    {
        await using var person = await RegisteredAsync();
        await person.FillRecoveryAsync();
        await person.Tab["recovery-key"].FillAsync($" {person.Recovery!.Value.Secret.ToLowerInvariant().Replace("-", " – ", StringComparison.Ordinal)} ");

        await person.Tab["recover-key"].ClickAsync();

        await Expect(person.Tab["result-title"]).ToHaveTextAsync("The account is recovered");
        await person.Tab["to-sign-in"].ClickAsync();
        await Expect(person.Tab["recovery-confirm"]).ToBeFocusedAsync();
        await person.Tab["recovery-confirm"].ClickAsync();
        await person.Tab["to-sign-in"].ClickAsync();
        await person.SignInAsync("sign-in-key");
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_recovery_key_is_read_in_every_way_that_people_type_one()
    {
        await using var tab = await browser.OpenAsync();
        await tab.Page.GotoAsync($"{service.Origin}/account.html");
        const string secret = "D1-ABCDEF-GHJKL-MNPQR-STUVW-XYZ23-456789";
        string[] typed =
        [
            secret, secret.ToLowerInvariant(), $"  {secret}\n", secret.Replace("-", "", StringComparison.Ordinal), secret.Replace("-", " ", StringComparison.Ordinal), secret.Replace("-", " - ", StringComparison.Ordinal),
            secret.Replace('-', '–'), secret.Replace('-', '\u2011'), secret.Replace('-', '−'), secret.Replace('-', '.'), secret.Replace('-', '_'), "D 1 ABCD EFGH JKLM NPQR STUV WXYZ 2345 6789",
            secret[3..], secret[3..].Replace("-", "", StringComparison.Ordinal).ToLowerInvariant(), secret.Replace("-", "\u00a0", StringComparison.Ordinal), "Ｄ１－ＡＢＣＤＥＦ-GHJKL-MNPQR-STUVW-XYZ23-456789",
        ];

        var read = await tab.Page.EvaluateAsync<string[]>("async typed => { const { readRecoverySecret } = await import('/js/recovery.js'); return typed.map(readRecoverySecret); }", typed);

        Assert.All(read!, text => Assert.Equal(secret, text));
        Assert.Equal("MADE-ELSEWHERE", await tab.Page.EvaluateAsync<string>("async () => (await import('/js/recovery.js')).readRecoverySecret(' made-else where ')"));
    }

    [Fact]
    public async Task A_wrong_recovery_key_or_credential_id_changes_nothing_and_the_code_stays_good()
    {
        await using var person = await RegisteredAsync();
        await person.FillRecoveryAsync();
        await person.Tab["recovery-key"].FillAsync("D1-AAAAAA-AAAAA-AAAAA-AAAAA-AAAAA-AAAAAA");
        await person.Tab["recover-passkey"].ClickAsync();
        await Expect(person.Tab["error-message"]).ToHaveTextAsync("The recovery key does not open the key that the service keeps.");
        await Expect(person.Tab["step-recovery-open"]).ToHaveAttributeAsync("data-state", "failed");
        await person.Tab.ScreenshotAsync("17-wrong-recovery-key");

        await person.Tab["recovery-key"].FillAsync(person.Recovery!.Value.Secret);
        await person.Tab["recovery-credential"].FillAsync("AAAA");
        await person.Tab["recover-passkey"].ClickAsync();
        await Expect(person.Tab["error-message"]).ToHaveTextAsync("This user has no recovery key with this credential id.");
        Assert.Equal(["Active", "Active"], (await service.Tables.CredentialsAsync(person.Invitation.Username)).Select(row => row.Text("status")));

        await person.Tab["recovery-credential"].FillAsync(person.Recovery.Value.CredId);
        await person.Tab.LosePasskeysAsync();
        await person.Tab["try-again"].ClickAsync();

        await Expect(person.Tab["result-title"]).ToHaveTextAsync("The account is recovered");
        person.Tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task A_wrong_recovery_code_is_told_in_words_for_people()
    {
        await using var person = await RegisteredAsync();
        await person.FillRecoveryAsync();
        await person.Tab["recovery-code"].FillAsync("0000-0000-0000-0000");

        await person.Tab["recover-passkey"].ClickAsync();

        await Expect(person.Tab["error-title"]).ToHaveTextAsync("The account is not recovered");
        await Expect(person.Tab["error-code"]).ToHaveTextAsync("invalid_code");
        Assert.Equal(["Active", "Active"], (await service.Tables.CredentialsAsync(person.Invitation.Username)).Select(row => row.Text("status")));
        person.Tab.AssertQuiet(service.Origin, provoked: "status of 403");
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_again_with_the_same_request()
    {
        await using var person = await RegisteredAsync();
        await person.FillRecoveryAsync();
        // The service carries it out, and the answer is lost on the way.
        var bodies = new List<string?>();
        await person.Tab.Page.RouteAsync("**/auth/recover/user", async route =>
        {
            bodies.Add(route.Request.PostData);
            var answer = await route.FetchAsync();
            if (bodies.Count == 1) await route.AbortAsync();
            else await route.FulfillAsync(new() { Response = answer });
        });
        await person.Tab["recover-key"].ClickAsync();
        await Expect(person.Tab["error-title"]).ToHaveTextAsync("The account may or may not be recovered");

        await person.Tab["send-again"].ClickAsync();

        await Expect(person.Tab["result-title"]).ToHaveTextAsync("The account is recovered");
        Assert.Equal(2, bodies.Count);
        Assert.Equal(bodies[0], bodies[1]);
        Assert.Equal(4, (await service.Tables.CredentialsAsync(person.Invitation.Username)).Count);
        await person.Tab["recovery-confirm"].ClickAsync();
        await person.Tab["to-sign-in"].ClickAsync();
        await person.SignInAsync("sign-in-key");
    }

    // Whoever finds the device: the passkey still signs, for a user it names or names itself, and is nothing to the service any more.
    private async Task AssertRefusedAsync(Person person, System.Text.Json.JsonElement lost)
    {
        await using var finder = await browser.OpenAsync();
        await finder.AddAuthenticatorAsync();
        await finder.AddPasskeyAsync(lost);
        await finder.Page.GotoAsync($"{service.Origin}/account.html#orgId={person.Invitation.OrgId}");

        await finder["sign-in-passkey"].ClickAsync();

        await Expect(finder["error-message"]).ToHaveTextAsync("This user has nothing to sign in with in this way.");
        await Expect(finder["error-wire"]).ToContainTextAsync("User does not have a credential that can be used for the application.");
        await Expect(finder["error-code"]).ToHaveTextAsync("no_usable_credential");
        finder.AssertQuiet(service.Origin, provoked: "status of 401");
    }

    // The recovery key has done its one work.
    private async Task AssertSpentAsync(Person person)
    {
        await service.Tables.RunAsync("UPDATE codes SET next_send_at = NULL WHERE user_id = @id", ("id", (await service.Tables.UserAsync(person.Invitation.Username)).Text("id")!));
        await using var finder = person with { Tab = await browser.OpenAsync() };
        await finder.Tab.Page.GotoAsync($"{service.Origin}/account.html");
        await FillAccountAsync(finder);
        var earlier = await person.CodeAsync("Recovery");
        await finder.Tab["open-recover"].ClickAsync();
        await finder.Tab["send-recovery-code"].ClickAsync();
        await Expect(finder.Tab["recovery-code"]).ToBeFocusedAsync();
        var start = $"Recovery code for {person.Invitation.Username} of ";
        var line = await service.Process.Output.LineAsync(l => l.Contains(start, StringComparison.Ordinal) && !l.EndsWith(earlier, StringComparison.Ordinal));
        await finder.Tab["recovery-code"].FillAsync(line[^earlier.Length..]);
        await finder.Tab["recovery-credential"].FillAsync(person.Recovery!.Value.CredId);
        await finder.Tab["recovery-key"].FillAsync(person.Recovery.Value.Secret);

        await finder.Tab["recover-key"].ClickAsync();

        await Expect(finder.Tab["error-message"]).ToHaveTextAsync("This user has no recovery key with this credential id.");
    }

    private async Task<Person> RegisteredAsync()
    {
        var person = await Person.RegisteredAsync(service, await browser.OpenAsync(), "Fido2", withRecovery: true);
        return await person.ToAccountAsync();
    }

    private static async Task FillAccountAsync(Person person)
    {
        await person.Tab["username"].FillAsync(person.Invitation.Username);
        await person.Tab["org-id"].FillAsync(person.Invitation.OrgId);
    }

    private async Task<long> SessionsAsync(Person person) => await service.Tables.CountAsync(
        "access_tokens", "user_id = @id AND revoked_at IS NULL", ("id", (await service.Tables.UserAsync(person.Invitation.Username)).Text("id")!));
}
