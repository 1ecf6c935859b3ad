using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Credentials;

/// <summary>What users do with their credentials: <c>/auth/credentials</c>.</summary>
public abstract class CredentialTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : CredentialTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : CredentialTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Path = "/auth/credentials";

    [Fact]
    public async Task The_list_shows_each_credential_with_every_member_of_the_contract()
    {
        var user = await UserAsync(CredentialKind.Fido2, CredentialKind.Key, recovery: true);
        await Registered.NewAsync(user.Organisation, username: "john@example.co");

        var items = await ListAsync(await user.SignedInAsync());

        Assert.Equal(3, items.Count);
        var passkey = items.Single(i => (string?)i!["kind"] == "Fido2")!;
        Assert.Equal(["kind", "credentialId", "credentialUuid", "dateCreated", "isActive", "name", "publicKey", "relyingPartyId", "origin"], passkey.AsObject().Select(m => m.Key));
        Assert.Equal((user.First.CredId, true, "Default Credential", "example.co", "https://app.example.co"),
            ((string)passkey["credentialId"]!, (bool)passkey["isActive"]!, (string)passkey["name"]!, (string)passkey["relyingPartyId"]!, (string)passkey["origin"]!));
        Assert.Equal(Service.Clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), (string?)passkey["dateCreated"]);
        var key = items.Single(i => (string?)i!["kind"] == "Key")!;
        Assert.Equal($"SHA256:{Convert.ToBase64String(SHA256.HashData(user.Second!.SigningKey!.SubjectPublicKeyInfo)).TrimEnd('=')}", (string?)key["publicKey"]);
        Assert.Equal("", (string?)key["origin"]);
    }

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public async Task A_credential_that_is_added_signs_in(CredentialKind kind)
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, kind);
        var added = adding.Make(kind);

        var answer = await caller.CallAsync(HttpMethod.Post, Path, adding.BodyOf(added, "Phone"));

        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal((kind.ToString(), added.CredId, "Phone", true), ((string)answer.Body["kind"]!, (string)answer.Body["credentialId"]!, (string)answer.Body["name"]!, (bool)answer.Body["isActive"]!));
        await (user with { First = added }).LoginAsync();
        await user.LoginAsync();
    }

    [Fact]
    public async Task A_recovery_key_that_is_added_recovers()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.RecoveryKey);
        var added = adding.Make(CredentialKind.RecoveryKey);
        Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Post, Path, adding.BodyOf(added))).Status);

        await (await (await Recovering.StartAsync(user with { Recovery = added })).CompleteAsync()).LoginAsync();
    }

    [Fact]
    public async Task The_challenge_has_the_members_of_its_kind()
    {
        var user = await UserAsync(CredentialKind.Fido2, recovery: true);
        var caller = await user.SignedInAsync();

        var passkey = (await Adding.TryInitAsync(caller, "Fido2")).Body.AsObject();
        var key = (await Adding.TryInitAsync(caller, "Key")).Body.AsObject();

        string[] common = ["attestation", "challenge", "challengeIdentifier", "kind", "pubKeyCredParams", "rp", "temporaryAuthenticationToken", "user"];
        Assert.Equal(common, key.Select(m => m.Key).Order(StringComparer.Ordinal));
        Assert.Equal([.. common, "authenticatorSelection", "excludeCredentials"], passkey.Select(m => m.Key).OrderBy(k => !common.Contains(k)).ThenBy(k => k, StringComparer.Ordinal));
        Assert.Equal(user.First.CredId, (string?)passkey["excludeCredentials"]!.AsArray().Single()!["id"]);
        Assert.Equal((string?)key["challengeIdentifier"], (string?)key["temporaryAuthenticationToken"]);
        Assert.Equal((user.UserId, user.Username), ((string?)key["user"]!["id"], (string?)key["user"]!["name"]));
    }

    [Theory]
    [InlineData("Password", "credential_kind_unsupported")]
    [InlineData("Totp", "credential_kind_unsupported")]
    [InlineData("fido2", "credential_kind_unknown")]
    [InlineData(null, "member_required")]
    public async Task No_challenge_is_issued_for_another_kind(string? kind, string code)
    {
        var answer = await Adding.TryInitAsync(await (await UserAsync()).SignedInAsync(), kind);

        Assert.Equal((code, "$.kind"), (answer.Code, answer.Path));
    }

    [Theory]
    [InlineData(CredentialKind.Fido2, CredentialKind.Key)]
    [InlineData(CredentialKind.Key, CredentialKind.RecoveryKey)]
    [InlineData(CredentialKind.RecoveryKey, CredentialKind.Key)]
    [InlineData(CredentialKind.Key, CredentialKind.PasswordProtectedKey)]
    public async Task A_challenge_is_answered_by_its_own_kind_alone(CredentialKind asked, CredentialKind sent)
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, asked);

        await AssertRefusedAsync(user, caller, adding.BodyOf(adding.Make(sent)), "credential_kind_misplaced", "$.credentialKind");
    }

    [Fact]
    public async Task A_challenge_is_answered_once_in_time_and_by_its_own_user()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
        Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Post, Path, adding.BodyOf(adding.Make(CredentialKind.Key)))).Status);
        await AssertRefusedAsync(user, caller, adding.BodyOf(adding.Make(CredentialKind.Key)), "challenge_not_valid", "$.challengeIdentifier");

        var other = await Registered.NewAsync(user.Organisation, username: "john@example.co");
        var others = await Adding.InitAsync(other, await other.SignedInAsync(), CredentialKind.Key);
        await AssertRefusedAsync(user, caller, others.BodyOf(others.Make(CredentialKind.Key)), "challenge_not_valid", "$.challengeIdentifier");

        var late = await Adding.InitAsync(user, caller, CredentialKind.Key);
        Service.Clock.Advance(TimeSpan.FromMinutes(15));
        await AssertRefusedAsync(user, caller, late.BodyOf(late.Make(CredentialKind.Key)), "challenge_not_valid", "$.challengeIdentifier");
    }

    [Fact]
    public async Task A_credential_over_another_challenge_or_without_a_name_is_refused()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
        var other = await Adding.InitAsync(user, caller, CredentialKind.Key);

        await AssertRefusedAsync(user, caller, adding.BodyOf(other.Make(CredentialKind.Key)), "challenge_mismatch", "$.credentialInfo.clientData");
        var nameless = adding.BodyOf(adding.Make(CredentialKind.Key));
        nameless.Remove("credentialName");
        await AssertRefusedAsync(user, caller, nameless, "member_required", "$.credentialName");
    }

    [Fact]
    public async Task A_credential_that_is_registered_already_is_refused()
    {
        var user = await UserAsync(CredentialKind.Key);
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);

        var sameId = adding.BodyOf(adding.Make(CredentialKind.Key));
        sameId["credentialInfo"]!["credId"] = user.First.CredId;
        await AssertRefusedAsync(user, caller, sameId, "credential_already_registered");
        var sameKey = user.First.SigningKey!.Create(adding.Challenge.Require("challenge")).ToJson();
        sameKey["credentialInfo"]!["credId"] = adding.Make(CredentialKind.Key).CredId;
        sameKey["credentialName"] = "The same key";
        sameKey["challengeIdentifier"] = adding.Challenge.Require("challengeIdentifier");
        await AssertRefusedAsync(user, caller, sameKey, "public_key_already_registered");
    }

    [Fact]
    public async Task Nothing_changes_without_a_signed_action()
    {
        var user = await UserAsync(recovery: true);
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
        var uuid = await UuidAsync(user.Recovery!);
        var before = await Snapshot.OfAsync(user.Organisation);

        foreach (var (method, path, body) in new (HttpMethod, string, JsonNode?)[]
        {
            (HttpMethod.Post, Path, adding.BodyOf(adding.Make(CredentialKind.Key))),
            (HttpMethod.Put, $"{Path}/activate", new JsonObject { ["credentialUuid"] = uuid }),
            (HttpMethod.Put, $"{Path}/deactivate", new JsonObject { ["credentialUuid"] = uuid }),
            (HttpMethod.Put, $"{Path}/{uuid}", new JsonObject { ["credentialName"] = "Other" }),
            (HttpMethod.Delete, $"{Path}/{uuid}", null),
            (HttpMethod.Post, $"{Path}/code", new JsonObject { ["expiration"] = InSeconds(30) }),
        })
        {
            Assert.Equal("user_action_missing", (await caller.SendAsync(method, path, body, userAction: null)).Code);
            Assert.Equal("not_authorized", (await (caller with { Token = "e30.e30.e30" }).SendAsync(method, path, body, userAction: null)).Code);
        }

        Assert.Equal(before, await Snapshot.OfAsync(user.Organisation));
    }

    [Fact]
    public async Task A_service_account_manages_no_credentials()
    {
        var organisation = await Service.NewOrganisationAsync();
        var account = await organisation.NewServiceAccountAsync();

        Assert.Equal("not_authorized", (await account.GetAsync(Path)).Code);
        Assert.Equal("not_authorized", (await Adding.TryInitAsync(account, "Key")).Code);
        Assert.Equal("not_authorized", (await account.CallAsync(HttpMethod.Post, $"{Path}/code", new JsonObject { ["expiration"] = InSeconds(30) })).Code);
        Assert.Equal("not_authorized", (await account.CallAsync(HttpMethod.Put, $"{Path}/deactivate", new JsonObject { ["credentialUuid"] = "cr-any" })).Code);
    }

    [Fact]
    public async Task A_deactivated_credential_does_nothing_until_it_is_activated_and_its_sessions_stay_ended()
    {
        var user = await UserAsync();
        var (caller, added) = await WithAnotherAsync(user, CredentialKind.Key);
        var lost = user with { First = added };
        var lostSession = await lost.SignedInAsync();
        var uuid = await UuidAsync(added);

        Assert.Equal("""{"message":"success"}""", (await StatusAsync(caller, "deactivate", uuid)).Text);

        Assert.Equal("not_authorized", (await lostSession.GetAsync(Path)).Code);
        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", lost.AnswerTo(await user.TryInitLoginAsync()))).Code);
        Assert.False((bool)(await ListAsync(caller)).Single(i => (string?)i!["credentialUuid"] == uuid)!["isActive"]!);
        Assert.Equal(200, (int)(await StatusAsync(caller, "deactivate", uuid)).Status);

        Assert.Equal(200, (int)(await StatusAsync(caller, "activate", uuid)).Status);
        await lost.LoginAsync();
        Assert.Equal("not_authorized", (await lostSession.GetAsync(Path)).Code);
        Assert.Equal(200, (int)(await StatusAsync(caller, "activate", uuid)).Status);
    }

    [Fact]
    public async Task An_archived_credential_is_gone_for_good_and_its_id_is_free()
    {
        var user = await UserAsync();
        var (caller, added) = await WithAnotherAsync(user, CredentialKind.Key);
        var uuid = await UuidAsync(added);

        var answer = await caller.CallAsync(HttpMethod.Delete, $"{Path}/{uuid}");

        Assert.Equal("{}", answer.Text);
        Assert.DoesNotContain(await ListAsync(caller), i => (string?)i!["credentialUuid"] == uuid);
        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", (user with { First = added }).AnswerTo(await user.TryInitLoginAsync()))).Code);
        Assert.Equal("credential_not_found", (await StatusAsync(caller, "activate", uuid)).Code);
        Assert.Equal("credential_not_found", (await caller.CallAsync(HttpMethod.Delete, $"{Path}/{uuid}")).Code);
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
        var body = adding.BodyOf(adding.Make(CredentialKind.Key));
        body["credentialInfo"]!["credId"] = added.CredId;
        Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Post, Path, body)).Status);
    }

    [Fact]
    public async Task A_credential_gets_another_name()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var uuid = await UuidAsync(user.First);

        var answer = await caller.CallAsync(HttpMethod.Put, $"{Path}/{uuid}", new JsonObject { ["credentialName"] = "Zoë’s laptop" });

        Assert.Equal((uuid, "Zoë’s laptop"), ((string)answer.Body["credentialUuid"]!, (string)answer.Body["name"]!));
        Assert.Equal("Zoë’s laptop", (string?)(await ListAsync(caller)).Single()!["name"]);
        Assert.Equal("member_too_long", (await caller.CallAsync(HttpMethod.Put, $"{Path}/{uuid}", new JsonObject { ["credentialName"] = new string('x', 101) })).Code);
        Assert.Equal("member_required", (await caller.CallAsync(HttpMethod.Put, $"{Path}/{uuid}", new JsonObject { ["credentialName"] = " " })).Code);
    }

    [Fact]
    public async Task The_credential_of_another_user_or_organisation_is_not_there()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var neighbour = await Registered.NewAsync(user.Organisation, username: "john@example.co");
        var stranger = await UserAsync();
        foreach (var uuid in new[] { await UuidAsync(neighbour.First), await UuidAsync(stranger.First), "cr-nosuc-hcred-ential0000000000" })
        {
            foreach (var verb in new[] { "activate", "deactivate" }) Assert.Equal((404, "credential_not_found"), Outcome(await StatusAsync(caller, verb, uuid)));
            Assert.Equal((404, "credential_not_found"), Outcome(await caller.CallAsync(HttpMethod.Delete, $"{Path}/{uuid}")));
            Assert.Equal((404, "credential_not_found"), Outcome(await caller.CallAsync(HttpMethod.Put, $"{Path}/{uuid}", new JsonObject { ["credentialName"] = "Mine" })));
        }

        await neighbour.LoginAsync();
        await stranger.LoginAsync();
    }

    [Fact]
    public async Task The_last_credential_to_sign_in_with_can_be_neither_deactivated_nor_archived()
    {
        var user = await UserAsync(CredentialKind.Fido2, CredentialKind.Key, recovery: true);
        var caller = await user.SignedInAsync();
        var uuid = await UuidAsync(user.First);

        Assert.Equal((409, "last_first_factor"), Outcome(await StatusAsync(caller, "deactivate", uuid)));
        Assert.Equal((409, "last_first_factor"), Outcome(await caller.CallAsync(HttpMethod.Delete, $"{Path}/{uuid}")));

        // The second factor is not one to sign in with, and may go; an inactive one is not one either.
        Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Delete, $"{Path}/{await UuidAsync(user.Second!)}")).Status);
        user = user with { Second = null };
        caller = await user.SignedInAsync();
        var (_, added) = await WithAnotherAsync(user, CredentialKind.Key);
        Assert.Equal(200, (int)(await StatusAsync(caller, "deactivate", await UuidAsync(added))).Status);
        Assert.Equal((409, "last_first_factor"), Outcome(await StatusAsync(caller, "deactivate", uuid)));
        Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Delete, $"{Path}/{await UuidAsync(added)}")).Status);
        await user.LoginAsync();
    }

    [Fact]
    public async Task Of_two_credentials_that_are_deactivated_at_once_one_stays()
    {
        for (var round = 0; round < 5; round++)
        {
            var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
            var (caller, added) = await WithAnotherAsync(user, CredentialKind.Key);
            var calls = new List<(JsonObject Body, string Action)>();
            foreach (var credential in new[] { user.First, added })
            {
                var body = new JsonObject { ["credentialUuid"] = await UuidAsync(credential) };
                calls.Add((body, await caller.SignAsync(HttpMethod.Put, $"{Path}/deactivate", body.ToJsonString())));
            }

            var answers = await Task.WhenAll(calls.Select(c => caller.SendAsync(HttpMethod.Put, $"{Path}/deactivate", c.Body, c.Action)));

            // The loser comes after the winner, and then either sees it or conflicts; or its own credential's session is what ended, or, once that was looked for, the action that it signed.
            Assert.Single(answers, a => (int)a.Status == 200);
            Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.True(a.Code is "last_first_factor" or "changed_meanwhile" or "not_authorized" or "user_action_already_used", a.Text));
            Assert.Equal(1, await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.UserId == user.UserId && c.Status == CredentialStatus.Active)));
        }
    }

    [Fact]
    public async Task The_last_recovery_credential_stays_where_the_organisation_requires_one()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(r => r.RecoveryRequiredForEndUsers = true), recovery: true);
        var free = await UserAsync(recovery: true);
        var caller = await user.SignedInAsync();

        Assert.Equal((409, "last_recovery_credential"), Outcome(await StatusAsync(caller, "deactivate", await UuidAsync(user.Recovery!))));
        Assert.Equal((409, "last_recovery_credential"), Outcome(await caller.CallAsync(HttpMethod.Delete, $"{Path}/{await UuidAsync(user.Recovery!)}")));
        Assert.Equal(200, (int)(await (await free.SignedInAsync()).CallAsync(HttpMethod.Delete, $"{Path}/{await UuidAsync(free.Recovery!)}")).Status);
    }

    [Fact]
    public async Task Each_change_leaves_its_line_in_the_audit_trail()
    {
        var user = await UserAsync();
        var (caller, added) = await WithAnotherAsync(user, CredentialKind.Key);
        var uuid = await UuidAsync(added);
        await StatusAsync(caller, "deactivate", uuid);
        await StatusAsync(caller, "activate", uuid);
        await caller.CallAsync(HttpMethod.Put, $"{Path}/{uuid}", new JsonObject { ["credentialName"] = "Other" });
        await caller.CallAsync(HttpMethod.Delete, $"{Path}/{uuid}");

        var rows = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == user.UserId && e.Action.StartsWith("credential.")).ToListAsync());

        Assert.Equal(
            ["credential.activated", "credential.archived", "credential.created", "credential.deactivated", "credential.renamed"],
            rows.Select(r => r.Action).Order(StringComparer.Ordinal));
        Assert.All(rows, r => Assert.Equal((user.UserId, $"FirstFactor Key {uuid}"), (r.Actor, r.Note?.Split(';')[0])));
    }

    [Fact]
    public async Task A_recovery_key_that_was_taken_away_does_not_come_back()
    {
        var user = await UserAsync(recovery: true);
        var caller = await user.SignedInAsync();
        await caller.CallAsync(HttpMethod.Delete, $"{Path}/{await UuidAsync(user.Recovery!)}");
        var adding = await Adding.InitAsync(user, caller, CredentialKind.RecoveryKey);
        var made = user.Recovery!.SigningKey!.Create(adding.Challenge.Require("challenge"), CredentialKind.RecoveryKey).ToJson();
        var again = new HeldCredential(CredentialKind.RecoveryKey, user.Recovery.CredId, made, user.Recovery.Get);

        await AssertRefusedAsync(user, caller, adding.BodyOf(again), "public_key_already_registered");
    }

    private async Task<Registered> UserAsync(CredentialKind first = CredentialKind.Fido2, CredentialKind? second = null, bool recovery = false) =>
        await Registered.NewAsync(await Service.NewOrganisationAsync(), first, second, recovery);

    private static async Task<(SigningCaller Caller, HeldCredential Added)> WithAnotherAsync(Registered user, CredentialKind kind)
    {
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, kind);
        var added = adding.Make(kind);
        Assert.Equal(200, (int)(await caller.CallAsync(HttpMethod.Post, Path, adding.BodyOf(added))).Status);
        return (caller, added);
    }

    private static async Task<JsonArray> ListAsync(SigningCaller caller) => (await caller.GetAsync(Path)).Body["items"]!.AsArray();

    private Task<string> UuidAsync(HeldCredential credential) =>
        Service.InDatabaseAsync(db => db.Credentials.Where(c => c.CredentialIdText == credential.CredId && c.Status != CredentialStatus.Archived).Select(c => c.Uuid).SingleAsync());

    private static Task<Answer> StatusAsync(SigningCaller caller, string verb, string uuid) =>
        caller.CallAsync(HttpMethod.Put, $"{Path}/{verb}", new JsonObject { ["credentialUuid"] = uuid });

    private static (int, string?) Outcome(Answer answer) => ((int)answer.Status, answer.Code);

    private string InSeconds(int seconds) => Service.Clock.GetUtcNow().AddSeconds(seconds).ToString("O", CultureInfo.InvariantCulture);

    private static async Task AssertRefusedAsync(Registered user, SigningCaller caller, JsonObject body, string code, string? path = null)
    {
        var action = await caller.SignAsync(HttpMethod.Post, Path, body.ToJsonString());
        var before = await Snapshot.OfAsync(user.Organisation);

        var answer = await caller.SendAsync(HttpMethod.Post, Path, body, action);

        Assert.Equal((code, path), (answer.Code, path is null ? null : answer.Path));
        Assert.Equal(before, await Snapshot.OfAsync(user.Organisation));
    }
}
