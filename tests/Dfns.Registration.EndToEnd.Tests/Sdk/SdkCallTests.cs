using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>
/// Every call of the installed SDK's clients for auth, permissions and webhooks, made against the service: what is served, and what is not, is told in the table of <c>docs/sdk-calls.md</c> and in a sentence of the README. A version of
/// the SDK with another call, or a service that serves one more or one less, makes it fail.
/// </summary>
public sealed class SdkCallTests
{
    private const string Answered = "served";
    private const string NotServed = "not served";

    // Of the clients of the SDK, what is beyond this service: each call is refused by a name of its own.
    private static readonly string[] OtherClients =
    [
        "agreements", "allocations", "exchanges", "feeSponsors", "keys", "networks", "payouts", "policies", "signers", "staking", "swaps", "wallets",
    ];

    private static readonly string Table = Path.Combine(Places.Repository, "docs", "sdk-calls.md");

    [Fact]
    public async Task The_table_of_the_SDKs_calls_says_of_each_whether_it_is_served()
    {
        var results = await CallAsync();
        var calls = results["calls"]!.AsArray().Select(c => Call.Of(c!)).ToList();

        // Each was sent, and got an answer that says something.
        Assert.All(calls, call => Assert.True(call.Path is not null, $"{call.Client}.{call.Name} sent nothing: {call.Error}"));
        Assert.All(calls, call => Assert.True(call.Status is 200 or (>= 400 and < 500) && (call.Status == 200 || call.Code is not null), $"{call.Client}.{call.Name} was answered {call.Status}."));
        // The delegated clients have each call as it is, or in two halves, and none beyond; some of the deprecated names they have not.
        foreach (var (client, halves) in results["halves"]!.AsObject())
        {
            var whole = halves!.AsArray().Select(h => WithoutHalf((string)h!)).ToHashSet(StringComparer.Ordinal);
            var ofClient = calls.Where(c => c.Client == client).ToList();
            Assert.Empty(whole.Except(ofClient.Select(c => c.Name)));
            Assert.Equal(ofClient.Select(Sent).Distinct().Order(), ofClient.Where(c => whole.Contains(c.Name)).Select(Sent).Distinct().Order());
        }

        Assert.Equal(OtherClients.Concat(["auth", "permissions", "webhooks"]).Order(StringComparer.Ordinal), results["clients"]!.AsArray().Select(c => (string)c!).Order(StringComparer.Ordinal));
        var others = results["others"]!.AsArray().Select(c => Call.Of(c!)).ToList();
        Assert.Equal(OtherClients, others.Select(c => c.Client).Distinct().Order(StringComparer.Ordinal));
        Assert.All(others, call => Assert.True((call.Status, call.Code) == (404, "call_not_served"), $"{call} is not refused by name."));
        await HoldAsync(Table, "calls", Rows(calls));
        await HoldAsync(Path.Combine(Places.Repository, "README.md"), "sdk calls", Sentence((string)results["version"]!, calls));
    }

    private static async Task<JsonNode> CallAsync()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var orgId = await Seed.In(database).OrganisationAsync("example.co", "https://app.example.co");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, key.ExportSubjectPublicKeyInfoPem());
        var account = await new OperatorCommand(ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString))
            .RowAsync("service-account", "create", "--org", orgId, "--name", "Caller", "--public-key", file, "--permission", Permission.ReadApplications);
        File.Delete(file);
        return await NodeScript.RunAsync(
            "sdk-calls.mjs", new { baseUrl = service.Origin, orgId, authToken = (string)account["token"]!, credId = (string)account["credId"]!, privateKey = key.ExportPkcs8PrivateKeyPem() });
    }

    private static (string? Method, string? Path) Sent(Call call) => (call.Method, call.Path);

    private static string WithoutHalf(string name) => name.EndsWith("Init", StringComparison.Ordinal) && name != "ssoLoginInit" ? name[..^"Init".Length]
        : name.EndsWith("Complete", StringComparison.Ordinal) ? name[..^"Complete".Length]
        : name;

    private static List<string> Rows(List<Call> calls) =>
    [
        "| call | methods of the SDK | |",
        "|---|---|---|",
        .. calls.GroupBy(c => (c.Method, c.Path)).OrderBy(g => g.Key.Path, StringComparer.Ordinal).ThenBy(g => g.Key.Method, StringComparer.Ordinal)
            .Select(g => $"| `{g.Key.Method} {g.Key.Path}` | {string.Join(", ", g.Select(c => $"`{c.Client}.{c.Name}`"))} | {Assert.Single(g.Select(c => c.Outcome).Distinct(StringComparer.Ordinal))} |"),
    ];

    private static List<string> Sentence(string version, List<Call> calls)
    {
        var parts = calls.GroupBy(c => c.Client).Select(g => string.Create(
            CultureInfo.InvariantCulture, $"{g.Count(c => c.Outcome != NotServed)} of {g.Count()} of `{g.Key}`"));
        var refused = calls.Where(c => c.Outcome is not (Answered or NotServed)).Select(c => $"`{c.Client}.{c.Name}`");
        return
        [
            $"Of the methods of `@dfns/sdk@{version}` it answers {string.Join(", ", parts)}; it refuses by name {string.Join(", ", refused)}. [Each of them](docs/sdk-calls.md) is listed with what it sends, by a test that calls them all.",
        ];
    }

    // Between the two marks of a page.
    private static async Task HoldAsync(string file, string mark, List<string> lines)
    {
        var page = (await File.ReadAllTextAsync(file)).ReplaceLineEndings("\n");
        var (begin, end) = ($"<!-- {mark} -->\n", $"<!-- /{mark} -->");
        Assert.True(page.Contains(begin, StringComparison.Ordinal) && page.Contains(end, StringComparison.Ordinal), $"{file} has no marks <!-- {mark} -->.");
        var (before, after) = (page[..(page.IndexOf(begin, StringComparison.Ordinal) + begin.Length)], page[page.IndexOf(end, StringComparison.Ordinal)..]);
        var now = $"{before}{string.Join('\n', lines)}\n{after}";
        if (string.Equals(now, page, StringComparison.Ordinal)) return;
        ApprovedFile.Differs(file, now);
    }

    /// <summary>A call that was made.</summary>
    private sealed record Call(string Client, string Name, string? Method, string? Path, int Status, string? Code, string? Error)
    {
        public string Outcome => Code is "not_found" or "method_not_allowed" ? NotServed
            // What answers nobody with anything else, whoever asks.
            : Code is "application_unknown" or "call_not_served" ? $"refused: `{Code}`"
            : Answered;

        public static Call Of(JsonNode call) =>
            new((string)call["client"]!, (string)call["name"]!, (string?)call["method"], (string?)call["path"], (int?)call["status"] ?? 0, (string?)call["code"], (string?)call["error"]);
    }
}
