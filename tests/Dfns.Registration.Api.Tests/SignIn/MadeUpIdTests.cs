using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>A credential id that a sign-in of nobody shows is answered like one that is somebody's, everywhere an id can be sent.</summary>
public abstract class MadeUpIdTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MadeUpIdTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MadeUpIdTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>Where an id can be brought in with a new credential: sends one, and returns the answer.</summary>
    private static readonly Dictionary<string, Func<TestOrganisation, string, byte[], SoftwareKey?, Task<Answer>>> NewCredentials = new(StringComparer.Ordinal)
    {
        ["the first factor of a registration"] = (o, name, id, key) => RegisterAsync(o, name, c => new JsonObject { ["firstFactorCredential"] = Key(c.Text, id, key) }),
        ["a passkey of a registration"] = (o, name, id, _) => RegisterAsync(o, name, c => new JsonObject
        {
            ["firstFactorCredential"] = new SoftwareAuthenticator().Create(c.Text, o.RelyingPartyId, o.Origin, d => d.CredentialId = id).ToJson(),
        }),
        ["the second factor of a registration"] = (o, name, id, key) => RegisterAsync(o, name, c => new JsonObject { ["firstFactorCredential"] = c.Key(), ["secondFactorCredential"] = Key(c.Text, id, key) }),
        ["the recovery key of a registration"] = (o, name, id, key) => RegisterAsync(o, name, c => new JsonObject { ["firstFactorCredential"] = c.Key(), ["recoveryCredential"] = Key(c.Text, id, key, CredentialKind.RecoveryKey) }),
        ["a credential that is added"] = async (o, name, id, key) =>
        {
            var user = await Registered.NewAsync(o, CredentialKind.Key, username: name);
            var caller = await user.SignedInAsync();
            return await caller.PostAsync("/auth/credentials", Added(await Adding.InitAsync(user, caller, CredentialKind.Key), id, key));
        },
        ["a credential that is added with a code"] = async (o, name, id, key) =>
        {
            var user = await Registered.NewAsync(o, CredentialKind.Key, username: name);
            var made = await (await user.SignedInAsync()).PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = o.Service.Clock.GetUtcNow().AddSeconds(50).ToUnixTimeSeconds() });
            var adding = Adding.Of(user, await o.Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = made.Require("code"), ["credentialKind"] = "Key" }));
            return await o.Service.PostAsync("/auth/credentials/code/verify", Added(adding, id, key));
        },
        ["the first factor of a recovery"] = (o, name, id, key) => RecoverAsync(o, name, r => new JsonObject { ["firstFactorCredential"] = Key(r.Text, id, key), ["recoveryCredential"] = Key(r.Text, null, null, CredentialKind.RecoveryKey) }),
        ["the second factor of a recovery"] = (o, name, id, key) => RecoverAsync(o, name, r => new JsonObject
        {
            ["firstFactorCredential"] = Key(r.Text, null, null),
            ["secondFactorCredential"] = Key(r.Text, id, key),
            ["recoveryCredential"] = Key(r.Text, null, null, CredentialKind.RecoveryKey),
        }),
        ["the recovery key of a recovery"] = (o, name, id, key) => RecoverAsync(o, name, r => new JsonObject { ["firstFactorCredential"] = Key(r.Text, null, null), ["recoveryCredential"] = Key(r.Text, id, key, CredentialKind.RecoveryKey) }),
    };

    public static TheoryData<string> Places => [.. NewCredentials.Keys];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Of_a_new_credential_it_is_taken(string place)
    {
        var organisation = await Service.NewOrganisationAsync();
        var taken = await Registered.NewAsync(organisation, CredentialKind.Key, username: "taken@example.co");
        var madeUp = await MadeUpAsync(organisation);

        var toTaken = await NewCredentials[place](organisation, "one@example.co", Base64Url.DecodeFromChars(taken.First.CredId), null);

        Assert.Equal((409, "credential_already_registered"), ((int)toTaken.Status, toTaken.Code));
        for (var n = 0; n < 3; n++)
        {
            var before = await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.OrganisationId == organisation.Id));
            var toMadeUp = await NewCredentials[place](organisation, $"two-{n}@example.co", madeUp[n], null);
            Assert.Equal(toTaken.Text, toMadeUp.Text);
            Assert.False(await Service.InDatabaseAsync(db => db.Credentials.AnyAsync(c => c.OrganisationId == organisation.Id && c.CredentialId == madeUp[n])));
            Assert.InRange(await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.OrganisationId == organisation.Id)), before, before + 2);
        }

        // Any other is nobody's, and one that is made up elsewhere is nobody's here.
        var free = await NewCredentials[place](organisation, "three@example.co", System.Security.Cryptography.RandomNumberGenerator.GetBytes(32), null);
        Assert.True((int)free.Status == 200, free.Text);
        var elsewhere = await NewCredentials[place](organisation, "four@example.co", (await MadeUpAsync(await Service.NewOrganisationAsync()))[0], null);
        Assert.True((int)elsewhere.Status == 200, elsewhere.Text);
    }

    // Whatever else is wrong with it is told as it is with one that is taken, by the same database in the same order.
    [Theory]
    [MemberData(nameof(Places))]
    public async Task With_a_key_that_is_taken_too_the_same_is_told(string place)
    {
        if (place.StartsWith("a passkey", StringComparison.Ordinal)) return;
        var organisation = await Service.NewOrganisationAsync();
        var taken = await Registered.NewAsync(organisation, CredentialKind.Key, username: "taken@example.co");
        var madeUp = await MadeUpAsync(organisation);

        var toTaken = await NewCredentials[place](organisation, "one@example.co", Base64Url.DecodeFromChars(taken.First.CredId), taken.First.SigningKey);
        var toMadeUp = await NewCredentials[place](organisation, "two@example.co", madeUp[0], taken.First.SigningKey);

        Assert.Equal((409, toTaken.Text), ((int)toMadeUp.Status, toMadeUp.Text));
    }

    /// <summary>Where an id is sent of a credential that is to sign, or to be recovered with: of another user's and of nobody's.</summary>
    private static readonly Dictionary<string, Func<TestOrganisation, Registered, string, Task<Answer>>> Signing = new(StringComparer.Ordinal)
    {
        ["a sign-in of whoever a passkey names"] = (o, _, id) => AnyAsync(o, id, "Fido2", "us-somebody"),
        ["a sign-in of whoever a passkey names, without a user"] = (o, _, id) => AnyAsync(o, id, "Fido2", null),
        ["a sign-in of whoever a passkey names, with an empty user"] = (o, _, id) => AnyAsync(o, id, "Fido2", ""),
        ["a sign-in of whoever a passkey names, as a key"] = (o, _, id) => AnyAsync(o, id, "Key", null),
        ["a sign-in of whoever a passkey names, as a password-protected key"] = (o, _, id) => AnyAsync(o, id, "PasswordProtectedKey", null),
        ["a sign-in of a user"] = async (o, user, id) => await o.Service.PostAsync("/auth/login", Forged(user, await user.TryInitLoginAsync(), id, "Fido2", null)),
        ["the second factor of a sign-in of a user"] = async (o, user, id) =>
        {
            var challenge = await user.TryInitLoginAsync();
            var body = user.AnswerTo(challenge);
            body["secondFactor"] = Forged(user, challenge, id, "Fido2", null)["firstFactor"]!.DeepClone();
            return await o.Service.PostAsync("/auth/login", body);
        },
        ["a sign-in of nobody"] = async (o, user, id) => await o.Service.PostAsync("/auth/login", Forged(user, await (user with { Username = "nobody-of-this-name@example.co" }).TryInitLoginAsync(), id, "Fido2", null)),
        ["a signature of a call"] = async (o, user, id) =>
        {
            var caller = await user.SignedInAsync();
            return await o.Service.PostAsync("/auth/action", Forged(user, await caller.InitActionAsync(HttpMethod.Post, "/auth/x", "{}"), id, "Fido2", null), caller.Token);
        },
        ["the start of a recovery"] = async (o, user, id) => Without(await Recovering.TryStartAsync(user, await Recovering.CodeAsync(user), id)),
        ["a recovery"] = async (o, user, id) =>
        {
            var recovering = await Recovering.StartAsync(user);
            var body = recovering.GoodBody();
            body["recovery"]!["credentialAssertion"]!["credId"] = id;
            return await o.Service.PostAsync("/auth/recover/user", body, recovering.Token);
        },
    };

    public static TheoryData<string, CredentialKind> SigningPlaces =>
        [.. Signing.Keys.SelectMany(place => new[] { CredentialKind.Fido2, CredentialKind.Key }.Select(kind => (place, kind)))];

    [Theory]
    [MemberData(nameof(SigningPlaces))]
    public async Task Of_a_credential_that_signs_it_is_somebodys(string place, CredentialKind kind)
    {
        var organisation = await Service.NewOrganisationAsync();
        var other = await Registered.NewAsync(organisation, kind, username: "other@example.co");
        var user = await Registered.NewAsync(organisation, CredentialKind.Fido2, recovery: true);
        var toOther = await Signing[place](organisation, user, other.First.CredId);
        Service.Clock.Advance(TimeSpan.FromMinutes(20));

        var toMadeUp = new List<string>();
        foreach (var id in (await MadeUpAsync(organisation, kind)).Take(6))
        {
            toMadeUp.Add((await Signing[place](organisation, user, Base64Url.EncodeToString(id))).Text);
            Service.Clock.Advance(TimeSpan.FromMinutes(20));
        }

        // Passkeys are synced or not, keys of one sort or another: some are told otherwise, as those of users are.
        Assert.Contains(toOther.Text, toMadeUp);
        Assert.All(toMadeUp, text => Assert.True(text == toOther.Text || text.Contains("backup_eligibility_changed", StringComparison.Ordinal) || text.Contains("assertion_signature_invalid", StringComparison.Ordinal), text));
    }

    [Fact]
    public async Task It_looks_like_any_other_in_every_byte()
    {
        var organisation = await Service.NewOrganisationAsync();
        var ids = await MadeUpAsync(organisation, names: 600);

        Assert.Distinct(ids.Select(Convert.ToHexString));
        Assert.Equal([16, 20, 32, 48, 64], ids.Select(id => id.Length).Distinct().Order());
        // Each bit at each place is one in half of them, as near as six hundred tell: five deviations are one test in a million bits.
        foreach (var group in ids.GroupBy(id => id.Length))
        {
            for (var bit = 0; bit < group.Key * 8; bit++)
            {
                var (n, ones) = (group.Count(), group.Count(id => (id[bit / 8] >> (bit % 8) & 1) == 1));
                Assert.True(Math.Abs(ones - (n / 2.0)) <= 6 * Math.Sqrt(n) / 2, $"bit {bit} of {group.Key} bytes: {ones} of {n}");
            }
        }

        Assert.Equal(ids.Select(Convert.ToHexString), (await MadeUpAsync(organisation, names: 600)).Select(Convert.ToHexString));
    }

    // Of names that are nobody's: those of single credentials of a kind that stand alone, unless all are asked for.
    private async Task<List<byte[]>> MadeUpAsync(TestOrganisation organisation, CredentialKind kind = CredentialKind.Key, int? names = null)
    {
        var ids = new List<byte[]>();
        for (var n = 0; names is null ? ids.Count < 8 && n < 2000 : n < names; n++)
        {
            var challenge = await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = $"nobody-{n}@example.co", ["orgId"] = organisation.Id });
            var allowed = challenge.Body["allowCredentials"]!;
            var alone = challenge.Body["supportedCredentialKinds"]!.AsArray() is [var only] && (string)only!["kind"]! == kind.ToString();
            if (names is null && !alone) continue;
            // Of keys there are names beside the ids.
            ids.AddRange(allowed.AsObject().SelectMany(k => k.Value!.AsArray()).Select(c => (string)c!["id"]!).Where(id => !id.StartsWith("cr-", StringComparison.Ordinal)).Select(id => Base64Url.DecodeFromChars(id)));
        }

        return ids;
    }

    private static async Task<Answer> AnyAsync(TestOrganisation organisation, string id, string kind, string? userHandle)
    {
        var challenge = await organisation.Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id });
        return await organisation.Service.PostAsync("/auth/login", Forged(new Registered(organisation, "us-x", "", null!, null, null), challenge, id, kind, userHandle));
    }

    private static JsonObject Forged(Registered user, Answer challenge, string id, string kind, string? userHandle)
    {
        var text = challenge.Require("challenge");
        var stranger = HeldCredential.Create(kind == "Fido2" ? CredentialKind.Fido2 : CredentialKind.Key, text, user.Organisation, user.UserId);
        var factor = stranger.Sign(text);
        factor["kind"] = kind;
        factor["credentialAssertion"]!["credId"] = id;
        if (kind == "Fido2") factor["credentialAssertion"]!["userHandle"] = userHandle is null ? null : Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(userHandle));
        return new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = factor };
    }

    // But for what is new each time.
    private static Answer Without(Answer answer)
    {
        foreach (var member in new[] { "challenge", "temporaryAuthenticationToken" }) answer.Body.AsObject().Remove(member);
        return answer with { Text = answer.Body.ToJsonString() };
    }

    private static async Task<Answer> RegisterAsync(TestOrganisation organisation, string name, Func<Challenge, JsonObject> body)
    {
        var challenge = await (await organisation.Service.InviteAsync(organisation, name)).InitAsync();
        return await challenge.CompleteAsync(body(challenge));
    }

    private static async Task<Answer> RecoverAsync(TestOrganisation organisation, string name, Func<Recovering, JsonObject> credentials)
    {
        var recovering = await Recovering.StartAsync(await Registered.NewAsync(organisation, recovery: true, username: name));
        var answer = await organisation.Service.PostAsync("/auth/recover/user", recovering.BodyOf(credentials(recovering)), recovering.Token);
        if (answer.Status == System.Net.HttpStatusCode.OK) await organisation.Service.Inbox.NextNoticeAsync();
        return answer;
    }

    private static JsonObject Added(Adding adding, byte[] id, SoftwareKey? key)
    {
        var body = Key(adding.Challenge.Require("challenge"), id, key);
        (body["credentialName"], body["challengeIdentifier"]) = ("Another one", adding.Challenge.Require("challengeIdentifier"));
        return body;
    }

    private static JsonObject Key(string challenge, byte[]? id, SoftwareKey? key, CredentialKind kind = CredentialKind.Key)
    {
        var json = (key ?? SoftwareKey.P256()).Create(challenge, kind, d => d.CredentialId = id ?? d.CredentialId).ToJson();
        if (kind == CredentialKind.RecoveryKey) json["encryptedPrivateKey"] = "an-encrypted-private-key";
        return json;
    }
}
