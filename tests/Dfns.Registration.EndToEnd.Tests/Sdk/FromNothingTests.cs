using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>
/// From an empty PostgreSQL database to a registered end user, as it goes in production: an operator with the command line, a back end with
/// the official SDK, and the user's browser with the official SDK in a front end at an origin of its own. The transcript is the test's output.
/// </summary>
public sealed class FromNothingTests(Browser browser)
{
    [Fact]
    public async Task From_an_empty_database_to_a_registered_end_user_by_command_line_SDK_and_browser()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var frontEnd = await FrontEndAsync();
        var origin = $"http://localhost:{new Uri(frontEnd.Urls.Single()).Port}";
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var run = new OperatorCommand(settings);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = Path.GetTempFileName();
        await File.WriteAllTextAsync(publicKey, key.ExportSubjectPublicKeyInfoPem());

        await OperatorAsync("migrate");
        var orgId = (string)(await OperatorRowAsync("org", "create", "--name", "Example", "--rp-id", "localhost", "--origin", origin))["id"]!;
        var account = await OperatorRowAsync("service-account", "create", "--org", orgId, "--name", "Back end", "--public-key", publicKey, "--permission", "Auth:Register:Delegated");
        await using var service = await ServiceProcess.StartAsync("Production", settings);

        var challenge = await NodeScript.RunAsync("delegate.mjs", new { baseUrl = service.Origin, orgId, account, privateKey = key.ExportPkcs8PrivateKeyPem(), email = "jane@example.co" });
        Say("SDK on the back end: auth.createDelegatedRegistrationChallenge({ body: { email: \"jane@example.co\", kind: \"EndUser\" } })", challenge);

        await using var tab = await browser.OpenAsync();
        await tab.AddAuthenticatorAsync();
        await tab.AddScriptAsync("browser-sdk.mjs");
        await tab.Page.GotoAsync($"{origin}/");
        var outcome = JsonNode.Parse((await tab.Page.EvaluateAsync<JsonElement>(
            "request => completeWithOfficialSdk({ ...request, challenge: JSON.parse(request.challenge) })",
            new { baseUrl = service.Origin, orgId, challenge = challenge.ToJsonString() })).GetRawText())!;
        Assert.True(outcome["registered"] is not null, outcome.ToJsonString());
        Say("SDK in the browser: signer.create(challenge), auth.register({ body })", outcome["registered"]!);
        Say("SDK in the browser: createUserLoginChallenge, signer.sign, createUserLogin", outcome["session"]!);

        var listed = await OperatorRowAsync("user", "list", "--org", orgId);
        Assert.Equal(("jane@example.co", "EndUser", 1), ((string?)listed["username"], (string?)listed["kind"], (int)listed["credentials"]!));
        Assert.Equal(((string?)challenge["user"]!["id"], "jane@example.co"), ((string?)outcome["registered"]!["user"]!["id"], (string?)outcome["registered"]!["user"]!["username"]));
        Assert.Equal("Fido2", (string?)outcome["registered"]!["credential"]!["kind"]);
        Assert.NotNull((string?)outcome["session"]!["token"]);
        Assert.Single(await tab.PasskeysAsync());
        await service.StopAsync();
        File.Delete(publicKey);

        async Task<string> OperatorAsync(params string[] arguments)
        {
            var printed = await run.RunAsync(arguments);
            Say($"$ dotnet Dfns.Registration.Api.dll {string.Join(' ', arguments.Select(a => a.Contains(' ') ? $"\"{a}\"" : a))}", printed);
            return printed;
        }

        async Task<JsonNode> OperatorRowAsync(params string[] arguments) => Assert.Single(JsonNode.Parse(await OperatorAsync([.. arguments, "--json"]))!.AsArray())!;
    }

    private static async Task<WebApplication> FrontEndAsync()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/", () => Results.Content("<!doctype html><link rel=icon href=data:,><title>Front end</title>", "text/html"));
        await app.StartAsync();
        return app;
    }

    private static void Say(string step, object answer)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(step);
        TestContext.Current.TestOutputHelper?.WriteLine($"  {answer.ToString()!.Trim().ReplaceLineEndings("\n  ")}");
    }
}
