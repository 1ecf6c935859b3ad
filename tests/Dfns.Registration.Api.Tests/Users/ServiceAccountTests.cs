using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.TestKit;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Service accounts over HTTP: what each call answers, what counts from when on, and that nobody gets by one what they do not hold.</summary>
public abstract class ServiceAccountTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ServiceAccountTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ServiceAccountTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Method, what comes behind the id, body.
    public static TheoryData<string, string, string?> CallsOfOne => new()
    {
        { "GET", "", null },
        { "PUT", "", """{"name":"Another name"}""" },
        { "DELETE", "", null },
        { "PUT", "/activate", null },
        { "PUT", "/deactivate", """{"force":true}""" },
    };

    [Fact]
    public async Task An_account_is_told_as_the_official_client_types_it_and_its_token_once()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var (set, key) = (await PermissionAsync(admin, Permission.ReadUsers), SoftwareKey.P256());
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        var body = ServiceAccounts.Body("Back end", key);
        (body["permissionId"], body["externalId"], body["daysValid"]) = (set, "crm-1", 30);

        var created = await admin.PostAsync("/auth/service-accounts", body);

        Assert.True((int)created.Status == 200, created.Text);
        var (info, token) = (created.Body["userInfo"]!.AsObject(), created.Body["accessTokens"]!.AsArray().Single()!.AsObject());
        KnownSecrets.Add((string)token["accessToken"]!);
        var assigned = info["permissionAssignments"]!;
        Assert.Equal(set, (string?)assigned[0]!["permissionId"]);
        var expected = new JsonObject
        {
            ["username"] = "Back end",
            ["name"] = "Back end",
            ["userId"] = (string)info["userId"]!,
            ["kind"] = "CustomerEmployee",
            ["credentialUuid"] = (string)info["credentialUuid"]!,
            ["orgId"] = organisation.Id,
            ["isActive"] = true,
            ["isServiceAccount"] = true,
            ["isRegistered"] = true,
            ["isSSORequired"] = false,
            ["permissionAssignments"] = assigned.DeepClone(),
            ["permissions"] = new JsonArray(Permission.ReadUsers),
            ["externalId"] = "crm-1",
        };
        Assert.True(JsonNode.DeepEquals(expected, info), info.ToJsonString());
        Assert.Matches("^cr-", (string)info["credentialUuid"]!);
        expected = new JsonObject
        {
            ["accessToken"] = (string)token["accessToken"]!,
            ["dateCreated"] = WireTime.Of(Service.Clock.GetUtcNow()),
            ["credId"] = (string)token["credId"]!,
            ["isActive"] = true,
            ["kind"] = "ServiceAccount",
            ["linkedUserId"] = (string)info["userId"]!,
            ["linkedAppId"] = "",
            ["name"] = "Back end",
            ["orgId"] = organisation.Id,
            ["permissionAssignments"] = assigned.DeepClone(),
            ["publicKey"] = key.Pem,
            ["tokenId"] = (string)token["tokenId"]!,
            ["dateExpires"] = WireTime.Of(Service.Clock.GetUtcNow().AddDays(30)),
        };
        Assert.True(JsonNode.DeepEquals(expected, token), token.ToJsonString());

        token.Remove("accessToken");
        var path = PathOf(created);
        foreach (var told in new[] { (await admin.GetAsync(path)).Body, (await admin.GetAsync("/auth/service-accounts")).Body["items"]!.AsArray().Single(i => (string?)i!["userInfo"]!["externalId"] == "crm-1")! })
        {
            Assert.True(JsonNode.DeepEquals(new JsonObject { ["userInfo"] = info.DeepClone(), ["accessTokens"] = new JsonArray(token.DeepClone()) }, told), told.ToJsonString());
        }

        foreach (var (method, suffix) in new[] { ("PUT", ""), ("PUT", "/deactivate"), ("PUT", "/activate"), ("DELETE", "") })
        {
            Assert.DoesNotContain("accessToken\":", (await admin.CallAsync(HttpMethod.Parse(method), path + suffix, method == "PUT" ? new JsonObject() : null)).Text, StringComparison.Ordinal);
        }

        Assert.Equal("service_account_unknown", (await admin.GetAsync(path)).Code);
    }

    [Fact]
    public async Task An_account_signs_with_its_key_by_either_name_and_does_what_it_was_given_and_no_more()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var body = ServiceAccounts.Body("Back end", SoftwareKey.P256());
        var key = SoftwareKey.P256();
        (body["publicKey"], body["permissionId"]) = (key.Pem, await PermissionAsync(admin, Permission.CreatePermissions, Permission.ReadUsers));
        var created = await admin.PostAsync("/auth/service-accounts", body);

        foreach (var credId in new[] { (string)created.Body["accessTokens"]![0]!["credId"]!, (string)created.Body["userInfo"]!["credentialUuid"]! })
        {
            var account = Caller(created, key, credId);
            Assert.Equal(200, (int)(await account.GetAsync("/auth/users")).Status);
            Assert.Equal(200, (int)(await account.PostAsync("/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) })).Status);
            Assert.Equal("permission_missing", (await account.GetAsync("/auth/service-accounts")).Code);
            Assert.Equal("operation_not_held", (await account.PostAsync("/permissions", new JsonObject { ["name"] = "More", ["operations"] = new JsonArray(Permission.DeleteUsers) })).Code);
        }

        // Seen, to the minute.
        Assert.Equal(WireTime.Of(Service.Clock.GetUtcNow()), (string?)(await admin.GetAsync(PathOf(created))).Body["accessTokens"]![0]!["dateLastUsed"]);
    }

    [Theory]
    [InlineData("deactivated", true)]
    [InlineData("expired", false)]
    [InlineData("deleted", false)]
    public async Task What_ends_an_account_counts_at_once_for_calls_that_are_signed_too(string how, bool comesBack)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var (body, key) = (ServiceAccounts.Body("Back end"), SoftwareKey.P256());
        (body["publicKey"], body["permissionId"], body["daysValid"]) = (key.Pem, await PermissionAsync(admin, Permission.CreatePermissions), 1);
        var created = await admin.PostAsync("/auth/service-accounts", body);
        var (account, path) = (Caller(created, key), PathOf(created));
        var call = new JsonObject { ["name"] = "Mine", ["operations"] = new JsonArray(Permission.CreatePermissions) };
        var signed = await account.SignAsync(HttpMethod.Post, "/permissions", call.ToJsonString());

        if (how == "deactivated") Assert.False((bool)(await admin.PutAsync($"{path}/deactivate", new JsonObject())).Body["accessTokens"]![0]!["isActive"]!);
        else if (how == "deleted") Assert.Equal(200, (int)(await admin.DeleteAsync(path)).Status);
        else Service.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal("not_authorized", (await account.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Code);
        Assert.Equal("not_authorized", (await account.InitActionAsync(HttpMethod.Post, "/permissions", "{}")).Code);
        if (how == "expired") Assert.False((bool)(await admin.GetAsync(path)).Body["accessTokens"]![0]!["isActive"]!);

        var activated = await admin.PutAsync($"{path}/activate", new JsonObject());
        Assert.Equal(how == "deleted" ? "service_account_unknown" : null, activated.Code);
        Assert.Equal(comesBack ? null : "not_authorized", (await account.InitActionAsync(HttpMethod.Post, "/permissions", "{}")).Code);
        if (!comesBack) return;
        Assert.Equal(200, (int)(await account.PostAsync("/permissions", call.DeepClone())).Status);
        // What it had signed before it came back is not signed any more.
        Assert.Equal("user_action_already_used", (await account.SendAsync(HttpMethod.Post, "/permissions", call.DeepClone(), signed)).Code);
    }

    [Fact]
    public async Task Nobody_gives_an_account_what_they_do_not_hold()
    {
        var organisation = await Service.NewOrganisationAsync();
        var owner = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var (readers, delegates) = (await PermissionAsync(owner, Permission.ReadUsers), await PermissionAsync(owner, Permission.LoginDelegated));
        var archived = await PermissionAsync(owner, Permission.CreateServiceAccounts);
        await owner.PutAsync($"/permissions/{archived}/archive", new JsonObject { ["isArchived"] = true });
        var other = await PermissionAsync(await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]), Permission.CreateServiceAccounts);
        var program = await organisation.NewServiceAccountAsync(Permission.CreateServiceAccounts, Permission.UpdateServiceAccounts);
        // Whatever is stored, no employee speaks for another.
        var employee = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", [.. Permission.All]);
        var before = await organisation.SnapshotAsync();

        Assert.Equal((403, "operation_not_held", "$.permissionId"), await RefusedAsync(program, readers));
        Assert.Equal((403, "operation_not_held", "$.permissionId"), await RefusedAsync(employee, delegates));
        Assert.Equal((409, "permission_archived", "$.permissionId"), await RefusedAsync(program, archived));
        Assert.Equal((404, "permission_unknown", "$.permissionId"), await RefusedAsync(program, other));
        Assert.Equal((404, "permission_unknown", "$.permissionId"), await RefusedAsync(program, "pm-none"));
        Assert.Equal(before, await organisation.SnapshotAsync());

        // Nor by an update, which has no place for it.
        var more = new JsonObject { ["name"] = "Mine", ["permissionId"] = readers, ["permissions"] = new JsonArray(Permission.ReadUsers), ["publicKey"] = SoftwareKey.P256().Pem, ["isActive"] = true };
        var updated = await program.PutAsync($"/auth/service-accounts/{program.UserId}", more);
        Assert.Equal(("Mine", 2), ((string?)updated.Body["userInfo"]!["name"], updated.Body["userInfo"]!["permissions"]!.AsArray().Count));
        Assert.Equal("permission_missing", (await program.GetAsync("/auth/users")).Code);
        Assert.Equal(200, (int)(await program.PostAsync("/auth/service-accounts", ServiceAccounts.Body("One more"))).Status);

        static async Task<(int, string?, string?)> RefusedAsync(SigningCaller caller, string permissionId)
        {
            var body = ServiceAccounts.Body("Back end");
            body["permissionId"] = permissionId;
            var refused = await caller.PostAsync("/auth/service-accounts", body);
            return ((int)refused.Status, refused.Code, refused.Path);
        }
    }

    [Theory]
    [MemberData(nameof(CallsOfOne))]
    public async Task No_call_reaches_an_account_of_another_organisation_or_a_person(string method, string suffix, string? body)
    {
        var (organisation, other) = (await Service.NewOrganisationAsync(), await Service.NewOrganisationAsync());
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var (foreigner, person) = (await other.NewServiceAccountAsync(), await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee));
        var (before, beforeOther) = (await organisation.SnapshotAsync(), await other.SnapshotAsync());

        foreach (var id in new[] { foreigner.UserId, person.UserId, "us-none" })
        {
            var answer = await CallAsync(admin, method, $"/auth/service-accounts/{id}{suffix}", body);
            Assert.Equal((404, "service_account_unknown"), ((int)answer.Status, answer.Code));
        }

        Assert.Equal((before, beforeOther), (await organisation.SnapshotAsync(), await other.SnapshotAsync()));
        Assert.DoesNotContain(foreigner.UserId, (await admin.GetAsync("/auth/service-accounts")).Text, StringComparison.Ordinal);
        // And the calls of persons reach no account.
        if (method != "GET" || suffix.Length == 0) Assert.Equal("user_unknown", (await CallAsync(admin, method, $"/auth/users/{admin.UserId}{suffix}", """{"isSSORequired":false}""")).Code);
    }

    [Fact]
    public async Task An_account_neither_deactivates_nor_deletes_itself()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var path = $"/auth/service-accounts/{admin.UserId}";

        Assert.Equal(["own_account", "own_account", null], new[] { await admin.PutAsync($"{path}/deactivate"), await admin.DeleteAsync(path), await admin.PutAsync($"{path}/activate") }.Select(a => a.Code));
        Assert.Equal(200, (int)(await admin.GetAsync(path)).Status);
    }

    public static TheoryData<string, string> BadBodies => new()
    {
        { """{"publicKey":"{key}"}""", "member_required $.name" },
        { """{"name":"Back\u200Bend","publicKey":"{key}"}""", "member_invalid $.name" },
        { """{"name":"Back end"}""", "member_required $.publicKey" },
        { """{"name":"Back end","publicKey":"MFkw"}""", "pem_malformed $.publicKey" },
        { """{"name":"Back end","publicKey":"{private}"}""", "pem_private_key $.publicKey" },
        { """{"name":"Back end","publicKey":"{key}","daysValid":0}""", "member_invalid $.daysValid" },
        { """{"name":"Back end","publicKey":"{key}","daysValid":367}""", "member_invalid $.daysValid" },
        { """{"name":"Back end","publicKey":"{key}","daysValid":1.5}""", "member_invalid $.daysValid" },
        { """{"name":"Taken","publicKey":"{key}"}""", "user_already_exists " },
        { """{"name":"Back end","externalId":"taken","publicKey":"{key}"}""", "external_id_taken " },
        { """{"name":"Back end","publicKey":"{taken}"}""", "public_key_already_registered " },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task What_is_wrong_with_a_new_account_is_told_and_leaves_nothing(string body, string fault)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var (key, taken) = (SoftwareKey.P256(), SoftwareKey.P256());
        var first = ServiceAccounts.Body("Taken", taken);
        first["externalId"] = "taken";
        Assert.Equal(200, (int)(await admin.PostAsync("/auth/service-accounts", first)).Status);
        using var secret = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        foreach (var (place, pem) in new[] { ("{key}", key.Pem), ("{taken}", taken.Pem), ("{private}", secret.ExportPkcs8PrivateKeyPem()) }) body = body.Replace(place, pem.ReplaceLineEndings("\\n"), StringComparison.Ordinal);
        var before = await organisation.SnapshotAsync();

        var refused = await admin.PostAsync("/auth/service-accounts", JsonNode.Parse(body)!.AsObject());

        Assert.Equal(fault, $"{refused.Code} {refused.Path}");
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task An_update_changes_the_name_and_the_external_id_and_nothing_it_leaves_out_and_takes_no_others()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var (one, two) = (await admin.PostAsync("/auth/service-accounts", ServiceAccounts.Body("One")), await admin.PostAsync("/auth/service-accounts", ServiceAccounts.Body("Two")));
        var path = PathOf(one);

        Assert.Equal(("One", "crm-1"), await UpdateAsync(new JsonObject { ["externalId"] = "crm-1" }));
        Assert.Equal(("Uno", "crm-1"), await UpdateAsync(new JsonObject { ["name"] = "Uno" }));
        var before = await organisation.SnapshotAsync();
        Assert.Equal(("Uno", "crm-1"), await UpdateAsync(new JsonObject()));
        Assert.Equal("user_already_exists", (await admin.PutAsync(path, new JsonObject { ["name"] = "TWO" })).Code);
        Assert.Equal("external_id_taken", (await admin.PutAsync(PathOf(two), new JsonObject { ["externalId"] = "crm-1" })).Code);
        Assert.Equal("member_invalid", (await admin.PutAsync(path, new JsonObject { ["name"] = "U\u200Bno" })).Code);
        Assert.Equal(before, await organisation.SnapshotAsync());
        // The name that it had is free.
        Assert.Equal(200, (int)(await admin.PostAsync("/auth/service-accounts", ServiceAccounts.Body("One"))).Status);
        var id = (string)one.Body["userInfo"]!["userId"]!;
        Assert.Equal(
            ["externalId was (none), is crm-1", "name was One, is Uno"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.SubjectId == id && e.Action == AuditActions.ServiceAccountUpdated && e.Actor == admin.UserId).Select(e => e.Note).OrderBy(n => n).ToListAsync()));

        async Task<(string?, string?)> UpdateAsync(JsonObject body)
        {
            var updated = await admin.PutAsync(path, body);
            return ((string?)updated.Body["userInfo"]!["username"], (string?)updated.Body["userInfo"]!["externalId"]);
        }
    }

    [Fact]
    public async Task An_organisation_has_so_many_and_the_list_tells_them_all_a_page_at_a_time()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        await Service.InDatabaseAsync(async db =>
        {
            for (var n = 2; n < ServiceAccountStore.MostAccounts; n++)
            {
                db.Users.Add(new User
                {
                    OrganisationId = organisation.Id,
                    Id = $"us-many-{n:000}",
                    Username = $"Many {n}",
                    UsernameFolded = $"many {n}",
                    Kind = UserKind.CustomerEmployee,
                    IsServiceAccount = true,
                    CreatedAt = Service.Clock.GetUtcNow(),
                    RegisteredAt = Service.Clock.GetUtcNow(),
                });
            }

            return await db.SaveChangesAsync();
        });

        var last = await admin.PostAsync("/auth/service-accounts", ServiceAccounts.Body("The last"));
        Assert.Equal(200, (int)last.Status);
        Assert.Equal((409, "service_account_limit_reached"), await OutcomeCodeAsync(admin.PostAsync("/auth/service-accounts", ServiceAccounts.Body("One too many"))));
        var all = (await admin.GetAsync("/auth/service-accounts")).Body;
        Assert.Equal((ServiceAccountStore.MostAccounts, null), (all["items"]!.AsArray().Count, all["nextPageToken"]));
        var (pages, token) = (new List<string>(), "");
        do
        {
            var page = (await admin.GetAsync($"/auth/service-accounts?limit=40{token}")).Body;
            pages.AddRange(page["items"]!.AsArray().Select(i => (string)i!["userInfo"]!["userId"]!));
            token = (string?)page["nextPageToken"] is { } next ? $"&paginationToken={next}" : "";
        }
        while (token.Length > 0);
        Assert.Equal(all["items"]!.AsArray().Select(i => (string)i!["userInfo"]!["userId"]!), pages);
        Assert.Equal("query_invalid", (await admin.GetAsync("/auth/service-accounts?limit=201")).Code);

        // One that goes makes room.
        Assert.Equal(200, (int)(await admin.DeleteAsync(PathOf(last))).Status);
        Assert.Equal(200, (int)(await admin.PostAsync("/auth/service-accounts", ServiceAccounts.Body("The last"))).Status);
    }

    [Fact]
    public async Task A_signed_call_creates_one_account_however_often_it_is_sent()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var body = ServiceAccounts.Body("Back end");
        var signed = await admin.SignAsync(HttpMethod.Post, "/auth/service-accounts", body.ToJsonString());

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => admin.SendAsync(HttpMethod.Post, "/auth/service-accounts", body.DeepClone(), signed)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.True(a.Code is "user_action_already_used" or "user_already_exists" or "public_key_already_registered", a.Text));
        Assert.Equal("user_action_already_used", (await admin.SendAsync(HttpMethod.Post, "/auth/service-accounts", ServiceAccounts.Body("Another"), signed)).Code);
        Assert.Equal(2, (await admin.GetAsync("/auth/service-accounts")).Body["items"]!.AsArray().Count);
    }

    private static async Task<(int, string?)> OutcomeCodeAsync(Task<Answer> call)
    {
        var answer = await call;
        return ((int)answer.Status, answer.Code);
    }

    private static string PathOf(Answer created) => $"/auth/service-accounts/{(string)created.Body["userInfo"]!["userId"]!}";

    private SigningCaller Caller(Answer created, SoftwareKey key, string? credId = null) => Service.ProgramOf(created.Body["accessTokens"]![0]!, key, credId);

    private static async Task<string> PermissionAsync(SigningCaller admin, params string[] operations) =>
        (await admin.PostAsync("/permissions", new JsonObject { ["name"] = "A set", ["operations"] = new JsonArray([.. operations.Select(o => JsonValue.Create(o))]) })).Require("id");

    private static Task<Answer> CallAsync(SigningCaller caller, string method, string path, string? body) =>
        method == "GET" ? caller.GetAsync(path) : caller.CallAsync(HttpMethod.Parse(method), path, body is null ? null : JsonNode.Parse(body));
}
