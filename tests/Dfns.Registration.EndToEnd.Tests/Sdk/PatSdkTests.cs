using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>Personal access tokens that an employee manages with the official SDK, unmodified, and a program that works with one by the official key signer.</summary>
public sealed class PatSdkTests
{
    [Fact]
    public async Task A_program_of_an_employee_signs_with_its_own_key_and_does_no_more_than_both_may()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var smtp = await SmtpServer.StartAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString).Append(("Mail:Port", $"{smtp.Port}")).Append(("Mail:Security", "None")).ToList();
        var run = new OperatorCommand(settings);
        var orgId = await run.OrganisationAsync();
        var invited = await run.RowAsync("user", "invite", "--org", orgId, "--username", "jane@example.co", "--kind", "CustomerEmployee", "--print-code");
        string[] permissions = ["Auth:Pats:Create", "Permissions:Create", "Auth:Apps:Read"];
        await run.RunAsync(["user", "permit", "--org", orgId, "--user", (string)invited["id"]!, .. permissions.SelectMany(p => new[] { "--add", p })]);
        JsonNode results;
        await using (var service = await ServiceProcess.StartAsync("Production", settings))
        {
            results = await NodeScript.RunAsync("pats.mjs", new { baseUrl = service.Origin, orgId, username = "jane@example.co", code = (string)invited["code"]! });
        }

        var (created, told) = (results["created"]!["answer"], results.ToJsonString());
        Assert.True(created is not null, told);
        Assert.Equal(("Pat", true, "Nightly", (string?)results["userId"]), ((string?)created["kind"], (bool)created["isActive"]!, (string?)created["name"], (string?)created["linkedUserId"]));
        foreach (var name in new[] { "signedByCredId", "signedByUuid", "signedOnceActive" }) Assert.True((string?)results[name]!["answer"]?["status"] == "Active", $"{name}: {told}");
        Assert.NotNull(results["listedApps"]!["answer"]);
        Assert.Equal((403, "operation_not_held"), Error("escalating"));
        Assert.Equal((403, "employee_required"), Error("createdByToken"));
        Assert.Equal((401, "not_authorized"), Error("credentials"));
        Assert.Equal("Weekly", (string?)results["updated"]!["answer"]!["name"]);
        Assert.Single(results["listed"]!["answer"]!["items"]!.AsArray());
        Assert.Null(results["got"]!["answer"]!["accessToken"]);
        Assert.False((bool)results["deactivated"]!["answer"]!["isActive"]!);
        Assert.Equal((401, "not_authorized"), Error("signedWhileInactive"));
        Assert.True((bool)results["activated"]!["answer"]!["isActive"]!);
        Assert.False((bool)results["deleted"]!["answer"]!["isActive"]!);
        Assert.Equal((401, "not_authorized"), Error("signedOnceDeleted"));
        Assert.Equal((404, "personal_access_token_unknown"), Error("gone"));

        (int?, string?) Error(string name) => ((int?)results[name]!["error"]?["httpStatus"], (string?)results[name]!["error"]?["code"]);
    }
}
