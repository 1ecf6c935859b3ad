using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>The codes that are mailed to registered users: <c>/auth/login/code</c> and <c>/auth/recover/user/code</c>, and where they are used.</summary>
public abstract class CodeTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : CodeTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : CodeTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Success = """{"message":"success"}""";

    [Theory]
    [InlineData(CodePurpose.Login, "POST", "/auth/login/code")]
    [InlineData(CodePurpose.Recovery, "POST", "/auth/recover/user/code")]
    [InlineData(CodePurpose.Recovery, "PUT", "/auth/recover/user/code")]
    public async Task Mails_a_code_that_is_good_for_15_minutes(CodePurpose purpose, string method, string path)
    {
        var user = await UserAsync();

        var answer = await Service.SendAsync(new HttpMethod(method), path, Service.Json(new JsonObject { ["username"] = user.Username, ["orgId"] = user.Organisation.Id }), bearer: null);

        var mail = await Service.Inbox.NextAsync();
        Assert.Equal(Success, answer.Text);
        Assert.Equal((purpose, user.Username, user.Organisation.Id), (mail.Purpose, mail.To, mail.OrganisationId));
        Assert.Equal(Service.Clock.GetUtcNow() + TimeSpan.FromMinutes(15), mail.ExpiresAt);
        Service.Clock.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));
        Assert.Equal(200, (int)(await UseAsync(purpose, user, mail.Code)).Status);
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("invalid_code", (await UseAsync(purpose, user, mail.Code)).Code);
    }

    [Theory]
    [InlineData(CodePurpose.Login, "login_code.sent")]
    [InlineData(CodePurpose.Recovery, "recovery_code.sent")]
    public async Task Notes_in_the_audit_trail_that_a_code_was_sent(CodePurpose purpose, string action)
    {
        var user = await UserAsync();

        await CodeAsync(purpose, user);

        // The note is written after the delivery, beside any request: asked for until it is there, or the run is given up.
        while (!await Service.InDatabaseAsync(db => db.AuditEvents.AnyAsync(e => e.SubjectId == user.UserId && e.Action == action))) await Task.Yield();
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task Answers_alike_and_mails_nothing_for_whoever_is_no_active_registered_user(CodePurpose purpose)
    {
        var user = await UserAsync();
        var invited = await Service.InviteAsync(user.Organisation, "john@example.co");
        var deactivated = await Registered.NewAsync(user.Organisation, username: "jim@example.co");
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == deactivated.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));
        var elsewhere = user with { Organisation = user.Organisation with { Id = "or-nosuc-horga-nisation0000000" } };

        var answers = new List<Answer>();
        foreach (var nobody in new[] { user with { Username = "nobody@example.co" }, user with { Username = invited.Username }, deactivated, elsewhere })
        {
            answers.Add(await SendAsync(purpose, nobody));
        }

        Assert.All(answers, a => Assert.Equal((200, Success), ((int)a.Status, a.Text)));
        // Mails leave in order: what a user is sent next is the first there is.
        await SendAsync(purpose, user);
        Assert.Equal(user.Username, (await Service.Inbox.NextAsync()).To);
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task Answers_alike_whatever_is_wrong_with_a_code(CodePurpose purpose)
    {
        var user = await UserAsync();
        var code = await CodeAsync(purpose, user);
        var invited = await Service.InviteAsync(user.Organisation, "john@example.co");
        var other = await Registered.NewAsync(user.Organisation, recovery: true, username: "jim@example.co");

        var answers = new List<Answer>
        {
            await UseAsync(purpose, user, "0000-0000-0000-0000"),
            await UseAsync(purpose, user, "not even of the form of a code"),
            await UseAsync(purpose, user with { Username = "nobody@example.co" }, code),
            await UseAsync(purpose, user with { Username = invited.Username }, invited.Code),
            await UseAsync(purpose, other, code),
            await UseAsync(purpose, await UserAsync(), code),
        };
        Service.Clock.Advance(TimeSpan.FromMinutes(15));
        answers.Add(await UseAsync(purpose, user, code));

        Assert.All(answers, a => Assert.Equal((403, "Invalid code"), ((int)a.Status, a.Message)));
        Assert.Single(answers.Select(a => a.Text).Distinct());
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task After_three_unused_codes_another_is_sent_once_the_last_one_ends_or_is_used(CodePurpose purpose)
    {
        var user = await UserAsync();
        for (var sent = 0; sent < 3; sent++)
        {
            await CodeAsync(purpose, user);
            Service.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Service.Clock.Advance(TimeSpan.FromMinutes(13));
        Assert.Equal(Success, (await SendAsync(purpose, user)).Text);
        Assert.True(Service.Inbox.IsEmpty);
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        var code = await CodeAsync(purpose, user);
        Assert.Equal(Success, (await SendAsync(purpose, user)).Text);
        Assert.True(Service.Inbox.IsEmpty);

        await CompleteAsync(purpose, user, code);

        Assert.NotEqual(code, await CodeAsync(purpose, user));
    }

    [Fact]
    public async Task A_code_is_good_for_nothing_but_its_purpose()
    {
        var user = await UserAsync();
        var login = await CodeAsync(CodePurpose.Login, user);
        var recovery = await CodeAsync(CodePurpose.Recovery, user);
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "john@example.co");

        Assert.Equal("invalid_code", (await UseAsync(CodePurpose.Recovery, user, login)).Code);
        Assert.Equal("invalid_code", (await UseAsync(CodePurpose.Login, user, recovery)).Code);
        Assert.Equal("invalid_code", (await invited.TryInitAsync(login)).Code);
        Assert.Equal(200, (int)(await UseAsync(CodePurpose.Login, user, login)).Status);
        Assert.Equal(200, (int)(await UseAsync(CodePurpose.Recovery, user, recovery)).Status);
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task Does_the_same_writes_for_a_user_who_does_not_exist_or_is_not_registered(CodePurpose purpose)
    {
        var user = await UserAsync();
        var invited = await Service.InviteAsync(user.Organisation, "john@example.co");
        var before = await DecoyGuessesAsync(purpose);

        await UseAsync(purpose, user with { Username = "nobody@example.co" }, "0000-0000-0000-0000");
        await UseAsync(purpose, user with { Username = invited.Username }, "0000-0000-0000-0000");

        Assert.Equal(before + 2, await DecoyGuessesAsync(purpose));
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task A_registered_user_has_a_row_to_count_on_before_any_code_was_sent(CodePurpose purpose)
    {
        var user = await UserAsync();

        await UseAsync(purpose, user, "0000-0000-0000-0000");

        Assert.Equal(1, await GuessesAsync(purpose, user));
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task Evaluates_no_more_guesses_than_allowed_however_many_come_at_once_until_a_new_code_is_sent(CodePurpose purpose)
    {
        var user = await UserAsync();
        var code = await CodeAsync(purpose, user);

        await Task.WhenAll(Enumerable.Range(0, 128).Select(_ => UseAsync(purpose, user, "0000-0000-0000-0000")));

        Assert.Equal(128, await GuessesAsync(purpose, user));
        Assert.Equal("invalid_code", (await UseAsync(purpose, user, code)).Code);
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(200, (int)(await UseAsync(purpose, user, await CodeAsync(purpose, user))).Status);
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task Sends_no_second_code_within_a_minute_and_leaves_the_first_one_good(CodePurpose purpose)
    {
        var user = await UserAsync();
        var code = await CodeAsync(purpose, user);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(purpose, user)));

        Assert.All(answers, a => Assert.Equal(Success, a.Text));
        Assert.Equal(200, (int)(await UseAsync(purpose, user, code)).Status);
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotEqual(code, await CodeAsync(purpose, user));
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Theory]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task Tells_the_holder_of_a_code_that_the_user_is_deactivated(CodePurpose purpose)
    {
        var user = await UserAsync();
        var code = await CodeAsync(purpose, user);
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == user.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        var answer = await UseAsync(purpose, user, code);

        Assert.Equal((400, "User account has been deactivated."), ((int)answer.Status, answer.Message));
    }

    [Fact]
    public async Task A_login_code_hands_out_the_encrypted_private_key_until_the_sign_in_completes()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);
        var code = await CodeAsync(CodePurpose.Login, user);

        // A mistyped password is no reason for another mail.
        await UseAsync(CodePurpose.Login, user, code);
        var challenge = await UseAsync(CodePurpose.Login, user, code);
        var key = challenge.Body["allowCredentials"]!["passwordProtectedKey"]!.AsArray().Single()!;
        var login = await Service.PostAsync("/auth/login", user.AnswerTo(challenge));

        Assert.Equal((user.First.CredId, (string?)user.First.Registration["encryptedPrivateKey"]), ((string?)key["id"], (string?)key["encryptedPrivateKey"]));
        Assert.Equal(200, (int)login.Status);
        Assert.Equal("invalid_code", (await UseAsync(CodePurpose.Login, user, code)).Code);
    }

    [Fact]
    public async Task Of_the_sign_ins_that_one_code_started_one_completes_whether_at_once_or_one_by_one()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);
        var code = await CodeAsync(CodePurpose.Login, user);
        var bodies = new List<JsonObject>();
        for (var i = 0; i < 9; i++) bodies.Add(user.AnswerTo(await UseAsync(CodePurpose.Login, user, code)));

        var answers = await Task.WhenAll(bodies.Skip(1).Select(b => Service.PostAsync("/auth/login", b)));
        var late = await Service.PostAsync("/auth/login", bodies[0]);

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200).Append(late), a => Assert.Equal("challenge_not_valid", a.Code));
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.OrganisationId == user.Organisation.Id)));
    }

    [Fact]
    public async Task A_sign_in_without_a_code_leaves_a_code_unspent()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);
        var code = await CodeAsync(CodePurpose.Login, user);

        await user.LoginAsync();

        Assert.Equal(200, (int)(await UseAsync(CodePurpose.Login, user, code)).Status);
    }

    [Theory]
    [InlineData("username", null, "member_required")]
    [InlineData("loginCode", " ", "member_required")]
    [InlineData("loginCode", "000000000000000000000000000000000000000000000000000000000000000000000", "member_too_long")]
    public async Task A_login_code_without_its_user_or_of_no_possible_form_is_named(string member, string? value, string code)
    {
        var user = await UserAsync();
        var body = new JsonObject { ["username"] = user.Username, ["loginCode"] = "0000-0000-0000-0000", ["orgId"] = user.Organisation.Id };
        body[member] = value;

        var answer = await Service.PostAsync("/auth/login/init", body);

        Assert.Equal((code, $"$.{member}"), (answer.Code, answer.Path));
    }

    private async Task<Registered> UserAsync() => await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);

    private Task<Answer> SendAsync(CodePurpose purpose, Registered user) => Service.PostAsync(
        purpose == CodePurpose.Login ? "/auth/login/code" : "/auth/recover/user/code",
        new JsonObject { ["username"] = user.Username, ["orgId"] = user.Organisation.Id });

    private async Task<string> CodeAsync(CodePurpose purpose, Registered user)
    {
        Assert.Equal(Success, (await SendAsync(purpose, user)).Text);
        return (await Service.Inbox.NextAsync()).Code;
    }

    private Task<Answer> UseAsync(CodePurpose purpose, Registered user, string code) => purpose == CodePurpose.Login
        ? Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = user.Username, ["loginCode"] = code, ["orgId"] = user.Organisation.Id })
        : Recovering.TryStartAsync(user, code);

    private async Task CompleteAsync(CodePurpose purpose, Registered user, string code)
    {
        var started = await UseAsync(purpose, user, code);
        var answer = purpose == CodePurpose.Login
            ? await Service.PostAsync("/auth/login", user.AnswerTo(started))
            : await RecoverAsync();
        Assert.Equal(200, (int)answer.Status);

        async Task<Answer> RecoverAsync()
        {
            var recovering = Recovering.Of(user, started);
            return await recovering.CompleteAsync(recovering.GoodBody());
        }
    }

    private Task<long> DecoyGuessesAsync(CodePurpose purpose) =>
        Service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == "" && c.Purpose == purpose).SumAsync(c => c.FailedAttempts));

    private Task<long> GuessesAsync(CodePurpose purpose, Registered user) =>
        Service.InDatabaseAsync(db => db.Codes.Where(c => c.UserId == user.UserId && c.Purpose == purpose).Select(c => c.FailedAttempts).SingleAsync());
}
