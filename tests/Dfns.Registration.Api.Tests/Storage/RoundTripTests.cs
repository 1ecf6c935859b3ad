using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// What each call costs PostgreSQL: round trips, and commits that a client waits for by a word of its own. They are most of a call's time;
/// here they are counted on the wire, one caller at a time, once statements are prepared and connections open.
/// </summary>
[Trait("Database", "PostgreSql")]
public sealed class RoundTripTests : IAsyncLifetime
{
    private TestDatabase database = null!;
    private CuttingProxy proxy = null!;
    private Service service = null!;
    private TestOrganisation organisation = null!;
    private int users;

    public async ValueTask InitializeAsync()
    {
        database = await Migrated.PostgreSqlAsync();
        proxy = CuttingProxy.Of(database);
        service = await proxy.StartBehindAsync(database, prepares: true);
        organisation = await service.NewOrganisationAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        await proxy.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_registration_starts_in_two_and_completes_in_two()
    {
        Assert.Equal((2, 0), await CostAsync(InviteAsync, invited => invited.TryInitAsync()));
        Assert.Equal((2, 0), await CostAsync(
            async () =>
            {
                var challenge = await (await InviteAsync()).InitAsync();
                return (Challenge: challenge, Body: challenge.GoodBody());
            },
            ready => ready.Challenge.CompleteAsync(ready.Body)));
    }

    [Theory]
    [InlineData("/auth/registration/init", "registrationCode")]
    [InlineData("/auth/login/init", "loginCode")]
    [InlineData("/auth/recover/user/init", "verificationCode")]
    public async Task A_wrong_code_costs_one_whether_or_not_there_is_such_a_user(string path, string member)
    {
        async Task<JsonObject> KnownAsync() => Body(member == "registrationCode" ? (await InviteAsync()).Username : (await RegisteredAsync()).Username);

        Assert.Equal((1, 0), await CostAsync(KnownAsync, body => service.PostAsync(path, body), expected: 403));
        Assert.Equal((1, 0), await CostAsync(() => Task.FromResult(Body($"nobody-{++users}@example.co")), body => service.PostAsync(path, body), expected: 403));

        JsonObject Body(string username)
        {
            var body = new JsonObject { ["username"] = username, ["orgId"] = organisation.Id, [member] = "0000-0000-0000-0000" };
            if (member == "verificationCode") body["credentialId"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            return body;
        }
    }

    [Fact]
    public async Task A_sign_in_starts_in_two_whether_or_not_there_is_such_a_user_and_completes_in_two()
    {
        Assert.Equal((2, 0), await CostAsync(RegisteredAsync, user => user.TryInitLoginAsync()));
        var nobody = new JsonObject { ["username"] = "nobody@example.co", ["orgId"] = organisation.Id };
        Assert.Equal((2, 0), await CostAsync(() => Task.FromResult(nobody), body => service.PostAsync("/auth/login/init", body.DeepClone())));
        var anybody = new JsonObject { ["orgId"] = organisation.Id };
        Assert.Equal((2, 0), await CostAsync(() => Task.FromResult(anybody), body => service.PostAsync("/auth/login/init", body.DeepClone())));
        Assert.Equal((2, 0), await CostAsync(async () => await (await RegisteredAsync()).LoginBodyAsync(), body => service.PostAsync("/auth/login", body)));
    }

    [Fact]
    public async Task A_sign_in_with_a_code_starts_in_two_and_completes_in_two()
    {
        async Task<(Registered User, JsonObject Body)> MailedAsync()
        {
            var user = await RegisteredAsync(CredentialKind.PasswordProtectedKey);
            var body = new JsonObject { ["username"] = user.Username, ["orgId"] = organisation.Id };
            Assert.Equal(200, (int)(await service.PostAsync("/auth/login/code", body.DeepClone())).Status);
            body["loginCode"] = (await service.Inbox.NextAsync()).Code;
            // What the mail itself asks the database for is no call's.
            while (!await service.InDatabaseAsync(db => db.AuditEvents.AnyAsync(e => e.SubjectId == user.UserId && e.Action == "login_code.sent"))) await Task.Yield();
            return (user, body);
        }

        Assert.Equal((2, 0), await CostAsync(MailedAsync, mailed => service.PostAsync("/auth/login/init", mailed.Body)));
        Assert.Equal((2, 0), await CostAsync(
            async () =>
            {
                var (user, body) = await MailedAsync();
                return user.AnswerTo(await service.PostAsync("/auth/login/init", body));
            },
            answer => service.PostAsync("/auth/login", answer)));
    }

    // The code and its mail are stored by one statement.
    [Theory]
    [InlineData("PUT", "/auth/registration/code")]
    [InlineData("POST", "/auth/login/code")]
    [InlineData("POST", "/auth/recover/user/code")]
    public async Task A_code_is_mailed_in_three_whether_or_not_there_is_such_a_user(string method, string path)
    {
        // What the mail itself asks the database for is no call's.
        await using var later = await Service.StartAsync(database, ("Database:ConnectionString", proxy.Through(database, prepares: true)), ("Mail:Spread", "00:01:00"));
        async Task<string> KnownAsync() => path.Contains("registration", StringComparison.Ordinal) ? (await InviteAsync()).Username : (await RegisteredAsync()).Username;

        Assert.Equal((3, 0), await CostAsync(KnownAsync, SendAsync));
        Assert.Equal((3, 0), await CostAsync(() => Task.FromResult($"nobody-{++users}@example.co"), SendAsync));

        Task<Answer> SendAsync(string name) => later.SendAsync(new HttpMethod(method), path, Service.Json(new JsonObject { ["username"] = name, ["orgId"] = organisation.Id }), bearer: null);
    }

    [Fact]
    public async Task A_forged_answer_costs_one_whether_or_not_there_is_such_a_user()
    {
        async Task<JsonObject> ForgedAsync(string username)
        {
            var stranger = await RegisteredAsync();
            return stranger.AnswerTo(await service.PostAsync("/auth/login/init", new JsonObject { ["username"] = username, ["orgId"] = organisation.Id }));
        }

        var known = await RegisteredAsync();
        Assert.Equal((1, 0), await CostAsync(() => ForgedAsync(known.Username), body => service.PostAsync("/auth/login", body), expected: 401));
        Assert.Equal((1, 0), await CostAsync(() => ForgedAsync("nobody@example.co"), body => service.PostAsync("/auth/login", body), expected: 401));
    }

    [Fact]
    public async Task A_call_is_signed_in_two_and_two_and_credentials_are_listed_in_two()
    {
        var user = await RegisteredAsync();
        var caller = await user.SignedInAsync();

        Assert.Equal((2, 0), await CostAsync(() => Task.FromResult(caller), c => c.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}")));
        Assert.Equal((2, 0), await CostAsync(
            async () => user.AnswerTo(await caller.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}")), answer => service.PostAsync("/auth/action", answer, caller.Token)));
        Assert.Equal((2, 0), await CostAsync(() => Task.FromResult(caller), c => c.GetAsync("/auth/credentials")));
    }

    [Fact]
    public async Task A_token_is_introspected_in_one_whether_or_not_it_counts()
    {
        var backend = await organisation.NewServiceAccountAsync(Permission.IntrospectTokens);
        var live = await (await RegisteredAsync()).LoginAsync();
        var foreign = await (await Registered.NewAsync(await service.NewOrganisationAsync())).LoginAsync();

        foreach (var token in new[] { live, foreign, "not-a-token" })
        {
            Assert.Equal((1, 0), await CostAsync(
                () => Task.FromResult(new FormUrlEncodedContent([KeyValuePair.Create("token", token)])),
                form => service.SendAsync(HttpMethod.Post, "/auth/introspect", form, backend.Token)));
        }
    }

    private Task<Invited> InviteAsync() => service.InviteAsync(organisation, $"user-{++users}@example.co");

    private Task<Registered> RegisteredAsync() => RegisteredAsync(CredentialKind.Fido2);

    private Task<Registered> RegisteredAsync(CredentialKind kind) => Registered.NewAsync(organisation, kind, username: $"user-{++users}@example.co");

    // The fourth time: by then the statements are prepared.
    private async Task<(int RoundTrips, int Commits)> CostAsync<T>(Func<Task<T>> prepare, Func<T, Task<Answer>> call, int expected = 200)
    {
        var cost = (0, 0);
        for (var time = 0; time < 4; time++)
        {
            var ready = await prepare();
            var (roundTrips, commits) = (proxy.RoundTrips, proxy.Commits);
            var answer = await call(ready);
            Assert.True((int)answer.Status == expected, answer.Text);
            cost = (proxy.RoundTrips - roundTrips, proxy.Commits - commits);
        }

        return cost;
    }
}
