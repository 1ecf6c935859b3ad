using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Ends;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>
/// Who is handed which encrypted private key: every way to open a session, with every call that a session can make and that answers with
/// credentials. A password that is guessed at leisure opens such a key, and so a weaker session must not get it.
/// </summary>
public abstract class EncryptedKeyTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EncryptedKeyTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EncryptedKeyTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // The keys: 1 and 2 sign in, 3 is a second factor of somebody else.
    [Theory]
    [InlineData("key 1", "1")]
    [InlineData("key 2", "2")]
    [InlineData("a passkey", "")]
    [InlineData("a passkey that names its user", "")]
    [InlineData("a login code and a passkey", "1 2")]
    [InlineData("a login code and key 1", "1 2")]
    [InlineData("a passkey and key 3", "3")]
    [InlineData("a login code, a passkey and key 3", "3")]
    [InlineData("the word of a provider", "")]
    [InlineData("the word of a service account", "")]
    [InlineData("key 1, before it was kept what else", "1")]
    [InlineData("a login code and a passkey, before it was kept", "")]
    public async Task A_session_is_handed_the_encrypted_keys_that_opened_it_or_with_a_login_code_all(string way, string handed)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var passkey = person.User!;
        var (first, second) = (passkey with { First = await AddAsync(person) }, passkey with { First = await AddAsync(person) });
        var both = await Registered.NewAsync(stage.Organisation, CredentialKind.Fido2, CredentialKind.PasswordProtectedKey, username: "both@example.co");
        var keys = new Dictionary<string, HeldCredential> { ["1"] = first.First, ["2"] = second.First, ["3"] = both.Second! };
        var (whose, token) = way switch
        {
            "key 1" or "key 1, before it was kept what else" => (first, await first.LoginAsync()),
            "key 2" => (second, await second.LoginAsync()),
            "a passkey" => (passkey, await passkey.LoginAsync()),
            "a passkey that names its user" => (passkey, await SignInAsync(passkey, new JsonObject { ["orgId"] = stage.Organisation.Id })),
            "a login code and a passkey" or "a login code and a passkey, before it was kept" => (passkey, await SignInAsync(passkey, await WithCodeAsync(passkey))),
            "a login code and key 1" => (first, await SignInAsync(first, await WithCodeAsync(first))),
            "a passkey and key 3" => (both, await both.LoginAsync()),
            "a login code, a passkey and key 3" => (both, await SignInAsync(both, await WithCodeAsync(both))),
            "the word of a provider" => (passkey, Token(await Service.PostAsync("/auth/login/social", person.IdTokenBody()))),
            "the word of a service account" => (passkey, (await person.DelegatedSessionAsync()).Token),
            _ => throw new ArgumentOutOfRangeException(nameof(way)),
        };
        if (way.Contains("before", StringComparison.Ordinal))
        {
            await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.OrganisationId == stage.Organisation.Id)
                .ExecuteUpdateAsync(t => t.SetProperty(x => x.SecondCredentialUuid, (string?)null).SetProperty(x => x.ByLoginCode, false)));
        }

        var session = new SigningCaller(Service, token, whose.AnswerTo);
        var toSign = await session.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", "{}");

        // Which keys there are is told in any case: whoever holds one may sign with it.
        Assert.Contains("PasswordProtectedKey", toSign.Body["supportedCredentialKinds"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(handed, Handed(toSign));
        Assert.Equal(
            keys.Where(k => handed.Contains(k.Key, StringComparison.Ordinal)).Select(k => (k.Value.CredId, (string?)k.Value.Registration["encryptedPrivateKey"])).Order(),
            toSign.Body["allowCredentials"]!["passwordProtectedKey"]!.AsArray().Select(k => ((string)k!["id"]!, (string?)k["encryptedPrivateKey"])).Order());
        // Whatever else a session may ask for.
        var code = await session.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() });
        foreach (var answer in new[]
        {
            code,
            await session.GetAsync("/auth/credentials"),
            await Adding.TryInitAsync(session, "PasswordProtectedKey"),
            await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = code.Require("code"), ["credentialKind"] = "PasswordProtectedKey" }),
            await whose.TryInitLoginAsync(),
        })
        {
            Assert.True((int)answer.Status == 200, answer.Text);
            Assert.Equal("", Handed(answer));
        }

        string Handed(Answer answer) =>
            string.Join(' ', keys.Where(k => answer.Text.Contains((string)k.Value.Registration["encryptedPrivateKey"]!, StringComparison.Ordinal)).Select(k => k.Key));
    }

    [Fact]
    public async Task A_key_that_a_session_adds_is_not_handed_to_it()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        await AddAsync(person);

        var toSign = await person.Session!.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", "{}");

        Assert.Empty(toSign.Body["allowCredentials"]!["passwordProtectedKey"]!.AsArray());
    }

    [Fact]
    public async Task A_service_account_is_handed_the_key_of_nobody()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        await Registered.NewAsync(stage.Organisation, CredentialKind.PasswordProtectedKey);

        var toSign = await stage.Backend.InitActionAsync(HttpMethod.Post, "/auth/login/delegated", "{}");

        Assert.Empty(toSign.Body["allowCredentials"]!["passwordProtectedKey"]!.AsArray());
    }

    // What the document tells of answers: another call that could hand one out would have to be tried above.
    [Fact]
    public async Task No_other_call_can_answer_with_an_encrypted_key()
    {
        var document = (await Service.SendAsync(HttpMethod.Get, "/swagger/v1/swagger.json", content: null, bearer: null)).Body;
        var carrying = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Where(o => Carries(document, o.Value!["responses"]!["200"], [])).Select(o => (string)o.Value!["operationId"]!);

        Assert.Equal(["createDelegatedRecoveryChallenge", "createLoginChallenge", "createRecoveryChallenge", "createUserActionChallenge"], carrying.Order(StringComparer.Ordinal));
    }

    // A schema that is part of itself is looked at once.
    private static bool Carries(JsonNode document, JsonNode? part, HashSet<string> seen) => part switch
    {
        JsonObject o when o.ContainsKey("encryptedPrivateKey") || o.ContainsKey("encryptedRecoveryKey") => true,
        JsonObject o when o["$ref"] is { } reference => seen.Add((string)reference!) && Carries(document, document["components"]!["schemas"]![((string)reference!)["#/components/schemas/".Length..]], seen),
        JsonObject o => o.Any(m => Carries(document, m.Value, seen)),
        JsonArray a => a.Any(m => Carries(document, m, seen)),
        _ => false,
    };

    private static async Task<HeldCredential> AddAsync(EndsPerson person)
    {
        var adding = await Adding.InitAsync(person.User!, person.Session!, CredentialKind.PasswordProtectedKey);
        var made = adding.Make(CredentialKind.PasswordProtectedKey);
        Assert.Equal(200, (int)(await person.Session!.PostAsync("/auth/credentials", adding.BodyOf(made))).Status);
        return made;
    }

    private async Task<JsonObject> WithCodeAsync(Registered user)
    {
        var body = new JsonObject { ["username"] = user.Username, ["orgId"] = user.Organisation.Id };
        await Service.PostAsync("/auth/login/code", body);
        body["loginCode"] = (await Service.Inbox.NextAsync()).Code;
        return body;
    }

    private async Task<string> SignInAsync(Registered user, JsonObject init) => Token(await Service.PostAsync("/auth/login", user.AnswerTo(await Service.PostAsync("/auth/login/init", init))));

    private static string Token(Answer signedIn)
    {
        KnownSecrets.Add(signedIn.Require("token"));
        return signedIn.Require("token");
    }
}
