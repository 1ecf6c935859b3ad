using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>Service accounts that an administrator manages with the official SDK, unmodified, and a program that works as one with the official key signer.</summary>
public sealed class ServiceAccountSdkTests
{
    [Fact]
    public async Task A_program_is_let_in_signs_by_either_name_of_its_key_and_is_shut_out()
    {
        await using var database = await TestDatabase.SqliteAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var run = new OperatorCommand(settings);
        var orgId = await run.OrganisationAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] operations = ["Create", "Read", "Update", "Delete", "Activate", "Deactivate"];
        var admin = await run.ServiceAccountAsync(orgId, "Administrator", key, ["Permissions:Create", "Auth:Apps:Read", .. operations.Select(o => $"Auth:ServiceAccounts:{o}")]);
        JsonNode results;
        await using (var service = await ServiceProcess.StartAsync("Production", settings))
        {
            results = await NodeScript.RunAsync("service-accounts.mjs", new { baseUrl = service.Origin, orgId, account = admin, privateKey = key.ExportPkcs8PrivateKeyPem() });
        }

        var (created, told) = (results["created"]!["answer"], results.ToJsonString());
        Assert.True(created is not null, told);
        var (info, token) = (created["userInfo"]!, created["accessTokens"]![0]!);
        Assert.Equal(("Back end", true, "ServiceAccount", true), ((string?)info["name"], (bool)info["isServiceAccount"]!, (string?)token["kind"], (bool)token["isActive"]!));
        Assert.NotNull((string?)token["accessToken"]);
        Assert.StartsWith("cr-", (string)info["credentialUuid"]!, StringComparison.Ordinal);
        Assert.Equal("pm-", ((string)token["permissionAssignments"]![0]!["permissionId"]!)[..3]);
        // It signs as it was told, and as the READMEs of the SDK write it.
        foreach (var name in new[] { "signedByCredId", "signedByUuid", "signedOnceActive" }) Assert.True((string?)results[name]!["answer"]?["status"] == "Active", $"{name}: {told}");
        Assert.Equal((200, 403), (results["listedApps"]!["answer"] is null ? 0 : 200, (int?)results["lacking"]!["error"]!["httpStatus"]));
        foreach (var name in new[] { "createdWallet", "listedWallets" }) Assert.Equal((404, "call_not_served"), ((int?)results[name]!["error"]!["httpStatus"], (string?)results[name]!["error"]!["code"]));
        Assert.Equal(("Program", "crm-1"), ((string?)results["updated"]!["answer"]!["userInfo"]!["name"], (string?)results["updated"]!["answer"]!["userInfo"]!["externalId"]));
        Assert.Equal(2, results["listed"]!["answer"]!["items"]!.AsArray().Count);
        Assert.Null(results["got"]!["answer"]!["accessTokens"]![0]!["accessToken"]);
        Assert.NotNull((string?)results["got"]!["answer"]!["accessTokens"]![0]!["dateLastUsed"]);
        Assert.False((bool)results["deactivated"]!["answer"]!["accessTokens"]![0]!["isActive"]!);
        foreach (var name in new[] { "signedWhileInactive", "signedOnceDeleted" }) Assert.True((int?)results[name]!["error"]?["httpStatus"] == 401, $"{name}: {told}");
        Assert.True((bool)results["activated"]!["answer"]!["userInfo"]!["isActive"]!);
        Assert.False((bool)results["deleted"]!["answer"]!["userInfo"]!["isActive"]!);
        Assert.Equal((404, "service_account_unknown"), ((int?)results["gone"]!["error"]!["httpStatus"], (string?)results["gone"]!["error"]!["code"]));
        Assert.Equal((403, "operation_not_held"), ((int?)results["escalating"]!["error"]!["httpStatus"], (string?)results["escalating"]!["error"]!["code"]));
    }
}
