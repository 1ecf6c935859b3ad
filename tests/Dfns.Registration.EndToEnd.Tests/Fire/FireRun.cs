using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Npgsql;

namespace Dfns.Registration.EndToEnd.Tests.Fire;

/// <summary>People who live their lives under fire, and the tables afterwards.</summary>
internal sealed class FireRun : IAsyncDisposable
{
    private const int AtOnce = 12;

    // What was confirmed is in the log before it is confirmed; a crash of the server loses nothing else, and the machine stays up.
    private const string Durable = "-c fsync=off -c synchronous_commit=on -c full_page_writes=on";

    private readonly TestDatabase? file;
    private readonly FireGround ground;
    private readonly Seed seed;

    private FireRun(TestDatabase? file, string provider, string connectionString, string beside, int instances, Func<Task>? crash, int number, int operationsAKill)
    {
        this.file = file;
        ground = new FireGround(provider, connectionString, instances, crash, number, operationsAKill);
        seed = new Seed(provider, beside);
        Tables = new Tables(provider, beside);
    }

    public FireGround Ground => ground;

    public Tables Tables { get; }

    public IReadOnlyList<Ledger> Ledgers { get; private set; } = [];

    /// <summary>One instance on SQLite, which lives and dies with it.</summary>
    public static async Task<FireRun> OnSqliteAsync(int number, int operationsAKill)
    {
        var database = await TestDatabase.SqliteAsync();
        return new FireRun(database, database.Provider, database.ConnectionString, database.ConnectionString, instances: 1, crash: null, number, operationsAKill);
    }

    /// <summary>Two instances on a PostgreSQL of their own, which is crashed; a test without one is skipped.</summary>
    public static async Task<FireRun> OnPostgreSqlAsync(int number, int operationsAKill)
    {
        if (await LocalPostgreSql.StartAsync(Durable) is not { } server)
        {
            Prerequisite.IsMissing("No local PostgreSQL is installed (apt-get install postgresql), and one that runs elsewhere is not to be crashed.");
            throw new UnreachableException();
        }

        // What is done beside the service is not to meet a connection of before a crash.
        var beside = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString;
        // One of its processes is killed, as the kernel does that is out of memory: the server ends all others, and comes up from its log.
        return new FireRun(null, nameof(DatabaseProvider.PostgreSql), server.ConnectionString, beside, instances: 2, () => CrashAsync(beside), number, operationsAKill);
    }

    /// <summary>Lets so many people live.</summary>
    public async Task RunAsync(int people)
    {
        List<FirePerson> all = [];
        await ground.RunAsync(async () =>
        {
            var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
            all.AddRange((await seed.InviteAsync(orgId, [.. Enumerable.Range(0, people).Select(n => $"person-{n}@example.co")])).Select(i => new FirePerson(ground, i, RecoveryCodeAsync)));
            Ledgers = [.. all.Select(p => p.Ledger)];
            await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (person, _) =>
            {
                try
                {
                    await person.LiveAsync();
                }
                catch (InvalidOperationException) when (!ground.Faults.IsEmpty)
                {
                    // It is among the faults, and the others live on.
                }
            });
        });
    }

    /// <returns>Answers that nobody should get, faults in logs, and what the tables do not hold as it was told.</returns>
    public async Task<IReadOnlyList<string>> FaultsAsync() => [.. ground.Faults, .. ground.FaultsInLogs(), .. await FireAudit.AuditAsync(Tables, Ledgers)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{ground.Operations:N0} operations of {Ledgers.Count:N0} people; {ground.Kills} kills at work, {ground.KillsAtStart} at start, {ground.Crashes} crashes of the database, {ground.LostAnswers} answers lost; answered: {string.Join(", ", ground.Statuses.OrderBy(s => s.Key).Select(s => $"{s.Key} {s.Value:N0} times"))}");

    public async ValueTask DisposeAsync()
    {
        await ground.DisposeAsync();
        if (file is not null) await file.DisposeAsync();
    }

    private static async Task CrashAsync(string connectionString)
    {
        await using (var connection = await OpenAsync())
        {
            using var kill = Process.Start("/bin/sh", ["-c", "kill -KILL \"$1\"", "sh", $"{connection.ProcessID}"]);
            await kill.WaitForExitAsync();
        }

        // It answers again once it has read its log.
        await (await OpenAsync()).DisposeAsync();

        Task<NpgsqlConnection> OpenAsync() => AgainAsync(async () =>
        {
            var opened = new NpgsqlConnection(connectionString);
            await opened.OpenAsync();
            return opened;
        });
    }

    private Task<string> RecoveryCodeAsync(Invitation user) => AgainAsync(() => seed.CodeAsync(CodePurpose.Recovery, user));

    // Whatever a database that has just been crashed says.
    private static async Task<T> AgainAsync<T>(Func<Task<T>> attempt)
    {
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (Exception e) when (e is DbException or InvalidOperationException { InnerException: DbException })
            {
                await Task.Yield();
            }
        }
    }
}
