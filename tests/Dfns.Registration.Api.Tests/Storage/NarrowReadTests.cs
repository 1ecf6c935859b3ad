using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// What each call asks the database for, statement by statement: an encrypted private key only where it is handed out, a public key only where
/// something is held against it. Every endpoint of the API is called once.
/// </summary>
public abstract partial class NarrowReadTests(ServiceFixture fixture) : SocialTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : NarrowReadTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : NarrowReadTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // With a login code a sign-in is handed the keys that it wants, a signed call in a session, a recovery the one key that it was begun with.
    private static readonly string[] ReadingPrivateKeys = ["POST /auth/login/init with a code", "POST /auth/action/init", "POST /auth/recover/user/init", "POST /auth/recover/user/delegated"];

    // Names of credentials, and nothing to hold against them.
    private static readonly string[] ReadingIdsAlone = ["POST /auth/login/init", "POST /auth/login/init with a code", "POST /auth/action/init", "POST /auth/credentials/init", "POST /auth/credentials/code/init"];

    // How many lines the log had when the call was sent that is looked at.
    private int sent;

    [Fact]
    public async Task No_call_reads_a_key_that_it_has_no_use_for()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var service = await Service.StartAsync(Service.Database, ("Serilog:MinimumLevel:Override:Microsoft.EntityFrameworkCore.Database.Command", "Information"));
        var own = await OrganisationAsync(provider);
        var organisation = own with { Service = service };
        var backend = (await organisation.NewServiceAccountAsync([.. Permission.All])) with { Service = service };
        var calls = new Dictionary<string, Func<Task<Answer>>>(StringComparer.Ordinal);

        var invited = await service.InviteAsync(organisation, "jane@example.co");
        var challenge = await invited.InitAsync();
        var user = new Registered(
            organisation, invited.UserId, invited.Username, Make(challenge, CredentialKind.PasswordProtectedKey), Second: null, Make(challenge, CredentialKind.RecoveryKey));
        calls["POST /auth/registration/init"] = () => invited.TryInitAsync();
        calls["PUT /auth/registration/code"] = () => service.PutAsync("/auth/registration/code", Named("newcomer@example.co"));
        calls["POST /auth/registration"] = () => challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = user.First.Registration, ["recoveryCredential"] = user.Recovery!.Registration });
        var another = await (await service.InviteAsync(organisation, "another@example.co")).InitAsync();
        calls["POST /auth/registration/enduser"] = () => service.PostAsync("/auth/registration/enduser", another.GoodBody(), another.Token);
        calls["POST /auth/registration/delegated"] = () => SendAsync(backend, HttpMethod.Post, "/auth/registration/delegated", new JsonObject { ["email"] = "delegated@example.co", ["kind"] = "EndUser" });
        calls["POST /auth/registration/delegated/restart"] = () => SendAsync(backend, HttpMethod.Post, "/auth/registration/delegated/restart", new JsonObject { ["email"] = "delegated@example.co", ["kind"] = "EndUser" });
        Answer? social = null;
        calls["POST /auth/registration/social"] = async () => social = await service.PostAsync("/auth/registration/social", Body(organisation, Draft(provider, "1", "social@example.co").Encode()));
        Answer? begun = null;
        calls["POST /auth/login/init"] = async () => begun = await user.TryInitLoginAsync();
        calls["POST /auth/login"] = () => service.PostAsync("/auth/login", user.AnswerTo(begun!));
        calls["POST /auth/login/code"] = () => service.PostAsync("/auth/login/code", Named(user.Username));
        calls["POST /auth/login/init with a code"] = async () =>
        {
            var body = Named(user.Username);
            body["loginCode"] = (await service.Inbox.NextAsync()).Code;
            sent = service.Log.Lines.Count;
            return await service.PostAsync("/auth/login/init", body);
        };
        calls["POST /auth/login/delegated"] = () => SendAsync(backend, HttpMethod.Post, "/auth/login/delegated", new JsonObject { ["username"] = user.Username });
        calls["POST /auth/login/social"] = async () =>
        {
            var started = new Challenge(organisation, (string)social!.Body["user"]!["id"]!, social.Require("challenge"), social.Require("temporaryAuthenticationToken"), social.Body);
            await Registered.CompleteAsync(started, "social@example.co");
            sent = service.Log.Lines.Count;
            return await service.PostAsync("/auth/login/social", Body(organisation, Draft(provider, "1", "social@example.co").Encode()));
        };

        string? sentTo = null;
        calls["POST /auth/login/sso/init"] = async () =>
        {
            await organisation.SendToAsync(provider.Issuer);
            sent = service.Log.Lines.Count;
            var answer = await service.PostAsync("/auth/login/sso/init", organisation.InitBody());
            sentTo = answer.Require("ssoRedirectUrl");
            return answer;
        };
        calls["POST /auth/login/sso"] = () =>
            service.PostAsync("/auth/login/sso", SingleSignOn.Body(provider.SignIn(sentTo!, Draft(provider, "1", "social@example.co").With(d => d.Claims["jti"] = "another"))));

        SigningCaller caller = null!;
        Answer? action = null;
        calls["POST /auth/action/init"] = async () =>
        {
            caller = await user.SignedInAsync();
            sent = service.Log.Lines.Count;
            action = await caller.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}");
            return action;
        };
        calls["POST /auth/action"] = () => service.PostAsync("/auth/action", caller.AnswerTo(action!), caller.Token);
        calls["GET /auth/credentials"] = () => caller.GetAsync("/auth/credentials");
        Adding? adding = null;
        calls["POST /auth/credentials/init"] = async () =>
        {
            var answer = await Running.Adding.TryInitAsync(caller, "Fido2");
            adding = Running.Adding.Of(user, answer);
            return answer;
        };
        Answer? added = null;
        calls["POST /auth/credentials"] = async () => added = await SendAsync(caller, HttpMethod.Post, "/auth/credentials", adding!.BodyOf(adding.Make(CredentialKind.Fido2)));
        calls["PUT /auth/credentials/deactivate"] = () => SendAsync(caller, HttpMethod.Put, "/auth/credentials/deactivate", Uuid());
        calls["PUT /auth/credentials/activate"] = () => SendAsync(caller, HttpMethod.Put, "/auth/credentials/activate", Uuid());
        calls["PUT /auth/credentials/{credentialUuid}"] = () => SendAsync(caller, HttpMethod.Put, $"/auth/credentials/{added!.Require("credentialUuid")}", new JsonObject { ["credentialName"] = "Another" });
        calls["DELETE /auth/credentials/{credentialUuid}"] = () => SendAsync(caller, HttpMethod.Delete, $"/auth/credentials/{added!.Require("credentialUuid")}", null);
        Answer? code = null;
        calls["POST /auth/credentials/code"] = async () =>
            code = await SendAsync(caller, HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() });
        calls["POST /auth/credentials/code/init"] = async () =>
        {
            var answer = await service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = code!.Require("code"), ["credentialKind"] = "Key" });
            adding = Running.Adding.Of(user, answer);
            return answer;
        };
        calls["POST /auth/credentials/code/verify"] = () => service.PostAsync("/auth/credentials/code/verify", adding!.BodyOf(adding.Make(CredentialKind.Key)));
        calls["POST /auth/introspect"] = async () =>
        {
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("token", caller.Token)]);
            return await service.SendAsync(HttpMethod.Post, "/auth/introspect", form, backend.Token);
        };
        calls["PUT /auth/logout"] = () => service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, caller.Token);
        calls["POST /auth/logout"] = async () =>
        {
            var session = await user.LoginAsync();
            sent = service.Log.Lines.Count;
            return await service.SendAsync(HttpMethod.Post, "/auth/logout", content: null, session);
        };
        Answer? recovering = null;
        calls["POST /auth/recover/user/code"] = () => service.PostAsync("/auth/recover/user/code", Named(user.Username));
        calls["PUT /auth/recover/user/code"] = () => service.PutAsync("/auth/recover/user/code", Named(user.Username));
        calls["POST /auth/recover/user/delegated"] = () => SendAsync(backend, HttpMethod.Post, "/auth/recover/user/delegated", new JsonObject { ["username"] = user.Username, ["credentialId"] = user.Recovery!.CredId });
        calls["POST /auth/recover/user/init"] = async () => recovering = await Recovering.TryStartAsync(user, (await service.Inbox.NextAsync()).Code);
        calls["POST /auth/recover/user"] = () =>
        {
            var recovery = Recovering.Of(user, recovering!);
            return recovery.CompleteAsync(recovery.GoodBody());
        };
        calls["POST /auth/users"] = () => SendAsync(backend, HttpMethod.Post, "/auth/users", new JsonObject { ["email"] = "newcomer@example.co", ["kind"] = "CustomerEmployee" });
        calls["GET /auth/users"] = () => backend.GetAsync("/auth/users");
        calls["GET /auth/users/{userId}"] = () => backend.GetAsync($"/auth/users/{user.UserId}");
        calls["PUT /auth/users/{userId}"] = () => SendAsync(backend, HttpMethod.Put, $"/auth/users/{user.UserId}", new JsonObject { ["isSSORequired"] = false });
        calls["PUT /auth/users/{userId}/deactivate"] = () => SendAsync(backend, HttpMethod.Put, $"/auth/users/{user.UserId}/deactivate", null);
        calls["PUT /auth/users/{userId}/activate"] = () => SendAsync(backend, HttpMethod.Put, $"/auth/users/{user.UserId}/activate", null);
        calls["GET /auth/apps"] = () => backend.GetAsync("/auth/apps");
        Answer? permission = null, assignment = null;
        calls["POST /permissions"] = async () => permission = await SendAsync(backend, HttpMethod.Post, "/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) });
        calls["GET /permissions"] = () => backend.GetAsync("/permissions");
        calls["GET /permissions/{permissionId}"] = () => backend.GetAsync($"/permissions/{permission!.Require("id")}");
        calls["PUT /permissions/{permissionId}"] = () => SendAsync(backend, HttpMethod.Put, $"/permissions/{permission!.Require("id")}", new JsonObject { ["name"] = "Auditors" });
        calls["POST /permissions/{permissionId}/assignments"] = async () => assignment = await SendAsync(backend, HttpMethod.Post, $"/permissions/{permission!.Require("id")}/assignments", new JsonObject { ["identityId"] = backend.UserId });
        calls["GET /permissions/{permissionId}/assignments"] = () => backend.GetAsync($"/permissions/{permission!.Require("id")}/assignments");
        calls["DELETE /permissions/{permissionId}/assignments/{assignmentId}"] = () => SendAsync(backend, HttpMethod.Delete, $"/permissions/{permission!.Require("id")}/assignments/{assignment!.Require("id")}", null);
        calls["PUT /permissions/{permissionId}/archive"] = () => SendAsync(backend, HttpMethod.Put, $"/permissions/{permission!.Require("id")}/archive", new JsonObject { ["isArchived"] = true });
        Answer? account = null;
        calls["POST /auth/service-accounts"] = async () => account = await SendAsync(backend, HttpMethod.Post, "/auth/service-accounts", ServiceAccounts.Body("Back end"));
        calls["GET /auth/service-accounts"] = () => backend.GetAsync("/auth/service-accounts");
        calls["GET /auth/service-accounts/{serviceAccountId}"] = () => backend.GetAsync(Account());
        calls["PUT /auth/service-accounts/{serviceAccountId}"] = () => SendAsync(backend, HttpMethod.Put, Account(), new JsonObject { ["name"] = "Another name" });
        calls["PUT /auth/service-accounts/{serviceAccountId}/deactivate"] = () => SendAsync(backend, HttpMethod.Put, $"{Account()}/deactivate", null);
        calls["PUT /auth/service-accounts/{serviceAccountId}/activate"] = () => SendAsync(backend, HttpMethod.Put, $"{Account()}/activate", null);
        calls["DELETE /auth/service-accounts/{serviceAccountId}"] = () => SendAsync(backend, HttpMethod.Delete, Account(), null);
        Answer? pat = null;
        var jane = (await own.SignedInAsync(UserKind.CustomerEmployee, "employee@example.co", Permission.CreatePats)) with { Service = service };
        calls["POST /auth/pats"] = async () => pat = await SendAsync(jane, HttpMethod.Post, "/auth/pats", ServiceAccounts.Body("Nightly"));
        calls["GET /auth/pats"] = () => jane.GetAsync("/auth/pats");
        calls["GET /auth/pats/{tokenId}"] = () => jane.GetAsync($"/auth/pats/{pat!.Require("tokenId")}");
        calls["PUT /auth/pats/{tokenId}"] = () => SendAsync(jane, HttpMethod.Put, $"/auth/pats/{pat!.Require("tokenId")}", new JsonObject { ["name"] = "Weekly" });
        calls["PUT /auth/pats/{tokenId}/deactivate"] = () => SendAsync(jane, HttpMethod.Put, $"/auth/pats/{pat!.Require("tokenId")}/deactivate", null);
        calls["PUT /auth/pats/{tokenId}/activate"] = () => SendAsync(jane, HttpMethod.Put, $"/auth/pats/{pat!.Require("tokenId")}/activate", null);
        calls["DELETE /auth/pats/{tokenId}"] = () => SendAsync(jane, HttpMethod.Delete, $"/auth/pats/{pat!.Require("tokenId")}", null);
        Answer? webhook = null;
        calls["POST /webhooks"] = async () =>
            webhook = await SendAsync(backend, HttpMethod.Post, "/webhooks", new JsonObject { ["url"] = "https://webhook.invalid/events", ["events"] = new JsonArray("user.created"), ["status"] = "Disabled" });
        calls["GET /webhooks"] = () => backend.GetAsync("/webhooks");
        calls["GET /webhooks/{webhookId}"] = () => backend.GetAsync($"/webhooks/{webhook!.Require("id")}");
        calls["PUT /webhooks/{webhookId}"] = () => SendAsync(backend, HttpMethod.Put, $"/webhooks/{webhook!.Require("id")}", new JsonObject { ["description"] = "Books" });
        calls["POST /webhooks/{webhookId}/ping"] = () => SendAsync(backend, HttpMethod.Post, $"/webhooks/{webhook!.Require("id")}/ping", new JsonObject());
        calls["GET /webhooks/{webhookId}/events"] = () => backend.GetAsync($"/webhooks/{webhook!.Require("id")}/events");
        calls["GET /webhooks/{webhookId}/events/{webhookEventId}"] = async () =>
        {
            await organisation.AddDeliveryAsync(webhook!.Require("id"), "we-1");
            sent = service.Log.Lines.Count;
            return await backend.GetAsync($"/webhooks/{webhook!.Require("id")}/events/we-1");
        };
        calls["DELETE /webhooks/{webhookId}"] = () => SendAsync(backend, HttpMethod.Delete, $"/webhooks/{webhook!.Require("id")}", null);
        calls["GET /auth/action/logs"] = () => backend.GetAsync("/auth/action/logs?startTime=2026-11-23T00:00:00Z&endTime=2027-11-23T00:00:00Z");
        calls["GET /auth/action/logs/{id}"] = async () =>
        {
            var id = await service.InDatabaseAsync(db => db.SignedActions.Where(a => a.OrganisationId == organisation.Id).Select(a => a.Id).FirstAsync());
            sent = service.Log.Lines.Count;
            return await backend.GetAsync($"/auth/action/logs/{id}");
        };
        calls["DELETE /auth/users/{userId}"] = () => SendAsync(backend, HttpMethod.Delete, $"/auth/users/{user.UserId}", null);

        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/auth/", StringComparison.Ordinal) || e.RoutePattern.RawText.StartsWith("/permissions", StringComparison.Ordinal) || e.RoutePattern.RawText.StartsWith("/webhooks", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"));
        // There is none to look at.
        Assert.Empty(routes.Except(calls.Keys).Except(["GET /auth/apps/{appId}"]));

        var wrong = new List<string>();
        foreach (var (name, call) in calls)
        {
            sent = service.Log.Lines.Count;
            var answer = await call();
            Assert.True((int)answer.Status == 200, $"{name}: {answer.Text}");
            var read = service.Log.Lines.Skip(sent).Select(line => (string?)JsonNode.Parse(line)!["commandText"]).OfType<string>().Select(s => Inserted().Replace(s, "")).ToList();
            Assert.True(read.Count > 0, name);
            var readPrivateKeys = read.Where(s => s.Contains("encrypted_private_key", StringComparison.Ordinal)).ToList();
            if (ReadingPrivateKeys.Contains(name)) Assert.NotEmpty(readPrivateKeys);
            else wrong.AddRange(readPrivateKeys.Select(s => $"{name}: {s}"));
            if (ReadingIdsAlone.Contains(name)) wrong.AddRange(read.Where(s => s.Contains("public_key", StringComparison.Ordinal)).Select(s => $"{name}: {s}"));
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));

        JsonObject Named(string username) => new() { ["username"] = username, ["orgId"] = organisation.Id };

        string Account() => $"/auth/service-accounts/{(string)account!.Body["userInfo"]!["userId"]!}";

        JsonObject Uuid() => new() { ["credentialUuid"] = added!.Require("credentialUuid") };

        static HeldCredential Make(Challenge of, CredentialKind kind) => HeldCredential.Create(kind, of.Text, of.Organisation, of.UserId);
    }

    // The call alone, once it is signed.
    private async Task<Answer> SendAsync(SigningCaller caller, HttpMethod method, string path, JsonNode? body)
    {
        var action = await caller.SignAsync(method, path, body?.ToJsonString() ?? "");
        sent = caller.Service.Log.Lines.Count;
        return await caller.SendAsync(method, path, body, action);
    }

    [GeneratedRegex(@"INSERT INTO ""?credentials""? \([^)]*\)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Inserted();

    /// <summary>Every column but the one is read by the projection that leaves it out.</summary>
    [Fact]
    public async Task A_credential_without_its_private_key_is_whole_but_for_that()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);
        var (whole, narrow) = await Service.InDatabaseAsync(async db => (
            await db.Credentials.AsNoTracking().SingleAsync(c => c.UserId == user.UserId),
            await db.Credentials.Where(c => c.UserId == user.UserId).Select(Credential.WithoutPrivateKey).SingleAsync()));
        var model = await Service.InDatabaseAsync(db => Task.FromResult(db.Model.FindEntityType(typeof(Credential))!));

        Assert.NotNull(whole.EncryptedPrivateKey);
        Assert.Equal(
            [nameof(Credential.EncryptedPrivateKey)],
            model.GetProperties().Where(p => !Equals(Shown(p.PropertyInfo!.GetValue(whole)), Shown(p.PropertyInfo.GetValue(narrow)))).Select(p => p.Name));
        Assert.Equal(model.GetProperties().Count() - 1, ((System.Linq.Expressions.MemberInitExpression)Credential.WithoutPrivateKey.Body).Bindings.Count);

        static object? Shown(object? value) => value is byte[] bytes ? Convert.ToHexString(bytes) : value;
    }
}
