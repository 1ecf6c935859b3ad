using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// Whatever a user can have many of is bounded, by whichever way it grows and however many come at once; and what was stored before there was
/// a bound is served in bounded answers.
/// </summary>
public abstract class UserBoundTests(ServiceFixture fixture) : SocialTests(fixture)
{
    private const string Recovering = "challenges to recover";
    private const string Registering = "challenges to register";
    private const string Adding = "challenges for a credential";

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : UserBoundTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : UserBoundTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Every way in which something of a user grows, what grows, and how many may be in use of it.
    private static readonly Dictionary<string, (string What, int InUse)> Ways = new(StringComparer.Ordinal)
    {
        ["adding a Fido2 in a session"] = ("credentials", 20),
        ["adding a Key in a session"] = ("credentials", 20),
        ["adding a PasswordProtectedKey in a session"] = ("credentials", 20),
        ["adding a RecoveryKey in a session"] = ("credentials", 20),
        ["adding a Key with a code"] = ("credentials", 20),
        ["activating a credential"] = ("credentials", 20),
        ["recovering"] = ("credentials", 20),
        ["making a code for another device"] = ("codes for another device", 20),
        ["signing in"] = ("sessions", 20),
        ["signing in by a back end"] = ("sessions", 20),
        ["signing in with an ID token"] = ("sessions", 20),
        ["renewing a service account"] = ("sessions", 20),
        ["beginning a signed call"] = ("signed calls", 20),
        ["beginning a sign-in with a code"] = ("sign-ins with a code", 5),
        ["beginning to register with a code"] = (Registering, 5),
        // Beginning again ends what was begun before.
        ["beginning to register by a back end"] = (Registering, 1),
        ["beginning to register with an ID token"] = (Registering, 5),
        ["beginning to recover with a code"] = (Recovering, 5),
        ["beginning to recover by a back end"] = (Recovering, 5),
        ["beginning to add a credential in a session"] = (Adding, 5),
        ["beginning to add a credential with a code"] = (Adding, 5),
        ["asking for a registration code"] = ("mailed codes", 3),
        ["asking for a login code"] = ("mailed codes", 3),
        ["asking for a recovery code"] = ("mailed codes", 3),
        ["coming from a provider"] = ("accounts at providers", 1),
    };

    public static TheoryData<string> AllWays => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(AllWays))]
    public async Task However_many_come_at_once_there_are_no_more_than_may_be(string way)
    {
        var (what, most) = Ways[way];
        await using var provider = await OpenIdProvider.StartAsync();
        var scene = await SceneAsync(provider, way);
        if (most > 1) await FillAsync(scene, what, most - 1);
        var calls = await PrepareAsync(scene, way);

        var answers = await Task.WhenAll(calls.Select(call => call()));

        if (way.StartsWith("asking", StringComparison.Ordinal)) await Service.Inbox.NextAsync();
        Assert.True(answers.Any(a => (int)a.Status == 200), $"{way}: {answers[0].Text}");
        // What is refused is refused for that, or because another came first; what gives way to what is new is refused to nobody.
        var isRefused = what is "credentials" or "codes for another device";
        Assert.All(answers, a => Assert.True((int)a.Status == 200 || (isRefused && a.Code is "limit_reached" or "changed_meanwhile" or "not_authorized"), $"{way}: {a.Text}"));
        var (inUse, inAll) = await CountAsync(scene, what);
        Assert.True(inUse <= most && inAll <= UserRows.Most, $"{way}: {inUse} of {inAll}");
        if (what is not "mailed codes" && way is not "recovering" and not "renewing a service account") Assert.Equal(most, inUse);
    }

    [Fact]
    public async Task One_credential_too_many_is_refused_before_it_is_made_and_room_is_made_by_what_the_answer_says()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        await AddRowsAsync(user, 18, CredentialStatus.Active);
        Assert.Equal("limit_reached", (await Running.Adding.TryInitAsync(caller, "Key")).Code);
        var code = await MakeCodeAsync(caller);
        var refused = await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = code, ["credentialKind"] = "Key" });
        Assert.Equal((409, "limit_reached"), ((int)refused.Status, refused.Code));
        Assert.EndsWith("Deactivate or archive an active credential first.", refused.Message, StringComparison.Ordinal);

        var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == user.UserId && c.Name == "Row 0").Select(c => c.Uuid).SingleAsync());
        Assert.Equal(200, (int)(await caller.PutAsync("/auth/credentials/deactivate", new JsonObject { ["credentialUuid"] = uuid })).Status);

        Assert.Equal(200, (int)(await Running.Adding.TryInitAsync(caller, "Key")).Status);
        Assert.Equal(200, (int)(await caller.PutAsync("/auth/credentials/activate", new JsonObject { ["credentialUuid"] = uuid })).Status);
        Assert.Equal("limit_reached", (await Running.Adding.TryInitAsync(caller, "Key")).Code);
    }

    [Fact]
    public async Task Deactivated_credentials_count_and_archived_ones_make_room_the_oldest_first_and_recovery_keys_last()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        await AddRowsAsync(user, 98, CredentialStatus.Inactive);
        var refused = await Running.Adding.TryInitAsync(caller, "Key");
        Assert.Equal("limit_reached", refused.Code);
        Assert.EndsWith("Archive a deactivated credential first.", refused.Message, StringComparison.Ordinal);

        // All rows there may be, most of them archived, one after the other.
        await Service.InDatabaseAsync(async db =>
        {
            var rows = await db.Credentials.Where(c => c.UserId == user.UserId && c.Status == CredentialStatus.Inactive).ToListAsync();
            foreach (var row in rows) (row.Status, row.ArchivedAt) = (CredentialStatus.Archived, Service.Clock.GetUtcNow().AddMinutes(int.Parse(row.Name[4..], CultureInfo.InvariantCulture) - 1000));
            db.Entry(rows.Single(r => r.Name == "Row 0")).Property(r => r.Kind).CurrentValue = CredentialKind.RecoveryKey;
            return await db.SaveChangesAsync();
        });
        for (var n = 0; n < 2; n++)
        {
            var adding = await Running.Adding.InitAsync(user, caller, CredentialKind.Key);
            Assert.Equal(200, (int)(await caller.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)))).Status);
        }

        var names = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == user.UserId).Select(c => c.Name).ToListAsync());
        Assert.Equal(UserRows.Most, names.Count);
        Assert.Equal(["Row 1", "Row 2"], Enumerable.Range(0, 98).Select(n => $"Row {n}").Except(names));
    }

    [Fact]
    public async Task One_session_too_many_ends_the_oldest_and_no_other()
    {
        var user = await UserAsync();
        var first = await user.SignedInAsync();
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await user.SignedInAsync();
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        for (var n = 2; n < UserRows.MostInUse; n++) await user.LoginAsync();
        Assert.Equal(200, (int)(await first.GetAsync("/auth/credentials")).Status);

        var last = await user.SignedInAsync();

        Assert.Equal((401, 200, 200), ((int)(await first.GetAsync("/auth/credentials")).Status, (int)(await second.GetAsync("/auth/credentials")).Status, (int)(await last.GetAsync("/auth/credentials")).Status));
    }

    [Fact]
    public async Task A_signed_call_too_many_ends_the_oldest_and_those_of_a_program_are_not_counted()
    {
        var user = await UserAsync();
        var caller = await user.SignedInAsync();
        var backend = await user.Organisation.NewServiceAccountAsync(Permission.LoginDelegated);
        var (ofUser, ofBackend) = (new List<Answer>(), new List<Answer>());
        for (var n = 0; n <= UserRows.MostInUse; n++, Service.Clock.Advance(TimeSpan.FromMilliseconds(1)))
        {
            ofUser.Add(await caller.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", "{}"));
            ofBackend.Add(await backend.InitActionAsync(HttpMethod.Post, "/auth/login/delegated", "{}"));
        }

        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/action", caller.AnswerTo(ofUser[0]), caller.Token)).Code);
        foreach (var begun in ofUser[1..]) Assert.Equal(200, (int)(await Service.PostAsync("/auth/action", caller.AnswerTo(begun), caller.Token)).Status);
        foreach (var begun in ofBackend) Assert.Equal(200, (int)(await Service.PostAsync("/auth/action", backend.AnswerTo(begun), backend.Token)).Status);
    }

    // Nobody else's flood of begun sign-ins ends one that somebody is about to complete.
    [Fact]
    public async Task Sign_ins_that_are_begun_by_name_end_none_whoever_begins_them()
    {
        var user = await UserAsync();
        var begun = await user.LoginBodyAsync();

        for (var n = 0; n < UserRows.Most + 10; n++) await user.TryInitLoginAsync();

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", begun)).Status);
    }

    // As a database may be by now that was filled before.
    [Fact]
    public async Task A_user_who_has_more_than_may_be_is_served_in_bounded_answers()
    {
        const int many = 518;
        var user = await UserAsync();
        var key = SoftwareKey.P256();
        await AddRowsAsync(user, many, CredentialStatus.Active, CredentialKind.PasswordProtectedKey, key);
        await AddRowsAsync(user, many, CredentialStatus.Archived, from: many);
        await AddRowsAsync(user, many, CredentialStatus.Inactive, CredentialKind.Fido2, from: 2 * many);
        var scene = new Scene(user.Organisation, user, null!, null!, null!);
        foreach (var what in new[] { "sessions", "signed calls", "sign-ins with a code", Recovering, Adding, "codes for another device" }) await FillAsync(scene, what, many);

        // Which credentials it is for is told of some; that of which it is not told signs all the same.
        var challenge = await user.TryInitLoginAsync();
        Assert.Single(challenge.Body["allowCredentials"]!["webauthn"]!.AsArray());
        Assert.InRange(challenge.Text.Length, 1, 16 * 1024);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", SignedBy(challenge))).Status);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/code", Named(user))).Status);
        var coded = Named(user);
        coded["loginCode"] = (await Service.Inbox.NextAsync()).Code;
        var withKeys = await Service.PostAsync("/auth/login/init", coded);
        Assert.InRange(withKeys.Body["allowCredentials"]!["passwordProtectedKey"]!.AsArray().Count, 1, UserRows.MostInUse);
        var caller = new SigningCaller(Service, (await Service.PostAsync("/auth/login", SignedBy(withKeys))).Require("token"), SignedBy);

        Assert.InRange((await caller.GetAsync("/auth/credentials")).Body["items"]!.AsArray().Count, 1, UserRows.Most);
        Assert.InRange((await caller.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}")).Body["allowCredentials"]!["key"]!.AsArray().Count, 0, UserRows.MostInUse);
        Assert.Equal("limit_reached", (await Running.Adding.TryInitAsync(caller, "Fido2")).Code);
        Assert.Equal("limit_reached", (await caller.PutAsync("/auth/credentials/activate", new JsonObject { ["credentialUuid"] = await UuidAsync(CredentialStatus.Inactive) })).Code);
        Assert.Equal(200, (int)(await caller.PutAsync("/auth/credentials/deactivate", new JsonObject { ["credentialUuid"] = await UuidAsync(CredentialStatus.Active) })).Status);
        var recovered = await (await Tests.Running.Recovering.StartAsync(user)).CompleteAsync();

        // Whatever was touched is within its bounds by now.
        await recovered.LoginAsync();
        foreach (var what in new[] { "sessions", "signed calls", "sign-ins with a code", "credentials" })
        {
            var (inUse, inAll) = await CountAsync(scene, what);
            // Archived ones that opened a session stay for as long as that is kept.
            Assert.True(inUse <= UserRows.MostInUse && inAll <= UserRows.Most + 2, $"{what}: {inUse} of {inAll}");
        }

        JsonObject SignedBy(Answer to) => new()
        {
            ["challengeIdentifier"] = to.Require("challengeIdentifier"),
            ["firstFactor"] = key.Get(to.Require("challenge"), RowId(user, 0)).ToJson(CredentialKind.PasswordProtectedKey),
        };

        Task<string> UuidAsync(CredentialStatus status) => Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == user.UserId && c.Status == status && c.Name.StartsWith("Row ")).OrderByDescending(c => c.Uuid).Select(c => c.Uuid).FirstAsync());
    }

    private async Task<Registered> UserAsync() => await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);

    private async Task<Scene> SceneAsync(OpenIdProvider provider, string way)
    {
        var organisation = await OrganisationAsync(provider);
        var backend = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.LoginDelegated, Permission.RecoverDelegated);
        if (way is "beginning to register with an ID token" or "coming from a provider")
        {
            var begun = await StartAsync(organisation, Draft(provider));
            return new Scene(organisation, new Registered(organisation, begun.UserId, "jane@example.co", null!, null, null), backend, null!, provider);
        }

        if (way == "beginning to register by a back end")
        {
            var begun = await backend.PostAsync("/auth/registration/delegated", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser" });
            return new Scene(organisation, new Registered(organisation, (string)begun.Body["user"]!["id"]!, "jane@example.co", null!, null, null), backend, null!, provider);
        }

        if (way is "beginning to register with a code" or "asking for a registration code")
        {
            var invited = await Service.InviteAsync(organisation, "jane@example.co");
            return new Scene(organisation, new Registered(organisation, invited.UserId, invited.Username, null!, null, null), backend, null!, provider) { Code = invited.Code };
        }

        var user = way == "signing in with an ID token"
            ? await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co", recovery: true)
            // A passkey's counter would make copies of those that come out of turn.
            : await Registered.NewAsync(organisation, CredentialKind.Key, recovery: true);
        if (way == "renewing a service account") user = user with { UserId = backend.UserId };
        return new Scene(organisation, user, backend, way == "renewing a service account" ? null! : await user.SignedInAsync(), provider);
    }

    // The calls that make it grow, ready to be sent.
    private async Task<List<Func<Task<Answer>>>> PrepareAsync(Scene scene, string way)
    {
        var (user, caller) = (scene.User, scene.Caller);
        switch (way.Split(' '))
        {
            case ["adding", "a", var kind, "in", ..]:
                return await ManyAsync(4, async _ =>
                {
                    var adding = await Running.Adding.InitAsync(user, caller, Enum.Parse<CredentialKind>(kind));
                    return await SignedAsync(caller, HttpMethod.Post, "/auth/credentials", adding.BodyOf(adding.Make(Enum.Parse<CredentialKind>(kind))));
                });
            case ["adding", "a", "Key", "with", ..]:
                return await ManyAsync(4, async _ =>
                {
                    var adding = Running.Adding.Of(user, await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = await MakeCodeAsync(caller), ["credentialKind"] = "Key" }));
                    var body = adding.BodyOf(adding.Make(CredentialKind.Key));
                    return () => Service.PostAsync("/auth/credentials/code/verify", body);
                });
            case ["activating", ..]:
                return await ManyAsync(4, async n =>
                {
                    var uuid = string.Create(CultureInfo.InvariantCulture, $"cr-{user.UserId}-{900 + n:0000}");
                    await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.Uuid == uuid).ExecuteUpdateAsync(c => c.SetProperty(x => x.Status, CredentialStatus.Inactive)));
                    return await SignedAsync(caller, HttpMethod.Put, "/auth/credentials/activate", new JsonObject { ["credentialUuid"] = uuid });
                });
            case ["recovering"]:
                var code = await Tests.Running.Recovering.CodeAsync(user);
                return await ManyAsync(3, async _ =>
                {
                    var started = Tests.Running.Recovering.Of(user, await Tests.Running.Recovering.TryStartAsync(user, code));
                    var body = started.GoodBody();
                    return () => started.CompleteAsync(body);
                });
            case ["making", ..]:
                return await ManyAsync(8, _ => SignedAsync(caller, HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() }));
            case ["signing", "in"]:
                return await ManyAsync(32, async _ =>
                {
                    var body = await user.LoginBodyAsync();
                    return () => Service.PostAsync("/auth/login", body);
                });
            case ["signing", "in", "by", ..]:
                return await ManyAsync(32, _ => SignedAsync(scene.Backend, HttpMethod.Post, "/auth/login/delegated", new JsonObject { ["username"] = user.Username }));
            case ["signing", "in", "with", ..]:
                return await ManyAsync(32, n =>
                {
                    var draft = Draft(scene.Provider);
                    draft.Claims["jti"] = $"{n}";
                    var body = Body(scene.Organisation, draft.Encode());
                    return Task.FromResult<Func<Task<Answer>>>(() => Service.PostAsync("/auth/login/social", body.DeepClone()));
                });
            case ["renewing", ..]:
                return [() => RenewAsync(scene, times: 30)];
            case ["beginning", "a", "signed", ..]:
                return await ManyAsync(48, _ => Task.FromResult<Func<Task<Answer>>>(() => caller.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}")));
            case ["beginning", "a", "sign-in", ..]:
                Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/code", Named(user))).Status);
                var coded = Named(user);
                coded["loginCode"] = (await Service.Inbox.NextAsync()).Code;
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => Service.PostAsync("/auth/login/init", coded.DeepClone())));
            case ["beginning", "to", "register", "with", "a", ..]:
                var invited = new Invited(scene.Organisation, user.UserId, user.Username, scene.Code!);
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => invited.TryInitAsync()));
            case ["beginning", "to", "register", "by", ..]:
                return await ManyAsync(16, _ => SignedRepeatedlyAsync(scene.Backend, "/auth/registration/delegated/restart", new JsonObject { ["email"] = user.Username, ["kind"] = "EndUser" }));
            case ["beginning", "to", "register", "with", "an", ..] or ["coming", ..]:
                var token = Draft(scene.Provider).Encode();
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => Service.PostAsync("/auth/registration/social", Body(scene.Organisation, token))));
            case ["beginning", "to", "recover", "with", ..]:
                var mailed = await Tests.Running.Recovering.CodeAsync(user);
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => Tests.Running.Recovering.TryStartAsync(user, mailed)));
            case ["beginning", "to", "recover", "by", ..]:
                return await ManyAsync(16, _ => SignedRepeatedlyAsync(scene.Backend, "/auth/recover/user/delegated", new JsonObject { ["username"] = user.Username, ["credentialId"] = user.Recovery!.CredId }));
            case ["beginning", "to", "add", "a", "credential", "in", ..]:
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => Running.Adding.TryInitAsync(caller, "Fido2")));
            case ["beginning", "to", "add", "a", "credential", "with", ..]:
                var made = await MakeCodeAsync(caller);
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = made, ["credentialKind"] = "Key" })));
            case ["asking", "for", "a", var purpose, ..]:
                var (method, path) = purpose switch
                {
                    "registration" => (HttpMethod.Put, "/auth/registration/code"),
                    "login" => (HttpMethod.Post, "/auth/login/code"),
                    _ => (HttpMethod.Post, "/auth/recover/user/code"),
                };
                return await ManyAsync(16, _ => Task.FromResult<Func<Task<Answer>>>(() => Service.SendAsync(method, path, Service.Json(Named(user)), bearer: null)));
            default:
                throw new InvalidOperationException(way);
        }
    }

    private static async Task<List<Func<Task<Answer>>>> ManyAsync(int count, Func<int, Task<Func<Task<Answer>>>> prepare)
    {
        var calls = new List<Func<Task<Answer>>>();
        for (var n = 0; n < count; n++) calls.Add(await prepare(n));
        return calls;
    }

    private static async Task<Func<Task<Answer>>> SignedAsync(SigningCaller caller, HttpMethod method, string path, JsonNode body)
    {
        var action = await caller.SignAsync(method, path, body.ToJsonString());
        return () => caller.SendAsync(method, path, body, action);
    }

    // Of those that a back end begins for one user at once all but one are told to sign anew; it does.
    private static Task<Func<Task<Answer>>> SignedRepeatedlyAsync(SigningCaller caller, string path, JsonObject body) => Task.FromResult<Func<Task<Answer>>>(async () =>
    {
        while (true)
        {
            var answer = await caller.PostAsync(path, body.DeepClone());
            if (answer.Code != "changed_meanwhile") return answer;
        }
    });

    private static JsonObject Named(Registered user) => new() { ["username"] = user.Username, ["orgId"] = user.Organisation.Id };

    private async Task<string> MakeCodeAsync(SigningCaller caller) =>
        (await caller.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() })).Require("code");

    // As an operator, one after the other.
    private async Task<Answer> RenewAsync(Scene scene, int times)
    {
        if (times > 1) await RenewAsync(scene, times - 1);
        await using var scope = Service.Services.CreateAsyncScope();
        var account = await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().Users.SingleAsync(u => u.OrganisationId == scene.Organisation.Id && u.Id == scene.Backend.UserId);
        scope.ServiceProvider.GetRequiredService<ServiceAccountStore>().Renew(account, earlier: null, Service.Clock.GetUtcNow().AddDays(100));
        await scope.ServiceProvider.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
        return new Answer(System.Net.HttpStatusCode.OK, new JsonObject(), "{}", new Dictionary<string, string>(StringComparer.Ordinal));
    }

    private static string RowId(Registered user, int n) => System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{user.UserId} {n}")));

    private Task<int> AddRowsAsync(
        Registered user, int count, CredentialStatus status, CredentialKind kind = CredentialKind.Key, SoftwareKey? firstKey = null, int from = 0) => Service.InDatabaseAsync(db =>
    {
        for (var n = from; n < from + count; n++)
        {
            var id = RowId(user, n);
            db.Credentials.Add(new Credential
            {
                OrganisationId = user.Organisation.Id,
                Uuid = string.Create(CultureInfo.InvariantCulture, $"cr-{user.UserId}-{n:0000}"),
                UserId = user.UserId,
                Kind = kind,
                Slot = CredentialSlot.FirstFactor,
                Name = string.Create(CultureInfo.InvariantCulture, $"Row {n}"),
                CredentialId = System.Buffers.Text.Base64Url.DecodeFromChars(id),
                CredentialIdText = id,
                PublicKey = n == from && firstKey is not null ? firstKey.SubjectPublicKeyInfo : RandomNumberGenerator.GetBytes(91),
                PublicKeyPem = n == from && firstKey is not null ? firstKey.Pem : null,
                EncryptedPrivateKey = kind == CredentialKind.PasswordProtectedKey ? new string('k', 32 * 1024) : null,
                RelyingPartyId = user.Organisation.RelyingPartyId,
                Status = status,
                ArchivedAt = status == CredentialStatus.Archived ? Service.Clock.GetUtcNow().AddHours(-1) : null,
                CreatedAt = Service.Clock.GetUtcNow().AddDays(-1),
            });
        }

        return db.SaveChangesAsync();
    });

    // Up to so many in use; and of those that give way to new ones many that are over.
    private async Task FillAsync(Scene scene, string what, int inUse)
    {
        var (user, now) = (scene.User, Service.Clock.GetUtcNow());
        var there = (await CountAsync(scene, what)).InUse;
        switch (what)
        {
            case "credentials":
                await AddRowsAsync(user, inUse - there, CredentialStatus.Active);
                await AddRowsAsync(user, UserRows.Most - inUse, CredentialStatus.Archived, from: 900);
                return;
            case "codes for another device":
                await RowsAsync(inUse - there, n => new CredentialCode { CodeHash = RandomNumberGenerator.GetBytes(32), OrganisationId = user.Organisation.Id, UserId = user.UserId, CreatedAt = now, ExpiresAt = now.AddMinutes(1) });
                await RowsAsync(UserRows.Most + 30, n => new CredentialCode { CodeHash = RandomNumberGenerator.GetBytes(32), OrganisationId = user.Organisation.Id, UserId = user.UserId, CreatedAt = now.AddMinutes(-5), ExpiresAt = now.AddMinutes(-4) });
                return;
            case "sessions":
                await RowsAsync(Math.Max(0, inUse - there), n => Session(n, revoked: null));
                await RowsAsync(UserRows.Most + 30, n => Session(1000 + n, revoked: now));
                return;
            case "signed calls":
                await RowsAsync(Math.Max(0, inUse - there), n => Challenge(n, CeremonyPurpose.UserAction, null));
                await RowsAsync(UserRows.Most + 30, n =>
                {
                    var row = Challenge(1000 + n, CeremonyPurpose.UserAction, null);
                    row.ConsumedAt = now;
                    return row;
                });
                return;
            case "sign-ins with a code":
                await RowsAsync(inUse - there, n => Challenge(n, CeremonyPurpose.Login, Ceremony.ByLoginCode));
                return;
            case Recovering:
                await RowsAsync(inUse - there, n => Challenge(n, CeremonyPurpose.Recovery, "AA"));
                return;
            case Registering:
                await RowsAsync(inUse - there, n => Challenge(n, CeremonyPurpose.Registration, null));
                return;
            case Adding:
                await RowsAsync(inUse - there, n => Challenge(n, CeremonyPurpose.NewCredential, "Key"));
                return;
        }

        AccessToken Session(int n, DateTimeOffset? revoked) => new()
        {
            OrganisationId = user.Organisation.Id,
            Id = $"to-{user.UserId}-{n}",
            UserId = user.UserId,
            Kind = AccessTokenKind.Token,
            CreatedAt = now.AddHours(-1),
            ExpiresAt = now.AddHours(1),
            RevokedAt = revoked,
        };

        Ceremony Challenge(int n, CeremonyPurpose purpose, string? boundTo) => new()
        {
            OrganisationId = user.Organisation.Id,
            Id = $"ce-{user.UserId}-{purpose}-{n}",
            Purpose = purpose,
            UserId = user.UserId,
            Challenge = "Y2hhbGxlbmdl",
            CreatedAt = now.AddMinutes(-1),
            ExpiresAt = now.AddMinutes(4),
            BoundTo = boundTo,
        };
    }

    private Task<int> RowsAsync(int count, Func<int, object> make) => Service.InDatabaseAsync(db =>
    {
        db.AddRange(Enumerable.Range(0, count).Select(make));
        return db.SaveChangesAsync();
    });

    private Task<(int InUse, int InAll)> CountAsync(Scene scene, string what) => Service.InDatabaseAsync(async db =>
    {
        var (organisation, user, now) = (scene.Organisation.Id, scene.User.UserId, Service.Clock.GetUtcNow());
        var ceremonies = db.Ceremonies.Where(c => c.OrganisationId == organisation && c.UserId == user);
        switch (what)
        {
            case "credentials":
                var credentials = db.Credentials.Where(c => c.OrganisationId == organisation && c.UserId == user);
                return (await credentials.CountAsync(c => c.Status == CredentialStatus.Active), await credentials.CountAsync());
            case "codes for another device":
                var codes = db.CredentialCodes.Where(c => c.OrganisationId == organisation && c.UserId == user);
                return (await codes.CountAsync(c => c.ConsumedAt == null && c.ExpiresAt > now), await codes.CountAsync());
            case "sessions":
                var sessions = db.AccessTokens.Where(t => t.OrganisationId == organisation && t.UserId == user);
                return (await sessions.CountAsync(t => t.RevokedAt == null && t.ExpiresAt > now), await sessions.CountAsync());
            case "mailed codes":
                var mailed = await db.Codes.CountAsync(c => c.OrganisationId == organisation && c.UserId == user);
                return (mailed, mailed);
            case "accounts at providers":
                var accounts = await db.SocialAccounts.CountAsync(a => a.OrganisationId == organisation && a.UserId == user);
                return (accounts, accounts);
            default:
                var purpose = what switch
                {
                    "signed calls" => CeremonyPurpose.UserAction,
                    "sign-ins with a code" => CeremonyPurpose.Login,
                    Registering => CeremonyPurpose.Registration,
                    Recovering => CeremonyPurpose.Recovery,
                    _ => CeremonyPurpose.NewCredential,
                };
                ceremonies = ceremonies.Where(c => c.Purpose == purpose && (purpose != CeremonyPurpose.Login || c.BoundTo == Ceremony.ByLoginCode));
                return (await ceremonies.CountAsync(c => c.ConsumedAt == null && c.ExpiresAt > now), await ceremonies.CountAsync());
        }
    });

    /// <summary>A user, and everybody who makes something of the user grow.</summary>
    private sealed record Scene(TestOrganisation Organisation, Registered User, SigningCaller Backend, SigningCaller Caller, OpenIdProvider Provider)
    {
        public string? Code { get; init; }
    }
}
