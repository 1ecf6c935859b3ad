using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Permissions;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Permissions;

/// <summary>Named sets of operations: what they permit to whom, from when on, and that nobody grants what they do not hold.</summary>
public abstract class PermissionSetTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : PermissionSetTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : PermissionSetTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private static readonly string[] Managing = [.. Permission.All.Where(p => p.StartsWith("Permissions:", StringComparison.Ordinal))];

    public static TheoryData<string> OtherOperations => [.. Operations.Others.Order(StringComparer.Ordinal)];

    [Fact]
    public async Task A_permission_is_created_read_updated_archived_and_taken_back()
    {
        var admin = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]);

        var created = await admin.PostAsync("/permissions", Set("Readers", Permission.ReadUsers, Permission.ReadUsers, Permission.CreateUsers));

        var id = created.Require("id");
        Assert.Matches("^pm-[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{14,16}$", id);
        Assert.Equal(
            $$"""{"id":"{{id}}","name":"Readers","operations":["Auth:Users:Read","Auth:Users:Create"],"status":"Active","isImmutable":false,"isArchived":false,"dateCreated":"2026-11-23T12:00:00.000Z","dateUpdated":"2026-11-23T12:00:00.000Z"}""",
            created.Text);
        Assert.Equal(created.Text, (await admin.GetAsync($"/permissions/{id}")).Text);

        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Auditors", (await admin.PutAsync($"/permissions/{id}", new JsonObject { ["name"] = "Auditors" })).Require("name"));
        var updated = await admin.PutAsync($"/permissions/{id}", new JsonObject { ["operations"] = new JsonArray(Permission.ReadUsers) });
        Assert.Equal(("Auditors", """["Auth:Users:Read"]""", "2026-11-23T12:00:01.000Z"), (updated.Require("name"), updated.Body["operations"]!.ToJsonString(), updated.Require("dateUpdated")));
        Assert.Equal(updated.Text, (await admin.PutAsync($"/permissions/{id}", new JsonObject())).Text);

        foreach (var archived in new[] { true, true, false, false })
        {
            Assert.Equal(archived, (bool)(await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = archived })).Body["isArchived"]!);
            Assert.Equal(archived, (bool)(await admin.GetAsync("/permissions")).Body["items"]!.AsArray().Single()!["isArchived"]!);
        }

        Assert.Equal(("member_required", "$.isArchived"), Fault(await admin.PutAsync($"/permissions/{id}/archive", new JsonObject())));
    }

    [Fact]
    public async Task What_is_assigned_counts_from_the_next_call_and_until_it_is_revoked_or_archived()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var id = await CreateAsync(admin, "Readers", Permission.ReadUsers);
        foreach (var caller in new[] { await organisation.NewServiceAccountAsync(), await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co") })
        {
            Assert.Equal("permission_missing", await ReadAsync());

            var assigned = await AssignAsync(admin, id, caller.UserId);
            Assert.Equal((200, id, caller.UserId, false), ((int)assigned.Status, (string?)assigned.Body["permissionId"], (string?)assigned.Body["identityId"], (bool)assigned.Body["isImmutable"]!));
            Assert.Null(await ReadAsync());

            await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = true });
            Assert.Equal("permission_missing", await ReadAsync());
            await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = false });
            Assert.Null(await ReadAsync());

            await admin.PutAsync($"/permissions/{id}", new JsonObject { ["operations"] = new JsonArray(Permission.CreateUsers) });
            Assert.Equal("permission_missing", await ReadAsync());
            await admin.PutAsync($"/permissions/{id}", new JsonObject { ["operations"] = new JsonArray(Permission.ReadUsers) });

            // Two sets of which each would do.
            var other = await CreateAsync(admin, "Readers too", Permission.ReadUsers, Permission.UpdateUsers);
            await AssignAsync(admin, other, caller.UserId);
            var revoked = await admin.DeleteAsync($"/permissions/{id}/assignments/{assigned.Require("id")}");
            Assert.Equal((200, "{}"), ((int)revoked.Status, revoked.Text));
            Assert.Null(await ReadAsync());
            Assert.Equal("assignment_unknown", (await admin.DeleteAsync($"/permissions/{id}/assignments/{assigned.Require("id")}")).Code);
            await admin.PutAsync($"/permissions/{other}/archive", new JsonObject { ["isArchived"] = true });
            Assert.Equal("permission_missing", await ReadAsync());

            async Task<string?> ReadAsync() => (await caller.GetAsync("/auth/users")).Code;
        }
    }

    [Fact]
    public async Task What_an_operator_permitted_and_what_is_assigned_are_one_wherever_they_are_told()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var caller = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", Permission.CreateUsers);
        var (first, second, archived) = (await CreateAsync(admin, "First", Permission.ReadUsers, Permission.CreateUsers), await CreateAsync(admin, "Second", Permission.UpdateUsers), await CreateAsync(admin, "Archived", Permission.DeleteUsers));
        var assignments = new List<string>();
        foreach (var id in new[] { first, second, archived }) assignments.Add((await AssignAsync(admin, id, caller.UserId)).Require("id"));
        await admin.PutAsync($"/permissions/{archived}/archive", new JsonObject { ["isArchived"] = true });

        var user = (await admin.GetAsync($"/auth/users/{caller.UserId}")).Body;

        var expected = new JsonArray(
            new JsonObject { ["permissionName"] = "First", ["permissionId"] = first, ["assignmentId"] = assignments[0], ["operations"] = new JsonArray(Permission.ReadUsers, Permission.CreateUsers) },
            new JsonObject { ["permissionName"] = "Second", ["permissionId"] = second, ["assignmentId"] = assignments[1], ["operations"] = new JsonArray(Permission.UpdateUsers) });
        Assert.True(JsonNode.DeepEquals(expected, new JsonArray([.. user["permissionAssignments"]!.AsArray().OrderBy(a => (string)a!["permissionName"]!, StringComparer.Ordinal).Select(a => a!.DeepClone())])), user.ToJsonString());
        string[] all = [Permission.CreateUsers, Permission.ReadUsers, Permission.UpdateUsers];
        Assert.Equal(all, user["permissions"]!.AsArray().Select(p => (string)p!).Order(StringComparer.Ordinal));
        Assert.Equal(user.ToJsonString(), (await admin.GetAsync("/auth/users")).Body["items"]!.AsArray().Single()!.ToJsonString());
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("token", caller.Token)]);
        var told = await Service.SendAsync(HttpMethod.Post, "/auth/introspect", form, admin.Token);
        Assert.Equal(all, told.Require("scope").Split(' ').Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("user", "--user")]
    [InlineData("service-account", "--account")]
    public async Task Where_an_operator_says_nothing_more_or_just_this_no_set_permits_more(string noun, string option)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        SigningCaller caller = noun == "user" ? await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", Permission.CreateUsers) : await organisation.NewServiceAccountAsync(Permission.CreateUsers);
        var set = await CreateAsync(admin, "Readers", Permission.ReadUsers);

        foreach (var just in (string[][])[["--none"], ["--permission", Permission.CreateUsers, "--force"]])
        {
            await AssignAsync(admin, set, caller.UserId);
            Assert.Equal(200, (int)(await caller.GetAsync("/auth/users")).Status);
            var listed = JsonNode.Parse((await ServiceProgram.OperateAsync(Service.Database, noun, "list", "--org", organisation.Id, "--json")).Output)!.AsArray().Single(r => (string)r!["id"]! == caller.UserId)!;
            Assert.Equal(1, (int)listed["permissionSets"]!);
            var absent = await ServiceProgram.OperateAsync(Service.Database, noun, "permit", "--org", organisation.Id, option, caller.UserId, "--remove", Permission.ReadUsers);
            Assert.Equal((1, $"'{Permission.ReadUsers}' comes from the set 'Readers' ({set}), which is assigned over HTTP; --none takes away the sets too."), (absent.ExitCode, absent.Faults.Trim()));

            var told = await ServiceProgram.OperateAsync(Service.Database, [noun, "permit", "--org", organisation.Id, option, caller.UserId, .. just]);

            Assert.Contains($"sets was: Readers ({set}): {Permission.ReadUsers}", told.Output, StringComparison.Ordinal);
            Assert.Contains("sets is:  (none)", told.Output, StringComparison.Ordinal);
            Assert.Equal("permission_missing", (await caller.GetAsync("/auth/users")).Code);
        }

        Assert.Equal(2, await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == organisation.Id && e.Action == AuditActions.PermissionRevoked && e.Actor == AuditActors.Operator && e.SubjectId == caller.UserId)));
    }

    [Fact]
    public async Task A_back_end_asks_about_tokens_by_what_is_assigned_to_it()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var backend = await organisation.NewServiceAccountAsync();
        Assert.Equal("permission_missing", (await AskAsync()).Code);

        await AssignAsync(admin, await CreateAsync(admin, "Introspection", Permission.IntrospectTokens), backend.UserId);

        Assert.True((bool)(await AskAsync()).Body["active"]!);

        async Task<Answer> AskAsync()
        {
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("token", admin.Token)]);
            return await Service.SendAsync(HttpMethod.Post, "/auth/introspect", form, backend.Token);
        }
    }

    public static TheoryData<string> WaysToGrant => ["create", "update", "take back", "assign", "assign to oneself"];

    [Theory]
    [MemberData(nameof(WaysToGrant))]
    public async Task Nobody_grants_what_they_do_not_hold(string way)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var caller = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", [.. Managing, Permission.ReadUsers]);
        var friend = await organisation.NewServiceAccountAsync();
        var powerful = await CreateAsync(admin, "Powerful", Permission.ReadUsers, Permission.DeleteUsers);
        var own = await CreateAsync(caller, "Own", Permission.ReadUsers);
        if (way == "take back") await admin.PutAsync($"/permissions/{powerful}/archive", new JsonObject { ["isArchived"] = true });
        var before = await organisation.SnapshotAsync();

        var refused = await GrantAsync();

        Assert.Equal((403, "operation_not_held"), ((int)refused.Status, refused.Code));
        Assert.EndsWith("Not held: Auth:Users:Delete.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Equal("permission_missing", (await friend.GetAsync("/auth/users")).Code);

        // Whoever holds it by an assignment holds it.
        await AssignAsync(admin, await CreateAsync(admin, "Deleting", Permission.DeleteUsers), caller.UserId);
        var granted = await GrantAsync();
        Assert.True((int)granted.Status == 200, granted.Text);

        Task<Answer> GrantAsync() => way switch
        {
            "create" => caller.PostAsync("/permissions", Set("Mine", Permission.DeleteUsers)),
            "update" => caller.PutAsync($"/permissions/{own}", new JsonObject { ["operations"] = new JsonArray(Permission.ReadUsers, Permission.DeleteUsers) }),
            "take back" => caller.PutAsync($"/permissions/{powerful}/archive", new JsonObject { ["isArchived"] = false }),
            "assign" => AssignAsync(caller, powerful, friend.UserId),
            _ => AssignAsync(caller, powerful, caller.UserId),
        };
    }

    // What is taken away, and what others have granted, is nobody's to hold.
    [Fact]
    public async Task Whoever_grants_nothing_need_not_hold_anything()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var caller = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", Managing);
        var id = await CreateAsync(admin, "Powerful", Permission.ReadUsers, Permission.DeleteUsers, Permission.CreateUsers);
        var assigned = await AssignAsync(admin, id, admin.UserId);

        foreach (var body in new[] { new JsonObject { ["name"] = "Renamed" }, new JsonObject { ["operations"] = new JsonArray(Permission.DeleteUsers, Permission.ReadUsers) } })
        {
            Assert.Equal(200, (int)(await caller.PutAsync($"/permissions/{id}", body)).Status);
        }

        Assert.Equal(200, (int)(await caller.DeleteAsync($"/permissions/{id}/assignments/{assigned.Require("id")}")).Status);
        Assert.Equal(200, (int)(await caller.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = true })).Status);
    }

    // An employee whose operator stored what no person can have does not hold it.
    [Fact]
    public async Task A_person_does_not_grant_what_is_for_service_accounts()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", [.. Permission.All]);

        Assert.Equal("operation_not_held", (await caller.PostAsync("/permissions", Set("Back end", Permission.RegisterDelegated))).Code);
    }

    [Theory]
    [MemberData(nameof(OtherOperations))]
    public async Task An_operation_that_nothing_here_serves_is_refused_by_its_name(string operation)
    {
        var admin = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]);

        var refused = await admin.PostAsync("/permissions", Set("Wallets", Permission.ReadUsers, operation));

        Assert.Equal((400, "operation_not_served", "$.operations[1]"), ((int)refused.Status, refused.Code, refused.Path));
        Assert.EndsWith($"It is {operation}.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_operation_is_served_and_not_served() => Assert.Empty(Operations.Others.Intersect(Permission.All));

    [Theory]
    [InlineData("""{"name":"x"}""", "member_required", "$.operations")]
    [InlineData("""{"name":"x","operations":[]}""", "member_required", "$.operations")]
    [InlineData("""{"name":"x","operations":"Auth:Users:Read"}""", "member_invalid", "$.operations")]
    [InlineData("""{"name":"x","operations":["Auth:Users:Read",null]}""", "operation_unknown", "$.operations[1]")]
    [InlineData("""{"name":"x","operations":["auth:users:read"]}""", "operation_unknown", "$.operations[0]")]
    [InlineData("""{"name":"","operations":["Auth:Users:Read"]}""", "member_required", "$.name")]
    [InlineData("""{"name":"two\nlines","operations":["Auth:Users:Read"]}""", "member_invalid", "$.name")]
    public async Task A_body_that_makes_no_sense_creates_nothing(string body, string code, string path)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var before = await organisation.SnapshotAsync();

        Assert.Equal((code, path), Fault(await admin.PostAsync("/permissions", JsonNode.Parse(body))));
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task More_entries_than_there_are_operations_are_not_looked_at()
    {
        var admin = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]);

        Assert.Equal(("member_too_long", "$.operations"), Fault(await admin.PostAsync("/permissions", Set("x", [.. Enumerable.Repeat(Permission.ReadUsers, 201)]))));
    }

    [Fact]
    public async Task A_permission_is_assigned_to_whom_it_can_mean_something_once_and_while_it_is_in_use()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var employee = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co");
        var endUser = await Service.InviteAsync(organisation, "john@example.co");
        var deleted = await Service.InviteAsync(organisation, "mary@example.co", UserKind.CustomerEmployee);
        Assert.Equal(200, (int)(await admin.DeleteAsync($"/auth/users/{deleted.UserId}")).Status);
        var id = await CreateAsync(admin, "Readers", Permission.ReadUsers);
        var delegated = await CreateAsync(admin, "Back end", Permission.RegisterDelegated);

        Assert.Equal(("member_invalid", "$.identityId"), Fault(await AssignAsync(admin, id, endUser.UserId)));
        Assert.Equal(("member_invalid", "$.identityId"), Fault(await AssignAsync(admin, delegated, employee.UserId)));
        Assert.Equal(("user_unknown", "$.identityId"), Fault(await AssignAsync(admin, id, deleted.UserId)));
        Assert.Equal(("user_unknown", "$.identityId"), Fault(await AssignAsync(admin, id, "us-none")));
        Assert.Equal(("permission_unknown", null), Fault(await AssignAsync(admin, "pm-none", employee.UserId)));
        Assert.Equal(200, (int)(await AssignAsync(admin, id, employee.UserId)).Status);
        Assert.Equal(("permission_already_assigned", null), Fault(await AssignAsync(admin, id, employee.UserId)));

        await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = true });
        Assert.Equal("permission_archived", (await AssignAsync(admin, id, admin.UserId)).Code);
        Assert.Equal("permission_archived", (await admin.PutAsync($"/permissions/{id}", new JsonObject { ["name"] = "Another" })).Code);
    }

    [Fact]
    public async Task Nothing_of_another_organisation_is_found()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var id = await CreateAsync(admin, "Readers", Permission.ReadUsers);
        var assignment = (await AssignAsync(admin, id, admin.UserId)).Require("id");
        var stranger = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]);
        var strangers = await CreateAsync(stranger, "Readers", Permission.ReadUsers);
        var before = await organisation.SnapshotAsync();

        foreach (var answer in new[]
        {
            await stranger.GetAsync($"/permissions/{id}"),
            await stranger.GetAsync($"/permissions/{id}/assignments"),
            await stranger.PutAsync($"/permissions/{id}", new JsonObject { ["name"] = "Theirs" }),
            await stranger.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = true }),
            await AssignAsync(stranger, id, stranger.UserId),
            await stranger.DeleteAsync($"/permissions/{id}/assignments/{assignment}"),
        })
        {
            Assert.Equal((404, "permission_unknown"), ((int)answer.Status, answer.Code));
        }

        Assert.Equal("user_unknown", (await AssignAsync(stranger, strangers, admin.UserId)).Code);
        Assert.Equal("assignment_unknown", (await stranger.DeleteAsync($"/permissions/{strangers}/assignments/{assignment}")).Code);
        Assert.Equal([strangers], (await stranger.GetAsync("/permissions")).Body["items"]!.AsArray().Select(p => (string)p!["id"]!));
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task Of_two_at_once_one_assigns_and_none_exceeds_what_a_user_may_have()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var target = await organisation.NewServiceAccountAsync();
        var sets = new List<string>();
        for (var n = 0; n < UserRows.MostInUse + 4; n++) sets.Add(await CreateAsync(admin, $"Set {n}", Permission.ReadUsers));

        var same = await AllAsync([.. Enumerable.Repeat(sets[0], 16)]);
        Assert.Single(same, a => (int)a.Status == 200);
        Assert.All(same.Where(a => (int)a.Status != 200), a => Assert.Contains(a.Code, (string[])["permission_already_assigned", "changed_meanwhile"]));

        var refused = 0;
        foreach (var round in Enumerable.Range(0, 40))
        {
            var left = sets.Except(await AssignedAsync()).ToList();
            refused = (await AllAsync(left)).Count(a => a.Code == "limit_reached");
            if (refused == left.Count) break;
            Assert.True(round < 39, "No end.");
        }

        Assert.Equal((UserRows.MostInUse, 4), ((await AssignedAsync()).Count, refused));

        async Task<Answer[]> AllAsync(List<string> ids)
        {
            var body = new JsonObject { ["identityId"] = target.UserId };
            var calls = new List<(string Path, string Action)>();
            foreach (var path in ids.Select(id => $"/permissions/{id}/assignments")) calls.Add((path, await admin.SignAsync(HttpMethod.Post, path, body.ToJsonString())));
            return await Task.WhenAll(calls.Select(c => admin.SendAsync(HttpMethod.Post, c.Path, body.DeepClone(), c.Action)));
        }

        Task<List<string>> AssignedAsync() => Service.InDatabaseAsync(db => db.PermissionSetAssignments.Where(a => a.OrganisationId == organisation.Id && a.UserId == target.UserId).Select(a => a.PermissionSetId).ToListAsync());
    }

    [Fact]
    public async Task Of_changes_at_once_none_is_lost_unnoticed()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var path = $"/permissions/{await CreateAsync(admin, "Readers", Permission.ReadUsers)}";
        var bodies = Enumerable.Range(0, 16).Select(n => new JsonObject { ["name"] = $"Name {n}" }).ToList();
        var actions = new List<string>();
        foreach (var body in bodies) actions.Add(await admin.SignAsync(HttpMethod.Put, path, body.ToJsonString()));

        var answers = await Task.WhenAll(bodies.Zip(actions, (body, action) => admin.SendAsync(HttpMethod.Put, path, body, action)));

        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal("changed_meanwhile", a.Code));
        Assert.Equal(answers.Count(a => (int)a.Status == 200), await Service.InDatabaseAsync(db => db.PermissionSets.Where(s => s.OrganisationId == organisation.Id).Select(s => s.Version).SingleAsync()));
        Assert.Equal(answers.Count(a => (int)a.Status == 200), await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == organisation.Id && e.Action == AuditActions.PermissionUpdated)));
    }

    [Fact]
    public async Task Whoever_is_deleted_has_no_permissions_any_more()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var employee = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co");
        var id = await CreateAsync(admin, "Readers", Permission.ReadUsers);
        await AssignAsync(admin, id, employee.UserId);

        Assert.Equal(200, (int)(await admin.DeleteAsync($"/auth/users/{employee.UserId}")).Status);

        Assert.Empty((await admin.GetAsync($"/permissions/{id}/assignments")).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task Lists_come_a_page_at_a_time_in_the_order_of_creation()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var sets = new List<string>();
        for (var n = 0; n < 5; n++) sets.Add(await CreateAsync(admin, $"Set {n}", Permission.ReadUsers));
        var assignments = new List<string>();
        for (var n = 0; n < 5; n++) assignments.Add((await AssignAsync(admin, sets[0], (await organisation.NewServiceAccountAsync()).UserId)).Require("id"));

        Assert.Equal(sets.Order(StringComparer.Ordinal), (await PagesAsync("/permissions")).Order(StringComparer.Ordinal));
        Assert.Equal(assignments.Order(StringComparer.Ordinal), (await PagesAsync($"/permissions/{sets[0]}/assignments")).Order(StringComparer.Ordinal));
        foreach (var query in new[] { "limit=0", "limit=201", "limit=x", "paginationToken=x" })
        {
            Assert.Equal("query_invalid", (await admin.GetAsync($"/permissions?{query}")).Code);
            Assert.Equal("query_invalid", (await admin.GetAsync($"/permissions/{sets[0]}/assignments?{query}")).Code);
        }

        async Task<List<string>> PagesAsync(string path)
        {
            var (ids, token) = (new List<string>(), (string?)null);
            do
            {
                var page = await admin.GetAsync($"{path}?limit=2{(token is null ? "" : $"&paginationToken={token}")}");
                ids.AddRange(page.Body["items"]!.AsArray().Select(i => (string)i!["id"]!));
                token = (string?)page.Body["nextPageToken"];
            }
            while (token is not null);
            return ids;
        }
    }

    [Fact]
    public async Task Each_change_is_told_with_who_made_it()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var target = await organisation.NewServiceAccountAsync();
        var id = await CreateAsync(admin, "Readers", Permission.ReadUsers);
        await admin.PutAsync($"/permissions/{id}", new JsonObject { ["name"] = "Auditors", ["operations"] = new JsonArray(Permission.ReadUsers, Permission.UpdateUsers) });
        var assignment = (await AssignAsync(admin, id, target.UserId)).Require("id");
        await admin.DeleteAsync($"/permissions/{id}/assignments/{assignment}?force=true");
        await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = true });
        await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = false });

        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action.StartsWith("permission.")).ToListAsync());

        Assert.Equal(
            [
                ("permission.archived", id, "Auditors"),
                ("permission.assigned", target.UserId, $"{id} Auditors"),
                ("permission.created", id, "name is Readers; operations is Auth:Users:Read"),
                ("permission.restored", id, "Auditors"),
                ("permission.revoked", target.UserId, $"{id} Auditors"),
                ("permission.updated", id, "name was Readers, is Auditors; operations was Auth:Users:Read, is Auth:Users:Read Auth:Users:Update"),
            ],
            told.OrderBy(e => e.Action, StringComparer.Ordinal).Select(e => (e.Action, e.SubjectId, e.Note!)));
        Assert.All(told, e => Assert.Equal((admin.UserId, "127.0.0.1"), (e.Actor, e.RemoteAddress)));
    }

    private static JsonObject Set(string name, params string[] operations) => new() { ["name"] = name, ["operations"] = new JsonArray([.. operations.Select(o => (JsonNode)o)]) };

    private static async Task<string> CreateAsync(SigningCaller caller, string name, params string[] operations)
    {
        var answer = await caller.PostAsync("/permissions", Set(name, operations));
        Assert.True((int)answer.Status == 200, answer.Text);
        return answer.Require("id");
    }

    private static Task<Answer> AssignAsync(SigningCaller caller, string id, string identity) => caller.PostAsync($"/permissions/{id}/assignments", new JsonObject { ["identityId"] = identity });

    private static (string? Code, string? Path) Fault(Answer answer) => (answer.Code, answer.Path);
}
