using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary>
/// No command takes away what it was not asked to: over every command that changes a list, every option that takes a word of a closed list,
/// and every hint that names a command.
/// </summary>
public sealed partial class TakingAwayTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private const string Model = "f00dbabe-0123-4567-89ab-cdef00112233";
    private const string Other = "00000000-0000-4000-8000-000000000042";

    /// <summary>Every list of a relying party: its option, the member that shows it, what there is, and what comes to it.</summary>
    public static TheoryData<string, string, string, string> Lists => new()
    {
        { "--origin", "origins", "https://app.example.co https://example.co", "https://www.example.co" },
        { "--further-rp-id", "furtherRpIds", "example.net example.org", "example.fr" },
        { "--related-origin", "relatedOrigins", "https://www.example.de https://example.fr", "https://example.it" },
        { "--top-origin", "topOrigins", "https://a.example https://b.example", "https://c.example" },
        { "--algorithm", "algorithms", "-7 -8 -257", "-35" },
        { "--allowed-aaguid", "allowedAaguids", $"{Model} {Other}", "11111111-0000-4000-8000-000000000042" },
        { "--denied-aaguid", "deniedAaguids", $"{Model} {Other}", "11111111-0000-4000-8000-000000000042" },
        { "--refused-status", "refusedStatuses", "REVOKED ATTESTATION_KEY_COMPROMISE USER_KEY_REMOTE_COMPROMISE USER_KEY_PHYSICAL_COMPROMISE USER_VERIFICATION_BYPASS", "RETIRED" },
    };

    // Of a passkey that does not verify its user nothing is left where that is required.
    [Fact]
    public async Task User_verification_is_not_required_of_passkeys_without_it_unless_it_is_forced()
    {
        var organisation = await Service.NewOrganisationAsync(r => r.UserVerification = "preferred");
        foreach (var name in new[] { "jane@example.co", "john@example.co" }) await Registered.NewAsync(organisation, username: name);
        await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == organisation.Id && c.User!.Username == "john@example.co").ExecuteUpdateAsync(c => c.SetProperty(x => x.UserVerified, false)));

        var refused = await RunAsync("set", organisation, "--user-verification", "required");
        Assert.Equal((1, "Nothing was changed: 1 passkey is registered without user verification, and may not be able to sign in where it is required. Add --force to require it."), (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal("preferred", await Service.InDatabaseAsync(db => db.RelyingParties.Where(r => r.OrganisationId == organisation.Id).Select(r => r.UserVerification).SingleAsync()));

        Assert.Equal(0, (await RunAsync("set", organisation, "--user-verification", "required", "--force")).ExitCode);
        Assert.Equal(0, (await RunAsync("set", organisation, "--user-verification", "required", "--require-recovery")).ExitCode);
    }

    // What was accepted when it was registered, and would be refused from then on.
    [Theory]
    [InlineData("--require-second-factor", "Nothing was changed: 1 user has a second factor, and could not sign in without it")]
    [InlineData("--refuse-backup-eligibility-change", "Nothing was changed: 1 passkey is registered, and one that says otherwise than before whether it may be backed up")]
    [InlineData("--refuse-synced-sign-count-regression", "Nothing was changed: 1 passkey is registered, and one that is synced, and counts backwards")]
    [InlineData("--accept-sign-count-regression=false", "Nothing was changed: 1 passkey is registered, and one that counts backwards")]
    public async Task What_would_keep_out_who_is_registered_tells_how_many_and_wants_to_be_forced(string option, string why)
    {
        var organisation = await Service.NewOrganisationAsync(r => (r.SecondFactorOptional, r.AcceptSignCountRegression) = (true, option.StartsWith("--accept", StringComparison.Ordinal)));
        var before = await RowAsync();
        await Registered.NewAsync(organisation, CredentialKind.Fido2, CredentialKind.Key);

        var refused = await RunAsync("set", organisation, option);

        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith(why, refused.Faults.Trim(), StringComparison.Ordinal);
        Assert.Equal(before, await RowAsync());
        Assert.Equal(0, (await RunAsync("set", organisation, option, "--force")).ExitCode);
        Assert.NotEqual(before, await RowAsync());
        // It is so already.
        Assert.Equal(0, (await RunAsync("set", organisation, option)).ExitCode);

        Task<string> RowAsync() => Service.InDatabaseAsync(async db => System.Text.Json.JsonSerializer.Serialize(await db.RelyingParties.AsNoTracking().SingleAsync(r => r.OrganisationId == organisation.Id)));
    }

    [Fact]
    public void Every_list_option_of_a_relying_party_is_among_those_that_are_tried() => Assert.Equal(
        Command("relying-party", "add").Options.Select(o => o.Name).Except(["--org", "--force"]).Order(StringComparer.Ordinal),
        Command("relying-party", "set").Options.Where(o => o.ValueType.IsArray).Select(o => o.Name).Order(StringComparer.Ordinal)
            .Intersect(Lists.Select(l => l.Data.Item1)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task A_list_is_added_to_and_removed_from_and_both_are_printed(string option, string member, string there, string more)
    {
        var organisation = await OrganisationAsync(there, option);
        var first = there.Split(' ')[0];

        var added = await RunAsync("add", organisation, option, more);
        Assert.Equal(0, added.ExitCode);
        Assert.Contains($"{member} was: {there}", added.Output, StringComparison.Ordinal);
        Assert.Contains($"{member} is:  {there} {more}", added.Output, StringComparison.Ordinal);

        var removed = await RunAsync("remove", organisation, option, first, "--json");
        Assert.Equal(0, removed.ExitCode);
        var row = JsonNode.Parse(removed.Output)!.AsArray()[0]!;
        Assert.Equal($"{there[(first.Length + 1)..]} {more}", (string)row[member]!);
        Assert.Contains($"{member} was: {there} {more}", removed.Faults, StringComparison.Ordinal);

        var absent = await RunAsync("remove", organisation, option, first);
        Assert.Equal(1, absent.ExitCode);
        Assert.StartsWith($"'{first}' is not among ", absent.Faults, StringComparison.Ordinal);
        var all = await RunAsync("remove", organisation, [.. $"{there[(first.Length + 1)..]} {more}".Split(' ').SelectMany(entry => new[] { option, entry })]);
        // Without one there is none; of the others nothing may mean everything, or the usual.
        var isPlain = option is "--further-rp-id" or "--related-origin";
        Assert.Equal(isPlain ? 0 : 1, all.ExitCode);
        if (isPlain) Assert.Contains($"{member} is:  (none)", all.Output, StringComparison.Ordinal);
        else Assert.StartsWith("That would leave no ", all.Faults, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task A_list_that_is_replaced_while_there_are_passkeys_wants_force_and_tells_their_number(string option, string member, string there, string more)
    {
        var organisation = await Service.NewOrganisationAsync();
        foreach (var username in new[] { "jane@example.co", "john@example.co" }) await Registered.NewAsync(organisation, username: username);
        await Service.InDatabaseAsync(async db =>
        {
            Fill(await db.RelyingParties.SingleAsync(r => r.OrganisationId == organisation.Id), there, option);
            return await db.SaveChangesAsync();
        });
        var before = await organisation.SnapshotAsync();

        var refused = await RunAsync("set", organisation, option, more);
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("Nothing was changed: this would take away ", refused.Faults, StringComparison.Ordinal);
        Assert.Contains(there, refused.Faults, StringComparison.Ordinal);
        Assert.Contains("2 passkeys are registered with this organisation. 'relying-party add' keeps what is there; --force takes it away.", refused.Faults, StringComparison.Ordinal);
        Assert.Equal(before, await organisation.SnapshotAsync());

        var forced = await RunAsync("set", organisation, option, more, "--force");
        Assert.Equal(0, forced.ExitCode);
        Assert.Contains($"{member} was: {there}", forced.Output, StringComparison.Ordinal);
        Assert.Contains($"{member} is:  {more}", forced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_origin_that_passkeys_may_need_is_removed_by_force_alone()
    {
        var organisation = await OrganisationAsync("https://app.example.co https://example.co", "--origin");
        await Registered.NewAsync(organisation);

        var refused = await RunAsync("remove", organisation, "--origin", "https://app.example.co");

        Assert.Equal((1, "Nothing was changed: this would take away origins https://app.example.co; 1 passkey is registered with this organisation. --force takes it away."), (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(0, (await RunAsync("remove", organisation, "--origin", "https://app.example.co", "--force")).ExitCode);
    }

    // Keys do not look at the page's origin, but the browser does before it lets the page call.
    [Fact]
    public async Task An_origin_that_people_with_keys_may_need_is_removed_by_force_alone()
    {
        var organisation = await OrganisationAsync("https://app.example.co https://example.co", "--origin");
        await organisation.SignedInAsync(UserKind.EndUser, "jane@example.co");

        var refused = await RunAsync("set", organisation, "--origin", "https://www.example.co");

        Assert.Equal(
            (1, "Nothing was changed: this would take away origins https://app.example.co https://example.co; 1 key is registered with this organisation. 'relying-party add' keeps what is there; --force takes it away."),
            (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(0, (await RunAsync("set", organisation, "--origin", "https://www.example.co", "--force")).ExitCode);
    }

    [Fact]
    public async Task An_rp_id_that_would_void_passkeys_is_changed_by_force_alone()
    {
        var organisation = await Service.NewOrganisationAsync();
        string[] change = ["--rp-id", "app.example.co"];
        Assert.Equal(0, (await RunAsync("set", organisation, change)).ExitCode);
        Assert.Equal(0, (await RunAsync("set", organisation, "--rp-id", "example.co")).ExitCode);
        await Registered.NewAsync(organisation);
        var before = await organisation.SnapshotAsync();

        var refused = await RunAsync("set", organisation, change);

        Assert.Equal((1, "Nothing was changed: 1 passkey is bound to the RP id 'example.co' and could not sign in under 'app.example.co'. Add --force to void them, and end the sessions that they opened; personal access tokens that were made in those stay."), (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Contains("rpId was: example.co", (await RunAsync("set", organisation, [.. change, "--force"])).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user", "--user", Permission.ReadUsers, Permission.CreateUsers)]
    [InlineData("service-account", "--account", Permission.ReadUsers, Permission.RegisterDelegated)]
    public async Task Permissions_are_added_removed_and_set_and_none_goes_unnamed(string noun, string option, string first, string second)
    {
        var organisation = await Service.NewOrganisationAsync();
        var id = noun == "user"
            ? (await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee)).UserId
            : (await organisation.NewServiceAccountAsync()).UserId;
        string[] permit = [noun, "permit", "--org", organisation.Id, option, id];

        Assert.Equal(first, await PermissionsAsync("--add", first));
        Assert.Equal($"{first} {second}", await PermissionsAsync("--add", second, "--add", first));
        var before = await organisation.SnapshotAsync();
        foreach (var wrong in new string[][] { [], ["--permission"], ["--none", "--add", first], ["--permission", first, "--remove", second], ["--remove", Permission.DeleteUsers], ["--add", "Auth:Users:Reed"], ["--permission", "everything"], ["--remove", "nothing"] })
        {
            Assert.Equal(1, (await ServiceProgram.OperateAsync(Service.Database, [.. permit, .. wrong])).ExitCode);
            Assert.Equal(before, await organisation.SnapshotAsync());
        }

        Assert.Equal(second, await PermissionsAsync("--remove", first));
        Assert.Equal(first, await PermissionsAsync("--permission", first, "--force"));
        var none = await ServiceProgram.OperateAsync(Service.Database, [.. permit, "--none"]);
        Assert.Contains($"permissions was: {first}", none.Output, StringComparison.Ordinal);
        Assert.Contains("permissions is:  (none)", none.Output, StringComparison.Ordinal);

        async Task<string> PermissionsAsync(params string[] change) => (string)(await ServiceProgram.RowAsync(Service.Database, [.. permit, .. change]))["permissions"]!;
    }

    [Fact]
    public async Task A_provider_keeps_what_is_not_named_and_gives_up_client_ids_and_algorithms_one_by_one()
    {
        var organisation = await Service.NewOrganisationAsync();
        await ProviderAsync(organisation, "set", "--client-id", "a", "--algorithm", "ES384", "--username", "Subject");

        Assert.Equal(("a", "ES384", "Subject"), Of(await ProviderAsync(organisation, "set")));
        Assert.Equal(("a b", "ES384 RS256", "Subject"), Of(await ProviderAsync(organisation, "add", "--client-id", "b", "--algorithm", "RS256")));
        Assert.Equal(("b", "ES384 RS256", "Subject"), Of(await ProviderAsync(organisation, "remove", "--client-id", "a")));
        Assert.Equal(("b", "RS256", "Subject"), Of(await ProviderAsync(organisation, "remove", "--algorithm", "ES384")));
        Assert.Equal(1, (await ServiceProgram.OperateAsync(Service.Database, Provider(organisation, "remove", "--client-id", "b"))).ExitCode);
        Assert.Equal(1, (await ServiceProgram.OperateAsync(Service.Database, Provider(organisation, "remove", "--client-id", "c"))).ExitCode);
        Assert.Equal(1, (await ServiceProgram.OperateAsync(Service.Database, Provider(organisation, "add"))).ExitCode);

        // Somebody came from there.
        var user = await Registered.NewAsync(organisation);
        await Service.InDatabaseAsync(async db =>
        {
            db.SocialAccounts.Add(new SocialAccount { OrganisationId = organisation.Id, Issuer = "https://accounts.example.co", Subject = "1", UserId = user.UserId, CreatedAt = Service.Noon });
            return await db.SaveChangesAsync();
        });
        foreach (var change in new string[][] { ["set", "--client-id", "c"], ["set", "--algorithm", "ES256"], ["remove"] })
        {
            var run = await ServiceProgram.OperateAsync(Service.Database, Provider(organisation, change));
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("1 registered user comes from this provider.", run.Faults, StringComparison.Ordinal);
        }

        Assert.Equal(("b", "RS256", "Subject"), Of(await ProviderAsync(organisation, "set")));
        Assert.Equal(("c", "RS256", "Subject"), Of(await ProviderAsync(organisation, "set", "--client-id", "c", "--force")));
        await ProviderAsync(organisation, "remove", "--force");
    }

    // What looks taken away and is not.
    [Theory]
    [InlineData("user")]
    [InlineData("service-account")]
    public async Task A_permission_that_comes_from_a_set_too_is_not_said_to_be_removed(string noun)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var subject = noun == "user" ? (await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee)).UserId : (await organisation.NewServiceAccountAsync()).UserId;
        string[] permit = [noun, "permit", "--org", organisation.Id, noun == "user" ? "--user" : "--account", subject];
        await ServiceProgram.RowAsync(Service.Database, [.. permit, "--add", Permission.ReadUsers, "--add", Permission.CreateUsers]);
        var set = (await admin.PostAsync("/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) })).Require("id");
        Assert.Equal(200, (int)(await admin.PostAsync($"/permissions/{set}/assignments", new JsonObject { ["identityId"] = subject })).Status);
        var before = await organisation.SnapshotAsync();

        var refused = await ServiceProgram.OperateAsync(Service.Database, [.. permit, "--remove", Permission.ReadUsers]);

        Assert.Equal(
            (1, $"Nothing was changed: '{Permission.ReadUsers}' comes from the set 'Readers' ({set}) too, which is assigned over HTTP, and would still be allowed; --none takes away the sets too."),
            (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Equal(Permission.ReadUsers, (string)(await ServiceProgram.RowAsync(Service.Database, [.. permit, "--remove", Permission.CreateUsers]))["permissions"]!);
        Assert.Equal(200, (int)(await admin.PutAsync($"/permissions/{set}/archive", new JsonObject { ["isArchived"] = true })).Status);
        Assert.Equal("", (string)(await ServiceProgram.RowAsync(Service.Database, [.. permit, "--remove", Permission.ReadUsers]))["permissions"]!);
    }

    [Theory]
    [InlineData("https://old.example.co")]
    [InlineData("https://*.old.example.co")]
    [InlineData("https://*.very.old.example.co")]
    public async Task An_origin_that_is_admitted_all_the_same_is_not_said_to_be_removed(string origin)
    {
        var organisation = await Service.NewOrganisationAsync(r => r.Origins = ["https://app.example.co", origin, "https://*.example.co"]);
        string[] Party(string verb, params string[] more) => ["relying-party", verb, "--org", organisation.Id, "--origin", origin, .. more];
        var before = await organisation.SnapshotAsync();

        var refused = await ServiceProgram.OperateAsync(Service.Database, Party("remove"));

        Assert.Equal(
            (1, $"Nothing was changed: 'https://*.example.co' admits {origin} all the same. Remove that too, and name each host by itself; --force takes the entry off the list."),
            (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, Party("remove", "--origin", "https://*.example.co"))).ExitCode);
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, Party("add", "--origin", "https://*.example.co"))).ExitCode);
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, Party("remove", "--force"))).ExitCode);
    }

    // Of a narrower entry less is left, and it stands in the list.
    [Theory]
    [InlineData("https://*.example.co", "https://*.old.example.co")]
    [InlineData("https://*.example.co", "https://x.example.co")]
    [InlineData("https://*.old.example.co", "https://*.gold.example.co")]
    public async Task An_origin_of_which_a_part_is_admitted_still_is_removed(string origin, string left)
    {
        var organisation = await Service.NewOrganisationAsync(r => r.Origins = [origin, left]);

        var row = await ServiceProgram.RowAsync(Service.Database, ["relying-party", "remove", "--org", organisation.Id, "--origin", origin]);

        Assert.Equal(left, (string)row["origins"]!);
    }

    [Theory]
    [InlineData("user")]
    [InlineData("service-account")]
    public async Task Permissions_that_are_not_named_are_taken_away_by_force_alone(string noun)
    {
        var organisation = await Service.NewOrganisationAsync();
        var subject = noun == "user" ? (await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee)).UserId : (await organisation.NewServiceAccountAsync()).UserId;
        string[] Permit(params string[] more) => [noun, "permit", "--org", organisation.Id, noun == "user" ? "--user" : "--account", subject, .. more];
        await ServiceProgram.RowAsync(Service.Database, Permit("--permission", Permission.ReadUsers, "--permission", Permission.CreateUsers));

        var refused = await ServiceProgram.OperateAsync(Service.Database, Permit("--permission", Permission.ReadUsers));

        Assert.Equal(
            (1, $"Nothing was changed: this would take away {Permission.CreateUsers}. '--add' keeps what is there; --force takes it away."), (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(Permission.ReadUsers, (string)(await ServiceProgram.RowAsync(Service.Database, Permit("--permission", Permission.ReadUsers, "--force")))["permissions"]!);
    }

    /// <summary>Every option that takes a word of a closed list, in every command that has it.</summary>
    public static TheoryData<string, string> ClosedLists => new()
    {
        { "org create --name a --rp-id example.co --origin https://example.co --attestation", "none, indirect, direct, enterprise" },
        { "org create --name a --rp-id example.co --origin https://example.co --user-verification", "required, preferred, discouraged" },
        { "org create --name a --rp-id example.co --origin https://example.co --refused-status", "REVOKED" },
        { "org create --name a --rp-id example.co --origin https://example.co --algorithm", "" },
        { "relying-party set --org ORG --attestation", "none, indirect, direct, enterprise" },
        { "relying-party set --org ORG --user-verification", "required, preferred, discouraged" },
        { "relying-party set --org ORG --refused-status", "REVOKED" },
        { "relying-party set --org ORG --algorithm", "" },
        { "relying-party add --org ORG --refused-status", "REVOKED" },
        { "relying-party add --org ORG --algorithm", "" },
        { "user invite --org ORG --username jane@example.co --print-code --kind", "EndUser" },
        { "user permit --org ORG --user EMPLOYEE --permission", Permission.ReadUsers },
        { "user permit --org ORG --user EMPLOYEE --add", Permission.ReadUsers },
        { "service-account create --org ORG --name a --public-key KEY --permission", Permission.ReadUsers },
        { "social-provider set --org ORG --issuer https://accounts.example.co --client-id a --username", "Email" },
        { "social-provider set --org ORG --issuer https://accounts.example.co --client-id a --algorithm", "RS256" },
    };

    [Theory]
    [MemberData(nameof(ClosedLists))]
    public async Task A_word_of_no_closed_list_changes_nothing_and_the_words_are_told(string command, string told)
    {
        var organisation = await Service.NewOrganisationAsync();
        var employee = await Service.InviteAsync(organisation, "employee@example.co", UserKind.CustomerEmployee);
        var key = Path.GetTempFileName();
        await File.WriteAllTextAsync(key, TestKit.SoftwareKey.P256().Pem);
        var before = await organisation.SnapshotAsync();

        foreach (var word in new[] { "FOO", "7", "None,Direct" })
        {
            var run = await ServiceProgram.OperateAsync(
                Service.Database, [.. command.Replace("ORG", organisation.Id, StringComparison.Ordinal).Replace("EMPLOYEE", employee.UserId, StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal).Split(' '), word]);

            Assert.Equal(1, run.ExitCode);
            Assert.Contains(told, run.Everything, StringComparison.Ordinal);
            Assert.Equal(before, await organisation.SnapshotAsync());
        }

        File.Delete(key);
    }

    [Theory]
    [InlineData("30")]
    [InlineData("12:00")]
    [InlineData("6/7/2026")]
    [InlineData("2026")]
    [InlineData("1.00:00:00")]
    public async Task An_expiry_that_could_be_another_day_is_refused(string text)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, "service-account", "renew", "--org", "or-a", "--account", "us-a", "--expires", text);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"'{text}' is no date; use one such as 2027-06-30.", run.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_hint_in_the_sources_and_pages_names_a_command_that_there_is_with_its_options()
    {
        var root = OperatorCommandLine.MakeRoot();
        var source = Path.Combine(Repository.Root, "src", "Dfns.Registration.Api");
        string[] nouns = [.. root.Subcommands.Select(c => c.Name)];
        var hints = Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is ".cs" or ".md" or ".js" or ".html" && !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(f => Quoted().Matches(File.ReadAllText(f)).Select(m => m.Groups["hint"].Value))
            .Where(hint => nouns.Contains(hint.Split(' ')[0])).Distinct(StringComparer.Ordinal).ToList();

        Assert.True(hints.Count > 8, string.Join("; ", hints));
        foreach (var hint in hints)
        {
            Command command = root;
            foreach (var word in hint.Split(' '))
            {
                if (!word.StartsWith('-')) command = command.Subcommands.SingleOrDefault(c => c.Name == word) ?? throw new InvalidOperationException($"There is no command '{hint}'.");
                else Assert.Contains(word, command.Options.Select(o => o.Name).Append("--help"));
            }
        }

        Assert.Contains("relying-party add --origin", hints);
        Assert.DoesNotContain("relying-party set --origin", hints);
    }

    [GeneratedRegex("""['`](?<hint>[a-z]+(-[a-z]+)*( (--)?[a-z]+(-[a-z]+)*)*)['`]""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Quoted();

    private static Command Command(string noun, string verb) =>
        OperatorCommandLine.MakeRoot().Subcommands.Single(c => c.Name == noun).Subcommands.Single(c => c.Name == verb);

    private static string[] Provider(TestOrganisation organisation, params string[] change) =>
        ["social-provider", change[0], "--org", organisation.Id, "--issuer", "https://accounts.example.co", .. change[1..]];

    private static (string, string, string) Of(JsonNode row) => ((string)row["clientIds"]!, (string)row["algorithms"]!, (string)row["username"]!);

    private Task<JsonNode> ProviderAsync(TestOrganisation organisation, params string[] change) => ServiceProgram.RowAsync(Service.Database, Provider(organisation, change));

    private Task<ServiceProgram.Run> RunAsync(string verb, TestOrganisation organisation, params string[] change) =>
        ServiceProgram.OperateAsync(Service.Database, ["relying-party", verb, "--org", organisation.Id, .. change]);

    // Set so that what is tried with the list makes sense.
    private Task<TestOrganisation> OrganisationAsync(string there, string option) => Service.NewOrganisationAsync(r => Fill(r, there, option));

    private static void Fill(RelyingParty r, string there, string option)
    {
        var entries = there.Split(' ');
        if (option == "--origin") r.Origins = [.. entries];
        if (option == "--further-rp-id") r.FurtherIds = [.. entries];
        if (option == "--related-origin") r.RelatedOrigins = [.. entries];
        if (option == "--top-origin") (r.AllowCrossOrigin, r.TopOrigins) = (true, [.. entries]);
        // What is tried is whether its use is refused, not which root attests it.
        if (option == "--allowed-aaguid") (r.Attestation, r.RequireTrustedRoot, r.AllowedAaguids) = ("direct", true, [.. entries.Select(Guid.Parse)]);
        if (option is "--denied-aaguid" or "--refused-status") (r.Attestation, r.RequireTrustedRoot, r.RefuseNoAttestation, r.RefuseSelfAttestation) = ("direct", true, true, true);
        if (option == "--denied-aaguid") r.DeniedAaguids = [.. entries.Select(Guid.Parse)];
    }
}
