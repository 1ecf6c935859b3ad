using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary>Service accounts and permissions on the command line, against a real database.</summary>
public abstract class ServiceAccountCommandTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ServiceAccountCommandTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ServiceAccountCommandTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Also who has the database in hand is one who looks at people's data.
    [Theory]
    [InlineData("user list")]
    [InlineData("service-account list")]
    public async Task Whom_an_operator_lists_is_in_the_trail(string command)
    {
        var organisation = await Service.NewOrganisationAsync();

        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, [.. command.Split(' '), "--org", organisation.Id])).ExitCode);

        var read = await Service.InDatabaseAsync(db => db.AuditEvents.SingleAsync(e => e.OrganisationId == organisation.Id && e.Action == AuditActions.UsersRead));
        Assert.Equal((AuditActors.Operator, organisation.Id, command), (read.Actor, read.SubjectId, read.Note));
    }

    // Who limited a token did not mean the next one to last a year.
    [Fact]
    public async Task What_is_renewed_lasts_as_long_as_before_unless_it_is_said_and_both_are_told()
    {
        var organisation = await Service.NewOrganisationAsync();
        using var file = new KeyFile(SoftwareKey.P256().Pem);
        var created = await ServiceProgram.RowAsync(
            Service.Database, "service-account", "create", "--org", organisation.Id, "--name", "Back end", "--public-key", file.Path, "--expires", TimeProvider.System.GetUtcNow().AddDays(12).ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture));
        KnownSecrets.Add((string)created["token"]!);

        var run = await ServiceProgram.OperateAsync(Service.Database, "service-account", "renew", "--org", organisation.Id, "--account", (string)created["id"]!, "--json");

        var renewed = JsonNode.Parse(run.Output)!.AsArray().Single()!;
        KnownSecrets.Add((string)renewed["token"]!);
        Assert.InRange((Instant(renewed["expiresAt"]) - Instant(created["expiresAt"])).TotalMinutes, 0, 60);
        Assert.Contains($"expiresAt was: {(string)created["expiresAt"]!}", run.Faults, StringComparison.Ordinal);
        Assert.DoesNotContain((string)renewed["token"]!, run.Faults, StringComparison.Ordinal);
        var year = await ServiceProgram.RowAsync(Service.Database, "service-account", "renew", "--org", organisation.Id, "--account", (string)created["id"]!, "--expires", TimeProvider.System.GetUtcNow().AddDays(200).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        KnownSecrets.Add((string)year["token"]!);
        Assert.True(Instant(year["expiresAt"]) > Instant(renewed["expiresAt"]).AddDays(100));

        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.SubjectId == (string)created["id"]! && e.Actor == AuditActors.Operator).OrderBy(e => e.Action).ThenBy(e => e.At).ToListAsync());
        Assert.Equal([AuditActions.ServiceAccountCreated, AuditActions.ServiceAccountRenewed, AuditActions.ServiceAccountRenewed], told.Select(e => e.Action));
        Assert.StartsWith($"FirstFactor Key {(string)created["credentialUuid"]!}; name is Back end; permissions is (none); expiresAt is ", told[0].Note, StringComparison.Ordinal);
        Assert.Matches(@"expiresAt is \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", told[0].Note);
        Assert.All(told[1..], e => Assert.Matches("^expiresAt was [^,]+, is [^,]+$", e.Note));
    }

    [Fact]
    public async Task What_is_created_starts_registrations_until_it_is_renewed_and_deactivated()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await ServiceProgram.OperateAsync(database, "migrate");
        var org = (string)(await ServiceProgram.RowAsync(database, "org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"))["id"]!;
        var key = SoftwareKey.P256();
        using var file = new KeyFile(key.Pem + "\n");
        var created = await ServiceProgram.RowAsync(
            database, "service-account", "create", "--org", org, "--name", "Back end", "--public-key", file.Path, "--permission", Permission.RegisterDelegated, "--permission", Permission.ReadUsers);
        KnownSecrets.Add((string)created["token"]!);
        Assert.Equal(($"{Permission.RegisterDelegated} {Permission.ReadUsers}", org), ((string)created["permissions"]!, (string)created["orgId"]!));
        Assert.StartsWith("ci-", System.Text.Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars((string)created["credId"]!)), StringComparison.Ordinal);

        await using var service = await Service.StartAsync(database);
        service.Clock.SetUtcNow(Instant(created["expiresAt"]).AddDays(-365).AddMinutes(5));
        var caller = Caller(service, (string)created["token"]!, key, (string)created["credId"]!);
        Assert.Equal(200, (int)(await caller.PostAsync("/auth/registration/delegated", EndUser("jane@example.co"))).Status);
        Assert.Equal("permission_missing", (await caller.PostAsync("/auth/users", EndUser("john@example.co"))).Code);

        var listed = await ServiceProgram.RowAsync(database, "service-account", "list", "--org", org);
        Assert.Equal(((string)created["id"]!, "Back end", (string)created["credId"]!), ((string)listed["id"]!, (string)listed["name"]!, (string)listed["credId"]!));
        Assert.NotNull(listed["usedAt"]);
        Assert.Equal("jane@example.co", (string)(await ServiceProgram.RowAsync(database, "user", "list", "--org", org))["username"]!);

        var renewed = await ServiceProgram.RowAsync(database, "service-account", "renew", "--org", org, "--account", (string)created["id"]!);
        KnownSecrets.Add((string)renewed["token"]!);
        Assert.Equal("not_authorized", (await caller.GetAsync("/auth/users")).Code);
        service.Clock.Advance(TimeSpan.FromMinutes(5));
        caller = caller with { Token = (string)renewed["token"]! };
        Assert.Equal(200, (int)(await caller.GetAsync("/auth/users")).Status);

        await ServiceProgram.RowAsync(database, "service-account", "deactivate", "--org", org, "--account", (string)created["id"]!);
        Assert.Equal("not_authorized", (await caller.GetAsync("/auth/users")).Code);
        Assert.Equal(
            ["service_account.created", "service_account.deactivated", "service_account.renewed"],
            await service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.Actor == "operator" && e.SubjectId == (string)created["id"]!).Select(e => e.Action).Order().ToListAsync()));
        // Its name and its key are free again.
        await ServiceProgram.RowAsync(database, "service-account", "create", "--org", org, "--name", "Back end", "--public-key", file.Path);
    }

    [Fact]
    public async Task A_token_outlives_the_key_that_signed_it()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var caller = await (await service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.ReadUsers);
        var first = new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(caller.Token).Kid;

        for (var quarter = 0; quarter < 4; quarter++)
        {
            service.Clock.Advance(TimeSpan.FromDays(91));
            Assert.Equal(200, (int)(await caller.GetAsync("/auth/users")).Status);
        }

        Assert.NotEqual(first, new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken((await (await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co")).InitAsync()).Token).Kid);
        service.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal("not_authorized", (await caller.GetAsync("/auth/users")).Code);
    }

    [Theory]
    [InlineData("P-384")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public async Task A_key_of_each_type_signs(string type)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await ServiceProgram.OperateAsync(database, "migrate");
        var org = (string)(await ServiceProgram.RowAsync(database, "org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"))["id"]!;
        var key = SoftwareKey.Named(type);
        using var file = new KeyFile(key.Pem);
        var created = await ServiceProgram.RowAsync(database, "service-account", "create", "--org", org, "--name", "Back end", "--public-key", file.Path, "--permission", Permission.RegisterDelegated);
        await using var service = await Service.StartAsync(database);
        service.Clock.SetUtcNow(Instant(created["expiresAt"]).AddDays(-365).AddMinutes(5));

        var answer = await Caller(service, (string)created["token"]!, key, (string)created["credId"]!).PostAsync("/auth/registration/delegated", EndUser("jane@example.co"));

        Assert.True((int)answer.Status == 200, answer.Text);
    }

    [Theory]
    [InlineData("another organisation", "There is no organisation with this id")]
    [InlineData("a private key", "holds a private key. Name a file with its public half: openssl pkey -in ")]
    [InlineData("no key", "holds no public key in PEM, which begins with '-----BEGIN PUBLIC KEY-----'. Name a file that 'openssl pkey -in key.pem -pubout -out public.pem' has written.")]
    [InlineData("a key on another curve", "curve")]
    [InlineData("no file", "There is no file")]
    [InlineData("a large file", "too large")]
    [InlineData("an unknown permission", "There is no permission 'Auth:Everything'")]
    [InlineData("a name that is taken", "of this name already")]
    [InlineData("a key that is taken", "already registered")]
    [InlineData("an empty name", "A name has")]
    [InlineData("an expiry in the past", "must expire in the future, and within a year")]
    [InlineData("an expiry too far away", "must expire in the future, and within a year")]
    public async Task What_cannot_be_is_told_in_a_sentence_and_nothing_is_stored(string what, string told)
    {
        var organisation = await Service.NewOrganisationAsync();
        using var privateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = SoftwareKey.P256();
        if (what == "a name that is taken") await Service.InviteAsync(organisation, "back end");
        if (what == "a key that is taken")
        {
            var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();
            Assert.Equal(200, (int)(await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = key.Create(challenge.Text, CredentialKind.Key).ToJson() })).Status);
        }

        using var file = new KeyFile(what switch
        {
            "a private key" => privateKey.ExportPkcs8PrivateKeyPem(),
            "no key" => "key",
            "a key on another curve" => SoftwareKey.BrainpoolP256().Pem,
            "a large file" => new string('\n', 20_000) + key.Pem,
            _ => key.Pem,
        });
        var before = await organisation.SnapshotAsync();

        var run = await ServiceProgram.OperateAsync(
            Service.Database,
            [
                "service-account", "create", "--org", what == "another organisation" ? "or-other" : organisation.Id, "--name", what == "an empty name" ? " " : "Back end",
                "--public-key", what == "no file" ? file.Path + ".not" : file.Path,
                .. what == "an unknown permission" ? ["--permission", "Auth:Everything"] : Array.Empty<string>(),
                .. what switch { "an expiry in the past" => ["--expires", "2026-01-01"], "an expiry too far away" => ["--expires", "2999-01-01T00:00Z"], _ => Array.Empty<string>() },
            ]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.Empty(run.Output);
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Theory]
    [InlineData("create")]
    [InlineData("renew")]
    public async Task With_another_master_key_nothing_changes(string verb)
    {
        var organisation = await Service.NewOrganisationAsync();
        var account = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        using var file = new KeyFile(SoftwareKey.P256().Pem);
        var before = await organisation.SnapshotAsync();

        var run = await ServiceProgram.RunAsync(
            verb == "create"
                ? ["service-account", "create", "--org", organisation.Id, "--name", "Another back end", "--public-key", file.Path]
                : ["service-account", "renew", "--org", organisation.Id, "--account", account.UserId],
            Service.Settings(Service.Database).Select(s => (s.Key, s.Key == "Secrets:MasterKey" ? Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(n => (byte)n)]) : s.Value)));

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Equal("Secrets:MasterKey is not the one that this database was sealed with.", run.Faults.Trim());
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Equal(200, (int)(await account.GetAsync("/auth/users")).Status);
    }

    [Fact]
    public async Task An_expiry_that_is_no_date_is_told_with_the_help()
    {
        using var file = new KeyFile(SoftwareKey.P256().Pem);

        var run = await ServiceProgram.OperateAsync(Service.Database, "service-account", "create", "--org", "or-a", "--name", "a", "--public-key", file.Path, "--expires", "soon");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("'soon' is no date", run.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Permissions_are_just_those_that_are_named_from_the_next_call_on()
    {
        var organisation = await Service.NewOrganisationAsync();
        var account = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        var employee = await organisation.SignedInAsync(UserKind.CustomerEmployee, "admin@example.co");
        Assert.Equal("permission_missing", (await employee.GetAsync("/auth/users")).Code);

        await ServiceProgram.RowAsync(Service.Database, "user", "permit", "--org", organisation.Id, "--user", employee.UserId, "--permission", Permission.ReadUsers, "--permission", Permission.CreateUsers);
        await ServiceProgram.RowAsync(Service.Database, "service-account", "permit", "--org", organisation.Id, "--account", account.UserId, "--none");

        var seen = await employee.GetAsync($"/auth/users/{employee.UserId}");
        Assert.Equal([Permission.ReadUsers, Permission.CreateUsers], seen.Body["permissions"]!.AsArray().Select(p => (string)p!));
        Assert.Equal("permission_missing", (await account.GetAsync("/auth/users")).Code);
        Assert.Equal(
            [$"{employee.UserId} permissions was (none), is {Permission.ReadUsers} {Permission.CreateUsers}", $"{account.UserId} permissions was {Permission.ReadUsers}, is (none)"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action == AuditActions.UserPermitted)
                .OrderBy(e => e.Note).Select(e => e.SubjectId + " " + e.Note).ToListAsync()));
    }

    [Theory]
    [InlineData("an end user", "End users have no permissions. Who administers is an employee, invited with 'user invite --kind CustomerEmployee'.")]
    [InlineData("a permission of service accounts", "is for service accounts alone.")]
    [InlineData("a service account", "There is no user with this id")]
    [InlineData("a deleted user", "There is no user with this id")]
    public async Task A_permission_that_somebody_cannot_have_is_refused(string what, string told)
    {
        var organisation = await Service.NewOrganisationAsync();
        var account = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var userId = what == "a service account"
            ? account.UserId
            : (await Service.InviteAsync(organisation, "jane@example.co", what == "an end user" ? UserKind.EndUser : UserKind.CustomerEmployee)).UserId;
        if (what == "a deleted user") await account.DeleteAsync($"/auth/users/{userId}");
        var before = await organisation.SnapshotAsync();

        var run = await ServiceProgram.OperateAsync(
            Service.Database, "user", "permit", "--org", organisation.Id, "--user", userId, "--permission", what == "a permission of service accounts" ? Permission.RegisterDelegated : Permission.ReadUsers);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task Deactivating_a_user_ends_the_sessions()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var session = await user.SignedInAsync();

        await ServiceProgram.RowAsync(Service.Database, "user", "deactivate", "--org", user.Organisation.Id, "--user", user.UserId);
        await ServiceProgram.RowAsync(Service.Database, "user", "activate", "--org", user.Organisation.Id, "--user", user.UserId);

        Assert.Equal("not_authorized", (await session.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
        await user.LoginAsync();
    }

    [Theory]
    [InlineData("service-account create")]
    [InlineData("service-account list")]
    [InlineData("service-account permit")]
    [InlineData("service-account renew")]
    [InlineData("service-account deactivate")]
    [InlineData("user permit")]
    public async Task The_help_of_every_command_shows_an_example(string command)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, [.. command.Split(' '), "--help"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"Example: {command}", run.Output, StringComparison.Ordinal);
    }

    private static SigningCaller Caller(Service service, string token, SoftwareKey key, string credId) => new(service, token, challenge => new()
    {
        ["challengeIdentifier"] = challenge.Require("challengeIdentifier"),
        ["firstFactor"] = key.Get(challenge.Require("challenge"), credId).ToJson(CredentialKind.Key),
    });

    private static JsonObject EndUser(string email) => new() { ["email"] = email, ["kind"] = "EndUser" };

    private static DateTimeOffset Instant(JsonNode? text) => DateTimeOffset.Parse((string)text!, CultureInfo.InvariantCulture);

    private sealed class KeyFile : IDisposable
    {
        public KeyFile(string content) => File.WriteAllText(Path, content);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
