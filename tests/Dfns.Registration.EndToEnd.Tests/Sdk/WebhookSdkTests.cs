using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>The webhooks client of the official SDK, unmodified, each of its calls; and a delivery that is checked as the hosted service documents it.</summary>
public sealed class WebhookSdkTests
{
    [Fact]
    public async Task A_program_is_told_of_what_it_asked_for_and_can_check_it()
    {
        await using var database = await TestDatabase.SqliteAsync();
        (string, string?)[] settings =
            [.. ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString), ("Webhooks:AllowedNetworks:0", "127.0.0.0/8"), ("Webhooks:HttpHosts:0", "127.0.0.1")];
        var run = new OperatorCommand(settings);
        var orgId = await run.OrganisationAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] permissions = ["Webhooks:Create", "Webhooks:Read", "Webhooks:Update", "Webhooks:Delete", "Webhooks:Ping", "Webhooks:Events:Read", "Auth:Users:Create"];
        var account = await run.ServiceAccountAsync(orgId, "Back end", key, permissions);
        await using var service = await ServiceProcess.StartAsync("Production", settings);
        // What JSON may be written in more than one way.
        var invited = new { email = "jane+o'brien@example.co", kind = "CustomerEmployee", externalId = "Jané \"1\" \\ / <&> 🔑 \u00a0é" };

        var results = await NodeScript.RunAsync("webhooks.mjs", new { baseUrl = service.Origin, orgId, account, privateKey = key.ExportPkcs8PrivateKeyPem(), invited });

        var id = (string)Answer("created")["id"]!;
        Assert.Equal(("Enabled", "Books"), ((string?)Answer("got")["status"], (string?)Answer("got")["description"]));
        Assert.Null(Answer("got")["secret"]);
        Assert.Equal(Answer("got").ToJsonString(), Answer("listed")["items"]!.AsArray().Single()!.ToJsonString());
        Assert.Equal("""{"status":"200"}""", Answer("pinged").ToJsonString());
        var deliveries = results["deliveries"]!.AsArray();
        Assert.Equal(["webhook.ping", "user.invited"], deliveries.Select(d => (string)d!["event"]!["kind"]!));
        Assert.All(deliveries, d => Assert.Equal((true, false, "application/json"), ((bool)d!["isGood"]!, (bool)d["isForged"]!, (string)d["type"]!)));
        var told = deliveries[1]!["event"]!;
        Assert.Equal((invited.email, invited.externalId, (string?)account["id"]), ((string?)told["data"]!["user"]!["username"], (string?)told["data"]!["user"]!["externalId"], (string?)told["data"]!["actor"]));
        Assert.Equal((string?)Answer("invited")["userId"], (string?)told["data"]!["userId"]);
        var kept = Answer("events")["items"]!.AsArray().Single()!;
        Assert.Equal(((string?)told["id"], "200", told["data"]!.ToJsonString()), ((string?)kept["id"], (string?)kept["status"], kept["data"]!.ToJsonString()));
        Assert.Equal(kept.ToJsonString(), Answer("event").ToJsonString());
        Assert.Empty(Answer("failed")["items"]!.AsArray());
        Assert.Equal("Disabled", (string?)Answer("updated")["status"]);
        Assert.Equal((400, "member_invalid"), Error("metadata"));
        Assert.Equal("""{"deleted":true}""", Answer("deleted").ToJsonString());
        Assert.Equal((404, "webhook_unknown"), Error("gone"));
        Assert.StartsWith("wh-", id, StringComparison.Ordinal);
        await service.StopAsync();

        JsonNode Answer(string name) => results[name]!["answer"] ?? throw new InvalidOperationException($"{name}: {results[name]!.ToJsonString()}");

        (int?, string?) Error(string name) => ((int?)results[name]!["error"]!["httpStatus"], (string?)results[name]!["error"]!["code"]);
    }
}
