using System.CommandLine;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary>
/// The executable, a process for each command: its settings come from the environment; its exit code, standard output and standard error are
/// those of the process. What a command does beyond that is looked at by the other tests of this folder, in their own process.
/// </summary>
public sealed partial class ExecutableTests
{
    /// <summary>Every command there is, in an order in which each has something to do, and what it writes to standard error: nothing, or what it changes.</summary>
    private static readonly (string Command, string Faults)[] Script =
    [
        ("migrate", "Applying 20261123120830_Initial, 1 of ALL."),
        ("backup COPY", ""),
        ("org create --name Example --rp-id example.co --origin https://app.example.co", ""),
        ("org update --org ORG --name Other", "name was: Example"),
        ("org list", ""),
        ("relying-party set --org ORG --user-verification preferred", "userVerification was: required"),
        ("relying-party add --org ORG --origin https://example.co", "origins was: https://app.example.co"),
        ("relying-party remove --org ORG --origin https://example.co", "origins was: https://app.example.co https://example.co"),
        ("user invite --org ORG --username jane@example.co --kind CustomerEmployee --print-code", ""),
        ("user invite-again --org ORG --user USER --print-code", ""),
        ($"user permit --org ORG --user USER --add {Permission.ReadUsers}", "permissions was: (none)"),
        ("user deactivate --org ORG --user USER", "isActive was: true"),
        ("user activate --org ORG --user USER", "isActive was: false"),
        ("user list --org ORG", ""),
        ("service-account create --org ORG --name back-end --public-key KEY", ""),
        ($"service-account permit --org ORG --account ACCOUNT --add {Permission.ReadUsers}", "permissions was: (none)"),
        ("service-account renew --org ORG --account ACCOUNT", "expiresAt was: TIME"),
        ("service-account list --org ORG", ""),
        ("service-account deactivate --org ORG --account ACCOUNT", ""),
        ("social-provider set --org ORG --issuer https://accounts.example.co --client-id a", "clientIds was: (none)"),
        ("social-provider add --org ORG --issuer https://accounts.example.co --client-id b", "clientIds was: a"),
        ("sso-client set --org ORG --issuer https://accounts.example.co --client-id a --redirect-uri https://app.example.co/callback", "redirectUris was: (none)"),
        ("sso-client add --org ORG --issuer https://accounts.example.co --client-id a --redirect-uri https://www.example.co/callback", "redirectUris was: https://app.example.co/callback"),
        ("sso-client list --org ORG", ""),
        ("sso-client remove --org ORG --issuer https://accounts.example.co --client-id a", ""),
        ("social-provider list --org ORG", ""),
        ("social-provider remove --org ORG --issuer https://accounts.example.co", ""),
        ("webhook list --org ORG", ""),
        ("webhook rotate-secret --org ORG --webhook wh-1", ""),
        ("keys rotate", ""),
        ("audit list --org ORG --most 1", ""),
    ];

    /// <summary>What is at fault, and the setting of the environment that is, if one is.</summary>
    public static TheoryData<string, string?> Faults => new()
    {
        { "org list --jsn", null },
        { "orgg list", null },
        { "--urls http://localhost:5081 org list", null },
        { "--Registration:CodeLifetme=04:00:00", null },
        { "org list --Secrets:MasterKey=pa55phrase", null },
        { "org list", null },
        { "org list", "Registration:CodeLifetime" },
        { "verify", null },
        { "verify /nowhere/captured.json", null },
    };

    [Fact]
    public async Task Every_command_is_done_with_the_settings_of_the_environment()
    {
        // These two have tests of their own: VerifyCommandTests, HealthCheckTests.
        Assert.Equal(Commands(OperatorCommandLine.MakeRoot()).Except(["verify", "healthcheck"]).Order(StringComparer.Ordinal), Script.Select(s => s.Command.Split(" --")[0].Replace(" COPY", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

        await using var database = await TestDatabase.SqliteAsync();
        var key = Path.GetTempFileName();
        await File.WriteAllTextAsync(key, SoftwareKey.P256().Pem, TestContext.Current.CancellationToken);
        var named = new Dictionary<string, string>(StringComparer.Ordinal) { ["KEY"] = key, ["COPY"] = $"{key}.db" };
        await using var db = Service.Open(database);
        var all = db.Database.GetMigrations().Count();
        foreach (var (command, faults) in Script)
        {
            var run = await ServiceProgram.OperateProcessAsync(database, [.. command.Split(' ').Select(word => named.GetValueOrDefault(word, word)), "--json"]);
            var row = run.Row;

            Assert.Equal(faults.Replace("ALL", $"{all}", StringComparison.Ordinal), Instant().Replace(run.Faults.Split('\n')[0], "TIME"));
            foreach (var (verb, name) in new[] { ("org create", "ORG"), ("user invite", "USER"), ("service-account create", "ACCOUNT") })
            {
                if (command.StartsWith(verb + " ", StringComparison.Ordinal)) named[name] = (string)row["id"]!;
            }

            // No command creates one.
            if (command.StartsWith("org create ", StringComparison.Ordinal)) await AddWebhookAsync(db, named["ORG"]);
            foreach (var secret in new[] { "code", "token", "secret" }) KnownSecrets.Add((string?)row[secret]);
        }

        File.Delete(key);
        File.Delete(named["COPY"]);
    }

    private static Task<int> AddWebhookAsync(RegistrationDbContext db, string organisation)
    {
        db.Webhooks.Add(new Webhook
        {
            OrganisationId = organisation,
            Id = "wh-1",
            Url = "https://backend.example.co/events",
            Events = [EventKinds.All],
            IsEnabled = false,
            Secret = [],
            CreatedAt = Service.Noon,
            UpdatedAt = Service.Noon,
        });
        return db.SaveChangesAsync();
    }

    /// <summary>What the other tests see in their own process is what an operator sees.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_is_at_fault_is_told_by_the_process_as_it_is_in_this_one(string command, string? setting)
    {
        await using var database = await TestDatabase.SqliteAsync();
        var settings = Service.Settings(database).Select(s => (s.Key, s.Value)).Concat(setting is null ? [] : [(setting, "soon")]).ToList();

        var process = await ServiceProgram.RunProcessAsync(command.Split(' '), settings);
        var here = await ServiceProgram.RunAsync(command.Split(' '), settings);

        Assert.NotEqual(0, process.ExitCode);
        Assert.NotEmpty(process.Faults);
        Assert.Equal((here.ExitCode, here.Faults), (process.ExitCode, process.Faults));
        // The help names the program, which is another here.
        Assert.Equal(here.Output.Split('\n').Where(line => !line.Contains("Dfns", StringComparison.Ordinal)), process.Output.Split('\n').Where(line => !line.Contains("Dfns", StringComparison.Ordinal)));
        Assert.DoesNotContain("pa55", process.Everything, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Commands(Command command) => command.Subcommands.SelectMany(
        below => below.Subcommands.Count == 0 ? [below.Name] : Commands(below).Select(name => $"{below.Name} {name}"));

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+Z", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Instant();
}
