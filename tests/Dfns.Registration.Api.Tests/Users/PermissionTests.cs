using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Who may do what: each call with its permission alone, without it, and by callers who never have it.</summary>
public abstract class PermissionTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : PermissionTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : PermissionTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Method, path and body with ids in them, permission. 0 is an end user who is not registered, 1 a permission of one operation, 2 an assignment of it, 3 an
    // employee to assign it to, 4 a service account, 5 a public key.
    public static TheoryData<string, string, string?, string> Calls => new()
    {
        { "POST", "/auth/users", """{"email":"john@example.co","kind":"CustomerEmployee"}""", Permission.CreateUsers },
        { "GET", "/auth/users", null, Permission.ReadUsers },
        { "GET", "/auth/users/{0}", null, Permission.ReadUsers },
        { "PUT", "/auth/users/{0}", """{"isSSORequired":false}""", Permission.UpdateUsers },
        { "DELETE", "/auth/users/{0}", null, Permission.DeleteUsers },
        { "PUT", "/auth/users/{0}/activate", null, Permission.ActivateUsers },
        { "PUT", "/auth/users/{0}/deactivate", null, Permission.DeactivateUsers },
        { "POST", "/auth/service-accounts", """{"name":"Back end","publicKey":"{5}"}""", Permission.CreateServiceAccounts },
        { "GET", "/auth/service-accounts", null, Permission.ReadServiceAccounts },
        { "GET", "/auth/service-accounts/{4}", null, Permission.ReadServiceAccounts },
        { "PUT", "/auth/service-accounts/{4}", """{"name":"Another name"}""", Permission.UpdateServiceAccounts },
        { "DELETE", "/auth/service-accounts/{4}", null, Permission.DeleteServiceAccounts },
        { "PUT", "/auth/service-accounts/{4}/activate", null, Permission.ActivateServiceAccounts },
        { "PUT", "/auth/service-accounts/{4}/deactivate", null, Permission.DeactivateServiceAccounts },
        { "POST", "/auth/registration/delegated", """{"email":"john@example.co","kind":"EndUser"}""", Permission.RegisterDelegated },
        { "POST", "/auth/registration/delegated/restart", """{"email":"jane@example.co","kind":"EndUser"}""", Permission.RegisterDelegated },
        { "GET", "/auth/apps", null, Permission.ReadApplications },
        { "POST", "/permissions", """{"name":"Mine","operations":["Permissions:Create"]}""", Permission.CreatePermissions },
        { "GET", "/permissions", null, Permission.ReadPermissions },
        { "GET", "/permissions/{1}", null, Permission.ReadPermissions },
        { "PUT", "/permissions/{1}", """{"name":"Renamed"}""", Permission.UpdatePermissions },
        { "PUT", "/permissions/{1}/archive", """{"isArchived":true}""", Permission.ArchivePermissions },
        { "POST", "/permissions/{1}/assignments", """{"identityId":"{3}"}""", Permission.AssignPermissions },
        { "GET", "/permissions/{1}/assignments", null, Permission.ReadAssignments },
        { "DELETE", "/permissions/{1}/assignments/{2}", null, Permission.RevokePermissions },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_service_account_needs_this_permission_and_no_other(string method, string path, string? body, string permission)
    {
        var scene = await SceneAsync();
        var organisation = scene.Organisation;
        var allowed = await organisation.NewServiceAccountAsync(permission);
        var lacking = await organisation.NewServiceAccountAsync([.. Permission.All.Where(p => p != permission)]);
        var before = await organisation.SnapshotAsync();

        var refused = await CallAsync(lacking, method, scene.Fill(path), scene.Fill(body));
        Assert.Equal((403, $"CustomerEmployee {lacking.UserId} is not authorized to perform operation ({permission})"), ((int)refused.Status, refused.Message));
        Assert.Equal(before, await organisation.SnapshotAsync());

        var accepted = await CallAsync(allowed, method, scene.Fill(path), scene.Fill(body));
        Assert.True((int)accepted.Status == 200, accepted.Text);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task An_employee_needs_this_permission_and_no_other_and_never_vouches_for_a_registration(string method, string path, string? body, string permission)
    {
        var scene = await SceneAsync();
        var organisation = scene.Organisation;
        var allowed = await organisation.SignedInAsync(UserKind.CustomerEmployee, "allowed@example.co", permission);
        var lacking = await organisation.SignedInAsync(UserKind.CustomerEmployee, "lacking@example.co", [.. Permission.All.Where(p => p != permission)]);
        var before = await organisation.SnapshotAsync();
        var delegated = permission == Permission.RegisterDelegated;

        var refused = await CallAsync(lacking, method, scene.Fill(path), scene.Fill(body));
        if (delegated) Assert.Equal((403, "service_account_required"), ((int)refused.Status, refused.Code));
        else Assert.Equal((403, $"CustomerEmployee {lacking.UserId} is not authorized to perform operation ({permission})"), ((int)refused.Status, refused.Message));
        Assert.Equal(before, await organisation.SnapshotAsync());

        var accepted = await CallAsync(allowed, method, scene.Fill(path), scene.Fill(body));
        Assert.Equal(delegated ? "service_account_required" : null, accepted.Code);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task An_end_user_may_not_whatever_is_stored(string method, string path, string? body, string permission)
    {
        var scene = await SceneAsync();
        var organisation = scene.Organisation;
        var caller = await organisation.SignedInAsync(UserKind.EndUser, "end@example.co", [.. Permission.All]);
        var before = await organisation.SnapshotAsync();

        var refused = await CallAsync(caller, method, scene.Fill(path), scene.Fill(body));

        Assert.Equal(403, (int)refused.Status);
        if (permission != Permission.RegisterDelegated) Assert.Equal($"EndUser {caller.UserId} is not authorized to perform operation ({permission})", refused.Message);
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_without_a_callers_token_is_refused(string method, string path, string? body, string permission)
    {
        var scene = await SceneAsync();
        var organisation = scene.Organisation;
        var caller = await organisation.NewServiceAccountAsync(permission);
        var registration = (await (await Service.InviteAsync(organisation, "mary@example.co")).InitAsync()).Token;
        var action = method == "GET" ? null : await caller.SignAsync(HttpMethod.Parse(method), scene.Fill(path), scene.Fill(body) ?? "");
        var before = await organisation.SnapshotAsync();

        foreach (var token in new[] { null, registration, "e30.e30.e30" })
        {
            var answer = await Service.SendAsync(HttpMethod.Parse(method), scene.Fill(path), Content(scene.Fill(body)), token, action);
            Assert.Equal((401, "Not Authorized."), ((int)answer.Status, answer.Message));
        }

        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task A_permission_that_is_taken_away_is_gone_at_the_next_call()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        Assert.Equal(200, (int)(await caller.GetAsync("/auth/users")).Status);

        await Service.InDatabaseAsync(async db =>
        {
            db.Users.Single(u => u.OrganisationId == organisation.Id && u.Id == caller.UserId).Permissions = [];
            return await db.SaveChangesAsync();
        });

        Assert.Equal("permission_missing", (await caller.GetAsync("/auth/users")).Code);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_permission_that_is_assigned_is_as_good_as_one_of_the_operator(string method, string path, string? body, string permission)
    {
        var scene = await SceneAsync();
        var caller = await scene.Organisation.NewServiceAccountAsync();
        Assert.Equal("permission_missing", (await CallAsync(caller, method, scene.Fill(path), scene.Fill(body))).Code);
        await scene.AssignAsync(caller.UserId, permission);

        var accepted = await CallAsync(caller, method, scene.Fill(path), scene.Fill(body));

        Assert.True((int)accepted.Status == 200, accepted.Text);
    }

    private async Task<Scene> SceneAsync()
    {
        var organisation = await Service.NewOrganisationAsync();
        var (user, employee) = (await Service.InviteAsync(organisation, "jane@example.co"), await Service.InviteAsync(organisation, "ann@example.co", UserKind.CustomerEmployee));
        var other = await Service.InviteAsync(organisation, "bob@example.co", UserKind.CustomerEmployee);
        var scene = new Scene(organisation, [user.UserId]);
        var (set, assignment) = await scene.AssignAsync(other.UserId, Permission.AssignPermissions);
        var account = await organisation.NewServiceAccountAsync();
        return scene with { Ids = [user.UserId, set, assignment, employee.UserId, account.UserId, SoftwareKey.P256().Pem.ReplaceLineEndings("\\n")] };
    }

    private sealed record Scene(TestOrganisation Organisation, string[] Ids)
    {
        [return: NotNullIfNotNull(nameof(text))]
        public string? Fill(string? text)
        {
            foreach (var (n, id) in Ids.Index()) text = text?.Replace($"{{{n}}}", id, StringComparison.Ordinal);
            return text;
        }

        /// <summary>Assigns a new set of one operation.</summary>
        public Task<(string Set, string Assignment)> AssignAsync(string userId, string operation) => Organisation.Service.InDatabaseAsync(async db =>
        {
            var (now, entropy) = (Organisation.Service.Clock.GetUtcNow(), Organisation.Service.Services.GetRequiredService<Entropy>());
            var set = new PermissionSet { OrganisationId = Organisation.Id, Id = entropy.Id("pm"), Name = "A set", Operations = [operation], CreatedAt = now, UpdatedAt = now };
            var assignment = new PermissionSetAssignment { OrganisationId = Organisation.Id, Id = entropy.Id("as"), PermissionSetId = set.Id, UserId = userId, CreatedAt = now };
            db.AddRange(set, assignment);
            await db.SaveChangesAsync();
            return (set.Id, assignment.Id);
        });
    }

    private static Task<Answer> CallAsync(SigningCaller caller, string method, string path, string? body) =>
        method == "GET" ? caller.GetAsync(path) : caller.CallAsync(HttpMethod.Parse(method), path, body is null ? null : JsonNode.Parse(body));

    private static HttpContent? Content(string? body) => body is null ? null : Service.Json(JsonNode.Parse(body)!);
}
