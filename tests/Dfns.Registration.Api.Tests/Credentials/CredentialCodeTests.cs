using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Credentials;

/// <summary>Adding a credential on a device without a session: <c>/auth/credentials/code</c>.</summary>
public abstract class CredentialCodeTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : CredentialCodeTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : CredentialCodeTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Path = "/auth/credentials/code";

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public async Task A_device_with_the_code_adds_a_credential_that_signs_in(CredentialKind kind)
    {
        var user = await UserAsync();
        var adding = await AddingAsync(user, await CodeAsync(user), kind);
        var added = adding.Make(kind);

        var answer = await VerifyAsync(adding.BodyOf(added, "Phone"));

        Assert.Equal((200, kind.ToString(), added.CredId, "Phone"), ((int)answer.Status, (string?)answer.Body["kind"], (string?)answer.Body["credentialId"], (string?)answer.Body["name"]));
        await (user with { First = added }).LoginAsync();
    }

    [Fact]
    public async Task The_answer_tells_the_code_and_its_end_and_the_database_only_its_hash()
    {
        var user = await UserAsync();
        var end = Service.Clock.GetUtcNow().AddSeconds(45);

        var answer = await TryCodeAsync(user, JsonValue.Create(end.ToString("O", CultureInfo.InvariantCulture)));

        Assert.Matches("^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$", answer.Require("code"));
        Assert.Equal(end.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), answer.Require("expiration"));
        var row = await Service.InDatabaseAsync(db => db.CredentialCodes.SingleAsync(c => c.UserId == user.UserId));
        Assert.Equal((32, end), (row.CodeHash.Length, row.ExpiresAt));
    }

    [Fact]
    public async Task The_end_is_a_time_within_the_next_minute_however_it_is_written()
    {
        var user = await UserAsync();
        var now = Service.Clock.GetUtcNow();

        foreach (var good in new[] { JsonValue.Create(now.AddSeconds(60).ToUnixTimeSeconds()), JsonValue.Create(now.AddSeconds(30).ToUnixTimeMilliseconds()), JsonValue.Create(now.AddSeconds(30).ToOffset(TimeSpan.FromHours(2)).ToString("O", CultureInfo.InvariantCulture)) })
        {
            var answer = await TryCodeAsync(user, good);
            Assert.True((int)answer.Status == 200, answer.Text);
        }

        foreach (var bad in new JsonNode?[] { JsonValue.Create(now.AddSeconds(61).ToUnixTimeSeconds()), JsonValue.Create(now.ToUnixTimeSeconds()), JsonValue.Create("soon"), JsonValue.Create(long.MaxValue), JsonValue.Create(-1), JsonValue.Create(1.5), JsonValue.Create(true), new JsonObject() })
        {
            Assert.Equal(("member_invalid", "$.expiration"), CodeAndPath(await TryCodeAsync(user, bad)));
        }

        Assert.Equal(("member_required", "$.expiration"), CodeAndPath(await TryCodeAsync(user, null)));
    }

    [Fact]
    public async Task A_code_that_is_wrong_over_or_spent_gets_one_answer()
    {
        var user = await UserAsync();
        var spent = await CodeAsync(user);
        var adding = await AddingAsync(user, spent, CredentialKind.Key);
        Assert.Equal(200, (int)(await VerifyAsync(adding.BodyOf(adding.Make(CredentialKind.Key)))).Status);
        var over = await CodeAsync(user);
        Service.Clock.Advance(TimeSpan.FromMinutes(1));

        var answers = new[] { await InitAsync(spent, "Key"), await InitAsync(over, "Key"), await InitAsync("0000-0000-0000-0000", "Key"), await InitAsync("no code", "Key") };

        Assert.All(answers, a => Assert.Equal((403, "Invalid code"), ((int)a.Status, a.Message)));
        Assert.Single(answers.Select(a => a.Text).Distinct());
    }

    [Fact]
    public async Task Of_the_challenges_that_one_code_opened_one_is_answered_whether_at_once_or_one_by_one()
    {
        var user = await UserAsync();
        var code = await CodeAsync(user);
        var bodies = new List<JsonObject>();
        for (var i = 0; i < 5; i++)
        {
            var adding = await AddingAsync(user, code, CredentialKind.Key);
            bodies.Add(adding.BodyOf(adding.Make(CredentialKind.Key)));
        }

        var answers = await Task.WhenAll(bodies.Skip(1).Select(VerifyAsync));
        var late = await VerifyAsync(bodies[0]);

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200).Append(late), a => Assert.True(a.Code is "challenge_not_valid" or "changed_meanwhile", a.Text));
        Assert.Equal(2, await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.UserId == user.UserId)));
    }

    [Fact]
    public async Task The_same_body_again_gets_the_same_answer_and_another_conflicts()
    {
        var user = await UserAsync();
        var adding = await AddingAsync(user, await CodeAsync(user), CredentialKind.Key);
        var body = adding.BodyOf(adding.Make(CredentialKind.Key));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => VerifyAsync(body.DeepClone().AsObject())));

        Assert.All(answers, a => Assert.Equal((200, answers[0].Text), ((int)a.Status, a.Text)));
        Assert.Equal("session_already_completed", (await VerifyAsync(adding.BodyOf(adding.Make(CredentialKind.Key)))).Code);
    }

    [Fact]
    public async Task The_challenges_of_a_session_and_of_a_code_are_answered_each_where_it_belongs()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var bySession = await Adding.InitAsync(user, caller, CredentialKind.Key);
        var byCode = await AddingAsync(user, await CodeAsync(user), CredentialKind.Key);

        Assert.Equal(("challenge_not_valid", "$.challengeIdentifier"), CodeAndPath(await VerifyAsync(bySession.BodyOf(bySession.Make(CredentialKind.Key)))));
        Assert.Equal(
            ("challenge_not_valid", "$.challengeIdentifier"),
            CodeAndPath(await caller.CallAsync(HttpMethod.Post, "/auth/credentials", byCode.BodyOf(byCode.Make(CredentialKind.Key)))));
    }

    [Fact]
    public async Task A_code_ends_with_the_change_of_a_credential_and_with_a_recovery()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);
        var adding = await AddingAsync(user, await CodeAsync(user), CredentialKind.Key);
        var body = adding.BodyOf(adding.Make(CredentialKind.Key));
        var caller = await user.SignedInAsync();
        var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == user.UserId && c.Slot == CredentialSlot.Recovery).Select(c => c.Uuid).SingleAsync());
        foreach (var verb in new[] { "deactivate", "activate" })
        {
            Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Put, $"/auth/credentials/{verb}", new JsonObject { ["credentialUuid"] = uuid })).Status);
        }

        Assert.Equal("challenge_not_valid", (await VerifyAsync(body)).Code);

        adding = await AddingAsync(user, await CodeAsync(user), CredentialKind.Key);
        body = adding.BodyOf(adding.Make(CredentialKind.Key));
        var code = await CodeAsync(user);
        await (await Recovering.StartAsync(user)).CompleteAsync();
        Assert.Equal("challenge_not_valid", (await VerifyAsync(body)).Code);
        Assert.Equal("invalid_code", (await InitAsync(code, "Key")).Code);
    }

    [Fact]
    public async Task A_deactivated_user_adds_nothing()
    {
        var user = await UserAsync();
        var code = await CodeAsync(user);
        var adding = await AddingAsync(user, code, CredentialKind.Key);
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == user.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        Assert.Equal("user_deactivated", (await InitAsync(code, "Key")).Code);
        Assert.Equal("user_deactivated", (await VerifyAsync(adding.BodyOf(adding.Make(CredentialKind.Key)))).Code);
    }

    [Fact]
    public async Task Codes_are_deleted_a_day_after_their_end()
    {
        var user = await UserAsync();
        await CodeAsync(user);
        Service.Clock.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(61));

        await Service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal(0, await Service.InDatabaseAsync(db => db.CredentialCodes.CountAsync(c => c.UserId == user.UserId)));
    }

    [Theory]
    [InlineData("code", "$.code")]
    [InlineData("credentialKind", "$.credentialKind")]
    public async Task A_missing_member_is_named(string member, string path)
    {
        var body = new JsonObject { ["code"] = "0000-0000-0000-0000", ["credentialKind"] = "Key" };
        body.Remove(member);

        Assert.Equal(("member_required", path), CodeAndPath(await Service.PostAsync($"{Path}/init", body)));
    }

    private async Task<Registered> UserAsync() => await Registered.NewAsync(await Service.NewOrganisationAsync());

    private static async Task<Answer> TryCodeAsync(Registered user, JsonNode? expiration) =>
        await (await user.SignedInAsync()).CallAsync(HttpMethod.Post, Path, new JsonObject { ["expiration"] = expiration });

    private async Task<string> CodeAsync(Registered user)
    {
        var answer = await TryCodeAsync(user, JsonValue.Create(Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds()));
        KnownSecrets.Add(answer.Require("code"));
        return answer.Require("code");
    }

    private Task<Answer> InitAsync(string code, string kind) => Service.PostAsync($"{Path}/init", new JsonObject { ["code"] = code, ["credentialKind"] = kind });

    private async Task<Adding> AddingAsync(Registered user, string code, CredentialKind kind) => Adding.Of(user, await InitAsync(code, kind.ToString()));

    private Task<Answer> VerifyAsync(JsonObject body) => Service.PostAsync($"{Path}/verify", body);

    private static (string?, string?) CodeAndPath(Answer answer) => (answer.Code, answer.Path);
}
