using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>The permissions client of the official SDK, unmodified: each of its calls, and every operation that its types know.</summary>
public sealed class PermissionSdkTests
{
    [Fact]
    public async Task An_administrator_hands_out_what_another_program_then_does()
    {
        await using var database = await TestDatabase.SqliteAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var run = new OperatorCommand(settings);
        var orgId = await run.OrganisationAsync();
        using ECDsa adminKey = ECDsa.Create(ECCurve.NamedCurves.nistP256), backendKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] permissions = ["Permissions:Create", "Permissions:Read", "Permissions:Update", "Permissions:Archive", "Permissions:Assign", "Permissions:Revoke", "Permissions:Assignments:Read", "Auth:Users:Read", "Auth:Apps:Read"];
        var (admin, backend) = (await run.ServiceAccountAsync(orgId, "Administrator", adminKey, permissions), await run.ServiceAccountAsync(orgId, "Back end", backendKey));
        await using var service = await ServiceProcess.StartAsync("Production", settings);

        var results = await NodeScript.RunAsync(
            "permissions.mjs", new { baseUrl = service.Origin, orgId, admin, adminKey = adminKey.ExportPkcs8PrivateKeyPem(), backend, backendKey = backendKey.ExportPkcs8PrivateKeyPem() });

        var id = (string)Answer("created")["id"]!;
        Assert.Equal(Answer("created").ToJsonString(), Answer("got").ToJsonString());
        Assert.Equal(Answer("created").ToJsonString(), Answer("listed")["items"]!.AsArray().Single()!.ToJsonString());
        AssertError("refusedBefore", 403, "permission_missing");
        Assert.Equal((id, (string)backend["id"]!), ((string?)Answer("assigned")["permissionId"], (string?)Answer("assigned")["identityId"]));
        Assert.Equal(Answer("assigned").ToJsonString(), Answer("assignments")["items"]!.AsArray().Single()!.ToJsonString());
        Assert.Empty(Answer("served")["items"]!.AsArray());
        AssertError("escalated", 403, "operation_not_held");
        AssertError("wallets", 400, "operation_not_served");
        Assert.Equal("Auditors", (string?)Answer("updated")["name"]);
        Assert.True((bool)Answer("archived")["isArchived"]!);
        AssertError("refusedArchived", 403, "permission_missing");
        Assert.False((bool)Answer("restored")["isArchived"]!);
        Assert.Empty(Answer("applications")["items"]!.AsArray());
        _ = Answer("revoked");
        AssertError("refusedAfterwards", 403, "permission_missing");

        // Served or refused by name, and nothing besides but what there is of our own.
        var listed = results["operations"]!.AsArray().Select(o => (string)o!).ToHashSet(StringComparer.Ordinal);
        var others = (await File.ReadAllLinesAsync(Path.Combine(Places.Repository, "src", "Dfns.Registration.Api", "Permissions", "OtherOperations.txt"))).Where(line => !line.StartsWith('#')).ToHashSet(StringComparer.Ordinal);
        Assert.True(listed.Count > 100, $"{listed.Count}");
        Assert.Empty(others.Except(listed));
        var served = await run.RunAsync("service-account", "permit", "--help");
        Assert.All(listed.Except(others), operation => Assert.Contains(operation, served, StringComparison.Ordinal));
        await service.StopAsync();

        JsonNode Answer(string call)
        {
            Assert.True(results[call]!["answer"] is not null, $"{call}: {results[call]!.ToJsonString()}");
            return results[call]!["answer"]!;
        }

        void AssertError(string call, int status, string code)
        {
            var error = results[call]!["error"];
            Assert.True(error is not null, $"{call}: {results[call]!.ToJsonString()}");
            Assert.Equal(("DfnsError", status, code), ((string?)error["name"], (int?)error["httpStatus"], (string?)error["code"]));
        }
    }
}
