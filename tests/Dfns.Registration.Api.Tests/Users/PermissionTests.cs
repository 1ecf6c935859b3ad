using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Who may do what: each call with its permission alone, without it, and by callers who never have it.</summary>
public abstract class PermissionTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : PermissionTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : PermissionTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Method, path with the id of a user in it, body, permission. The user is an end user who is not registered.
    public static TheoryData<string, string, string?, string> Calls => new()
    {
        { "POST", "/auth/users", """{"email":"john@example.co","kind":"CustomerEmployee"}""", Permission.CreateUsers },
        { "GET", "/auth/users", null, Permission.ReadUsers },
        { "GET", "/auth/users/{0}", null, Permission.ReadUsers },
        { "PUT", "/auth/users/{0}", """{"isSSORequired":false}""", Permission.UpdateUsers },
        { "DELETE", "/auth/users/{0}", null, Permission.DeleteUsers },
        { "PUT", "/auth/users/{0}/activate", null, Permission.ActivateUsers },
        { "PUT", "/auth/users/{0}/deactivate", null, Permission.DeactivateUsers },
        { "POST", "/auth/registration/delegated", """{"email":"john@example.co","kind":"EndUser"}""", Permission.RegisterDelegated },
        { "POST", "/auth/registration/delegated/restart", """{"email":"jane@example.co","kind":"EndUser"}""", Permission.RegisterDelegated },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_service_account_needs_this_permission_and_no_other(string method, string path, string? body, string permission)
    {
        var (organisation, user) = await SceneAsync();
        var allowed = await organisation.NewServiceAccountAsync(permission);
        var lacking = await organisation.NewServiceAccountAsync([.. Permission.All.Where(p => p != permission)]);
        var before = await organisation.SnapshotAsync();

        var refused = await CallAsync(lacking, method, path.Replace("{0}", user, StringComparison.Ordinal), body);
        Assert.Equal((403, $"CustomerEmployee {lacking.UserId} is not authorized to perform operation ({permission})"), ((int)refused.Status, refused.Message));
        Assert.Equal(before, await organisation.SnapshotAsync());

        var accepted = await CallAsync(allowed, method, path.Replace("{0}", user, StringComparison.Ordinal), body);
        Assert.True((int)accepted.Status == 200, accepted.Text);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task An_employee_needs_this_permission_and_no_other_and_never_vouches_for_a_registration(string method, string path, string? body, string permission)
    {
        var (organisation, user) = await SceneAsync();
        var allowed = await organisation.SignedInAsync(UserKind.CustomerEmployee, "allowed@example.co", permission);
        var lacking = await organisation.SignedInAsync(UserKind.CustomerEmployee, "lacking@example.co", [.. Permission.All.Where(p => p != permission)]);
        var before = await organisation.SnapshotAsync();
        var delegated = permission == Permission.RegisterDelegated;

        var refused = await CallAsync(lacking, method, path.Replace("{0}", user, StringComparison.Ordinal), body);
        if (delegated) Assert.Equal((403, "service_account_required"), ((int)refused.Status, refused.Code));
        else Assert.Equal((403, $"CustomerEmployee {lacking.UserId} is not authorized to perform operation ({permission})"), ((int)refused.Status, refused.Message));
        Assert.Equal(before, await organisation.SnapshotAsync());

        var accepted = await CallAsync(allowed, method, path.Replace("{0}", user, StringComparison.Ordinal), body);
        Assert.Equal(delegated ? "service_account_required" : null, accepted.Code);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task An_end_user_may_not_whatever_is_stored(string method, string path, string? body, string permission)
    {
        var (organisation, user) = await SceneAsync();
        var caller = await organisation.SignedInAsync(UserKind.EndUser, "end@example.co", [.. Permission.All]);
        var before = await organisation.SnapshotAsync();

        var refused = await CallAsync(caller, method, path.Replace("{0}", user, StringComparison.Ordinal), body);

        Assert.Equal(403, (int)refused.Status);
        if (permission != Permission.RegisterDelegated) Assert.Equal($"EndUser {caller.UserId} is not authorized to perform operation ({permission})", refused.Message);
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_without_a_callers_token_is_refused(string method, string path, string? body, string permission)
    {
        var (organisation, user) = await SceneAsync();
        var caller = await organisation.NewServiceAccountAsync(permission);
        var registration = (await (await Service.InviteAsync(organisation, "mary@example.co")).InitAsync()).Token;
        var action = method == "GET" ? null : await caller.SignAsync(HttpMethod.Parse(method), path.Replace("{0}", user, StringComparison.Ordinal), body ?? "");
        var before = await organisation.SnapshotAsync();

        foreach (var token in new[] { null, registration, "e30.e30.e30" })
        {
            var answer = await Service.SendAsync(HttpMethod.Parse(method), path.Replace("{0}", user, StringComparison.Ordinal), Content(body), token, action);
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

    private async Task<(TestOrganisation Organisation, string UserId)> SceneAsync()
    {
        var organisation = await Service.NewOrganisationAsync();
        return (organisation, (await Service.InviteAsync(organisation, "jane@example.co")).UserId);
    }

    private static Task<Answer> CallAsync(SigningCaller caller, string method, string path, string? body) =>
        method == "GET" ? caller.GetAsync(path) : caller.CallAsync(HttpMethod.Parse(method), path, body is null ? null : JsonNode.Parse(body));

    private static HttpContent? Content(string? body) => body is null ? null : Service.Json(JsonNode.Parse(body)!);
}
