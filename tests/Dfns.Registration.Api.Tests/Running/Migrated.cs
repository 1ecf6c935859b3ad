using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;

[assembly: AssemblyFixture(typeof(Migrated))]

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>
/// New databases in which every migration has been applied, as a service finds one that is not started for the first time: copies of one
/// that is migrated once in a run, for hundreds of tests. What a start, or <c>migrate</c>, does to an empty database asks for an empty one.
/// </summary>
public sealed class Migrated : IAsyncDisposable
{
    // Nobody who connects to it goes through a pooler, which would keep it open.
    private static readonly Lazy<Task<TestDatabase>> OnSqlite = new(() => MadeAsync(TestDatabase.SqliteAsync));
    private static readonly Lazy<Task<TestDatabase>> OnPostgreSql = new(() => MadeAsync(() => TestDatabase.PostgreSqlAsync(PoolerKind.None)));

    public static async Task<TestDatabase> SqliteAsync() => await (await OnSqlite.Value).CopyAsync();

    /// <summary>As <see cref="TestDatabase.PostgreSqlAsync()"/>.</summary>
    public static Task<TestDatabase> PostgreSqlAsync() => PostgreSqlAsync(PgBouncer.Kind);

    /// <summary>As <see cref="TestDatabase.PostgreSqlAsync(PoolerKind)"/>.</summary>
    public static async Task<TestDatabase> PostgreSqlAsync(PoolerKind pooler)
    {
        // Asked for by each test: where there is none, each is skipped by itself.
        await PostgreSqlServer.SharedAsync();
        return await (await OnPostgreSql.Value).CopyAsync(pooler);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var made in new[] { OnSqlite, OnPostgreSql }.Where(m => m.IsValueCreated && m.Value.IsCompletedSuccessfully)) await (await made.Value).DisposeAsync();
    }

    private static async Task<TestDatabase> MadeAsync(Func<Task<TestDatabase>> makeEmpty)
    {
        var database = await makeEmpty();
        await Service.MigrateAsync(database);
        return database;
    }
}
