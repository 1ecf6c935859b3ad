using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Api.Tests.UserActions;

/// <summary>The calls of the SDK in Python, on the wire as it writes them: those that work as they are, and those that its types have a user misspell.</summary>
public abstract class PythonClientTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ToldFixture.ThisMachineOnSqlite fixture) : PythonClientTests(fixture), IClassFixture<ToldFixture.ThisMachineOnSqlite>;

    public sealed class OnPostgreSql(ToldFixture.ThisMachineOnPostgreSql fixture) : PythonClientTests(fixture), IClassFixture<ToldFixture.ThisMachineOnPostgreSql>;

    // What the two ways of writing JSON differ in, and what a signature is over.
    private const string Name = "Zoë \"1\" \\ / <&> 🔑";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Permissions_are_made_assigned_listed_revoked_and_archived(bool isOldHttp)
    {
        var (client, id) = await ClientAsync(isOldHttp);

        var created = await TakenAsync(client.SignedAsync("POST", "/permissions", new JsonObject { ["name"] = Name, ["operations"] = new JsonArray(Permission.ReadUsers) }));
        Assert.Equal(Name, (string?)created["name"]);
        var path = $"/permissions/{created["id"]}";
        Assert.Equal($"{Name}!", (string?)(await TakenAsync(client.SignedAsync("PUT", path, new JsonObject { ["name"] = $"{Name}!" })))["name"]);
        var assigned = await TakenAsync(client.SignedAsync("POST", $"{path}/assignments", new JsonObject { ["identityId"] = id }));
        Assert.Equal((string?)assigned["id"], (string?)Assert.Single((await TakenAsync(client.RequestAsync("GET", $"{path}/assignments?limit=20")))["items"]!.AsArray())!["id"]);
        var first = await TakenAsync(client.RequestAsync("GET", "/permissions?limit=1"));
        Assert.Single((await TakenAsync(client.RequestAsync("GET", $"/permissions?limit=1&paginationToken={first["nextPageToken"]}")))["items"]!.AsArray());
        // A query is no part of what is signed; booleans are written as Python does.
        await TakenAsync(client.SignedAsync("DELETE", $"{path}/assignments/{assigned["id"]}", query: "?force=True"));
        Assert.True((bool)(await TakenAsync(client.SignedAsync("PUT", $"{path}/archive", new JsonObject { ["isArchived"] = true })))["isArchived"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Webhooks_are_made_pinged_listed_changed_and_deleted(bool isOldHttp)
    {
        await using var receiver = await Receiver.StartAsync();
        var (client, _) = await ClientAsync(isOldHttp);

        var created = await TakenAsync(client.SignedAsync("POST", "/webhooks", new JsonObject { ["url"] = receiver.Url, ["events"] = new JsonArray("user.invited", "wallet.created"), ["description"] = Name }));
        Assert.Equal(Name, (string?)created["description"]);
        var path = $"/webhooks/{created["id"]}";
        Assert.Equal("200", (string?)(await TakenAsync(client.SignedAsync("POST", $"{path}/ping")))["status"]);
        Assert.True((await receiver.NextAsync()).IsSignedBy((string)created["secret"]!));
        Assert.Single((await TakenAsync(client.RequestAsync("GET", "/webhooks?limit=10")))["items"]!.AsArray());
        Assert.Empty((await TakenAsync(client.RequestAsync("GET", $"{path}/events?deliveryFailed=true&kind=user.invited&limit=5")))["items"]!.AsArray());
        Assert.Equal("Disabled", (string?)(await TakenAsync(client.SignedAsync("PUT", path, new JsonObject { ["status"] = "Disabled" })))["status"]);
        Assert.True((bool)(await TakenAsync(client.SignedAsync("DELETE", path)))["deleted"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Users_and_service_accounts_are_made_switched_and_deleted_with_and_without_a_body(bool isOldHttp)
    {
        var (client, _) = await ClientAsync(isOldHttp);

        var delegated = await TakenAsync(client.SignedAsync("POST", "/auth/registration/delegated", new JsonObject { ["email"] = "zoë@example.co", ["kind"] = "EndUser", ["externalId"] = Name }));
        Assert.Equal("zoë@example.co", (string?)delegated["user"]!["name"]);
        var user = await TakenAsync(client.SignedAsync("POST", "/auth/users", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "CustomerEmployee" }));
        foreach (var act in (string[])["deactivate", "activate"]) await TakenAsync(client.SignedAsync("PUT", $"/auth/users/{user["userId"]}/{act}"));
        await TakenAsync(client.SignedAsync("DELETE", $"/auth/users/{user["userId"]}"));
        var account = await TakenAsync(client.SignedAsync("POST", "/auth/service-accounts", ServiceAccounts.Body(Name)));
        var path = $"/auth/service-accounts/{account["userInfo"]!["userId"]}";
        // An empty body is sent, and signed as none.
        await TakenAsync(client.SignedAsync("PUT", $"{path}/deactivate", new JsonObject()));
        await TakenAsync(client.SignedAsync("PUT", $"{path}/activate"));
        await TakenAsync(client.SignedAsync("DELETE", path, query: "?force=True"));
    }

    [Fact]
    public async Task What_was_signed_is_read_as_evidence_and_as_csv_which_a_header_has_it_get_as_json()
    {
        var (client, _) = await ClientAsync(isOldHttp: false);
        await TakenAsync(client.SignedAsync("POST", "/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) }));
        const string logs = "/auth/action/logs?startTime=2026-01-01T00%3A00%3A00Z&endTime=2100-01-01T00%3A00%3A00Z";

        var csv = await client.RequestAsync("GET", logs);
        Assert.Equal((200, "text/csv; charset=utf-8"), (csv.Status, csv.Type));
        // As it reads every answer it would raise.
        Assert.ThrowsAny<JsonException>(() => csv.Body);
        var asJson = await (client with { Accept = "application/json" }).RequestAsync("GET", logs);
        Assert.Equal(csv.Text, (string?)asJson.Body);

        var log = await TakenAsync(client.RequestAsync("GET", $"/auth/action/logs/{csv.Text.Split('\n').Last(line => line.EndsWith(",POST /permissions", StringComparison.Ordinal)).Split(',')[1]}"));
        Assert.Equal("POST /permissions", (string?)log["action"]);
        Assert.NotNull(log["evidence"]);
    }

    [Fact]
    public async Task Members_by_the_names_that_its_types_have_are_refused_and_told_by_the_right_ones()
    {
        var (client, id) = await ClientAsync(isOldHttp: false);
        var set = await TakenAsync(client.SignedAsync("POST", "/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) }));

        foreach (var (method, path, body, name, right) in new (string, string, JsonObject, string, string)[]
        {
            ("POST", $"/permissions/{set["id"]}/assignments", new() { ["identity_id"] = id }, "identity_id", "identityId"),
            ("PUT", $"/permissions/{set["id"]}/archive", new() { ["is_archived"] = true }, "is_archived", "isArchived"),
            ("POST", "/auth/service-accounts", new() { ["name"] = "Program", ["public_key"] = SoftwareKey.P256().Pem }, "public_key", "publicKey"),
            ("POST", "/auth/registration/delegated", new() { ["email"] = "jane@example.co", ["kind"] = "EndUser", ["external_id"] = "crm-1" }, "external_id", "externalId"),
        })
        {
            var (status, message, code, at) = (await client.SignedAsync(method, path, body)).Fault;
            Assert.Equal((400, "member_invalid", $"$.{name}"), (status, code, at));
            Assert.Contains($"'{right}'", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/auth/users?pagination_token=x", "paginationToken")]
    [InlineData("/auth/service-accounts?pagination_token=x", "paginationToken")]
    [InlineData("/permissions?limit=1&pagination_token=x", "paginationToken")]
    [InlineData("/permissions/{0}/assignments?pagination-token=x", "paginationToken")]
    [InlineData("/webhooks?pagination_token=x", "paginationToken")]
    [InlineData("/webhooks/{1}/events?delivery_failed=true", "deliveryFailed")]
    [InlineData("/webhooks/{1}/events?pagination_token=x", "paginationToken")]
    [InlineData("/auth/action/logs?start_time=2026-01-01T00%3A00%3A00Z&endTime=2100-01-01T00%3A00%3A00Z", "startTime")]
    [InlineData("/auth/action/logs?startTime=2026-01-01T00%3A00%3A00Z&endTime=2100-01-01T00%3A00%3A00Z&user_id=us-x", "userId")]
    public async Task Parameters_of_a_query_by_the_names_that_its_types_have_are_refused_and_told_by_the_right_ones(string path, string right)
    {
        var (client, _) = await ClientAsync(isOldHttp: false);
        var set = await TakenAsync(client.SignedAsync("POST", "/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) }));
        var webhook = await TakenAsync(client.SignedAsync("POST", "/webhooks", new JsonObject { ["url"] = "https://app.example.co/events", ["events"] = new JsonArray("user.invited") }));

        var (status, message, code, at) = (await client.RequestAsync("GET", path.Replace("{0}", (string)set["id"]!, StringComparison.Ordinal).Replace("{1}", (string)webhook["id"]!, StringComparison.Ordinal))).Fault;

        Assert.Equal((400, "query_invalid"), (status, code));
        Assert.Contains($"'{right}'", message, StringComparison.Ordinal);
        Assert.Contains($"{at}=", path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_parameter_that_nobody_reads_is_passed_over_and_one_by_another_case_is_the_one()
    {
        var (client, _) = await ClientAsync(isOldHttp: false);
        for (var n = 0; n < 2; n++) await TakenAsync(client.SignedAsync("POST", "/permissions", new JsonObject { ["name"] = $"Set {n}", ["operations"] = new JsonArray(Permission.ReadUsers) }));

        Assert.Single((await TakenAsync(client.RequestAsync("GET", "/permissions?LIMIT=1&trace_id=1&_=2")))["items"]!.AsArray());
    }

    [Theory]
    [InlineData("/auth/login/oidc/init", "POST /auth/login/sso/init")]
    [InlineData("/auth/login/oidc", "POST /auth/login/sso/init")]
    [InlineData("/auth/tokens", "sign in at the other")]
    [InlineData("/auth/users/invite", "POST /auth/users")]
    public async Task What_it_alone_has_calls_for_is_refused_by_name_and_told_what_there_is(string path, string instead)
    {
        var (client, _) = await ClientAsync(isOldHttp: false);

        var (status, message, code, _) = (await client.SignedAsync("POST", path, new JsonObject())).Fault;

        Assert.Equal((404, "call_not_served"), (status, code));
        Assert.Contains(instead, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("address-watches")]
    [InlineData("payins")]
    [InlineData("vaults")]
    public async Task What_it_alone_has_a_domain_for_is_refused_by_name(string domain)
    {
        var (client, _) = await ClientAsync(isOldHttp: false);

        Assert.Equal((404, "call_not_served"), (await client.RequestAsync("GET", $"/{domain}")).Fault is var fault ? (fault.Item1, fault.Item3) : default);
    }

    private static async Task<JsonNode> TakenAsync(Task<PythonAnswer> asked)
    {
        var answer = await asked;
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Body;
    }

    // A program of everything that there is to permit, whose key goes by the name that the SDK's documentation gives it.
    private async Task<(PythonClient Client, string Id)> ClientAsync(bool isOldHttp)
    {
        var admin = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]);
        var set = await admin.PostAsync("/permissions", new JsonObject { ["name"] = "Everything", ["operations"] = new JsonArray([.. Permission.All.Select(p => (JsonNode)p)]) });
        var key = SoftwareKey.P256();
        var body = ServiceAccounts.Body("Program", key);
        body["permissionId"] = set.Require("id");
        var made = await admin.PostAsync("/auth/service-accounts", body);
        Assert.True((int)made.Status == 200, made.Text);
        var token = (string)made.Body["accessTokens"]![0]!["accessToken"]!;
        KnownSecrets.Add(token);
        return (new PythonClient(Service, token, (string)made.Body["userInfo"]!["credentialUuid"]!, key, isOldHttp), (string)made.Body["userInfo"]!["userId"]!);
    }
}
