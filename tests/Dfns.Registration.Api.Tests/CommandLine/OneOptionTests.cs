using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary>
/// Of every command that changes a row that is there, every option by itself: it changes the one member that it is named after, tells what it
/// was and is, and leaves every other as it was. The options are the commands' own, so that a new one is tried or makes this fail.
/// </summary>
public sealed class OneOptionTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    /// <summary>In place of a member: alone it would mean nothing, and is refused with what belongs to it.</summary>
    private const string Refused = "";

    private const string Issuer = "https://accounts.example.co";

    private static readonly string[] Verbs = ["set", "update"];
    private static readonly string[] OfClient = ["--client-id", "a", "--force"];

    /// <summary>What names the row, and what says nothing of it.</summary>
    private static readonly Dictionary<string, string[]> Others = new(StringComparer.Ordinal)
    {
        ["relying-party"] = ["--org", "--force"],
        ["org"] = ["--org"],
        ["social-provider"] = ["--org", "--issuer", "--force"],
        ["sso-client"] = ["--org", "--issuer", "--client-id", "--force"],
    };

    /// <summary>Another value than there is, by command and option, and the member that shows it.</summary>
    private static readonly Dictionary<string, (string Value, string Member)> Values = new(StringComparer.Ordinal)
    {
        ["org --name"] = ("Other", "name"),
        ["relying-party --rp-id"] = ("app.example.co", "rpId"),
        ["relying-party --further-rp-id"] = ("example.net example.se", "furtherRpIds"),
        ["relying-party --origin"] = ("https://new.app.example.co https://app.example.net", "origins"),
        ["relying-party --related-origin"] = ("https://example.it", "relatedOrigins"),
        ["relying-party --rp-name"] = ("Other", "rpName"),
        ["relying-party --attestation"] = ("enterprise", "attestation"),
        ["relying-party --user-verification"] = ("preferred", "userVerification"),
        ["relying-party --algorithm"] = ("-35", "algorithms"),
        ["relying-party --allow-cross-origin"] = ("false", Refused),
        ["relying-party --top-origin"] = ("https://c.example", "topOrigins"),
        ["relying-party --require-recovery"] = ("true", "recoveryRequired"),
        ["relying-party --require-second-factor"] = ("false", "requireSecondFactor"),
        ["relying-party --refuse-mixed-scripts"] = ("true", "refuseMixedScripts"),
        ["relying-party --refuse-wallets"] = ("true", "refuseWallets"),
        ["relying-party --accept-sign-count-regression"] = ("true", "acceptSignCountRegression"),
        ["relying-party --refuse-synced-sign-count-regression"] = ("true", "refuseSyncedSignCountRegression"),
        ["relying-party --refuse-backup-eligibility-change"] = ("true", "refuseBackupEligibilityChange"),
        ["relying-party --refuse-no-attestation"] = ("false", Refused),
        ["relying-party --refuse-self-attestation"] = ("false", Refused),
        ["relying-party --require-trusted-root"] = ("false", "requireTrustedRoot"),
        ["relying-party --allowed-aaguid"] = ("11111111-0000-4000-8000-000000000042", "allowedAaguids"),
        ["relying-party --denied-aaguid"] = ("22222222-0000-4000-8000-000000000042", "deniedAaguids"),
        ["relying-party --refused-status"] = ("RETIRED", "refusedStatuses"),
        ["relying-party --passkey-enroll-url"] = ("https://app.example.co/new", "passkeyEnrollUrl"),
        ["relying-party --passkey-manage-url"] = ("https://app.example.co/other", "passkeyManageUrl"),
        ["social-provider --client-id"] = ("a c", "clientIds"),
        ["social-provider --algorithm"] = ("RS256", "algorithms"),
        ["social-provider --username"] = ("Email", "username"),
        ["sso-client --redirect-uri"] = ("https://app.example.co/other", "redirectUris"),
        ["sso-client --secret-file"] = ("FILE", "secret"),
        ["sso-client --no-secret"] = ("true", "secret"),
    };

    /// <summary>Every option of every such command.</summary>
    public static TheoryData<string, string, string> Options
    {
        get
        {
            var options = new TheoryData<string, string, string>();
            foreach (var noun in OperatorCommandLine.MakeRoot().Subcommands)
            {
                foreach (var verb in noun.Subcommands.Where(v => Verbs.Contains(v.Name)))
                {
                    foreach (var option in verb.Options.Where(o => o is not System.CommandLine.Help.HelpOption && !Others[noun.Name].Contains(o.Name))) options.Add(noun.Name, verb.Name, option.Name);
                }
            }

            return options;
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public async Task An_option_changes_what_it_is_named_after_and_nothing_else(string noun, string verb, string option)
    {
        var organisation = await FilledAsync();
        var (value, member) = Values[$"{noun} {option}"];
        var before = await ValuesAsync(organisation);
        var secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, "another secret");

        var run = await ServiceProgram.OperateAsync(
            Service.Database,
            [
                noun, verb, "--org", organisation.Id,
                .. noun is "social-provider" or "sso-client" ? new[] { "--issuer", Issuer } : [],
                .. noun == "sso-client" ? OfClient : [],
                .. bool.TryParse(value, out _) ? new[] { $"{option}={value}" } : value.Replace("FILE", secret, StringComparison.Ordinal).Split(' ').SelectMany(v => new[] { option, v }),
            ]);

        File.Delete(secret);
        Assert.True(run.ExitCode == (member == Refused ? 1 : 0), run.Everything);
        var changed = (await ValuesAsync(organisation)).Where(v => v.Value != before[v.Key]).Select(v => v.Key).ToList();
        if (member == Refused)
        {
            Assert.Empty(changed);
            Assert.Contains("nothing while", run.Faults.Replace("no effect while", "nothing while", StringComparison.Ordinal), StringComparison.Ordinal);
            return;
        }

        Assert.Single(changed);
        // What a secret was and is stays untold, here that there is another.
        string[] told = option == "--secret-file" ? [] : [member];
        Assert.Equal(told, run.Output.Split('\n').Where(l => l.Contains(" was: ", StringComparison.Ordinal)).Select(l => l.Trim().Split(' ')[0]));
        Assert.Equal(told, run.Output.Split('\n').Where(l => l.Contains(" is:  ", StringComparison.Ordinal)).Select(l => l.Trim().Split(' ')[0]));
    }

    [Fact]
    public void No_value_is_of_an_option_that_there_is_not() =>
        Assert.Equal(Values.Keys.Order(StringComparer.Ordinal), Options.Select(o => $"{o.Data.Item1} {o.Data.Item3}").Order(StringComparer.Ordinal));

    // Everything is set, and nothing to what it would be by itself.
    private async Task<TestOrganisation> FilledAsync()
    {
        var organisation = await Service.NewOrganisationAsync(r =>
        {
            (r.FurtherIds, r.Origins, r.RelatedOrigins) = (["example.net", "example.org"], ["https://app.example.co", "https://www.app.example.co", "https://app.example.net"], ["https://www.example.de", "https://example.fr"]);
            (r.AllowCrossOrigin, r.TopOrigins) = (true, ["https://a.example", "https://b.example"]);
            (r.Attestation, r.RequireTrustedRoot, r.RefuseNoAttestation, r.RefuseSelfAttestation) = ("direct", true, true, true);
            (r.PasskeyEnrollUrl, r.PasskeyManageUrl) = ("https://app.example.co/enroll", "https://app.example.co/manage");
        });
        string[] roots = ["--issuer", Issuer, "--org", organisation.Id];
        await ServiceProgram.RowAsync(Service.Database, ["social-provider", "set", .. roots, "--client-id", "a", "--client-id", "b", "--algorithm", "ES384", "--username", "Subject"]);
        var secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, "a secret");
        await ServiceProgram.RowAsync(Service.Database, ["sso-client", "set", .. roots, "--client-id", "a", "--redirect-uri", "https://app.example.co/one", "--redirect-uri", "https://app.example.co/two", "--secret-file", secret]);
        File.Delete(secret);
        return organisation;
    }

    // Every column of every row that a command may change, as it is stored; but what is written beside: the trail.
    private Task<Dictionary<string, string>> ValuesAsync(TestOrganisation organisation) => Service.InDatabaseAsync(async db =>
    {
        IEnumerable<object> rows =
        [
            await db.Organisations.SingleAsync(o => o.Id == organisation.Id),
            await db.RelyingParties.SingleAsync(r => r.OrganisationId == organisation.Id),
            .. await db.SocialProviders.Where(p => p.OrganisationId == organisation.Id).ToListAsync(),
            .. await db.SsoClients.Where(c => c.OrganisationId == organisation.Id).ToListAsync(),
        ];
        return rows.SelectMany(row => db.Entry(row).Properties.Where(p => !p.Metadata.IsConcurrencyToken).Select(p => (Key: $"{row.GetType().Name}.{p.Metadata.Name}", Value: Text(p))))
            .ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
    });

    private static string Text(PropertyEntry property) => System.Text.Json.JsonSerializer.Serialize(property.CurrentValue);
}
