using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Looking at users, one and all.</summary>
public abstract class ListUsersTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ListUsersTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ListUsersTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task A_registered_user_is_told_with_the_first_factor()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, CredentialKind.Key, CredentialKind.Fido2, recovery: true);
        var caller = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == organisation.Id && c.UserId == user.UserId && c.Slot == CredentialSlot.FirstFactor).Select(c => c.Uuid).SingleAsync());

        var answer = await caller.GetAsync($"/auth/users/{user.UserId}");

        Assert.Equal(
            $$"""{"username":"jane@example.co","name":"jane@example.co","userId":"{{user.UserId}}","kind":"EndUser","credentialUuid":"{{uuid}}","orgId":"{{organisation.Id}}","isActive":true,"isServiceAccount":false,"isRegistered":true,"isSSORequired":false,"permissionAssignments":[],"permissions":[]}""",
            answer.Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(200)]
    public async Task Pages_hold_every_user_once_in_the_order_of_creation(int limit)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        var created = new List<string>();
        for (var n = 0; n < 7; n++)
        {
            // Some at the same instant: then the id decides.
            if (n % 2 == 0) Service.Clock.Advance(TimeSpan.FromMilliseconds(1));
            created.Add((await Service.InviteAsync(organisation, $"user-{n}@example.co")).UserId);
        }

        var listed = new List<string>();
        string? token = null;
        do
        {
            var page = (await caller.GetAsync($"/auth/users?limit={limit}{(token is null ? "" : $"&paginationToken={token}")}")).Body;
            Assert.InRange(page["items"]!.AsArray().Count, 1, limit);
            listed.AddRange(Ids(page));
            token = (string?)page["nextPageToken"];
        }
        while (token is not null);

        Assert.Equal(created.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        var times = await Service.InDatabaseAsync(db => db.Users.Where(u => u.OrganisationId == organisation.Id).ToDictionaryAsync(u => u.Id, u => u.CreatedAt));
        Assert.Equal(listed.Select(id => times[id]).Order(), listed.Select(id => times[id]));
    }

    [Fact]
    public async Task There_are_no_applications()
    {
        var organisation = await Service.NewOrganisationAsync();
        var (caller, other) = (await organisation.NewServiceAccountAsync(Permission.ReadApplications), await organisation.NewServiceAccountAsync());

        Assert.Equal("""{"items":[]}""", (await caller.GetAsync("/auth/apps")).Text);
        Assert.Equal("application_unknown", (await caller.GetAsync("/auth/apps/ap-none")).Code);
        Assert.Equal("permission_missing", (await other.GetAsync("/auth/apps/ap-none")).Code);
    }

    [Fact]
    public async Task A_page_goes_on_where_it_ended_although_its_last_user_was_deleted_and_another_came()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var users = new List<string>();
        for (var n = 0; n < 3; n++)
        {
            Service.Clock.Advance(TimeSpan.FromSeconds(1));
            users.Add((await Service.InviteAsync(organisation, $"user-{n}@example.co")).UserId);
        }

        var first = (await caller.GetAsync("/auth/users?limit=2")).Body;
        await caller.DeleteAsync($"/auth/users/{users[1]}");
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        users.Add((await Service.InviteAsync(organisation, "user-3@example.co")).UserId);
        var second = (await caller.GetAsync($"/auth/users?limit=2&paginationToken={(string)first["nextPageToken"]!}")).Body;

        Assert.Equal(users[..2], Ids(first));
        Assert.Equal(users[2..], Ids(second));
        Assert.Null(second["nextPageToken"]);
    }

    [Theory]
    [InlineData("CustomerEmployee", "john@example.co")]
    [InlineData("EndUser", "jane@example.co")]
    public async Task Only_users_of_the_kind_that_is_asked_for_are_listed(string kind, string username)
    {
        var organisation = await Service.NewOrganisationAsync();
        await Service.InviteAsync(organisation, "jane@example.co");
        await Service.InviteAsync(organisation, "john@example.co", UserKind.CustomerEmployee);
        var caller = await organisation.NewServiceAccountAsync(Permission.ReadUsers);

        var page = (await caller.GetAsync($"/auth/users?kind={kind}")).Body;

        Assert.Equal([username], page["items"]!.AsArray().Select(u => (string)u!["username"]!));
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("limit=99999999999", "limit")]
    [InlineData("kind=Robot", "kind")]
    [InlineData("kind=", "kind")]
    [InlineData("kind=enduser", "kind")]
    [InlineData("kind=EndUser&kind=EndUser", "kind")]
    [InlineData("paginationToken=", "paginationToken")]
    [InlineData("paginationToken=x", "paginationToken")]
    [InlineData("paginationToken=%00", "paginationToken")]
    [InlineData("paginationToken=AAAA", "paginationToken")]
    public async Task A_parameter_that_is_wrong_is_named(string query, string parameter)
    {
        var caller = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.ReadUsers);

        var answer = await caller.GetAsync($"/auth/users?{query}");

        Assert.Equal((400, "query_invalid", parameter), ((int)answer.Status, answer.Code, answer.Path));
    }

    [Theory]
    [InlineData("us-aaaaa-aaaaa-aaaaaaaaaaaaaaaa")]
    [InlineData("1 ")]
    [InlineData("-1 us-aaaaa")]
    [InlineData("9223372036854775807 us-aaaaa")]
    [InlineData("1 us-aaaaa us")]
    [InlineData("1 us'aaaaa")]
    [InlineData("1 us-\0aaaa")]
    public async Task A_made_up_page_token_is_refused(string content)
    {
        var caller = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.ReadUsers);

        var answer = await caller.GetAsync($"/auth/users?paginationToken={Base64Url.EncodeToString(Encoding.UTF8.GetBytes(content))}");

        Assert.Equal(("query_invalid", "paginationToken"), (answer.Code, answer.Path));
    }

    [Fact]
    public async Task The_page_token_of_another_organisation_shows_none_of_its_users()
    {
        var other = await Service.NewOrganisationAsync();
        for (var n = 0; n < 3; n++) await Service.InviteAsync(other, $"user-{n}@example.co");
        var token = (string)(await (await other.NewServiceAccountAsync(Permission.ReadUsers)).GetAsync("/auth/users?limit=1")).Body["nextPageToken"]!;
        var caller = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.ReadUsers);

        var page = (await caller.GetAsync($"/auth/users?paginationToken={token}")).Body;

        Assert.Empty(page["items"]!.AsArray());
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("other organisation")]
    [InlineData("service account")]
    [InlineData("deleted")]
    public async Task Whoever_is_no_user_of_the_organisation_is_not_found(string who)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var userId = who switch
        {
            "unknown" => "us-aaaaa-aaaaa-aaaaaaaaaaaaaaaa",
            "other organisation" => (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).UserId,
            "service account" => caller.UserId,
            _ => (await Service.InviteAsync(organisation, "jane@example.co")).UserId,
        };
        if (who == "deleted") Assert.Equal(200, (int)(await caller.DeleteAsync($"/auth/users/{userId}")).Status);
        var before = await organisation.SnapshotAsync();

        var answers = new[]
        {
            await caller.GetAsync($"/auth/users/{userId}"),
            await caller.PutAsync($"/auth/users/{userId}", new JsonObject { ["isSSORequired"] = false }),
            await caller.PutAsync($"/auth/users/{userId}/activate"),
            await caller.PutAsync($"/auth/users/{userId}/deactivate"),
            await caller.DeleteAsync($"/auth/users/{userId}"),
        };

        Assert.All(answers, a => Assert.Equal((404, "user_unknown"), ((int)a.Status, a.Code)));
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    private static IEnumerable<string> Ids(JsonNode page) => page["items"]!.AsArray().Select(u => (string)u!["userId"]!);
}
