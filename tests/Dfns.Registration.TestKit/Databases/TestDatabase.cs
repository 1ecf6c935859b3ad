using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dfns.Registration.TestKit.Databases;

/// <summary>A fresh, empty database that belongs to one test (or one test class) and is gone once disposed.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<Task> remove;

    private TestDatabase(string provider, string connectionString, Func<Task> remove)
    {
        Provider = provider;
        ConnectionString = connectionString;
        this.remove = remove;
    }

    /// <summary><c>Sqlite</c> or <c>PostgreSql</c>, as the setting <c>Database:Provider</c> spells it.</summary>
    public string Provider { get; }

    /// <summary>For the setting <c>Database:ConnectionString</c>, or to look into the tables with a connection of one's own.</summary>
    public string ConnectionString { get; }

    /// <summary>A SQLite file in a temporary directory of its own, so that its journal files go with it.</summary>
    public static Task<TestDatabase> SqliteAsync()
    {
        var directory = Directory.CreateTempSubdirectory("dfns-test-");
        var connectionString = new SqliteConnectionStringBuilder { DataSource = Path.Combine(directory.FullName, "test.db") }.ConnectionString;
        return Task.FromResult(new TestDatabase("Sqlite", connectionString, () =>
        {
            using var pool = new SqliteConnection(connectionString);
            SqliteConnection.ClearPool(pool);
            directory.Delete(recursive: true);
            return Task.CompletedTask;
        }));
    }

    /// <summary>
    /// A database on the one PostgreSQL server of this test process. Where there is none the running test is skipped, or fails in CI:
    /// call it from the test or its class, because a class fixture cannot skip.
    /// </summary>
    public static async Task<TestDatabase> PostgreSqlAsync()
    {
        var server = await PostgreSqlServer.SharedAsync();
        var name = "dfns_test_" + RandomNumberGenerator.GetHexString(16, lowercase: true);
        var connectionString = await server.CreateDatabaseAsync(name);
        return new TestDatabase("PostgreSql", connectionString, async () =>
        {
            await using var pool = new NpgsqlConnection(connectionString);
            NpgsqlConnection.ClearPool(pool);
            await server.DropDatabaseAsync(name);
        });
    }

    public async ValueTask DisposeAsync() => await remove();
}
