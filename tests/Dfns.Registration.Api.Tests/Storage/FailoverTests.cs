using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>A primary of PostgreSQL that dies, and its standby that takes over, with both named in the connection string as the manual has it.</summary>
[Trait("Database", "PostgreSql")]
public sealed class FailoverTests
{
    private const int People = 60;

    // So many refusals are waited for before the standby is promoted: nobody is served meanwhile.
    private const int Refusals = 20;

    // What is confirmed is with the standby; the machine stays up.
    private const string Durable = "-c fsync=off -c synchronous_commit=on";

    [Fact]
    public async Task Until_a_standby_takes_over_all_are_answered_503_and_nothing_that_was_answered_is_lost()
    {
        var (primary, standby) = await PairAsync();
        await using var settings = await TestDatabase.SqliteAsync();
        await using var service = await Service.StartAsync(settings, ("Database:Provider", "PostgreSql"), ("Database:ConnectionString", Both(primary, standby)));
        var organisation = await service.NewOrganisationAsync();
        var challenges = new List<Challenge>();
        for (var n = 0; n < People; n++) challenges.Add(await (await service.InviteAsync(organisation, $"user-{n}@example.co")).InitAsync());
        // Waits for the standby, and so for what was written before without waiting.
        await service.NewOrganisationAsync();

        var (completed, refused, statuses) = (0, 0, new ConcurrentDictionary<int, int>());
        var (aThird, refusedMany) = (new TaskCompletionSource(), new TaskCompletionSource());
        var registering = Parallel.ForEachAsync(challenges, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (challenge, _) =>
        {
            var body = challenge.GoodBody();
            while (true)
            {
                var answer = await challenge.CompleteAsync(body);
                statuses.AddOrUpdate((int)answer.Status, 1, (_, count) => count + 1);
                if (answer.Status == HttpStatusCode.OK)
                {
                    if (Interlocked.Increment(ref completed) == People / 3) aThird.TrySetResult();
                    return;
                }

                AssertAway(answer);
                if (Interlocked.Increment(ref refused) == Refusals) refusedMany.TrySetResult();
            }
        });
        await Task.WhenAny(aThird.Task, registering);
        await CrashAsync(primary);
        await Task.WhenAny(refusedMany.Task, registering);
        Assert.False(registering.IsCompleted);

        service.Clock.Advance(TimeSpan.FromSeconds(2));
        AssertAway(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null));
        AssertAway(await service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id }));
        Assert.True((bool)(await ScalarAsync(standby, "SELECT pg_promote()"))!);
        await registering;

        Assert.Equal([200, 503], statuses.Keys.Order());
        Assert.Equal(People, statuses[200]);
        service.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
        // Whoever was told to be registered is, once and with both credentials.
        Assert.Equal((long)People, await ScalarAsync(standby, "SELECT count(*) FROM users WHERE registered_at IS NOT NULL"));
        Assert.Equal(0L, await ScalarAsync(standby, "SELECT count(*) FROM users AS u WHERE (SELECT count(*) FROM credentials AS c WHERE c.user_id = u.id) <> 2"));
        Assert.Equal((long)People, await ScalarAsync(standby, "SELECT count(DISTINCT subject_id) FROM audit_events WHERE action = 'user.registered'"));
        Assert.Equal((long)People, await ScalarAsync(standby, "SELECT count(*) FROM audit_events WHERE action = 'user.registered'"));
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("internal_error", StringComparison.Ordinal) || line.Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_start_waits_for_one_of_several_to_become_the_primary()
    {
        await using var settings = await TestDatabase.SqliteAsync();
        (string, string)[] none =
        [
            .. Service.Settings(settings).Where(s => !s.Key.StartsWith("Database:", StringComparison.Ordinal)).Select(s => (s.Key, s.Value)),
            ("Database:Provider", "PostgreSql"), ("Database:ConnectionString", "Host=127.0.0.1:1,127.0.0.1:2;Username=nobody;Target Session Attributes=primary"), ("Database:StartTimeout", "00:00:00"),
        ];

        var run = await ServiceProgram.StartAsync(none);

        // Not that it cannot be used, which is told at once however long one would wait.
        Assert.Equal((1, "The service does not start: the database does not answer: Connection refused. Look at Database:Provider and Database:ConnectionString."), (run.ExitCode, run.Faults.Trim()));
    }

    private static void AssertAway(Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.ServiceUnavailable, $"{answer.Status}: {answer.Text}");
        Assert.Equal("1", answer.Headers["Retry-After"]);
    }

    private static async Task<(StartedPostgreSql Primary, StartedPostgreSql Standby)> PairAsync()
    {
        if (await LocalPostgreSql.StartAsync(Durable) is not { } primary)
        {
            Prerequisite.IsMissing("No local PostgreSQL is installed (apt-get install postgresql), and one that runs elsewhere is not to be crashed.");
            throw new UnreachableException();
        }

        var standby = await LocalPostgreSql.StartStandbyAsync(primary, Durable);
        await ScalarAsync(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
        await ScalarAsync(primary, "SELECT pg_reload_conf()");
        while (await ScalarAsync(primary, "SELECT sync_state FROM pg_stat_replication") is not "sync") await Task.Yield();
        return (primary, standby);
    }

    private static string Both(StartedPostgreSql primary, StartedPostgreSql standby)
    {
        var (one, other) = (new NpgsqlConnectionStringBuilder(primary.ConnectionString), new NpgsqlConnectionStringBuilder(standby.ConnectionString));
        return string.Create(CultureInfo.InvariantCulture, $"Host={one.Host}:{one.Port},{other.Host}:{other.Port};Username={one.Username};Database={one.Database};Target Session Attributes=primary");
    }

    // At once, as when its machine is gone.
    private static async Task CrashAsync(StartedPostgreSql server)
    {
        using var kill = Process.Start("/bin/sh", ["-c", "kill -QUIT \"$1\"", "sh", $"{server.ProcessId}"]);
        await kill.WaitForExitAsync();
    }

    private static async Task<object?> ScalarAsync(StartedPostgreSql server, string statement)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteScalarAsync();
    }
}
