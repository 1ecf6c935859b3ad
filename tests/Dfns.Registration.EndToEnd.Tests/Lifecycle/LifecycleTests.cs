using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;

namespace Dfns.Registration.EndToEnd.Tests.Lifecycle;

/// <summary>Start, restart and end of the service, alone and in numbers.</summary>
public sealed class LifecycleTests
{
    // What people do first: nothing configured, nothing there.
    [Fact]
    public async Task Starts_with_nothing_configured_and_registers_the_user_it_prints()
    {
        var root = Directory.CreateTempSubdirectory("dfns-test-");
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(Places.ServiceAssembly)!, "appsettings*.json")) File.Copy(file, Path.Combine(root.FullName, Path.GetFileName(file)));
        string masterKey;
        await using (var service = await ServiceProcess.StartAsync("Development", [], root.FullName))
        {
            var session = await service.OpenAsync(await service.PrintedInvitationAsync());
            var answer = await service.CompleteAsync(session, Body(session.Challenge));
            Assert.Equal(200, answer.Status);
            await service.StopAsync();
            masterKey = await File.ReadAllTextAsync(Path.Combine(root.FullName, "data", "master.key"));
        }

        await using (var again = await ServiceProcess.StartAsync("Development", [], root.FullName))
        {
            var session = await again.OpenAsync(await again.PrintedInvitationAsync());
            Assert.Equal(200, (await again.CompleteAsync(session, Body(session.Challenge))).Status);
            await again.StopAsync();
        }

        var tables = new Tables("Sqlite", $"Data Source={Path.Combine(root.FullName, "data", "registration.db")};Pooling=False");
        Assert.Equal((2, 4), (await tables.CountAsync("users", "registered_at IS NOT NULL"), await tables.CountAsync("credentials")));
        Assert.Equal(masterKey, await File.ReadAllTextAsync(Path.Combine(root.FullName, "data", "master.key")));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(root.FullName, "data", "master.key")));
        root.Delete(recursive: true);
    }

    [Fact]
    public async Task A_session_opened_before_a_restart_completes_after_it()
    {
        await using var database = await TestDatabase.SqliteAsync();
        Session session;
        await using (var before = await ServiceProcess.StartDevelopmentAsync(database.Provider, database.ConnectionString))
        {
            session = await before.OpenAsync(await before.PrintedInvitationAsync());
            await before.StopAsync();
        }

        await using var after = await ServiceProcess.StartDevelopmentAsync(database.Provider, database.ConnectionString);
        var answer = await after.CompleteAsync(session, Body(session.Challenge));

        Assert.True(answer.Status == 200, answer.Body.ToJsonString());
        Assert.Equal(2, (await Tables.Of(database).CredentialsAsync(session.Invitation.Username)).Count);
        await after.StopAsync();
    }

    [Fact]
    public async Task A_request_that_was_under_way_at_SIGTERM_is_answered_and_its_user_is_stored()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await ServiceProcess.StartDevelopmentAsync(database.Provider, database.ConnectionString);
        var session = await service.OpenAsync(await service.PrintedInvitationAsync());
        var body = Body(session.Challenge).ToJsonString();
        using var client = new TcpClient();
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        await using var stream = client.GetStream();
        // 100-continue is the service's word that it has begun with the request.
        await WriteAsync(stream, string.Create(CultureInfo.InvariantCulture, $"POST /auth/registration HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {session.Token}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        Assert.Equal("HTTP/1.1 100 Continue", await reader.ReadLineAsync());
        await WriteAsync(stream, body[..100]);

        await service.TerminateAsync();
        await service.Output.LineAsync(line => line.Contains("Application is shutting down", StringComparison.Ordinal));
        await WriteAsync(stream, body[100..]);

        var answer = RawHttp.Parse((await reader.ReadToEndAsync()).TrimStart());
        Assert.True(answer.Status == 200, answer.Body.ToJsonString());
        await service.ExitedOrderlyAsync();
        Assert.Equal(2, (await Tables.Of(database).CredentialsAsync(session.Invitation.Username)).Count);

        static async Task WriteAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
    }

    [Fact]
    public async Task What_was_answered_with_200_before_SIGTERM_is_stored_and_nothing_else_is()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var seed = Seed.In(database);
        var invitations = await seed.InviteAsync(await seed.OrganisationAsync("example.co", "https://app.example.co"), [.. Enumerable.Range(0, 40).Select(n => $"user-{n}@example.co")]);
        var sessions = new List<Session>();
        foreach (var invitation in invitations) sessions.Add(await service.OpenAsync(invitation));

        var firstAnswer = new TaskCompletionSource();
        var requests = sessions.Select(async session =>
        {
            try
            {
                var answer = await service.CompleteAsync(session, Body(session.Challenge));
                firstAnswer.TrySetResult();
                Assert.True(answer.Status == 200, answer.Body.ToJsonString());
                return session.Invitation.Username;
            }
            catch (HttpRequestException)
            {
                // The port was closed before this one was taken up.
                return null;
            }
        }).ToList();
        await firstAnswer.Task;
        await service.TerminateAsync();
        var answered = (await Task.WhenAll(requests)).OfType<string>().Order(StringComparer.Ordinal).ToList();
        await service.ExitedOrderlyAsync();

        var stored = await Tables.Of(database).RowsAsync("SELECT username FROM users WHERE registered_at IS NOT NULL");
        Assert.Equal(answered, stored.Select(row => row.Text("username")!).Order(StringComparer.Ordinal));
        Assert.Equal(2 * answered.Count, await Tables.Of(database).CountAsync("credentials"));
    }

    [Fact]
    public async Task Six_instances_started_at_once_on_an_empty_database_all_become_ready()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();

        var instances = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString)));

        Assert.Equal(1, await Tables.Of(database).CountAsync("signing_keys"));
        foreach (var instance in instances)
        {
            using var ready = await instance.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            Assert.True(ready.IsSuccessStatusCode);
            await instance.StopAsync();
            await instance.DisposeAsync();
        }
    }

    [Fact]
    public async Task Two_instances_share_their_sessions_and_of_64_completions_across_both_one_registers()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var first = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        await using var second = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
        var tables = Tables.Of(database);

        var shared = await first.OpenAsync(await seed.InviteAsync(orgId));
        Assert.Equal(200, (await second.CompleteAsync(shared, Body(shared.Challenge))).Status);

        // Sixty-four different bodies: one is the registration, the others come too late.
        var contested = await first.OpenAsync(await seed.InviteAsync(orgId));
        var bodies = Enumerable.Range(0, 64).Select(_ => Body(contested.Challenge)).ToList();
        var answers = await Task.WhenAll(bodies.Select((body, i) => (i % 2 == 0 ? first : second).CompleteAsync(contested, body)));
        Assert.Equal((1, 63), (answers.Count(a => a.Status == 200), answers.Count(a => a is { Status: 409, Code: "session_already_completed" })));
        Assert.Equal(2, (await tables.CredentialsAsync(contested.Invitation.Username)).Count);
        Assert.Equal(["user.registered"], await tables.AuditAsync(contested.Invitation.Username));

        // One body sixty-four times: the same answer for all.
        var repeated = await second.OpenAsync(await seed.InviteAsync(orgId));
        var same = Body(repeated.Challenge);
        answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => (i % 2 == 0 ? first : second).CompleteAsync(repeated, same)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Single(answers.Select(answer => answer.Body.ToJsonString()).Distinct(StringComparer.Ordinal));
        Assert.Equal(2, (await tables.CredentialsAsync(repeated.Invitation.Username)).Count);

        await first.StopAsync();
        await second.StopAsync();
    }

    [Fact]
    public async Task Refuses_to_start_in_Production_without_its_settings_and_names_them_all()
    {
        await using var process = RunningProcess.Start(ServiceProcess.StartInfo("Production", "http://127.0.0.1:0", []));

        Assert.Equal(1, await process.ExitAsync());

        foreach (var key in new[] { "Database:ConnectionString", "Secrets:MasterKey", "Tokens:Issuer", "Mail:Host", "Mail:From" })
        {
            Assert.Contains(process.Output.Lines, line => line.Contains($"- {key} ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Production_serves_neither_page_nor_demonstration()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);

        foreach (var path in new[] { "/", "/index.html", "/account.html", "/console.html", "/js/app.js", "/swagger-demonstration.js" })
        {
            Assert.Equal((404, "not_found"), await service.SendAsync(HttpMethod.Get, path, content: null, authorization: null) is var answer ? (answer.Status, answer.Code) : default);
        }

        Assert.DoesNotContain("x-demonstration-token", await service.Http.GetStringAsync(new Uri("/swagger/v1/swagger.json", UriKind.Relative)), StringComparison.Ordinal);
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains("#username=", StringComparison.Ordinal));
        Assert.Equal(0, await Tables.Of(database).CountAsync("organisations", "id = @id", ("id", DemonstrationStore.OrganisationId)));
        await service.StopAsync();
    }

    private static JsonObject Body(string challenge)
    {
        var recovery = SoftwareKey.P256().Create(challenge, CredentialKind.RecoveryKey).ToJson();
        recovery["encryptedPrivateKey"] = "b3BhcXVl";
        return new JsonObject { ["firstFactorCredential"] = SoftwareKey.P256().Create(challenge).ToJson(), ["recoveryCredential"] = recovery };
    }
}
