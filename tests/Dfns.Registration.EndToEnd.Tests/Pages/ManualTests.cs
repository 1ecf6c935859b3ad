using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>What the operator's manual shows, run.</summary>
public sealed class ManualTests
{
    private const string Configuration = """const issuer = "https://auth.example.co", address = issuer;""";

    [Fact]
    public async Task The_check_of_a_token_takes_access_tokens_that_count_and_no_other()
    {
        if (Installed.Find("node") is null) Prerequisite.IsMissing("Node.js is not installed (apt-get install nodejs npm).");
        var manual = (await File.ReadAllTextAsync(Path.Combine(Places.Repository, "src", "Dfns.Registration.Api", "README.md"))).ReplaceLineEndings("\n");
        var check = manual.Split("```js\n").Select(block => block.Split("\n```")[0]).Single(block => block.Contains(Configuration, StringComparison.Ordinal));
        var work = Directory.CreateTempSubdirectory("dfns-test-");
        await using var database = await TestDatabase.SqliteAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var run = new OperatorCommand(settings);
        await run.RunAsync("migrate");
        var orgId = (string)(await run.RowAsync("org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"))["id"]!;
        var backend = await AccountAsync("Back end", "Auth:Tokens:Introspect");
        var other = await AccountAsync("Another", "Auth:Users:Read");
        await using var service = await ServiceProcess.StartAsync("Production", settings);
        var invitation = await Seed.In(database).InviteAsync(orgId, "jane@example.co");
        using var started = await service.Http.PostAsJsonAsync(
            new Uri("/auth/registration/init", UriKind.Relative), new { username = invitation.Username, registrationCode = invitation.Code, orgId });
        var temporary = (string)(await started.Content.ReadFromJsonAsync<JsonNode>())!["temporaryAuthenticationToken"]!;
        await File.WriteAllTextAsync(
            Path.Combine(work.FullName, "check.mjs"),
            check.Replace(Configuration, $"""const issuer = "https://auth.example.co", address = "{service.Origin}";""", StringComparison.Ordinal)
                + "\nconsole.log(JSON.stringify(await holderOf(process.env.TOKEN, process.env.BACK_END_TOKEN)));\n");

        var told = (await CheckAsync((string)other["token"]!))!;
        Assert.Equal(("Auth:Users:Read", (string?)other["id"]), ((string?)told["scope"], (string?)told["client_id"]));
        Assert.Null(await CheckAsync(temporary));
        Assert.Null(await CheckAsync((string)other["token"]! + "A"));
        // What a stranger sends in place of one is nobody's token, not a fault of the service that looks at it.
        foreach (var none in (string[])["no-token", "", "..", "bnVsbA", "bnVsbA.bnVsbA.bnVsbA", $"{((string)other["token"]!).Split('.')[0]}", $"{((string)other["token"]!).Split('.')[0]}.bnVsbA.AAAA"]) Assert.Null(await CheckAsync(none));
        // Signed properly, and ended by the operator.
        await run.RunAsync("service-account", "deactivate", "--org", orgId, "--account", (string)other["id"]!);
        Assert.Null(await CheckAsync((string)other["token"]!));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/auth/users");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)backend["token"]!);
        using var refused = await service.Http.SendAsync(request);
        Assert.Equal(403, (int)refused.StatusCode);

        await service.StopAsync();
        work.Delete(recursive: true);

        async Task<JsonNode> AccountAsync(string name, string permission)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var path = Path.Combine(work.FullName, "key.pem");
            await File.WriteAllTextAsync(path, key.ExportSubjectPublicKeyInfoPem());
            return await run.RowAsync("service-account", "create", "--org", orgId, "--name", name, "--public-key", path, "--permission", permission);
        }

        async Task<JsonNode?> CheckAsync(string token)
        {
            var start = new ProcessStartInfo("node", ["check.mjs"]) { WorkingDirectory = work.FullName };
            (start.Environment["TOKEN"], start.Environment["BACK_END_TOKEN"]) = (token, (string?)backend["token"]);
            await using var node = RunningProcess.Start(start);
            Assert.True(await node.ExitAsync() == 0, node.Output.ToString());
            return JsonNode.Parse(node.Output.Lines[^1]);
        }
    }
}
