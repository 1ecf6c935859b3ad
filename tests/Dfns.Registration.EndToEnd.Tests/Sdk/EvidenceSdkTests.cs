using System.Security.Cryptography;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>What proves a signed call, read with the official SDK, unmodified, and verified after service, key and database are gone.</summary>
public sealed class EvidenceSdkTests
{
    [Fact]
    public async Task What_a_program_signed_is_proven_without_the_service()
    {
        var directory = Directory.CreateTempSubdirectory().FullName;
        await using var database = await TestDatabase.SqliteAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var run = new OperatorCommand(settings);
        var orgId = await run.OrganisationAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (export, body) = (Path.Combine(directory, "action.json"), Path.Combine(directory, "body.json"));
        var account = await run.ServiceAccountAsync(orgId, "Auditor", key, "Auth:Logs:Read", "Permissions:Create");
        await using (var service = await ServiceProcess.StartAsync("Production", settings))
        {
            var results = await NodeScript.RunAsync("evidence.mjs", new { baseUrl = service.Origin, orgId, account, privateKey = key.ExportPkcs8PrivateKeyPem() });
            var got = results["got"]!["answer"];
            Assert.True(got is not null, results.ToJsonString());
            Assert.Equal(("POST /permissions", (string?)account["id"], "Auditor", "Key"), ((string?)got["action"], (string?)got["userId"], (string?)got["username"], (string?)got["firstFactorCredential"]!["kind"]));
            Assert.Equal((404, "log_unknown"), ((int?)results["unknown"]!["error"]!["httpStatus"], (string?)results["unknown"]!["error"]!["code"]));
            await File.WriteAllTextAsync(export, got.ToJsonString());
            await File.WriteAllTextAsync(body, (string)results["body"]!);
            await run.RunAsync("service-account", "deactivate", "--org", orgId, "--account", (string)account["id"]!);
            await service.StopAsync();
        }

        // No setting tells this one where a database would be.
        var told = await new OperatorCommand([]).RunAsync("verify", export, "--payload", body);

        Assert.Contains($"{account["id"]} of {orgId} signed POST /permissions ", told, StringComparison.Ordinal);
        Assert.EndsWith("accepted", told.TrimEnd(), StringComparison.Ordinal);
        Directory.Delete(directory, recursive: true);
    }
}
