using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.Telemetry;

/// <summary>Nothing secret is logged. This collection runs after all others, and reads what every service of the run has logged.</summary>
[Collection(nameof(LogSecrecyTests))]
[CollectionDefinition(nameof(LogSecrecyTests), DisableParallelization = true)]
public sealed class LogSecrecyTests
{
    [Fact]
    public async Task No_code_token_proof_or_private_key_is_in_any_log_even_at_the_most_talkative_level()
    {
        await using var database = await Migrated.SqliteAsync();
        await using var service = await Service.StartAsync(
            database,
            ("Serilog:MinimumLevel:Default", "Verbose"),
            ("Serilog:MinimumLevel:Override:Microsoft", "Verbose"),
            ("Serilog:MinimumLevel:Override:System", "Verbose"));
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        await invited.TryInitAsync("WRON-GCOD-EWRO-NGCO");
        KnownSecrets.Add("WRON-GCOD-EWRO-NGCO");
        await service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id });
        var mail = await service.Inbox.NextAsync();
        var challenge = await (invited with { Code = mail.Code }).InitAsync();
        var refused = challenge.GoodBody();
        refused["firstFactorCredential"]!["credentialInfo"]!["credId"] = "AAAA";
        await challenge.CompleteAsync(refused);
        await challenge.CompleteAsync(challenge.GoodBody(), token: challenge.Token + "x");
        await service.SendAsync(HttpMethod.Get, $"/auth/registration?code={mail.Code}", content: null, bearer: challenge.Token);
        await challenge.CompleteAsync(challenge.GoodBody());

        var lines = CapturedLog.AllLines.ToList();
        var tells = KnownSecrets.Finder();
        Assert.NotEmpty(KnownSecrets.All);
        Assert.All(KnownSecrets.All, secret => Assert.True(tells($"It is {secret}.")));
        Assert.Contains(service.Log.Lines, l => l.Contains("INSERT INTO", StringComparison.Ordinal));
        Assert.Contains(service.Log.Lines, l => l.Contains("credential_id_mismatch", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => tells(line));
    }

    [Fact]
    public async Task A_clients_line_breaks_do_not_break_a_line_of_the_log()
    {
        await using var database = await Migrated.SqliteAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");

        await (invited with { Username = "jane\r\nforged line" }).TryInitAsync();
        await service.SendAsync(HttpMethod.Get, "/auth%0d%0aforged line", content: null, bearer: null);

        Assert.All(service.Log.Lines, line => Assert.DoesNotContain("forged", line, StringComparison.Ordinal));
        Assert.All(service.Log.Lines, line => Assert.Equal(1, line.Count(c => c == '\n')));
    }

    [Fact]
    public async Task Each_request_leaves_one_line_with_its_outcome()
    {
        await using var database = await Migrated.SqliteAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        var before = service.Log.Lines.Count;

        await invited.TryInitAsync("0000-0000-0000-0000");

        var line = JsonNode.Parse(Assert.Single(service.Log.Lines.Skip(before)))!;
        Assert.Equal(("POST", "/auth/registration/init", 403, "invalid_code"), ((string?)line["RequestMethod"], (string?)line["Route"], (int?)line["StatusCode"], (string?)line["Outcome"]));
    }
}
