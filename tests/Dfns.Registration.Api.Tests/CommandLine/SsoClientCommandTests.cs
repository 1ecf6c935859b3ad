using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary><c>sso-client set|add|list|remove</c>, against the database of a running service.</summary>
public abstract class SsoClientCommandTests(ServiceFixture fixture) : SsoTests(fixture)
{
    private const string Callback = "https://app.example.co/callback";

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SsoClientCommandTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SsoClientCommandTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task By_the_client_that_is_set_people_sign_in_until_it_is_removed()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        string[] named = ["--org", organisation.Id, "--issuer", provider.Issuer, "--client-id", OpenIdProvider.ClientId];

        Assert.Equal("sso_client_unknown", (await TryInitAsync(organisation)).Code);
        await RowsAsync("set", [.. named, "--redirect-uri", "https://other.example.co/", "--redirect-uri", "https://third.example.co/"]);
        Assert.Equal("sso_redirect_uri_not_allowed", (await TryInitAsync(organisation)).Code);
        var set = Assert.Single(await RowsAsync("set", [.. named, "--redirect-uri", Callback, "--force"]))!;
        Assert.Equal(200, (int)(await LoginAsync(provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)))).Status);
        var listed = Assert.Single(await RowsAsync("list", ["--org", organisation.Id]))!;
        await RowsAsync("remove", named);
        Assert.Equal("sso_client_unknown", (await TryInitAsync(organisation)).Code);

        Assert.Equal((provider.Issuer, OpenIdProvider.ClientId, Callback, "none"), ((string)set["issuer"]!, (string)set["clientId"]!, (string)set["redirectUris"]!, (string)set["secret"]!));
        Assert.Equal(set.ToJsonString(), listed.ToJsonString());
        Assert.Empty(await RowsAsync("list", ["--org", organisation.Id]));
        Assert.Equal(
            [
                $"sso_client.changed operator {provider.Issuer}; clientId is {OpenIdProvider.ClientId}; redirectUris is https://other.example.co/ https://third.example.co/",
                $"sso_client.changed operator {provider.Issuer}; clientId is {OpenIdProvider.ClientId}; redirectUris was https://other.example.co/ https://third.example.co/, is {Callback}",
                $"sso_client.removed operator {provider.Issuer}; clientId was {OpenIdProvider.ClientId}, is (none); redirectUris was {Callback}, is (none)",
            ],
            await TrailAsync(organisation));
    }

    [Fact]
    public async Task Where_people_come_back_to_is_added_to_and_removed_from_and_replaced_by_force_alone()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        string[] named = ["--org", organisation.Id, "--issuer", provider.Issuer, "--client-id", OpenIdProvider.ClientId];
        const string other = "https://other.example.co/";
        await RowsAsync("set", [.. named, "--redirect-uri", Callback]);

        var replaced = await ServiceProgram.OperateAsync(Service.Database, ["sso-client", "set", .. named, "--redirect-uri", other]);
        Assert.Equal(
            (1, $"Nothing was changed: this would take away {Callback}, where people come back to. 'sso-client add' keeps what is there; --force takes it away."), (replaced.ExitCode, replaced.Faults.Trim()));
        Assert.Equal($"{Callback} {other}", await ChangedAsync("add", "--redirect-uri", other));
        Assert.Equal($"{Callback} {other}", await ChangedAsync("set", "--redirect-uri", Callback, "--redirect-uri", other));
        Assert.Equal(other, await ChangedAsync("remove", "--redirect-uri", Callback));
        foreach (var wrong in new string[][] { ["add"], ["add", "--redirect-uri", "/callback"], ["remove", "--redirect-uri", Callback], ["remove", "--redirect-uri", other] })
            Assert.Equal(1, (await ServiceProgram.OperateAsync(Service.Database, ["sso-client", wrong[0], .. named, .. wrong[1..]])).ExitCode);
        Assert.Equal(Callback, await ChangedAsync("set", "--redirect-uri", Callback, "--force"));

        async Task<string> ChangedAsync(string verb, params string[] more) => (string)Assert.Single(await RowsAsync(verb, [.. named, .. more]))!["redirectUris"]!;
    }

    [Fact]
    public async Task A_secret_comes_from_a_file_is_sealed_and_told_nowhere()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        string[] named = ["--org", organisation.Id, "--issuer", provider.Issuer, "--client-id", OpenIdProvider.ClientId];
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "a secret of the client\n");

        var set = await ServiceProgram.OperateAsync(Service.Database, ["sso-client", "set", .. named, "--redirect-uri", Callback, "--secret-file", file]);
        Assert.Equal(200, (int)(await LoginAsync(provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)))).Status);
        var stored = await Service.InDatabaseAsync(db => db.SsoClients.Where(c => c.OrganisationId == organisation.Id).Select(c => c.SealedSecret).SingleAsync());
        var kept = Assert.Single(await RowsAsync("set", [.. named, "--redirect-uri", Callback]))!;
        var forgotten = Assert.Single(await RowsAsync("set", [.. named, "--no-secret"]))!;
        File.Delete(file);

        Assert.EndsWith(":a+secret+of+the+client", Assert.Single(provider.TokenRequests)["authorization"], StringComparison.Ordinal);
        Assert.Equal(("sealed", "none"), ((string)kept["secret"]!, (string)forgotten["secret"]!));
        Assert.DoesNotContain("a secret of the client", System.Text.Encoding.Latin1.GetString(stored!), StringComparison.Ordinal);
        Assert.DoesNotContain("a secret of the client", set.Everything, StringComparison.Ordinal);
        var trail = await TrailAsync(organisation);
        Assert.EndsWith("; secret is another", trail[1], StringComparison.Ordinal);
        Assert.EndsWith("; secret was sealed, is none", trail[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_its_client_id_at_the_provider_a_client_goes_too()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider, p => p.ClientIds.Add("ios.example.co"));
        foreach (var client in new[] { OpenIdProvider.ClientId, "ios.example.co" }) await organisation.SendToAsync(provider.Issuer, client);
        string[] named = ["social-provider", "remove", "--org", organisation.Id, "--issuer", provider.Issuer, "--force"];
        var uris = (string)(await RowsAsync("list", ["--org", organisation.Id]))[0]!["redirectUris"]!;

        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, [.. named, "--client-id", "ios.example.co"])).ExitCode);
        Assert.Equal([OpenIdProvider.ClientId], await ClientsAsync());
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, named)).ExitCode);
        Assert.Empty(await ClientsAsync());

        Assert.Equal(
            [
                $"sso_client.removed operator {provider.Issuer}; clientId was ios.example.co, is (none); redirectUris was {uris}, is (none)",
                $"sso_client.removed operator {provider.Issuer}; clientId was {OpenIdProvider.ClientId}, is (none); redirectUris was {uris}, is (none)",
            ],
            await TrailAsync(organisation));

        Task<List<string>> ClientsAsync() => Service.InDatabaseAsync(db => db.SsoClients.Where(c => c.OrganisationId == organisation.Id).Select(c => c.ClientId).ToListAsync());
    }

    // Where nobody has registered by it yet too: what it was set to, with its secret, is nowhere else.
    [Theory]
    [InlineData("web.example.co ios.example.co", "set", "--client-id", "another.example.co")]
    [InlineData("web.example.co", "set", "--client-id", "ios.example.co")]
    [InlineData("web.example.co", "remove", "--client-id", "web.example.co")]
    [InlineData("ios.example.co web.example.co", "remove")]
    public async Task No_command_about_the_provider_takes_a_client_away_but_by_force(string gone, params string[] change)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider, p => p.ClientIds.Add("ios.example.co"));
        foreach (var client in new[] { OpenIdProvider.ClientId, "ios.example.co" }) await organisation.SendToAsync(provider.Issuer, client, secret: "a secret of the client");
        string[] command = ["social-provider", change[0], "--org", organisation.Id, "--issuer", provider.Issuer, .. change[1..]];
        var before = await organisation.SnapshotAsync();

        var refused = await ServiceProgram.OperateAsync(Service.Database, command);

        Assert.Equal(1, refused.ExitCode);
        foreach (var client in gone.Split(' ')) Assert.Matches($"goes the single sign-on by .*{client}.*, which 'sso-client list' shows", refused.Faults);
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, [.. command, "--force"])).ExitCode);
        Assert.Equal(gone.Split(' ').Length, (await TrailAsync(organisation)).Count(told => told.StartsWith("sso_client.removed operator ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("http://app.example.co/callback")]
    [InlineData("https://app.example.co/callback#here")]
    [InlineData("https://jane@app.example.co/callback")]
    [InlineData("https://app.example.co/\\evil.example")]
    [InlineData("https://app.example.co/a b")]
    [InlineData("https://app.example.co/a\u001b[31mb")]
    [InlineData("https://app.example.co/a\u202eb")]
    [InlineData("/callback")]
    [InlineData("javascript:alert(1)")]
    [InlineData("com.example.app:/callback")]
    public async Task A_redirect_URI_that_is_no_page_of_its_own_is_refused_and_nothing_is_stored(string redirectUri)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);

        var run = await ServiceProgram.OperateAsync(
            Service.Database, ["sso-client", "set", "--org", organisation.Id, "--issuer", provider.Issuer, "--client-id", OpenIdProvider.ClientId, "--redirect-uri", Callback, "--redirect-uri", redirectUri]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("redirect URIs are needed", run.Faults, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Everything, c => c is '\u001b' or '\u202e');
        Assert.False(await Service.InDatabaseAsync(db => db.SsoClients.AnyAsync(c => c.OrganisationId == organisation.Id)));
    }

    [Theory]
    [InlineData("set --issuer ISSUER --client-id web.example.co", "redirect URIs are needed")]
    [InlineData("set --issuer ISSUER --client-id another --redirect-uri https://app.example.co/", "The provider does not accept this client id; 'social-provider add' names it first.")]
    [InlineData("set --issuer https://accounts.example.co --client-id web.example.co --redirect-uri https://app.example.co/", "The organisation has no provider with this issuer; 'social-provider set' names it first.")]
    [InlineData("set --issuer ISSUER --client-id web.example.co --redirect-uri https://app.example.co/ --secret-file /nowhere/at/all", "There is no file /nowhere/at/all.")]
    [InlineData("set --issuer ISSUER --client-id web.example.co --redirect-uri https://app.example.co/ --secret-file EMPTY", "The client secret must have 1 to 512 characters")]
    [InlineData("set --issuer ISSUER --client-id web.example.co --redirect-uri https://app.example.co/ --secret-file EMPTY --no-secret", "Either '--secret-file' or '--no-secret', not both.")]
    [InlineData("add --issuer ISSUER --client-id web.example.co --redirect-uri https://app.example.co/", "There is no single sign-on with this client id; 'sso-client list' shows them.")]
    [InlineData("remove --issuer ISSUER --client-id web.example.co", "There is no single sign-on with this client id; 'sso-client list' shows them.")]
    [InlineData("remove --issuer https://accounts.example.co --client-id web.example.co", "The organisation has no provider with this issuer; 'social-provider set' names it first.")]
    public async Task What_is_not_there_or_at_fault_is_told(string arguments, string told)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var empty = Path.GetTempFileName();

        var run = await ServiceProgram.OperateAsync(
            Service.Database, ["sso-client", .. arguments.Split(' ').Select(a => a == "ISSUER" ? provider.Issuer : a == "EMPTY" ? empty : a), "--org", organisation.Id]);

        File.Delete(empty);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.False(await Service.InDatabaseAsync(db => db.SsoClients.AnyAsync(c => c.OrganisationId == organisation.Id)));
    }

    // All at one instant.
    private async Task<List<string>> TrailAsync(TestOrganisation organisation) =>
    [
        .. (await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == organisation.Id && e.Action.StartsWith("sso_client.")).Select(e => e.Action + " " + e.Actor + " " + e.Note).ToListAsync()))
            .Order(StringComparer.Ordinal),
    ];

    private async Task<JsonArray> RowsAsync(string verb, string[] arguments)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, ["sso-client", verb, .. arguments, "--json"]);
        Assert.True(run.ExitCode == 0, run.Everything);
        return JsonNode.Parse(run.Output)!.AsArray();
    }
}
