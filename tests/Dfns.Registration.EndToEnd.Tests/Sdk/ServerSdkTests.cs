using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>A back end with the official SDK, unmodified: from an empty PostgreSQL database, with the command line alone, to registered users.</summary>
public sealed class ServerSdkTests
{
    [Fact]
    public async Task A_service_account_registers_and_manages_users()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var smtp = await SmtpServer.StartAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString).Append(("Mail:Port", $"{smtp.Port}")).Append(("Mail:Security", "None")).ToList();
        var run = new OperatorCommand(settings);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var orgId = await run.OrganisationAsync();
        string[] permissions = ["Auth:Register:Delegated", "Auth:Users:Create", "Auth:Users:Read", "Auth:Users:Update", "Auth:Users:Activate", "Auth:Users:Deactivate", "Auth:Users:Delete"];
        var account = await run.ServiceAccountAsync(orgId, "Back end", key, permissions);
        await using var service = await ServiceProcess.StartAsync("Production", settings);

        var results = await NodeScript.RunAsync("backend.mjs", new { baseUrl = service.Origin, orgId, account, privateKey = key.ExportPkcs8PrivateKeyPem() });

        Assert.Equal(("jane@example.co", 43), ((string?)Answer("delegated")["user"]!["name"], ((string)Answer("delegated")["challenge"]!).Length));
        AssertError("delegatedAgain", 401, "User already exists.");
        Assert.Equal((string?)Answer("delegated")["user"]!["id"], (string?)Answer("restarted")["user"]!["id"]);
        Assert.Equal(("Phone", "jane@example.co", orgId), ((string?)Answer("registered")["credential"]!["name"], (string?)Answer("registered")["user"]!["username"], (string?)Answer("registered")["user"]!["orgId"]));
        AssertError("registeredElsewhere", 401, "User already exists.");
        AssertError("restartedAfterwards", 401, "User already exists.", name: "Error");
        var jane = (string)Answer("registered")["user"]!["id"]!;
        Assert.NotNull(Answer("signedIn")["token"]);
        AssertError("endUserLists", 403, $"EndUser {jane} is not authorized to perform operation (Auth:Users:Read)");
        AssertError("endUserDeletes", 403, $"EndUser {jane} is not authorized to perform operation (Auth:Users:Delete)");

        Assert.Equal(("mary@example.co", "[]", "Tablet"), ((string?)Answer("registeredEndUser")["user"]!["username"], Answer("registeredEndUser")["wallets"]!.ToJsonString(), (string?)Answer("endUserReads")["items"]![0]!["name"]));
        Assert.NotNull(Answer("endUserSigns")["code"]);

        Assert.Equal(("john@example.co", "CustomerEmployee", false), ((string?)Answer("created")["username"], (string?)Answer("created")["kind"], (bool)Answer("created")["isRegistered"]!));
        AssertError("createdEndUser", 400);
        Assert.Equal([jane], Ids("listed"));
        Assert.Equal([(string)Answer("created")["userId"]!], Ids("listedOn"));
        Assert.Null(Answer("listedOn")["nextPageToken"]);
        Assert.Equal(Ids("listedOn"), Ids("listedEmployees"));
        Assert.Equal(Answer("created").ToJsonString(), Answer("got").ToJsonString());
        Assert.Equal(Answer("created").ToJsonString(), Answer("updated").ToJsonString());
        Assert.Equal(Answer("created").ToJsonString(), Answer("signedByName").ToJsonString());
        AssertError("updatedSso", 400);
        Assert.Equal((false, true), ((bool)Answer("deactivated")["isActive"]!, (bool)Answer("deactivated")["isRegistered"]!));
        AssertError("endedSession", 401, "Not Authorized.");
        Assert.True((bool)Answer("activated")["isActive"]!);
        Assert.Equal(jane, (string?)Answer("deleted")["userId"]);
        AssertError("gotDeleted", 404);
        AssertError("forged", 400);

        // The code that was mailed to the employee registers.
        var mail = await smtp.NextAsync();
        Assert.Equal("john@example.co", Assert.Single(mail.To));
        var employee = await NodeScript.RunAsync(
            "register.mjs", new { baseUrl = service.Origin, invitations = new[] { new Invitation(orgId, "john@example.co", mail.Code) }, slots = new { first = new { } } });
        Assert.Equal((string?)Answer("created")["userId"], (string?)employee[0]!["answer"]!["user"]!["id"]);

        var listed = await run.RowAsync("user", "list", "--org", orgId);
        Assert.Equal(("john@example.co", 1), ((string?)listed["username"], (int)listed["credentials"]!));
        await service.StopAsync();
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains((string)account["token"]!, StringComparison.Ordinal));

        JsonNode Answer(string call)
        {
            Assert.True(results[call]!["answer"] is not null, $"{call}: {results[call]!.ToJsonString()}");
            return results[call]!["answer"]!;
        }

        IEnumerable<string> Ids(string call) => Answer(call)["items"]!.AsArray().Select(u => (string)u!["userId"]!);

        void AssertError(string call, int status, string? message = null, string name = "DfnsError")
        {
            var error = results[call]!["error"];
            Assert.True(error is not null, $"{call}: {results[call]!.ToJsonString()}");
            Assert.Equal((name, status), ((string?)error["name"], (int?)error["httpStatus"]));
            if (message is not null) Assert.Equal(message, (string?)error["message"]);
        }
    }
}
