using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.TestKit;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Personal access tokens: what each call answers, that a token may never do more than its person, and what ends it.</summary>
public abstract class PatTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : PatTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : PatTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Method, path behind /auth/pats with {0} for the id, body.
    public static TheoryData<string, string, string?> Calls => new()
    {
        { "POST", "", """{"name":"Nightly","publicKey":"{key}"}""" },
        { "GET", "", null },
        { "GET", "/{0}", null },
        { "PUT", "/{0}", """{"name":"Another name"}""" },
        { "PUT", "/{0}/activate", null },
        { "PUT", "/{0}/deactivate", null },
        { "DELETE", "/{0}", null },
    };

    [Fact]
    public async Task A_token_is_told_as_the_official_client_types_it_and_its_text_once()
    {
        var (organisation, jane) = await SceneAsync();
        var (set, key) = (await PermissionAsync(jane, Permission.ReadUsers), SoftwareKey.P256());
        var body = ServiceAccounts.Body("Nightly", key);
        (body["permissionId"], body["externalId"], body["secondsValid"]) = (set, "job-1", 3600);

        var created = await jane.PostAsync("/auth/pats", body);

        Assert.True((int)created.Status == 200, created.Text);
        KnownSecrets.Add(created.Require("accessToken"));
        var assigned = created.Body["permissionAssignments"]!;
        Assert.Equal(set, (string?)assigned[0]!["permissionId"]);
        var expected = new JsonObject
        {
            ["accessToken"] = created.Require("accessToken"),
            ["dateCreated"] = WireTime.Of(Service.Clock.GetUtcNow()),
            ["credId"] = created.Require("credId"),
            ["isActive"] = true,
            ["kind"] = "Pat",
            ["linkedUserId"] = jane.UserId,
            ["linkedAppId"] = "",
            ["name"] = "Nightly",
            ["orgId"] = organisation.Id,
            ["permissionAssignments"] = assigned.DeepClone(),
            ["publicKey"] = key.Pem,
            ["tokenId"] = created.Require("tokenId"),
            ["dateExpires"] = WireTime.Of(Service.Clock.GetUtcNow().AddHours(1)),
        };
        Assert.True(JsonNode.DeepEquals(expected, created.Body), created.Text);
        Assert.Matches("^to-", created.Require("tokenId"));
        // Whose it is the text tells too, and no permissions, of which it may have fewer.
        var pat = Service.ProgramOf(created.Body, key);
        Assert.Equal((jane.UserId, created.Require("tokenId")), (pat.UserId, pat.TokenId()));

        expected.Remove("accessToken");
        var path = $"/auth/pats/{created.Require("tokenId")}";
        foreach (var told in new[] { (await jane.GetAsync(path)).Body, (await jane.GetAsync("/auth/pats")).Body["items"]!.AsArray().Single()! }) Assert.True(JsonNode.DeepEquals(expected, told), told.ToJsonString());
        var updated = await jane.PutAsync(path, new JsonObject { ["name"] = "Weekly", ["externalId"] = "job-2", ["permissionId"] = "pm-none", ["publicKey"] = "none" });
        (expected["name"], expected["permissionAssignments"]) = ("Weekly", assigned.DeepClone());
        Assert.True(JsonNode.DeepEquals(expected, updated.Body), updated.Text);
        Assert.Equal(
            ["name was Nightly, is Weekly; externalId was job-1, is job-2"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.SubjectId == created.Require("tokenId") && e.Action == AuditActions.PatUpdated && e.Actor == jane.UserId).Select(e => e.Note).ToListAsync()));
        Assert.False((bool)(await jane.DeleteAsync(path)).Body["isActive"]!);
        Assert.Equal("personal_access_token_unknown", (await jane.GetAsync(path)).Code);
        Assert.Equal("""{"items":[]}""", (await jane.GetAsync("/auth/pats")).Text);
    }

    [Fact]
    public async Task A_token_does_what_both_its_person_and_its_own_permissions_permit_at_each_call()
    {
        var (organisation, jane) = await SceneAsync(Permission.ReadUsers, Permission.DeleteUsers, Permission.AssignPermissions, Permission.RevokePermissions);
        var owner = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var readers = await PermissionAsync(jane, Permission.ReadUsers);
        var pat = await jane.NewPatAsync();
        // Nothing of its own yet.
        Assert.Equal("permission_missing", await ReadAsync());
        var assigned = await jane.PostAsync($"/permissions/{readers}/assignments", new JsonObject { ["identityId"] = pat.TokenId() });
        Assert.Null(await ReadAsync());
        Assert.Equal(readers, (string?)(await jane.GetAsync($"/auth/pats/{pat.TokenId()}")).Body["permissionAssignments"]![0]!["permissionId"]);

        // More than its person: by whoever holds it, it is assigned, and means nothing.
        var updaters = await PermissionAsync(owner, Permission.UpdateUsers, Permission.LoginDelegated);
        await owner.PostAsync($"/permissions/{updaters}/assignments", new JsonObject { ["identityId"] = pat.TokenId() });
        Assert.Equal("permission_missing", (await pat.PutAsync($"/auth/users/{jane.UserId}", new JsonObject { ["isSSORequired"] = false })).Code);
        Assert.Equal(403, (int)(await pat.PostAsync("/auth/login/delegated", new JsonObject { ["username"] = "end@example.co" })).Status);
        // Less than its person.
        Assert.Equal("permission_missing", (await pat.DeleteAsync($"/auth/users/{jane.UserId}")).Code);
        Assert.Equal("auth", ((string)(await IntrospectAsync())["scope"]!)[..4].ToLowerInvariant());
        Assert.Equal((Permission.ReadUsers, jane.UserId, "Pat", pat.TokenId()), await ScopeAsync());

        // What its person loses it has lost with the next call, and has again.
        foreach (var has in new[] { false, true })
        {
            await Service.InDatabaseAsync(async db =>
            {
                var user = await db.Users.SingleAsync(u => u.OrganisationId == organisation.Id && u.Id == jane.UserId);
                user.Permissions = [.. user.Permissions.Where(p => p != Permission.ReadUsers), .. has ? new[] { Permission.ReadUsers } : []];
                return await db.SaveChangesAsync();
            });
            Assert.Equal(has ? null : "permission_missing", await ReadAsync());
        }

        await jane.DeleteAsync($"/permissions/{readers}/assignments/{assigned.Require("id")}");
        Assert.Equal("permission_missing", await ReadAsync());

        async Task<string?> ReadAsync() => (await pat.GetAsync("/auth/users")).Code;

        async Task<JsonNode> IntrospectAsync()
        {
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("token", pat.Token)]);
            return (await Service.SendAsync(HttpMethod.Post, "/auth/introspect", form, owner.Token)).Body;
        }

        async Task<(string?, string?, string?, string?)> ScopeAsync()
        {
            var told = await IntrospectAsync();
            var metadata = told["https://custom/app_metadata"]!;
            return ((string?)told["scope"], (string?)metadata["userId"], (string?)metadata["tokenKind"], (string?)told["client_id"]);
        }
    }

    [Fact]
    public async Task A_token_signs_with_its_own_key_by_either_name_and_no_other_signs_for_it()
    {
        var (organisation, jane) = await SceneAsync();
        var key = SoftwareKey.P256();
        var body = ServiceAccounts.Body("Nightly", key);
        body["permissionId"] = await PermissionAsync(jane, Permission.CreatePermissions, Permission.ReadUsers);
        var created = await jane.PostAsync("/auth/pats", body);
        var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == organisation.Id && c.CredentialIdText == created.Require("credId")).Select(c => c.Uuid).SingleAsync());
        foreach (var name in new[] { null, uuid })
        {
            Assert.Equal(200, (int)(await Service.ProgramOf(created.Body, key, name).PostAsync("/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) })).Status);
        }

        // Neither key signs for the other, nor does the token's open a session.
        var pat = Service.ProgramOf(created.Body, key);
        var (byPerson, byProgram) = (pat with { AnswerTo = jane.AnswerTo }, jane with { AnswerTo = pat.AnswerTo });
        foreach (var mixed in new[] { byPerson, byProgram })
        {
            var challenge = await mixed.InitActionAsync(HttpMethod.Post, "/permissions", "{}");
            Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/action", mixed.AnswerTo(challenge), mixed.Token)).Code);
        }

        var signingIn = await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "jane@example.co", ["orgId"] = organisation.Id });
        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", pat.AnswerTo(signingIn))).Code);
        Assert.DoesNotContain(created.Require("credId"), signingIn.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(created.Require("credId"), (await jane.GetAsync("/auth/credentials")).Text, StringComparison.Ordinal);
        // What the one signed the other does not send.
        var call = new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) };
        var signed = await pat.SignAsync(HttpMethod.Post, "/permissions", call.ToJsonString());
        Assert.Equal("user_action_missing", (await jane.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Code);
        Assert.Equal(200, (int)(await pat.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Status);
        Assert.Equal("user_action_already_used", (await pat.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Code);
    }

    [Fact]
    public async Task A_token_is_nobody_where_a_person_is_asked_for_and_lets_nobody_in()
    {
        var (organisation, jane) = await SceneAsync(Permission.CreateServiceAccounts, Permission.DeactivateUsers, Permission.DeleteUsers, Permission.ReadUsers);
        var pat = await jane.NewPatAsync(await PermissionAsync(jane, Permission.CreatePats, Permission.CreateServiceAccounts, Permission.DeactivateUsers, Permission.CreatePermissions));
        var before = await organisation.SnapshotAsync();

        Assert.Equal("not_authorized", (await pat.GetAsync("/auth/credentials")).Code);
        Assert.Equal("not_authorized", (await pat.PostAsync("/auth/credentials/code", new JsonObject())).Code);
        Assert.Equal("not_authorized", (await Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, pat.Token)).Code);
        Assert.Equal("own_account", (await pat.PutAsync($"/auth/users/{jane.UserId}/deactivate")).Code);
        var account = ServiceAccounts.Body("Back end");
        account["permissionId"] = await PermissionAsync(jane, Permission.ReadUsers);
        Assert.Equal("operation_not_held", (await pat.PostAsync("/auth/service-accounts", account)).Code);
        Assert.Equal("operation_not_held", (await pat.PostAsync("/permissions", new JsonObject { ["name"] = "Mine", ["operations"] = new JsonArray(Permission.ReadUsers) })).Code);
        await jane.DeleteAsync("/auth/users/us-none");
        Assert.Equal(Accounts(before), Accounts(await organisation.SnapshotAsync()));

        static string Accounts(string snapshot) => JsonNode.Parse(snapshot)!["users"]!.ToJsonString();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Nobody_reaches_the_token_of_another_and_only_an_employee_has_any(string method, string path, string? body)
    {
        var (organisation, jane) = await SceneAsync();
        var pat = await jane.NewPatAsync(await PermissionAsync(jane, Permission.CreatePats, Permission.CreatePermissions));
        var john = await organisation.SignedInAsync(UserKind.CustomerEmployee, "john@example.co", [.. Permission.All]);
        var foreigner = await (await Service.NewOrganisationAsync()).SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", [.. Permission.All]);
        var endUser = await organisation.SignedInAsync(UserKind.EndUser, "end@example.co", [.. Permission.All]);
        var program = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var before = await RowsAsync();

        if (path.Length > 0)
        {
            foreach (var other in new[] { john, foreigner }) Assert.Equal((404, "personal_access_token_unknown"), await OutcomeCodeAsync(CallAsync(other)));
        }

        foreach (var other in new[] { endUser, program, pat }) Assert.Equal((403, "employee_required"), await OutcomeCodeAsync(CallAsync(other)));
        Assert.Equal(before, await RowsAsync());
        Assert.Equal(200, (int)(await CallAsync(jane)).Status);

        Task<Answer> CallAsync(SigningCaller caller)
        {
            var place = $"/auth/pats{path.Replace("{0}", pat.TokenId(), StringComparison.Ordinal)}";
            return method == "GET" ? caller.GetAsync(place) : caller.CallAsync(HttpMethod.Parse(method), place, body is null ? null : JsonNode.Parse(body.Replace("{key}", SoftwareKey.P256().Pem.ReplaceLineEndings("\\n"), StringComparison.Ordinal)));
        }

        Task<string> RowsAsync() => Service.InDatabaseAsync(async db => string.Join(' ', await db.Users.Where(u => u.OrganisationId == organisation.Id).OrderBy(u => u.Id).Select(u => $"{u.Id} {u.Username} {u.IsActive}").ToListAsync()));
    }

    [Fact]
    public async Task Creating_one_wants_its_permission_and_gives_no_more_than_its_person_holds()
    {
        var organisation = await Service.NewOrganisationAsync();
        var owner = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var lacking = await organisation.SignedInAsync(UserKind.CustomerEmployee, "john@example.co", [.. Permission.All.Where(p => p != Permission.CreatePats)]);
        var jane = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", Permission.CreatePats);
        var (readers, archived) = (await PermissionAsync(owner, Permission.ReadUsers), await PermissionAsync(owner, Permission.CreatePats));
        await owner.PutAsync($"/permissions/{archived}/archive", new JsonObject { ["isArchived"] = true });
        var before = await organisation.SnapshotAsync();

        Assert.Equal($"CustomerEmployee {lacking.UserId} is not authorized to perform operation (Auth:Pats:Create)", (await lacking.PostAsync("/auth/pats", ServiceAccounts.Body("Nightly"))).Message);
        foreach (var (permission, code) in new[] { (readers, "operation_not_held"), (archived, "permission_archived"), ("pm-none", "permission_unknown") })
        {
            var body = ServiceAccounts.Body("Nightly");
            body["permissionId"] = permission;
            var refused = await jane.PostAsync("/auth/pats", body);
            Assert.Equal((code, "$.permissionId"), (refused.Code, refused.Path));
        }

        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Theory]
    [InlineData("deactivated", true)]
    [InlineData("expired", false)]
    [InlineData("deleted", false)]
    [InlineData("signed out everywhere", false)]
    public async Task What_ends_a_token_counts_at_once_for_calls_that_are_signed_too(string how, bool comesBack)
    {
        var (_, jane) = await SceneAsync();
        var pat = await jane.NewPatAsync(await PermissionAsync(jane, Permission.CreatePermissions));
        var path = $"/auth/pats/{pat.TokenId()}";
        var call = new JsonObject { ["name"] = "Mine", ["operations"] = new JsonArray(Permission.CreatePermissions) };
        var signed = await pat.SignAsync(HttpMethod.Post, "/permissions", call.ToJsonString());

        if (how == "deactivated") Assert.False((bool)(await jane.PutAsync($"{path}/deactivate")).Body["isActive"]!);
        else if (how == "deleted") Assert.Equal(200, (int)(await jane.DeleteAsync(path)).Status);
        else if (how == "expired") await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.Id == pat.TokenId()).ExecuteUpdateAsync(t => t.SetProperty(x => x.ExpiresAt, Service.Clock.GetUtcNow())));
        else Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), jane.Token)).Status);

        Assert.Equal("not_authorized", (await pat.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Code);
        Assert.Equal("not_authorized", (await pat.InitActionAsync(HttpMethod.Post, "/permissions", "{}")).Code);
        if (how == "signed out everywhere") return;
        var activated = await jane.PutAsync($"{path}/activate");
        Assert.Equal(how == "deleted" ? "personal_access_token_unknown" : null, activated.Code);
        Assert.Equal(comesBack ? null : "not_authorized", (await pat.InitActionAsync(HttpMethod.Post, "/permissions", "{}")).Code);
        if (!comesBack) return;
        Assert.Equal("user_action_already_used", (await pat.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Code);
        Assert.Equal(200, (int)(await pat.PostAsync("/permissions", call.DeepClone())).Status);
    }

    [Fact]
    public async Task A_person_has_twenty_and_those_that_have_expired_make_room_and_a_key_is_free_again()
    {
        var (organisation, jane) = await SceneAsync();
        var key = SoftwareKey.P256();
        var first = await jane.PostAsync("/auth/pats", ServiceAccounts.Body("Nightly", key));
        Assert.Equal(("public_key_already_registered", 409), ((await jane.PostAsync("/auth/pats", ServiceAccounts.Body("Nightly", key))).Code, 409));
        for (var n = 1; n < UserRows.MostInUse; n++) await jane.NewPatAsync();
        Assert.Equal((409, "limit_reached"), await OutcomeCodeAsync(jane.PostAsync("/auth/pats", ServiceAccounts.Body("One too many"))));
        Assert.Equal(UserRows.MostInUse, (await jane.GetAsync("/auth/pats")).Body["items"]!.AsArray().Count);

        await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.Id == first.Require("tokenId")).ExecuteUpdateAsync(t => t.SetProperty(x => x.ExpiresAt, Service.Clock.GetUtcNow())));
        Assert.Equal(200, (int)(await jane.PostAsync("/auth/pats", ServiceAccounts.Body("Another"))).Status);
        Assert.Equal("personal_access_token_unknown", (await jane.GetAsync($"/auth/pats/{first.Require("tokenId")}")).Code);
        Assert.Equal((409, "limit_reached"), await OutcomeCodeAsync(jane.PostAsync("/auth/pats", ServiceAccounts.Body("One too many"))));
        // None of it is a service account, or a user.
        Assert.Equal("""{"items":[]}""", (await (await organisation.SignedInAsync(UserKind.CustomerEmployee, "john@example.co", Permission.ReadServiceAccounts)).GetAsync("/auth/service-accounts")).Text);
    }

    [Fact]
    public async Task The_calls_that_a_token_begins_to_sign_crowd_out_none_of_its_person()
    {
        var (organisation, jane) = await SceneAsync();
        var pat = await jane.NewPatAsync();
        var own = await jane.InitActionAsync(HttpMethod.Post, "/permissions", "{}");
        for (var n = 0; n < UserRows.MostInUse + 5; n++) Assert.Equal(200, (int)(await pat.InitActionAsync(HttpMethod.Post, "/permissions", "{}")).Status);

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/action", jane.AnswerTo(own), jane.Token)).Status);
        var open = await Service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.OrganisationId == organisation.Id && c.UserId == pat.TokenId() && c.ConsumedAt == null));
        Assert.Equal(UserRows.MostInUse, open);
    }

    [Theory]
    [InlineData("""{"publicKey":"{key}"}""", "member_required $.name")]
    [InlineData("""{"name":"Nightly"}""", "member_required $.publicKey")]
    [InlineData("""{"name":"Nightly","publicKey":"MFkw"}""", "pem_malformed $.publicKey")]
    [InlineData("""{"name":"Nightly","publicKey":"{key}","daysValid":0}""", "member_invalid $.daysValid")]
    [InlineData("""{"name":"Nightly","publicKey":"{key}","secondsValid":31622401}""", "member_invalid $.secondsValid")]
    [InlineData("""{"name":"Nightly","publicKey":"{key}","secondsValid":0}""", "member_invalid $.secondsValid")]
    [InlineData("""{"name":"Nightly","publicKey":"{key}","daysValid":1,"secondsValid":1}""", "member_invalid $.secondsValid")]
    [InlineData("""{"name":"Nightly","publicKey":"{key}","externalId":"taken"}""", "external_id_taken ")]
    public async Task What_is_wrong_with_a_new_token_is_told_and_leaves_nothing(string body, string fault)
    {
        var (organisation, jane) = await SceneAsync();
        var taken = ServiceAccounts.Body("Nightly");
        taken["externalId"] = "taken";
        Assert.Equal(200, (int)(await jane.PostAsync("/auth/pats", taken)).Status);
        var before = await organisation.SnapshotAsync();

        var refused = await jane.PostAsync("/auth/pats", JsonNode.Parse(body.Replace("{key}", SoftwareKey.P256().Pem.ReplaceLineEndings("\\n"), StringComparison.Ordinal)));

        Assert.Equal(fault, $"{refused.Code} {refused.Path}");
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    private async Task<(TestOrganisation Organisation, SigningCaller Jane)> SceneAsync(params string[] permissions)
    {
        var organisation = await Service.NewOrganisationAsync();
        return (organisation, await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", [Permission.CreatePats, Permission.CreatePermissions, .. permissions.Append(Permission.ReadUsers).Distinct()]));
    }

    private static async Task<(int, string?)> OutcomeCodeAsync(Task<Answer> call)
    {
        var answer = await call;
        return ((int)answer.Status, answer.Code);
    }

    private static async Task<string> PermissionAsync(SigningCaller admin, params string[] operations) =>
        (await admin.PostAsync("/permissions", new JsonObject { ["name"] = "A set", ["operations"] = new JsonArray([.. operations.Select(o => JsonValue.Create(o))]) })).Require("id");
}
