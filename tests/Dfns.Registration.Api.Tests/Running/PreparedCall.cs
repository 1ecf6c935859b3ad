using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A request that would succeed, and whom it is about.</summary>
internal sealed record PreparedCall(TestOrganisation Organisation, string User, RawRequest Request)
{
    // One for all; it goes with the run.
    private static readonly Lazy<Task<OpenIdProvider>> Provider = new(OpenIdProvider.StartAsync);

    /// <summary>Calls of each flow, by somebody for whom they would succeed.</summary>
    public static readonly IReadOnlyDictionary<string, Func<TestOrganisation, Task<PreparedCall>>> Known = new Dictionary<string, Func<TestOrganisation, Task<PreparedCall>>>(StringComparer.Ordinal)
    {
        ["a challenge to register"] = async o => Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration/init", (await InviteAsync(o)).InitBody),
        ["a registration code by mail"] = async o =>
        {
            await InviteAsync(o);
            return Call(o, "jane@example.co", HttpMethod.Put, "/auth/registration/code", Named(o));
        },
        ["a registration"] = async o =>
        {
            var challenge = await (await InviteAsync(o)).InitAsync();
            return Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration", challenge.GoodBody(), challenge.Token);
        },
        ["a registration that opens a session"] = async o =>
        {
            var challenge = await (await InviteAsync(o)).InitAsync();
            return Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration/enduser", challenge.GoodBody(), challenge.Token);
        },
        ["a delegated registration"] = o => SignedByServiceAsync(o, Permission.RegisterDelegated, "/auth/registration/delegated", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser" }),
        ["a delegated registration that is begun again"] = async o =>
        {
            await InviteAsync(o);
            return await SignedByServiceAsync(o, Permission.RegisterDelegated, "/auth/registration/delegated/restart", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser" });
        },
        ["a social registration"] = async o => Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration/social", await IdTokenAsync(o)),
        ["a social sign-in"] = async o =>
        {
            var started = Challenge.Of(o, await o.Service.PostAsync("/auth/registration/social", await IdTokenAsync(o)));
            return Call(await Registered.CompleteAsync(started, "jane@example.co"), HttpMethod.Post, "/auth/login/social", await IdTokenAsync(o));
        },
        ["a single sign-on that is begun"] = async o =>
        {
            await IdTokenAsync(o);
            await o.SendToAsync((await Provider.Value).Issuer);
            return Call(o, "jane@example.co", HttpMethod.Post, "/auth/login/sso/init", o.InitBody());
        },
        ["a single sign-on"] = async o =>
        {
            var started = Challenge.Of(o, await o.Service.PostAsync("/auth/registration/social", await IdTokenAsync(o)));
            var (user, provider) = (await Registered.CompleteAsync(started, "jane@example.co"), await Provider.Value);
            await o.SendToAsync(provider.Issuer);
            return Call(user, HttpMethod.Post, "/auth/login/sso", SingleSignOn.Body(provider.SignIn(await o.InitSsoAsync(), provider.Draft(o.Service.Clock.GetUtcNow()))));
        },
        ["a challenge to sign in"] = async o => Call(await RegisterAsync(o), HttpMethod.Post, "/auth/login/init", Named(o)),
        ["a challenge to sign in, for nobody"] = o => Task.FromResult(Call(o, "jane@example.co", HttpMethod.Post, "/auth/login/init", Named(o))),
        ["a challenge to sign in, with a code"] = async o =>
        {
            var user = await RegisterAsync(o);
            await o.Service.PostAsync("/auth/login/code", Named(o));
            var body = Named(o);
            body["loginCode"] = (await o.MailAsync()).Code;
            return Call(user, HttpMethod.Post, "/auth/login/init", body);
        },
        ["a login code by mail"] = async o => Call(await RegisterAsync(o), HttpMethod.Post, "/auth/login/code", Named(o)),
        ["a sign-in"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/login", await user.LoginBodyAsync());
        },
        ["a sign-out"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Put, "/auth/logout", new JsonObject { ["allSessions"] = true }, await user.LoginAsync());
        },
        ["a sign-out of one session"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Put, "/auth/logout", new JsonObject(), await user.LoginAsync());
        },
        ["a challenge to sign a call"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(
                user, HttpMethod.Post, "/auth/action/init",
                new JsonObject { ["userActionPayload"] = "{}", ["userActionHttpMethod"] = "POST", ["userActionHttpPath"] = "/auth/x", ["userActionServerKind"] = "Api" }, await user.LoginAsync());
        },
        ["a signature of a call"] = async o =>
        {
            var user = await RegisterAsync(o);
            var caller = await user.SignedInAsync();
            return Call(user, HttpMethod.Post, "/auth/action", caller.AnswerTo(await caller.InitActionAsync(HttpMethod.Post, "/auth/x", "{}")), caller.Token);
        },
        ["a recovery code by mail"] = async o => Call(await RegisterAsync(o), HttpMethod.Post, "/auth/recover/user/code", Named(o)),
        ["a recovery code by mail, as earlier clients ask for it"] = async o => Call(await RegisterAsync(o), HttpMethod.Put, "/auth/recover/user/code", Named(o)),
        ["a challenge to recover"] = async o =>
        {
            var user = await RegisterAsync(o);
            var body = Named(o);
            (body["verificationCode"], body["credentialId"]) = (await RecoveryCodeAsync(user), user.Recovery!.CredId);
            return Call(user, HttpMethod.Post, "/auth/recover/user/init", body);
        },
        ["a recovery"] = async o =>
        {
            var user = await RegisterAsync(o);
            var recovering = Recovering.Of(user, await Recovering.TryStartAsync(user, await RecoveryCodeAsync(user)));
            return Call(recovering.User, HttpMethod.Post, "/auth/recover/user", recovering.GoodBody(), recovering.Token);
        },
        ["a delegated recovery"] = async o =>
        {
            var user = await RegisterAsync(o);
            return await SignedByServiceAsync(o, Permission.RecoverDelegated, "/auth/recover/user/delegated", new JsonObject { ["username"] = user.Username, ["credentialId"] = user.Recovery!.CredId });
        },
        ["a list of credentials"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Get, "/auth/credentials", null, await user.LoginAsync());
        },
        ["a challenge to add a credential"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/credentials/init", new JsonObject { ["kind"] = "Key" }, await user.LoginAsync());
        },
        ["a credential that is added"] = async o =>
        {
            var user = await RegisterAsync(o);
            var caller = await user.SignedInAsync();
            var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
            return await SignedAsync(user, caller, HttpMethod.Post, "/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)));
        },
        ["a code for another device"] = async o =>
        {
            var user = await RegisterAsync(o);
            return await SignedAsync(user, await user.SignedInAsync(), HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = o.Service.Clock.GetUtcNow().AddSeconds(50).ToUnixTimeSeconds() });
        },
        ["a challenge for another device"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/credentials/code/init", new JsonObject { ["code"] = await CodeAsync(user), ["credentialKind"] = "Key" });
        },
        ["a credential of another device"] = async o =>
        {
            var user = await RegisterAsync(o);
            var adding = Adding.Of(user, await o.Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = await CodeAsync(user), ["credentialKind"] = "Key" }));
            return Call(user, HttpMethod.Post, "/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)));
        },
        ["a credential that is activated"] = async o =>
        {
            var (user, caller, uuid) = await SecondAsync(o);
            await caller.PutAsync("/auth/credentials/deactivate", Named(uuid));
            return await SignedAsync(user, caller, HttpMethod.Put, "/auth/credentials/activate", Named(uuid));
        },
        ["a credential that is deactivated"] = async o =>
        {
            var (user, caller, uuid) = await SecondAsync(o);
            return await SignedAsync(user, caller, HttpMethod.Put, "/auth/credentials/deactivate", Named(uuid));
        },
        ["a credential that is renamed"] = async o =>
        {
            var (user, caller, uuid) = await SecondAsync(o);
            return await SignedAsync(user, caller, HttpMethod.Put, $"/auth/credentials/{uuid}", new JsonObject { ["credentialName"] = "Phone" });
        },
        ["a credential that is archived"] = async o =>
        {
            var (user, caller, uuid) = await SecondAsync(o);
            return await SignedAsync(user, caller, HttpMethod.Delete, $"/auth/credentials/{uuid}", body: null);
        },
        ["a user who is looked at"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(o, "", HttpMethod.Get, $"/auth/users/{user.UserId}", null, (await o.NewServiceAccountAsync(Permission.ReadUsers)).Token);
        },
        ["a user who is updated"] = async o =>
        {
            var user = await RegisterAsync(o);
            return await SignedByServiceAsync(o, Permission.UpdateUsers, $"/auth/users/{user.UserId}", new JsonObject { ["isSSORequired"] = false }, HttpMethod.Put);
        },
        ["a user who is deactivated"] = async o =>
        {
            var user = await RegisterAsync(o);
            return await SignedByServiceAsync(o, Permission.DeactivateUsers, $"/auth/users/{user.UserId}/deactivate", body: null, HttpMethod.Put);
        },
        ["a user who is activated"] = async o =>
        {
            var user = await RegisterAsync(o);
            await (await o.NewServiceAccountAsync(Permission.DeactivateUsers)).PutAsync($"/auth/users/{user.UserId}/deactivate");
            return await SignedByServiceAsync(o, Permission.ActivateUsers, $"/auth/users/{user.UserId}/activate", body: null, HttpMethod.Put);
        },
        ["a user who is deleted"] = async o =>
        {
            var user = await RegisterAsync(o);
            return await SignedByServiceAsync(o, Permission.DeleteUsers, $"/auth/users/{user.UserId}", body: null, HttpMethod.Delete);
        },
        ["a user who is invited"] = async o =>
        {
            var admin = await o.NewServiceAccountAsync(Permission.CreateUsers);
            return Call(
                o, "john@example.co", HttpMethod.Post, "/auth/users", Employee, admin.Token, await admin.SignAsync(HttpMethod.Post, "/auth/users", Employee.ToJsonString()));
        },
        ["a list of users"] = async o => Call(o, "", HttpMethod.Get, "/auth/users", null, (await o.NewServiceAccountAsync(Permission.ReadUsers)).Token),
        ["a permission that is created"] = async o =>
        {
            var admin = await o.NewServiceAccountAsync(Permission.CreatePermissions);
            var body = new JsonObject { ["name"] = "Administrators", ["operations"] = new JsonArray(Permission.CreatePermissions) };
            return Call(o, "", HttpMethod.Post, "/permissions", body, admin.Token, await admin.SignAsync(HttpMethod.Post, "/permissions", body.ToJsonString()));
        },
        ["a list of permissions"] = async o => Call(o, "", HttpMethod.Get, "/permissions", null, (await o.NewServiceAccountAsync(Permission.ReadPermissions)).Token),
        ["a permission"] = async o => await OfPermissionAsync(o, Permission.ReadPermissions, HttpMethod.Get, "", null),
        ["a permission that is updated"] = async o => await OfPermissionAsync(o, Permission.UpdatePermissions, HttpMethod.Put, "", new JsonObject { ["name"] = "Others" }),
        ["a permission that is archived"] = async o => await OfPermissionAsync(o, Permission.ArchivePermissions, HttpMethod.Put, "/archive", new JsonObject { ["isArchived"] = true }),
        ["a list of assignments"] = async o => await OfPermissionAsync(o, Permission.ReadAssignments, HttpMethod.Get, "/assignments", null),
        ["a permission that is assigned"] = async o =>
        {
            var other = await o.NewServiceAccountAsync(Permission.ReadUsers);
            return await OfPermissionAsync(o, Permission.AssignPermissions, HttpMethod.Post, "/assignments", new JsonObject { ["identityId"] = other.UserId });
        },
        ["a permission that is revoked"] = async o =>
        {
            var (admin, id) = await PermissionAsync(o, Permission.AssignPermissions, Permission.RevokePermissions);
            var assigned = await admin.PostAsync($"/permissions/{id}/assignments", new JsonObject { ["identityId"] = (await o.NewServiceAccountAsync(Permission.ReadUsers)).UserId });
            var path = $"/permissions/{id}/assignments/{assigned.Require("id")}";
            return Call(o, "", HttpMethod.Delete, path, null, admin.Token, await admin.SignAsync(HttpMethod.Delete, path, ""));
        },
        ["a service account that is created"] = o => SignedByServiceAsync(o, Permission.CreateServiceAccounts, "/auth/service-accounts", ServiceAccounts.Body("Back end")),
        ["a list of service accounts"] = async o => Call(o, "", HttpMethod.Get, "/auth/service-accounts", null, (await o.NewServiceAccountAsync(Permission.ReadServiceAccounts)).Token),
        ["a service account"] = async o =>
            Call(o, "", HttpMethod.Get, $"/auth/service-accounts/{(await o.NewServiceAccountAsync()).UserId}", null, (await o.NewServiceAccountAsync(Permission.ReadServiceAccounts)).Token),
        ["a service account that is updated"] = async o =>
            await SignedByServiceAsync(o, Permission.UpdateServiceAccounts, $"/auth/service-accounts/{(await o.NewServiceAccountAsync()).UserId}", new JsonObject { ["name"] = "Another name" }, HttpMethod.Put),
        ["a service account that is deactivated"] = async o =>
            await SignedByServiceAsync(o, Permission.DeactivateServiceAccounts, $"/auth/service-accounts/{(await o.NewServiceAccountAsync()).UserId}/deactivate", new JsonObject(), HttpMethod.Put),
        ["a service account that is activated"] = async o =>
        {
            var path = $"/auth/service-accounts/{(await o.NewServiceAccountAsync()).UserId}";
            await (await o.NewServiceAccountAsync(Permission.DeactivateServiceAccounts)).PutAsync($"{path}/deactivate");
            return await SignedByServiceAsync(o, Permission.ActivateServiceAccounts, $"{path}/activate", body: null, HttpMethod.Put);
        },
        ["a service account that is deleted"] = async o =>
            await SignedByServiceAsync(o, Permission.DeleteServiceAccounts, $"/auth/service-accounts/{(await o.NewServiceAccountAsync()).UserId}", body: null, HttpMethod.Delete),
        ["a personal access token that is created"] = async o =>
        {
            var ((jane, _), body) = (await PatAsync(o), ServiceAccounts.Body("Weekly"));
            return Call(o, "", HttpMethod.Post, "/auth/pats", body, jane.Token, await jane.SignAsync(HttpMethod.Post, "/auth/pats", body.ToJsonString()));
        },
        ["a list of personal access tokens"] = async o => Call(o, "", HttpMethod.Get, "/auth/pats", null, (await PatAsync(o)).Jane.Token),
        ["a personal access token"] = async o => await OfPatAsync(o, HttpMethod.Get, "", null),
        ["a personal access token that is updated"] = async o => await OfPatAsync(o, HttpMethod.Put, "", new JsonObject { ["name"] = "Another name" }),
        ["a personal access token that is deactivated"] = async o => await OfPatAsync(o, HttpMethod.Put, "/deactivate", null),
        ["a personal access token that is activated"] = async o => await OfPatAsync(o, HttpMethod.Put, "/activate", null, before: "/deactivate"),
        ["a personal access token that is deleted"] = async o => await OfPatAsync(o, HttpMethod.Delete, "", null),
        ["a webhook that is created"] = async o =>
        {
            var admin = await o.NewServiceAccountAsync(Permission.CreateWebhooks);
            return Call(o, "", HttpMethod.Post, "/webhooks", Webhook, admin.Token, await admin.SignAsync(HttpMethod.Post, "/webhooks", Webhook.ToJsonString()));
        },
        ["a list of webhooks"] = async o => Call(o, "", HttpMethod.Get, "/webhooks", null, (await o.NewServiceAccountAsync(Permission.ReadWebhooks)).Token),
        ["a webhook"] = async o => await OfWebhookAsync(o, Permission.ReadWebhooks, HttpMethod.Get, "", null),
        ["a webhook that is updated"] = async o => await OfWebhookAsync(o, Permission.UpdateWebhooks, HttpMethod.Put, "", new JsonObject { ["description"] = "Books" }),
        ["a webhook that is deleted"] = async o => await OfWebhookAsync(o, Permission.DeleteWebhooks, HttpMethod.Delete, "", null),
        ["a webhook that is pinged"] = async o => await OfWebhookAsync(o, Permission.PingWebhooks, HttpMethod.Post, "/ping", new JsonObject()),
        ["a list of what a webhook was told"] = async o => await OfWebhookAsync(o, Permission.ReadWebhookEvents, HttpMethod.Get, "/events", null),
        ["what a webhook was told"] = async o =>
        {
            var (admin, id) = await WebhookAsync(o, Permission.ReadWebhookEvents);
            await o.AddDeliveryAsync(id, "we-1");
            return Call(o, "", HttpMethod.Get, $"/webhooks/{id}/events/we-1", null, admin.Token);
        },
        ["a sign-out by the other method"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/logout", new JsonObject { ["allSessions"] = true }, await user.LoginAsync());
        },
        ["a list of applications"] = async o => Call(o, "", HttpMethod.Get, "/auth/apps", null, (await o.NewServiceAccountAsync(Permission.ReadApplications)).Token),
        ["an export of what was signed"] = async o =>
            Call(o, "", HttpMethod.Get, "/auth/action/logs?startTime=2026-11-23T00:00:00Z&endTime=2027-11-23T00:00:00Z", null, (await o.NewServiceAccountAsync(Permission.ReadLogs)).Token),
        ["what proves a signed call"] = async o =>
        {
            var admin = await o.NewServiceAccountAsync(Permission.ReadLogs);
            await admin.SignAsync(HttpMethod.Post, "/auth/login/delegated", "");
            var id = await o.Service.InDatabaseAsync(db => db.SignedActions.Where(a => a.OrganisationId == o.Id).Select(a => a.Id).SingleAsync());
            return Call(o, "", HttpMethod.Get, $"/auth/action/logs/{id}", null, admin.Token);
        },
        ["a token that is asked about"] = async o =>
        {
            var backend = await o.NewServiceAccountAsync(Permission.IntrospectTokens);
            return new PreparedCall(o, "", new RawRequest(HttpMethod.Post, "/auth/introspect", $"token={backend.Token}", backend.Token) { MediaType = FormBody.MediaType });
        },
        ["a delegated sign-in"] = async o =>
        {
            await RegisterAsync(o);
            return await SignedByServiceAsync(o, Permission.LoginDelegated, "/auth/login/delegated", new JsonObject { ["username"] = "jane@example.co" });
        },
        ["the published keys"] = o => Task.FromResult(Call(o, "", HttpMethod.Get, "/.well-known/jwks.json", null)),
        ["health"] = o => Task.FromResult(Call(o, "", HttpMethod.Get, "/health/ready", null)),
    };

    /// <summary>Makes the call.</summary>
    public async Task<Answer> SendAsync()
    {
        using var body = Request.Body.Length == 0 ? null : new StringContent(Request.Body, System.Text.Encoding.UTF8, Request.MediaType);
        return await Organisation.Service.SendAsync(Request.Method, Request.Path, body, Request.Bearer, Request.UserAction);
    }

    private static JsonObject Employee => new() { ["email"] = "john@example.co", ["kind"] = "CustomerEmployee" };

    private static Task<Invited> InviteAsync(TestOrganisation organisation) => organisation.Service.InviteAsync(organisation, "jane@example.co");

    private static Task<Registered> RegisterAsync(TestOrganisation organisation) => Registered.NewAsync(organisation, recovery: true);

    private static JsonObject Named(TestOrganisation organisation) => new() { ["username"] = "jane@example.co", ["orgId"] = organisation.Id };

    private static async Task<string> RecoveryCodeAsync(Registered user)
    {
        await user.Organisation.Service.PostAsync("/auth/recover/user/code", Named(user.Organisation));
        return (await user.Organisation.MailAsync()).Code;
    }

    private static async Task<string> CodeAsync(Registered user)
    {
        var made = await (await user.SignedInAsync()).PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = user.Organisation.Service.Clock.GetUtcNow().AddSeconds(50).ToUnixTimeSeconds() });
        return made.Require("code");
    }

    // A permission that its maker may hand on.
    private static async Task<(SigningCaller Admin, string Id)> PermissionAsync(TestOrganisation organisation, params string[] permissions)
    {
        var admin = await organisation.NewServiceAccountAsync([Permission.CreatePermissions, Permission.ReadUsers, .. permissions]);
        var made = await admin.PostAsync("/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) });
        return (admin, made.Require("id"));
    }

    private static async Task<PreparedCall> OfPermissionAsync(TestOrganisation organisation, string permission, HttpMethod method, string path, JsonObject? body)
    {
        var (admin, id) = await PermissionAsync(organisation, permission);
        path = $"/permissions/{id}{path}";
        return Call(organisation, "", method, path, body, admin.Token, method == HttpMethod.Get ? null : await admin.SignAsync(method, path, body?.ToJsonString() ?? ""));
    }

    // An employee, and a personal access token of hers.
    private static async Task<(SigningCaller Jane, string Path)> PatAsync(TestOrganisation organisation)
    {
        var jane = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", Permission.CreatePats);
        return (jane, $"/auth/pats/{(await jane.NewPatAsync()).TokenId()}");
    }

    private static async Task<PreparedCall> OfPatAsync(TestOrganisation organisation, HttpMethod method, string path, JsonObject? body, string? before = null)
    {
        var (jane, pat) = await PatAsync(organisation);
        if (before is not null) await jane.PutAsync(pat + before);
        path = pat + path;
        return Call(organisation, "", method, path, body, jane.Token, method == HttpMethod.Get ? null : await jane.SignAsync(method, path, body?.ToJsonString() ?? ""));
    }

    // Of a network that nobody has: a ping fails at once.
    private static JsonObject Webhook => new() { ["url"] = "https://webhook.invalid/events", ["events"] = new JsonArray("*"), ["status"] = "Disabled" };

    private static async Task<(SigningCaller Admin, string Id)> WebhookAsync(TestOrganisation organisation, string permission)
    {
        var admin = await organisation.NewServiceAccountAsync(Permission.CreateWebhooks, permission);
        return (admin, (await admin.PostAsync("/webhooks", Webhook)).Require("id"));
    }

    private static async Task<PreparedCall> OfWebhookAsync(TestOrganisation organisation, string permission, HttpMethod method, string path, JsonObject? body)
    {
        var (admin, id) = await WebhookAsync(organisation, permission);
        path = $"/webhooks/{id}{path}";
        return Call(organisation, "", method, path, body, admin.Token, method == HttpMethod.Get ? null : await admin.SignAsync(method, path, body?.ToJsonString() ?? ""));
    }

    private static JsonObject Named(string credentialUuid) => new() { ["credentialUuid"] = credentialUuid };

    // A user with a key beside the passkey, and the uuid of that key.
    private static async Task<(Registered User, SigningCaller Caller, string Uuid)> SecondAsync(TestOrganisation organisation)
    {
        var user = await RegisterAsync(organisation);
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
        var added = await caller.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)));
        return (user, caller, added.Require("credentialUuid"));
    }

    private static async Task<JsonObject> IdTokenAsync(TestOrganisation organisation)
    {
        var provider = await Provider.Value;
        await organisation.Service.InDatabaseAsync(async db =>
        {
            if (await db.SocialProviders.AnyAsync(p => p.OrganisationId == organisation.Id)) return 0;
            db.SocialProviders.Add(new SocialProvider
            {
                OrganisationId = organisation.Id,
                Issuer = provider.Issuer,
                ClientIds = [OpenIdProvider.ClientId],
                Algorithms = [.. SocialProviderRules.DefaultAlgorithms],
                CreatedAt = organisation.Service.Clock.GetUtcNow(),
            });
            return await db.SaveChangesAsync();
        });
        return new() { ["idToken"] = provider.Draft(organisation.Service.Clock.GetUtcNow()).Encode(), ["socialLoginProviderKind"] = "Oidc", ["orgId"] = organisation.Id };
    }

    private static async Task<PreparedCall> SignedAsync(Registered user, SigningCaller caller, HttpMethod method, string path, JsonNode? body) =>
        Call(user.Organisation, user.Username, method, path, body, caller.Token, await caller.SignAsync(method, path, body?.ToJsonString() ?? ""));

    private static async Task<PreparedCall> SignedByServiceAsync(TestOrganisation organisation, string permission, string path, JsonNode? body, HttpMethod? method = null)
    {
        var service = await organisation.NewServiceAccountAsync(permission);
        method ??= HttpMethod.Post;
        return Call(organisation, "jane@example.co", method, path, body, service.Token, await service.SignAsync(method, path, body?.ToJsonString() ?? ""));
    }

    private static PreparedCall Call(Registered user, HttpMethod method, string path, JsonNode? body, string? bearer = null) =>
        Call(user.Organisation, user.Username, method, path, body, bearer);

    private static PreparedCall Call(TestOrganisation organisation, string user, HttpMethod method, string path, JsonNode? body, string? bearer = null, string? userAction = null) =>
        new(organisation, user, RawRequest.Of(method, path, body, bearer, userAction));
}
