using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>
/// What the official example programs do, step by step, with the official SDK and signers, unmodified, in a real browser, with a back end and at an
/// OpenID provider where the example has one. Wallets are the end of each: there are none here, and the user signs another call in their place.
/// </summary>
public abstract class OfficialExampleTests(Func<Task<TestDatabase>> makeDatabase, Browser browser)
{
    public sealed class OnSqlite(Browser browser) : OfficialExampleTests(TestDatabase.SqliteAsync, browser);

    public sealed class OnPostgreSql(Browser browser) : OfficialExampleTests(TestDatabase.PostgreSqlAsync, browser);

    [Fact]
    public async Task Auth_direct_a_page_registers_signs_in_signs_and_adds_a_device_by_a_code()
    {
        await using var scene = await SceneAsync();
        var invited = await scene.Operate.RowAsync("user", "invite", "--org", scene.OrgId, "--username", "jane@example.co", "--print-code");
        await using var device = await scene.OpenAsync("direct");

        var registered = await device.DoAsync("register", new { username = "jane@example.co", orgId = scene.OrgId, registrationCode = (string)invited["code"]! });
        Assert.Equal(("Fido2", "jane@example.co"), ((string?)registered["credential"]!["kind"], (string?)registered["user"]!["username"]));
        // The page reads its user out of the token.
        Assert.Equal("jane@example.co", (string?)(await device.DoAsync("login", new { username = "jane@example.co", orgId = scene.OrgId }))["user"]);
        Assert.Equal((404, "call_not_served"), await device.RefusedAsync("listWallets"));
        Assert.Equal((404, "call_not_served"), await device.RefusedAsync("createWallet"));

        var code = (string)(await device.DoAsync("sign"))["code"]!;
        await using var another = await scene.OpenAsync("direct");
        Assert.Equal("Another device", (string?)(await another.DoAsync("addCredential", new { code }))["name"]);
        Assert.Equal("jane@example.co", (string?)(await another.DoAsync("login", new { username = "jane@example.co", orgId = scene.OrgId }))["user"]);
        Assert.NotNull((string?)(await another.DoAsync("sign"))["code"]);
    }

    [Fact]
    public async Task Auth_delegated_a_back_end_registers_and_signs_in_and_the_users_device_signs_each_half()
    {
        await using var scene = await SceneAsync("Auth:Register:Delegated", "Auth:Login:Delegated");
        await using var device = await scene.OpenAsync("delegated");

        var registered = await device.DoAsync("register", new { username = "jane@example.co" });
        Assert.Equal(("Fido2", "jane@example.co", "[]"), ((string?)registered["credential"]!["kind"], (string?)registered["user"]!["username"], registered["wallets"]!.ToJsonString()));
        Assert.NotNull((string?)registered["authentication"]!["token"]);
        var authToken = (string)(await device.DoAsync("login", new { username = "jane@example.co" }))["token"]!;
        Assert.Equal((404, "call_not_served"), await device.RefusedAsync("listWallets", new { authToken }));
        Assert.Equal((404, "call_not_served"), await device.RefusedAsync("createWallet", new { authToken }));
        Assert.NotNull((string?)(await device.DoAsync("sign", new { authToken }))["code"]);
    }

    [Fact]
    public async Task Auth_delegated_key_credential_a_key_of_the_browsers_own_registers_signs_in_and_signs()
    {
        await using var scene = await SceneAsync("Auth:Register:Delegated");
        await using var device = await scene.OpenAsync("delegatedKey");

        var registered = await device.DoAsync("register", new { username = "jane@example.co" });
        Assert.Equal("Key", (string?)registered["credential"]!["kind"]);
        var orgId = (string?)registered["user"]!["orgId"];
        Assert.Equal(scene.OrgId, orgId);
        var authToken = (string)(await device.DoAsync("login", new { username = "jane@example.co", orgId }))["token"]!;
        // By the name that the service has given the key, which the page was told, as well as by its id.
        Assert.NotNull((string?)(await device.DoAsync("sign", new { authToken, credId = (string?)registered["credential"]!["uuid"] }))["code"]);
    }

    [Fact]
    public async Task Auth_social_whom_the_provider_knows_registers_with_the_token_that_signed_nobody_in_and_signs_in_with_the_next()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var scene = await SceneAsync();
        await scene.Operate.RunAsync("social-provider", "set", "--org", scene.OrgId, "--issuer", provider.Issuer, "--client-id", OpenIdProvider.ClientId);
        await using var device = await scene.OpenAsync("social");

        // The page names no organisation, and takes 401 for that nobody is there yet.
        var registered = await device.DoAsync("continueWith", new { idToken = await provider.SignInAsync("248289761001", "jane@example.co") });
        Assert.Equal(("registered", "jane@example.co", "[]"), ((string?)registered["how"], (string?)registered["user"]!["username"], registered["wallets"]!.ToJsonString()));
        Assert.NotNull((string?)(await device.DoAsync("sign", new { authToken = (string?)registered["authToken"] }))["code"]);

        var signedIn = await device.DoAsync("continueWith", new { idToken = await provider.SignInAsync("248289761001", "jane@example.co") });
        Assert.Equal("signed in", (string?)signedIn["how"]);
        var authToken = (string?)signedIn["authToken"];
        Assert.Equal((404, "call_not_served"), await device.RefusedAsync("listWallets", new { authToken }));
        Assert.NotNull((string?)(await device.DoAsync("sign", new { authToken }))["code"]);
    }

    [Fact]
    public async Task Delegated_recovery_a_recovery_key_that_was_written_down_replaces_a_lost_passkey_and_itself()
    {
        await using var scene = await SceneAsync("Auth:Register:Delegated", "Auth:Login:Delegated", "Auth:Recover:Delegated", "Permissions:Create", "Permissions:Assign", "Auth:Users:Read");
        await using var device = await scene.OpenAsync("recovery");

        var registered = await device.DoAsync("register", new { username = "jane@example.co" });
        Assert.Equal("Fido2", (string?)registered["registered"]!["credential"]!["kind"]);
        // What the example grants its user: wallets, of which there are none, and anything to an end user, who needs nothing granted.
        Assert.Equal((400, "operation_not_served"), Refusal(registered["permitted"]!["wallets"]!));
        Assert.Equal((400, "member_invalid"), Refusal(registered["permitted"]!["assigned"]!));
        var before = (string)(await device.DoAsync("login", new { username = "jane@example.co" }))["token"]!;
        Assert.NotNull((string?)(await device.DoAsync("sign", new { authToken = before }))["code"]);

        await device.Tab.LosePasskeysAsync();
        var recovered = await device.DoAsync("recover", new { username = "jane@example.co", written = registered["written"] });
        Assert.Equal(("Fido2", "jane@example.co"), ((string?)recovered["recovered"]!["credential"]!["kind"], (string?)recovered["recovered"]!["user"]!["username"]));
        Assert.Equal((401, "not_authorized"), await device.RefusedAsync("sign", new { authToken = before }));
        var authToken = (string)(await device.DoAsync("login", new { username = "jane@example.co" }))["token"]!;
        Assert.NotNull((string?)(await device.DoAsync("sign", new { authToken }))["code"]);

        // The key that was used is gone with the rest: the page is handed none to open. The next recovery goes by the new one.
        Assert.Equal("TypeError", await device.FailedAsync("recover", new { username = "jane@example.co", written = registered["written"] }));
        Assert.NotNull((await device.DoAsync("recover", new { username = "jane@example.co", written = recovered["written"] }))["recovered"]);
    }

    private static (int Status, string? Code) Refusal(JsonNode outcome)
    {
        Assert.True(outcome["error"] is not null, outcome.ToJsonString());
        return ((int)(outcome["error"]!["httpStatus"] ?? 0), (string?)outcome["error"]!["code"]);
    }

    private async Task<Scene> SceneAsync(params string[] permissions)
    {
        var database = await makeDatabase();
        var app = await WebApp.StartAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var operate = new OperatorCommand(settings);
        var orgId = await operate.OrganisationAsync(app.Origin, "localhost");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var account = permissions.Length == 0 ? null : await operate.ServiceAccountAsync(orgId, "Back end", key, permissions);
        var service = await ServiceProcess.StartAsync("Production", settings);
        if (account is not null) await app.SetAsync(new { baseUrl = service.Origin, orgId, account, privateKey = key.ExportPkcs8PrivateKeyPem() });
        return new Scene(database, app, service, operate, orgId, browser);
    }

    /// <summary>An organisation in Production, and the web application whose origin it lists.</summary>
    private sealed record Scene(TestDatabase Database, WebApp App, ServiceProcess Service, OperatorCommand Operate, string OrgId, Browser Browser) : IAsyncDisposable
    {
        public async Task<Device> OpenAsync(string example) => new(await App.OpenAsync(Browser), example, Service.Origin);

        public async ValueTask DisposeAsync()
        {
            await Service.StopAsync();
            await Service.DisposeAsync();
            await App.DisposeAsync();
            await Database.DisposeAsync();
        }
    }

    /// <summary>The page of an example on somebody's device.</summary>
    private sealed record Device(Tab Tab, string Example, string BaseUrl) : IAsyncDisposable
    {
        /// <summary>Does what has to succeed.</summary>
        public async Task<JsonNode> DoAsync(string act, object? request = null)
        {
            var outcome = await TryAsync(act, request);
            Assert.True(outcome["answer"] is not null, $"{act}: {outcome.ToJsonString()}");
            return outcome["answer"]!;
        }

        /// <summary>Does what has to be refused.</summary>
        public async Task<(int Status, string? Code)> RefusedAsync(string act, object? request = null) => Refusal(await TryAsync(act, request));

        /// <summary>Does what the page itself has to give up.</summary>
        /// <returns>The name of the page's own error.</returns>
        public async Task<string?> FailedAsync(string act, object? request = null) => (string?)(await TryAsync(act, request))["error"]?["name"];

        public ValueTask DisposeAsync() => Tab.DisposeAsync();

        private async Task<JsonNode> TryAsync(string act, object? request)
        {
            var asked = (JsonObject)JsonSerializer.SerializeToNode(request ?? new { }, JsonSerializerOptions.Web)!;
            (asked["name"], asked["act"], asked["baseUrl"]) = (Example, act, BaseUrl);
            return JsonNode.Parse((await Tab.Page.EvaluateAsync<JsonElement>("request => example(JSON.parse(request))", asked.ToJsonString())).GetRawText())!;
        }
    }
}
