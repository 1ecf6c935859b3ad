using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>A registration of an end user that opens a session with it, in one transaction, as clients with wallets complete it.</summary>
public abstract class EndUserRegistrationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EndUserRegistrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EndUserRegistrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Path = "/auth/registration/enduser";

    private static JsonArray Wallets => [new JsonObject { ["network"] = "EthereumSepolia", ["name"] = "Savings" }, new JsonObject { ["network"] = "KeyEdDSA" }];

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public async Task Registers_and_signs_in(CredentialKind kind)
    {
        var challenge = await ChallengeAsync();
        var user = new Registered(challenge.Organisation, challenge.UserId, "jane@example.co", Make(challenge, kind), null, Make(challenge, CredentialKind.RecoveryKey));
        var body = new JsonObject { ["firstFactorCredential"] = user.First.Registration, ["recoveryCredential"] = user.Recovery!.Registration, ["wallets"] = Wallets };

        var answer = await PostAsync(challenge, body);

        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal("[]", answer.Body["wallets"]!.ToJsonString());
        Assert.Equal((kind.ToString(), challenge.UserId, "jane@example.co"), ((string)answer.Body["credential"]!["kind"]!, (string)answer.Body["user"]!["id"]!, (string)answer.Body["user"]!["username"]!));
        var session = Session(user, answer);
        Assert.Contains((string)answer.Body["credential"]!["uuid"]!, (await session.GetAsync("/auth/credentials")).Body["items"]!.AsArray().Select(c => (string)c!["credentialUuid"]!));
        Assert.Equal(200, (int)(await session.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(30).ToUnixTimeMilliseconds() })).Status);
        Assert.Equal(
            ["user.registered", "user.signed_in"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == challenge.UserId && e.Actor == challenge.UserId && e.Action.StartsWith("user.")).OrderBy(e => e.Action).Select(e => e.Action).ToListAsync()));
        // The session is one that its credential opened.
        await Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, session.Token);
        Assert.Equal(401, (int)(await session.GetAsync("/auth/credentials")).Status);
        await user.LoginAsync();
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("null")]
    [InlineData("empty")]
    public async Task Clients_that_wish_for_no_wallets_are_served(string wallets)
    {
        var challenge = await ChallengeAsync(r => r.RefuseWallets = true);
        var body = challenge.GoodBody();
        if (wallets != "absent") body["wallets"] = wallets == "null" ? null : new JsonArray();

        Assert.Equal(200, (int)(await PostAsync(challenge, body)).Status);
    }

    [Fact]
    public async Task The_same_body_again_gets_the_same_session()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => PostAsync(challenge, body)));

        Assert.All(answers, a => Assert.Equal(200, (int)a.Status));
        var session = Assert.Single(await SessionsAsync(challenge));
        foreach (var answer in answers)
        {
            Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, answer.Body["authentication"]!["token"]!.GetValue<string>())).Status);
        }

        await Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, (string)answers[0].Body["authentication"]!["token"]!);
        Assert.Equal("session_already_completed", (await PostAsync(challenge, body)).Code);
        Assert.Equal(session, Assert.Single(await SessionsAsync(challenge)));
    }

    [Fact]
    public async Task What_was_completed_without_a_session_gets_none_by_the_same_body_here_and_the_other_way_round_none_is_told()
    {
        var (one, other) = (await ChallengeAsync(), await ChallengeAsync());
        var (body, otherBody) = (one.GoodBody(), other.GoodBody());

        Assert.Equal(200, (int)(await one.CompleteAsync(body)).Status);
        Assert.Equal("session_already_completed", (await PostAsync(one, body)).Code);
        Assert.Empty(await SessionsAsync(one));

        Assert.Equal(200, (int)(await PostAsync(other, otherBody)).Status);
        var repeated = await other.CompleteAsync(otherBody);
        Assert.Equal(200, (int)repeated.Status);
        Assert.Null(repeated.Body["authentication"]);
        Assert.Null(repeated.Body["sessionId"]);
        Assert.Single(await SessionsAsync(other));
    }

    public static TheoryData<string, string, string, string> Faults => new()
    {
        { """[{}]""", "400", "member_required", "$.wallets[0].network" },
        { """[{"network":""}]""", "400", "member_required", "$.wallets[0].network" },
        { """[null]""", "400", "member_required", "$.wallets[0].network" },
        { $$"""[{"network":"Ethereum"},{"network":"{{new string('n', 65)}}"}]""", "400", "member_too_long", "$.wallets[1].network" },
        { $$"""[{"network":"Ethereum","name":"{{new string('n', 101)}}"}]""", "400", "member_too_long", "$.wallets[0].name" },
        { """[{"network":"Ethereum","name":"a\u0007b"}]""", "400", "member_invalid", "$.wallets[0].name" },
        { """[{"network":7}]""", "400", "member_invalid", "$.wallets[0].network" },
        { """{"network":"Ethereum"}""", "400", "member_invalid", "$.wallets" },
        { $"[{string.Join(',', Enumerable.Repeat("""{"network":"Ethereum"}""", 101))}]", "400", "member_too_long", "$.wallets" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Refuses_wallets_that_are_none_and_stores_nothing(string wallets, string status, string code, string path)
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        body["wallets"] = JsonNode.Parse(wallets);

        var answer = await PostAsync(challenge, body);

        Assert.Equal((status, code, path), ($"{(int)answer.Status}", answer.Code, answer.Path));
        await AssertNothingAsync(challenge);
        body.Remove("wallets");
        Assert.Equal(200, (int)(await PostAsync(challenge, body)).Status);
    }

    [Fact]
    public async Task Refuses_that_wallets_are_wished_for_where_the_organisation_says_so()
    {
        var challenge = await ChallengeAsync(r => r.RefuseWallets = true);
        var body = challenge.GoodBody();
        body["wallets"] = Wallets;

        var answer = await PostAsync(challenge, body);

        Assert.Equal((400, "wallets_refused", "$.wallets"), ((int)answer.Status, answer.Code, answer.Path));
        await AssertNothingAsync(challenge);
        // It is said of this call alone.
        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
    }

    [Fact]
    public async Task Refuses_an_employee_who_completes_with_the_other_call()
    {
        var organisation = await Service.NewOrganisationAsync();
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee)).InitAsync();
        var body = challenge.GoodBody();

        Assert.Equal((403, "end_user_required"), await StatusAsync(challenge, body));
        await AssertNothingAsync(challenge);
        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
    }

    [Fact]
    public async Task Refuses_what_the_other_call_refuses_and_opens_no_session()
    {
        var challenge = await ChallengeAsync(r => r.RecoveryRequiredForEndUsers = true);
        var forged = (challenge with { Text = challenge.Text[..^1] + (challenge.Text[^1] == 'A' ? 'E' : 'A') }).GoodBody();

        Assert.Equal((400, "recovery_credential_required"), await StatusAsync(challenge, new JsonObject { ["firstFactorCredential"] = challenge.Fido2() }));
        Assert.Equal((400, "challenge_mismatch"), await StatusAsync(challenge, forged));
        Assert.Equal((400, "member_required"), await StatusAsync(challenge, []));
        Assert.Equal(401, (int)(await Service.PostAsync(Path, challenge.GoodBody(), "no-token")).Status);
        await AssertNothingAsync(challenge);
    }

    private static HeldCredential Make(Challenge challenge, CredentialKind kind) => HeldCredential.Create(kind, challenge.Text, challenge.Organisation, challenge.UserId);

    private async Task<Challenge> ChallengeAsync(Action<RelyingParty>? change = null) =>
        await (await Service.InviteAsync(await Service.NewOrganisationAsync(change), "jane@example.co")).InitAsync();

    private async Task<Answer> PostAsync(Challenge challenge, JsonObject body)
    {
        var answer = await Service.PostAsync(Path, body.DeepClone(), challenge.Token);
        if ((int)answer.Status == 200) KnownSecrets.Add((string)answer.Body["authentication"]!["token"]!);
        return answer;
    }

    private async Task<(int, string?)> StatusAsync(Challenge challenge, JsonObject body)
    {
        var answer = await PostAsync(challenge, body);
        return ((int)answer.Status, answer.Code);
    }

    private SigningCaller Session(Registered user, Answer answer) => new(Service, (string)answer.Body["authentication"]!["token"]!, user.AnswerTo);

    private Task<List<string>> SessionsAsync(Challenge challenge) =>
        Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.OrganisationId == challenge.Organisation.Id && t.UserId == challenge.UserId).Select(t => t.Id).ToListAsync());

    private async Task AssertNothingAsync(Challenge challenge)
    {
        Assert.Empty(await SessionsAsync(challenge));
        Assert.Equal(0, await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.OrganisationId == challenge.Organisation.Id)));
    }
}
