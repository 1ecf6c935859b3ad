using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dfns.Registration.TestKit.Databases;

/// <summary>A fresh, empty database that belongs to one test (or one test class) and is gone once disposed.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<Task> remove;
    private readonly TestDatabase? owner;

    private TestDatabase(string provider, string connectionString, Func<Task> remove, TestDatabase? owner = null)
    {
        Provider = provider;
        ConnectionString = connectionString;
        this.remove = remove;
        this.owner = owner;
    }

    /// <summary><c>Sqlite</c> or <c>PostgreSql</c>, as the setting <c>Database:Provider</c> spells it.</summary>
    public string Provider { get; }

    /// <summary>For the setting <c>Database:ConnectionString</c>, or to look into the tables with a connection of one's own.</summary>
    public string ConnectionString { get; }

    /// <summary>The same database as the role that owns it and changes its schema; this very one, where that of the service does.</summary>
    public TestDatabase Owner => owner ?? this;

    /// <summary>The service's own role, where it is another than the owner and may do what <c>grants.sql</c> gives it; else null.</summary>
    public string? ServiceRole => owner is null ? null : new NpgsqlConnectionStringBuilder(ConnectionString).Username;

    private const string Sqlite = "Sqlite";

    private const int MostAttempts = 100;

    /// <summary>A SQLite file in a temporary directory of its own, so that its journal files go with it.</summary>
    public static Task<TestDatabase> SqliteAsync() => SqliteAsync(copyOf: null);

    /// <summary>
    /// A database on the one PostgreSQL server of this test process. Where there is none the running test is skipped, or fails in CI:
    /// call it from the test or its class, because a class fixture cannot skip. With <c>DFNS_TEST_POSTGRES_ROLES</c> = <c>two</c> it has two
    /// roles, as <see cref="PostgreSqlWithTwoRolesAsync"/> makes them; with <c>DFNS_TEST_POSTGRES_POOLER</c> it is reached through a <see cref="PgBouncer"/>.
    /// </summary>
    public static Task<TestDatabase> PostgreSqlAsync() => PostgreSqlAsync(HasTwoRoles, PgBouncer.Kind);

    /// <summary>The same with the two roles of <c>roles.sql</c>: an owner, who is no superuser, and one of the service's own, which can only connect.</summary>
    public static Task<TestDatabase> PostgreSqlWithTwoRolesAsync() => PostgreSqlAsync(twoRoles: true, PgBouncer.Kind);

    /// <summary>The same as <see cref="PostgreSqlAsync()"/> with just this between it and whoever uses it: for what concerns sessions.</summary>
    public static Task<TestDatabase> PostgreSqlAsync(PoolerKind pooler) => PostgreSqlAsync(HasTwoRoles, pooler);

    /// <summary>A new database with all that is in this one, which nobody may have open, and the same roles; it must be gone before this one is.</summary>
    public Task<TestDatabase> CopyAsync() => CopyAsync(PgBouncer.Kind);

    /// <summary>The same, with just this between it and whoever uses it where it is on PostgreSQL.</summary>
    public Task<TestDatabase> CopyAsync(PoolerKind pooler)
    {
        CloseIdle();
        owner?.CloseIdle();
        return Provider == Sqlite
            ? SqliteAsync(copyOf: new SqliteConnectionStringBuilder(ConnectionString).DataSource)
            : PostgreSqlAsync(ServiceRole is not null, pooler, copyOf: new NpgsqlConnectionStringBuilder(ConnectionString).Database);
    }

    private static bool HasTwoRoles => Environment.GetEnvironmentVariable("DFNS_TEST_POSTGRES_ROLES") switch
    {
        null or "" or "one" => false,
        "two" => true,
        var other => throw new InvalidOperationException($"DFNS_TEST_POSTGRES_ROLES is '{other}'; it may be one or two."),
    };

    private static Task<TestDatabase> SqliteAsync(string? copyOf)
    {
        var directory = Directory.CreateTempSubdirectory("dfns-test-");
        var file = Path.Combine(directory.FullName, "test.db");
        if (copyOf is not null) File.Copy(copyOf, file);
        var connectionString = new SqliteConnectionStringBuilder { DataSource = file }.ConnectionString;
        return Task.FromResult(new TestDatabase(Sqlite, connectionString, async () =>
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    directory.Delete(recursive: true);
                    return;
                }
                catch (IOException) when (attempt < MostAttempts)
                {
                    // Whoever still held the file may have opened it once more meanwhile.
                    await Task.Yield();
                }
            }
        }));
    }

    private static async Task<TestDatabase> PostgreSqlAsync(bool twoRoles, PoolerKind pooler, string? copyOf = null)
    {
        const string provider = "PostgreSql";
        var server = await PostgreSqlServer.SharedAsync();
        var name = "dfns_test_" + RandomNumberGenerator.GetHexString(16, lowercase: true);
        var connectionString = await (copyOf is null ? server.CreateDatabaseAsync(name) : server.CreateDatabaseAsync(name, copyOf));
        if (pooler != PoolerKind.None) connectionString = await PgBouncer.ThroughAsync(connectionString, pooler);
        if (!twoRoles) return new TestDatabase(provider, connectionString, () => RemoveAsync([]));

        // Whose a copy's tables are follows from what it is a copy of.
        var (owner, service) = ($"{copyOf ?? name}_owner", $"{copyOf ?? name}_service");
        await server.MakeRolesAsync(name, owner, service, exist: copyOf is not null);
        var ofOwner = new TestDatabase(provider, As(owner), () => Task.CompletedTask);
        return new TestDatabase(provider, As(service), () => RemoveAsync(copyOf is null ? [owner, service] : []), ofOwner);

        string As(string role) => new NpgsqlConnectionStringBuilder(connectionString) { Username = role, Password = PostgreSqlServer.PasswordOf(role) }.ConnectionString;

        async Task RemoveAsync(string[] roles)
        {
            await server.DropDatabaseAsync(name);
            foreach (var role in roles) await server.DropRoleAsync(role);
        }
    }

    public async ValueTask DisposeAsync()
    {
        CloseIdle();
        owner?.CloseIdle();
        await remove();
    }

    // Whatever is pooled holds it open.
    private void CloseIdle()
    {
        if (Provider == Sqlite)
        {
            using var pool = new SqliteConnection(ConnectionString);
            SqliteConnection.ClearPool(pool);
        }
        else
        {
            using var pool = new NpgsqlConnection(ConnectionString);
            NpgsqlConnection.ClearPool(pool);
        }
    }
}
