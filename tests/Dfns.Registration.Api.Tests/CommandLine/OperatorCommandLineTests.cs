using System.CommandLine;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary>The operator's command line, against a real database with a service running on it.</summary>
public abstract class OperatorCommandLineTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : OperatorCommandLineTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : OperatorCommandLineTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>As an operator does it: by the executable, a process for each command.</summary>
    [Fact]
    public async Task From_an_empty_database_to_a_registered_user()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        Assert.Equal(0, (await ServiceProgram.OperateProcessAsync(database, "migrate")).ExitCode);
        // It is up to date: nothing is done, and nothing is noted.
        Assert.Equal(0, (await ServiceProgram.OperateProcessAsync(database, "migrate")).ExitCode);
        var organisation = (await ServiceProgram.OperateProcessAsync(database, "org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co", "--json")).Row;
        var user = (await ServiceProgram.OperateProcessAsync(database, "user", "invite", "--org", (string)organisation["id"]!, "--username", "jane@example.co", "--print-code", "--json")).Row;
        KnownSecrets.Add((string)user["code"]!);

        await using var service = await Service.StartAsync(database);
        service.Clock.SetUtcNow(DateTimeOffset.Parse((string)user["expiresAt"]!, System.Globalization.CultureInfo.InvariantCulture).AddHours(-1));
        var invited = new Invited(new TestOrganisation(service, (string)organisation["id"]!, "example.co", "https://app.example.co"), (string)user["id"]!, "jane@example.co", (string)user["code"]!);
        var challenge = await invited.InitAsync();

        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
        var listed = (await ServiceProgram.OperateProcessAsync(database, "user", "list", "--org", (string)organisation["id"]!, "--json")).Row;
        Assert.Equal((user["id"]!.ToString(), 2, true), ((string)listed["id"]!, (int)listed["credentials"]!, (bool)listed["isActive"]!));
        Assert.NotNull(listed["registeredAt"]);
        Assert.Equal(
            ["database.migrated operator", "organisation.created operator", $"user.invited operator", $"user.registered {invited.UserId}", "users.read operator"],
            await service.InDatabaseAsync(db => db.AuditEvents.Select(e => e.Action + " " + e.Actor).Distinct().OrderBy(e => e).ToListAsync()));
    }

    [Fact]
    public async Task Whoever_is_invited_again_has_one_good_code_however_recent_the_last_one_is()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        for (var guess = 0; guess < 100; guess++) await invited.TryInitAsync("0000-0000-0000-0000");
        var codes = new List<string> { invited.Code };

        for (var again = 0; again < 2; again++)
        {
            var row = await ServiceProgram.RowAsync(Service.Database, "user", "invite-again", "--org", invited.Organisation.Id, "--user", invited.UserId, "--print-code");
            codes.Add((string)row["code"]!);
            KnownSecrets.Add(codes[^1]);
        }

        Assert.Equal("invalid_code", (await invited.TryInitAsync(codes[0])).Code);
        Assert.Equal("invalid_code", (await invited.TryInitAsync(codes[1])).Code);
        Assert.Equal(200, (int)(await invited.TryInitAsync(codes[2])).Status);
        Assert.Equal(
            ["again", "again"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == invited.UserId && e.Action == "user.invited").Select(e => e.Note).ToListAsync()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_is_invited_again_by_mail_keeps_the_code_and_what_it_began_until_the_mail_server_has_taken_the_new_one(bool takes)
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        var begun = await invited.InitAsync();
        await using var server = new MailServer(takes);
        var settings = Service.Settings(Service.Database).Select(s => (s.Key, s.Value)).Concat(server.Settings);
        var before = await Snapshot.OfAsync(invited.Organisation);

        var run = await ServiceProgram.RunAsync(["user", "invite-again", "--org", invited.Organisation.Id, "--user", invited.UserId, "--json"], settings);

        if (takes)
        {
            Assert.Equal("(mailed)", (string?)run.Row["code"]);
            var code = server.Mails.Single().Split('\n').Single(l => l.StartsWith("Code:", StringComparison.Ordinal))["Code:".Length..].Trim();
            KnownSecrets.Add(code);
            Assert.Equal("invalid_code", (await invited.TryInitAsync()).Code);
            Assert.Equal("not_authorized", (await begun.CompleteAsync(begun.GoodBody())).Code);
            Assert.Equal(200, (int)(await (invited with { Code = code }).TryInitAsync()).Status);
        }
        else
        {
            Assert.Equal(1, run.ExitCode);
            Assert.StartsWith("Nothing was changed: the mail could not be sent (", run.Faults, StringComparison.Ordinal);
            Assert.EndsWith("The earlier code is good for as long as it was; try it again, or print a code with --print-code.", run.Faults.Trim(), StringComparison.Ordinal);
            Assert.Equal(before, await Snapshot.OfAsync(invited.Organisation));
            Assert.Equal(200, (int)(await invited.TryInitAsync()).Status);
            Assert.Equal(200, (int)(await begun.CompleteAsync(begun.GoodBody())).Status);
        }
    }

    [Theory]
    [InlineData("registered")]
    [InlineData("deactivated")]
    [InlineData("came without a code")]
    public async Task Whoever_waits_for_no_code_is_not_invited_again(string who)
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        if (who == "registered")
        {
            var challenge = await invited.InitAsync();
            await challenge.CompleteAsync(challenge.GoodBody());
        }

        if (who == "deactivated") await ServiceProgram.RowAsync(Service.Database, "user", "deactivate", "--org", invited.Organisation.Id, "--user", invited.UserId);
        if (who == "came without a code") await Service.AsOwnerAsync(db => db.Codes.Where(c => c.UserId == invited.UserId).ExecuteDeleteAsync());
        var before = await Snapshot.OfAsync(invited.Organisation);

        var run = await ServiceProgram.OperateAsync(Service.Database, "user", "invite-again", "--org", invited.Organisation.Id, "--user", invited.UserId, "--print-code");

        Assert.Equal((1, "This user cannot be invited again: only one who was invited, is active and has not registered yet."), (run.ExitCode, run.Faults.Trim()));
        Assert.Equal(before, await Snapshot.OfAsync(invited.Organisation));
    }

    [Fact]
    public async Task A_deactivated_user_cannot_register_until_activated_and_invited_again()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");

        await ServiceProgram.RowAsync(Service.Database, "user", "deactivate", "--org", invited.Organisation.Id, "--user", invited.UserId);
        Assert.Equal("user_deactivated", (await invited.TryInitAsync()).Code);

        // With everything else that was open the invitation has ended: another is sent.
        await ServiceProgram.RowAsync(Service.Database, "user", "activate", "--org", invited.Organisation.Id, "--user", invited.UserId);
        Assert.NotEqual(200, (int)(await invited.TryInitAsync()).Status);
        var again = await ServiceProgram.RowAsync(Service.Database, "user", "invite-again", "--org", invited.Organisation.Id, "--user", invited.UserId, "--print-code");
        KnownSecrets.Add((string)again["code"]!);
        Assert.Equal(200, (int)(await (invited with { Code = (string)again["code"]! }).TryInitAsync()).Status);
    }

    [Fact]
    public async Task What_is_set_for_a_relying_party_is_demanded_of_the_next_ceremony_and_the_rest_stays()
    {
        var organisation = await Service.NewOrganisationAsync();

        var row = await ServiceProgram.RowAsync(
            Service.Database, "relying-party", "set", "--org", organisation.Id, "--user-verification", "preferred", "--algorithm", "-8", "--attestation", "direct", "--require-recovery");
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();

        Assert.Equal(("example.co", "https://app.example.co", true), ((string)row["rpId"]!, (string)row["origins"]!, (bool)row["recoveryRequired"]!));
        Assert.Equal(("preferred", "direct"), ((string)challenge.Body["authenticatorSelection"]!["userVerification"]!, (string)challenge.Body["attestation"]!));
        Assert.Equal([-8], challenge.Body["pubKeyCredParams"]!.AsArray().Select(p => (int)p!["alg"]!));
    }

    [Fact]
    public async Task What_is_set_about_attestation_is_kept_and_can_be_taken_back()
    {
        var organisation = await Service.NewOrganisationAsync();
        const string model = "f00dbabe-0123-4567-89ab-cdef00112233";
        const string other = "00000000-0000-4000-8000-000000000042";
        const string third = "00000000-0000-4000-8000-000000000043";
        string[] set = ["relying-party", "set", "--org", organisation.Id];

        var first = await ServiceProgram.RowAsync(
            Service.Database,
            [.. set, "--attestation", "direct", "--refuse-no-attestation", "--refuse-self-attestation", "--require-trusted-root", "--allowed-aaguid", model, "--allowed-aaguid", other, "--denied-aaguid", third, "--refused-status", "REVOKED"]);
        var second = await ServiceProgram.RowAsync(Service.Database, [.. set, "--refuse-no-attestation", "false", "--refuse-self-attestation", "false", "--require-trusted-root", "false", "--allowed-aaguid", "--denied-aaguid", "--refused-status"]);

        Assert.Equal((true, true, true), ((bool)first["refuseNoAttestation"]!, (bool)first["refuseSelfAttestation"]!, (bool)first["requireTrustedRoot"]!));
        Assert.Equal(($"{model} {other}", third, "REVOKED"), ((string)first["allowedAaguids"]!, (string)first["deniedAaguids"]!, (string)first["refusedStatuses"]!));
        Assert.Equal((false, false, false), ((bool)second["refuseNoAttestation"]!, (bool)second["refuseSelfAttestation"]!, (bool)second["requireTrustedRoot"]!));
        Assert.Equal(("", "", ""), ((string)second["allowedAaguids"]!, (string)second["deniedAaguids"]!, (string)second["refusedStatuses"]!));
    }

    [Fact]
    public async Task A_new_name_is_the_name()
    {
        var organisation = await Service.NewOrganisationAsync();

        Assert.Equal("Example Ltd", (string)(await ServiceProgram.RowAsync(Service.Database, "org", "update", "--org", organisation.Id, "--name", "Example Ltd"))["name"]!);
    }

    [Fact]
    public async Task A_rotated_key_is_published()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await ServiceProgram.OperateAsync(database, "migrate");
        var key = await ServiceProgram.RowAsync(database, "keys", "rotate");
        await using var service = await Service.StartAsync(database);

        var jwks = await service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json", content: null, bearer: null);

        Assert.Contains((string)key["id"]!, jwks.Body["keys"]!.AsArray().Select(k => (string)k!["kid"]!));
    }

    [Fact]
    public async Task A_database_that_is_not_migrated_is_told_in_a_sentence()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();

        var run = await ServiceProgram.OperateAsync(database, "org", "list");

        Assert.Equal((1, "The database is not up to date; run 'migrate' first."), (run.ExitCode, run.Faults.Trim()));
    }

    /// <summary>Of those that look alike to the ones that are refused.</summary>
    [Theory]
    [InlineData("--rp-id localhost --origin http://localhost:3000")]
    [InlineData("--rp-id xn--bcher-kva.example --origin https://app.xn--bcher-kva.example")]
    [InlineData("--rp-id www.ck --origin https://www.ck")]
    [InlineData("--rp-id github.io --origin https://github.io")]
    [InlineData("--rp-id example.co --origin android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w --origin ios:bundle-id:com.example.app")]
    [InlineData("--rp-id example.co --origin https://*.example.co")]
    [InlineData("--rp-id example.co --origin https://*.apps.example.co --origin https://example.co")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://example.de --related-origin https://www.example.de:8443 --related-origin https://example.co.uk --related-origin https://a.example --related-origin https://b.example --related-origin https://c.github.io --related-origin https://xn--bcher-kva.example")]
    [InlineData("--rp-id localhost --origin http://localhost:3000 --passkey-enroll-url http://localhost:3000/passkeys --passkey-manage-url https://example.co/account?tab=passkeys#all")]
    public async Task A_relying_party_that_browsers_and_apps_take_is_set_up(string options) =>
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, ["org", "create", "--name", "Example", .. options.Split(' ')])).ExitCode);

    [Theory]
    [InlineData("--rp-id Example.co --origin https://app.example.co", "The RP id must be a domain name in lower case")]
    [InlineData("--rp-id Example.co --origin https://app.example.co", "spell 'Example.co' as 'example.co'")]
    [InlineData("--rp-id bücher.example --origin https://app.bücher.example", "browsers and DNS spell 'bücher.example' as 'xn--bcher-kva.example'")]
    [InlineData("--rp-id xn--bcher-kva.example --origin https://app.bücher.example:8443", "is not an origin as browsers write it: 'https://app.xn--bcher-kva.example:8443'")]
    [InlineData("--rp-id example.co --origin https://app.example.co --allow-cross-origin --top-origin https://bücher.example", "is not an origin as browsers write it: 'https://xn--bcher-kva.example'")]
    [InlineData("--rp-id co --origin https://example.co", "'co' is a name that others register theirs under, and no browser makes a passkey for all of them. Take the part that is yours, such as 'example.co'")]
    [InlineData("--rp-id co.uk --origin https://example.co.uk", "such as 'example.co.uk'")]
    [InlineData("--rp-id github.io --origin https://example.github.io", "such as 'example.github.io'")]
    [InlineData("--rp-id example.ck --origin https://app.example.ck", "such as 'example.example.ck'")]
    [InlineData("--rp-id 192.0.2.1 --origin https://192.0.2.1", "The RP id must be a domain name")]
    [InlineData("--rp-id example.co --origin android:apk-key-hash:FA:C6:17:45:DC:09:03:78:6F:B9:ED:E6:2A:96:2B:39:9F:73:48:F0:BB:6F:89:9B:83:32:66:75:91:03:3B:9C", "43 characters: 'android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w'")]
    [InlineData("--rp-id example.co --origin android:apk-key-hash:fac61745dc0903786fb9ede62a962b399f7348f0bb6f899b8332667591033b9c", "43 characters: 'android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w'")]
    [InlineData("--rp-id example.co --origin android:apk-key-hash:+sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w=", "43 characters: 'android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w'")]
    [InlineData("--rp-id example.co --origin android:apk-key-hash:com.example.app", "in base64url without padding, 43 characters.")]
    [InlineData("--rp-id example.co --origin http://app.example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://example.co.evil.example", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://evilexample.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://app.example.co/", "is not an origin of 'example.co'")]
    [InlineData("--rp-id localhost --origin http://localhost:3000/", "'http://' for localhost alone")]
    [InlineData("--rp-id localhost --origin http://localhost:3000/", "without a path or a slash at the end")]
    [InlineData("--rp-id example.co --origin https://app.example.co:443", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://app.example.co --algorithm -65535", "The algorithms must be some of")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation some", "The attestation must be one of")]
    [InlineData("--rp-id example.co --origin https://app.example.co --refuse-no-attestation", "can be refused only where one is asked for")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --allowed-aaguid f00dbabe-0123-4567-89ab-cdef00112233", "only where attestation must lead to a trusted root")]
    [InlineData("--rp-id example.co --origin https://app.example.co --require-trusted-root --allowed-aaguid f00dbabe-0123-4567-89ab-cdef00112233", "only where an attestation is asked for")]
    [InlineData("--rp-id example.co --origin https://app.example.co --refused-status RETIRED", "Statuses restrict nothing where no attestation has to lead to a trusted root")]
    [InlineData("--rp-id example.co --origin https://app.example.co --denied-aaguid 00000000-0000-4000-8000-000000000042", "Models can be refused only where attestation must lead to a trusted root")]
    [InlineData("--rp-id example.co --origin https://app.example.co --refused-status REVOKED!", "is not a status as metadata spells one")]
    [InlineData("--rp-id example.co --origin https://app.example.co --refused-status FIDO_CERTIFIED", "is not a status as metadata spells one")]
    [InlineData("--rp-id example.co --origin https://app.example.co --require-trusted-root", "A trusted root restricts nothing")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --require-trusted-root --refuse-no-attestation", "A trusted root restricts nothing")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --require-trusted-root --refuse-self-attestation", "A trusted root restricts nothing")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --refuse-self-attestation", "Refusing self attestation restricts nothing")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --require-trusted-root --allowed-aaguid f00dbabe-0123-4567-89ab-cdef00112233 --denied-aaguid f00dbabe-0123-4567-89ab-cdef00112233", "A model is either accepted or refused")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --require-trusted-root --allowed-aaguid 00000000-0000-0000-0000-000000000000", "'00000000-0000-0000-0000-000000000000' is no model")]
    [InlineData("--rp-id example.co --origin https://app.example.co --attestation direct --refuse-no-attestation --refuse-self-attestation --require-trusted-root --denied-aaguid 00000000-0000-0000-0000-000000000000", "'00000000-0000-0000-0000-000000000000' is no model")]
    [InlineData("--rp-id example.co --origin https://app.example.co --top-origin https://www.example.co", "Top origins have no effect")]
    [InlineData("--rp-id example.co --origin https://app.example.co --allow-cross-origin", "needs at least one top origin")]
    [InlineData("--rp-id example.co --origin https://app.example.co --user-verification maybe", "The user verification must be one of")]
    [InlineData("--rp-id example.co --origin https://example.de", "A page of another domain may use its passkeys too if it is named with '--related-origin https://example.de'.")]
    [InlineData("--rp-id example.co --origin https://jane@example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://example.co.", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://App.example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin ios:app-id:ABCDE12345.com.example.app", "passkeys that an app makes through the system carry 'https://' and the RP id; a client that names the app itself sends 'ios:bundle-id:' and its bundle id")]
    [InlineData("--rp-id example.co --origin ios:bundle-id:", "is not an origin of an iOS app")]
    [InlineData("--rp-id example.co --origin https://*.example.de", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://*.evil-example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://*.example.co:8443", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://*.*.example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://a.*.example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin http://*.example.co", "is not an origin of 'example.co'")]
    [InlineData("--rp-id example.co --origin https://app.example.co --allow-cross-origin --top-origin https://*.example.co", "is no top origin")]
    [InlineData("--rp-id github.io --origin https://github.io --origin https://*.github.io", "would admit pages of others: they register their names below 'github.io'")]
    [InlineData("--rp-id amazonaws.com --origin https://*.amazonaws.com", "would admit pages of others: they register their names below 'amazonaws.com'")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://app.example.co", "lies at or below the RP id 'example.co' and needs no relation: name it with '--origin'")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://*.example.de", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin http://example.de", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://example.de/", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://example.de.", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://jane@example.de", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://192.0.2.1", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://localhost", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://co.uk", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://bücher.example", "is not an origin as browsers write it: 'https://xn--bcher-kva.example'")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin ios:bundle-id:com.example.app", "is not a related origin")]
    [InlineData("--rp-id example.co --origin https://example.co --related-origin https://a.com --related-origin https://b.com --related-origin https://c.com --related-origin https://d.com --related-origin https://www.e.com --related-origin https://f.co.uk", "these are of 6: a, b, c, d, e, f.")]
    [InlineData("--rp-id example.co --origin https://example.co --passkey-enroll-url http://example.co/passkeys", "is not the address of a page")]
    [InlineData("--rp-id example.co --origin https://example.co --passkey-manage-url /passkeys", "is not the address of a page: use one with 'https://', of at most 2048 characters, such as '--passkey-manage-url https://example.co/passkeys'")]
    [InlineData("--rp-id example.co --origin https://example.co --passkey-manage-url https://jane@example.co/passkeys", "is not the address of a page")]
    [InlineData("--rp-id example.co --origin https://example.co --passkey-manage-url javascript:alert(1)", "is not the address of a page")]
    public async Task A_relying_party_that_makes_no_sense_is_refused_and_nothing_is_stored(string options, string told)
    {
        var before = await CountAsync();

        var run = await ServiceProgram.OperateAsync(Service.Database, ["org", "create", "--name", "Example", .. options.Split(' ')]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.Equal(before, await CountAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task A_name_of_no_or_too_many_characters_is_refused_and_the_old_one_stays(int length)
    {
        var organisation = await Service.NewOrganisationAsync();
        var (before, name) = (await CountAsync(), new string('x', length));

        var created = await ServiceProgram.OperateAsync(Service.Database, "org", "create", "--name", name, "--rp-name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co");
        var renamed = await ServiceProgram.OperateAsync(Service.Database, "org", "update", "--org", organisation.Id, "--name", name);

        Assert.Equal((1, "The name must have 1 to 100 characters."), (created.ExitCode, created.Faults.Trim()));
        Assert.Equal((1, "The name must have 1 to 100 characters."), (renamed.ExitCode, renamed.Faults.Trim()));
        Assert.Equal(before, await CountAsync());
        Assert.NotEqual(name, await Service.InDatabaseAsync(db => db.Organisations.Where(o => o.Id == organisation.Id).Select(o => o.Name).SingleAsync()));
    }

    // The service would have neither roots nor metadata either.
    [Theory]
    [InlineData("--attestation direct --refuse-no-attestation --refuse-self-attestation --require-trusted-root", "No root is trusted as the service is set up")]
    [InlineData("--attestation direct --refuse-no-attestation --refuse-self-attestation --require-trusted-root --refused-status REVOKED", "No root is trusted as the service is set up")]
    [InlineData("--refused-status REVOKED", "A status is known from metadata alone")]
    public async Task What_a_service_without_roots_and_metadata_cannot_decide_is_refused(string options, string told)
    {
        var organisation = await Service.NewOrganisationAsync();
        var before = await CountAsync();
        string[][] commands = [["org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"], ["relying-party", "set", "--org", organisation.Id]];

        foreach (var command in commands)
        {
            var run = await ServiceProgram.RunAsync([.. command, .. options.Split(' ')], Service.Settings(Service.Database).Select(s => (s.Key, s.Value)));

            Assert.Equal(1, run.ExitCode);
            Assert.StartsWith(told, run.Faults, StringComparison.Ordinal);
        }

        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task What_is_said_twice_counts_once()
    {
        var organisation = await Service.NewOrganisationAsync();

        var row = await ServiceProgram.RowAsync(
            Service.Database, "relying-party", "set", "--org", organisation.Id, "--origin", "https://example.co", "--origin", "https://example.co", "--algorithm", "-8", "--algorithm", "-7", "--algorithm", "-8");

        Assert.Equal(("https://example.co", "-8 -7"), ((string)row["origins"]!, (string)row["algorithms"]!));
    }

    [Fact]
    public async Task A_model_that_is_no_aaguid_is_told_in_a_sentence()
    {
        var organisation = await Service.NewOrganisationAsync();

        var run = await ServiceProgram.OperateAsync(Service.Database, "relying-party", "set", "--org", organisation.Id, "--denied-aaguid", "security-key");

        Assert.Equal((1, "'security-key' is no AAGUID; use one such as f00dbabe-0123-4567-89ab-cdef00112233."), (run.ExitCode, run.Faults.Trim()));
    }

    [Fact]
    public async Task A_table_of_organisations_fits_a_screen_and_json_has_all_of_it()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await ServiceProgram.OperateAsync(database, "migrate");
        foreach (var name in new[] { "First", "Second" }) await ServiceProgram.RowAsync(database, "org", "create", "--name", name, "--rp-id", "example.co", "--origin", "https://app.example.co");

        var table = await ServiceProgram.OperateAsync(database, "org", "list");
        var json = await ServiceProgram.OperateAsync(database, "org", "list", "--json");

        Assert.Equal(["id", "name", "rpId", "origins"], table.Output.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.All(JsonNode.Parse(json.Output)!.AsArray(), organisation => Assert.Equal("required", (string)organisation!["userVerification"]!));
    }

    [Fact]
    public async Task Whoever_loses_a_race_is_told_so_and_nothing_is_changed()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        // An update that finds no row is what the loser sees.
        foreach (var statement in LosingEveryUpdate(database)) await service.AsOwnerAsync(db => db.Database.ExecuteSqlRawAsync(statement));

        var run = await ServiceProgram.OperateAsync(database, "user", "deactivate", "--org", invited.Organisation.Id, "--user", invited.UserId);

        Assert.Equal((1, "Somebody else changed the same at this moment, and nothing was done here; try again."), (run.ExitCode, run.Faults.Trim()));
        Assert.True(await service.InDatabaseAsync(db => db.Users.Select(u => u.IsActive).SingleAsync()));
        Assert.False(await service.InDatabaseAsync(db => db.AuditEvents.AnyAsync(e => e.Action == AuditActions.UserDeactivated)));
    }

    [Theory]
    [InlineData("keys rotate")]
    [InlineData("org list")]
    [InlineData("user invite --org or-demos-local-0000000000000001 --username jane@example.co --print-code")]
    public async Task Another_master_key_than_the_databases_is_told_before_anything_is_sealed_with_it(string command)
    {
        var before = await Service.InDatabaseAsync(db => db.SigningKeys.CountAsync());

        var run = await ServiceProgram.RunAsync(command.Split(' '), With("Secrets:MasterKey", Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(n => (byte)n)])));

        Assert.Equal((1, "Secrets:MasterKey is not the one that this database was sealed with."), (run.ExitCode, run.Faults.Trim()));
        Assert.Equal(before, await Service.InDatabaseAsync(db => db.SigningKeys.CountAsync()));
    }

    [Theory]
    [InlineData("Registration:CodeLifetime", "soon", "Registration:CodeLifetime")]
    [InlineData("Registration:CodeLifetme", "04:00:00", "CodeLifetme")]
    [InlineData("Database:ConnectionString", "nonsense", "Database:ConnectionString is not one that")]
    public async Task A_setting_that_cannot_be_read_is_told_in_a_line(string key, string value, string told)
    {
        var organisation = await Service.NewOrganisationAsync();

        var run = await ServiceProgram.RunAsync(["user", "invite", "--org", organisation.Id, "--username", "jane@example.co", "--print-code"], With(key, value));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, Assert.Single(run.Faults.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(321)]
    public async Task An_external_id_of_no_or_too_many_characters_is_refused(int length)
    {
        var organisation = await Service.NewOrganisationAsync();

        var run = await ServiceProgram.OperateAsync(Service.Database, "user", "invite", "--org", organisation.Id, "--username", "jane@example.co", "--print-code", "--external-id", new string('x', length));

        Assert.Equal((1, "An external id has 1 to 320 characters; leave it out where there is none."), (run.ExitCode, run.Faults.Trim()));
        Assert.False(await Service.InDatabaseAsync(db => db.Users.AnyAsync(u => u.OrganisationId == organisation.Id)));
    }

    [Fact]
    public async Task A_username_that_no_mail_can_reach_needs_a_printed_code()
    {
        var organisation = await Service.NewOrganisationAsync();
        string[] invite = ["user", "invite", "--org", organisation.Id, "--username", "jane"];

        var mailed = await ServiceProgram.OperateAsync(Service.Database, invite);
        var printed = await ServiceProgram.RowAsync(Service.Database, [.. invite, "--print-code"]);
        KnownSecrets.Add((string)printed["code"]!);
        var again = await ServiceProgram.OperateAsync(Service.Database, "user", "invite-again", "--org", organisation.Id, "--user", (string)printed["id"]!);

        Assert.Equal((1, mailed.Faults), (again.ExitCode, again.Faults));
        Assert.Equal((1, "No mail can be sent to this username; take an address such as 'jane@example.co', or print the code with --print-code."), (mailed.ExitCode, mailed.Faults.Trim()));
        Assert.Equal("jane", (string)printed["username"]!);
    }

    [Fact]
    public async Task A_username_that_is_taken_is_refused()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");

        var run = await ServiceProgram.OperateAsync(Service.Database, "user", "invite", "--org", invited.Organisation.Id, "--username", " JANE@example.co", "--print-code");

        Assert.Equal((1, "There is a user of this name, or with this external id, already. One who is not registered yet gets another code with 'user invite-again'."), (run.ExitCode, run.Faults.Trim()));
    }

    [Theory]
    [InlineData("user list")]
    [InlineData("service-account list")]
    [InlineData("social-provider list")]
    public async Task A_list_of_an_organisation_that_is_not_there_is_refused_and_one_that_is_empty_shows_nothing(string command)
    {
        var organisation = await Service.NewOrganisationAsync();

        var unknown = await ServiceProgram.OperateAsync(Service.Database, [.. command.Split(' '), "--org", "or-nosuc-horga-nisation0000000"]);
        var empty = await ServiceProgram.OperateAsync(Service.Database, [.. command.Split(' '), "--org", organisation.Id]);

        Assert.Equal((1, "There is no organisation with this id; 'org list' shows them."), (unknown.ExitCode, unknown.Faults.Trim()));
        Assert.Equal((0, "Nothing to show."), (empty.ExitCode, empty.Output.Trim()));
        var ofNobody = await ServiceProgram.OperateAsync(Service.Database, "audit", "list", "--action", "user.registered");
        Assert.Equal((0, "Nothing to show of the service as a whole; --org shows what happened in an organisation."), (ofNobody.ExitCode, ofNobody.Output.Trim()));
    }

    [Theory]
    [InlineData("org")]
    [InlineData("user")]
    [InlineData("--help")]
    public async Task Where_a_command_is_wanted_the_help_lists_them(string arguments)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, arguments.Split(' '));

        Assert.Equal(arguments == "--help" ? 0 : 1, run.ExitCode);
        Assert.Contains("Usage:", run.Everything, StringComparison.Ordinal);
        Assert.Contains("Commands:", run.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_trail_is_asked_by_name_too_and_a_name_may_begin_with_an_at()
    {
        var organisation = await Service.NewOrganisationAsync();
        var row = await ServiceProgram.RowAsync(Service.Database, "user", "invite", "--org", organisation.Id, "--username", "@jane", "--print-code");
        KnownSecrets.Add((string)row["code"]!);

        var told = await ServiceProgram.OperateAsync(Service.Database, "audit", "list", "--org", organisation.Id, "--subject", "@JANE", "--json");

        Assert.Equal("@jane", (string?)row["username"]);
        Assert.Equal((string?)row["id"], (string?)Assert.Single(JsonNode.Parse(told.Output)!.AsArray())!["subject"]);
    }

    // Else one who is called like another's id, or like one of the trail's own words, would hide what is told of that one.
    [Fact]
    public async Task What_is_told_of_an_id_or_of_the_operator_is_hidden_by_nobody_of_that_name()
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = (string)(await ServiceProgram.RowAsync(Service.Database, "user", "invite", "--org", organisation.Id, "--username", "jane@example.co", "--print-code"))["id"]!;
        foreach (var name in new[] { jane, AuditActors.Operator, AuditActors.Service, AuditActors.Anybody }) await Service.InviteAsync(organisation, name);

        foreach (var (option, of) in new[] { ("--subject", jane), ("--actor", AuditActors.Operator) })
        {
            var told = await ServiceProgram.OperateAsync(Service.Database, "audit", "list", "--org", organisation.Id, option, of, "--action", AuditActions.UserInvited, "--json");

            Assert.Equal((jane, AuditActors.Operator), Assert.Single(JsonNode.Parse(told.Output)!.AsArray().Select(row => ((string)row!["subject"]!, (string)row["actor"]!))));
        }
    }

    [Theory]
    [InlineData("invite-again", "--print-code")]
    [InlineData("permit", "--add", "Auth:Users:Read")]
    [InlineData("permit", "--permission", "Auth:Users:Read")]
    [InlineData("permit", "--none")]
    [InlineData("deactivate")]
    [InlineData("activate")]
    public async Task A_user_is_named_by_id_or_by_name(string verb, params string[] more)
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee);
        // Whose name is another's id is not meant by it.
        var impostor = await Service.InviteAsync(organisation, jane.UserId);

        foreach (var named in (string[])[jane.UserId, " JANE@example.co"])
        {
            var row = await ServiceProgram.RowAsync(Service.Database, ["user", verb, "--org", organisation.Id, "--user", named, .. more]);
            if (row["code"] is { } code) KnownSecrets.Add((string)code!);
            Assert.Equal(jane.UserId, (string?)row["id"]);
        }

        var none = await ServiceProgram.OperateAsync(Service.Database, ["user", verb, "--org", (await Service.NewOrganisationAsync()).Id, "--user", "jane@example.co", .. more]);
        Assert.Equal((1, "There is no user with this id or name in this organisation; 'user list' shows them."), (none.ExitCode, none.Faults.Trim()));
        Assert.NotEqual(jane.UserId, impostor.UserId);
    }

    [Theory]
    [InlineData("org create")]
    [InlineData("org list")]
    [InlineData("org update")]
    [InlineData("relying-party set")]
    [InlineData("relying-party add")]
    [InlineData("relying-party remove")]
    [InlineData("user invite")]
    [InlineData("user invite-again")]
    [InlineData("user list")]
    [InlineData("user deactivate")]
    [InlineData("user activate")]
    [InlineData("keys rotate")]
    [InlineData("verify")]
    [InlineData("social-provider set")]
    [InlineData("social-provider add")]
    [InlineData("social-provider list")]
    [InlineData("social-provider remove")]
    [InlineData("migrate")]
    public async Task The_help_of_every_command_shows_an_example(string command)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, [.. command.Split(' '), "--help"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"Example: {command}", run.Output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> LosingEveryUpdate(TestDatabase database) => database.Provider == "Sqlite"
        ? ["CREATE TRIGGER lost BEFORE UPDATE ON users BEGIN SELECT RAISE(IGNORE); END"]
        :
        [
            "CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER lost BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION lost()",
        ];

    private IEnumerable<(string Key, string Value)> With(string key, string value) =>
        Service.Settings(Service.Database).Where(s => s.Key != key).Select(s => (s.Key, s.Value)).Append((key, value))!;

    private Task<int> CountAsync() => Service.InDatabaseAsync(db => db.Organisations.CountAsync());
}
