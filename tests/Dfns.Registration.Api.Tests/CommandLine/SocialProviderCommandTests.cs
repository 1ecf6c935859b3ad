using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary><c>social-provider set|list|remove</c>, against the database of a running service.</summary>
public abstract class SocialProviderCommandTests(ServiceFixture fixture) : SocialTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SocialProviderCommandTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SocialProviderCommandTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task From_the_provider_that_is_set_users_come_until_it_is_removed()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        string[] named = ["--org", organisation.Id, "--issuer", provider.Issuer];

        await AssertRefusedAsync("id_token_issuer_unknown", organisation, Draft(provider));
        await RowsAsync("social-provider", "set", [.. named, "--client-id", "another.example.co"]);
        await AssertRefusedAsync("id_token_audience_not_allowed", organisation, Draft(provider));
        var set = Assert.Single(await RowsAsync("social-provider", "set", [.. named, "--client-id", OpenIdProvider.ClientId, "--client-id", "ios.example.co"]))!;
        await StartAsync(organisation, Draft(provider));
        var listed = Assert.Single(await RowsAsync("social-provider", "list", ["--org", organisation.Id]))!;
        await RowsAsync("social-provider", "remove", named);
        await AssertRefusedAsync("id_token_issuer_unknown", organisation, Draft(provider));

        Assert.Equal((provider.Issuer, $"{OpenIdProvider.ClientId} ios.example.co", "RS256 ES256", "Email"), ((string)set["issuer"]!, (string)set["clientIds"]!, (string)set["algorithms"]!, (string)set["username"]!));
        Assert.Equal(set.ToJsonString(), listed.ToJsonString());
        Assert.Empty(await RowsAsync("social-provider", "list", ["--org", organisation.Id]));
        Assert.Equal(
            [$"social_provider.changed operator {provider.Issuer}", $"social_provider.changed operator {provider.Issuer}", $"social_provider.removed operator {provider.Issuer}"],
            (await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == organisation.Id).OrderBy(e => e.Action).Select(e => e.Action + " " + e.Actor + " " + e.Note).ToListAsync())).Select(e => e.Split(';')[0]));
    }

    [Theory]
    [InlineData("--client-id", "ES256")]
    [InlineData("--algorithm", "ios.example.co")]
    public async Task What_is_taken_away_is_looked_for_among_its_own(string option, string other)
    {
        var organisation = await Service.NewOrganisationAsync();
        string[] named = ["--org", organisation.Id, "--issuer", "https://accounts.example.co"];
        await RowsAsync("social-provider", "set", [.. named, "--client-id", "a", "--client-id", "ios.example.co"]);

        var run = await ServiceProgram.OperateAsync(Service.Database, ["social-provider", "remove", .. named, option, other]);

        Assert.Equal((1, $"The provider does not accept '{other}' as it is; 'social-provider list' shows what it does."), (run.ExitCode, run.Faults.Trim()));
    }

    [Fact]
    public async Task What_is_set_decides_algorithm_and_name()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        string[] named = ["--org", organisation.Id, "--issuer", provider.Issuer, "--client-id", OpenIdProvider.ClientId];

        await RowsAsync("social-provider", "set", [.. named, "--algorithm", "ES256"]);
        await AssertRefusedAsync("id_token_algorithm_not_allowed", organisation, Draft(provider));
        await RowsAsync("social-provider", "set", [.. named, "--algorithm", "RS256", "--username", "Subject"]);

        Assert.EndsWith("@127.0.0.1", (string?)(await StartAsync(organisation, Draft(provider, email: null))).Body["user"]!["name"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--issuer http://accounts.example.co --client-id a", "The issuer must be the https address")]
    [InlineData("--issuer accounts.example.co --client-id a", "The issuer must be the https address")]
    [InlineData("--issuer ftp://accounts.example.co --client-id a", "The issuer must be the https address")]
    [InlineData("--issuer https://accounts.example.co?a=b --client-id a", "The issuer must be the https address")]
    [InlineData("--issuer https://accounts.example.co/# --client-id a", "The issuer must be the https address")]
    [InlineData("--issuer https://jane@accounts.example.co --client-id a", "The issuer must be the https address")]
    [InlineData("--issuer https://accounts.example.co --client-id (blank)", "At least one client id is needed")]
    [InlineData("--issuer https://accounts.example.co --client-id a --algorithm none", "The algorithms must be some of")]
    [InlineData("--issuer https://accounts.example.co --client-id a --algorithm HS256", "The algorithms must be some of")]
    [InlineData("--issuer https://accounts.example.co --client-id a --algorithm rs256", "The algorithms must be some of")]
    public async Task A_provider_that_nobody_could_trust_is_refused_and_nothing_is_stored(string options, string told)
    {
        var organisation = await Service.NewOrganisationAsync();

        var run = await ServiceProgram.OperateAsync(Service.Database, ["social-provider", "set", "--org", organisation.Id, .. options.Split(' ').Select(o => o == "(blank)" ? " " : o)]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.False(await Service.InDatabaseAsync(db => db.SocialProviders.AnyAsync(p => p.OrganisationId == organisation.Id)));
    }

    [Theory]
    [InlineData("set --org or-nosuc-horga-nisation0000000 --issuer https://accounts.example.co --client-id a", "There is no organisation with this id; 'org list' shows them.")]
    [InlineData("remove --org or-nosuc-horga-nisation0000000 --issuer https://accounts.example.co", "The organisation has no provider with this issuer; 'social-provider list' shows them.")]
    public async Task What_is_not_there_is_told(string arguments, string told)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, ["social-provider", .. arguments.Split(' ')]);

        Assert.Equal((1, told), (run.ExitCode, run.Faults.Trim()));
    }

    private async Task<JsonArray> RowsAsync(string command, string verb, string[] arguments)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, [command, verb, .. arguments, "--json"]);
        Assert.True(run.ExitCode == 0, run.Everything);
        return JsonNode.Parse(run.Output)!.AsArray();
    }
}
