using Dfns.Registration.TestKit.Databases;
using Npgsql;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>PostgreSQL as an operator runs it: what it has confirmed is on the disk. It ends with this process.</summary>
internal sealed class DurablePostgreSql
{
    // Large enough that no checkpoint falls into one measurement and not into the next.
    private const string Settings = "-c shared_buffers=512MB -c max_wal_size=4GB -c checkpoint_timeout=30min -c fsync=on -c synchronous_commit=on -c full_page_writes=on";

    private readonly string connectionString;

    private DurablePostgreSql(StartedPostgreSql started, string description) => (connectionString, ProcessId, Description) = (started.ConnectionString, started.ProcessId, description);

    public int ProcessId { get; }

    /// <summary>The version, and what it does to keep what it confirms.</summary>
    public string Description { get; }

    /// <returns>The server; null where no PostgreSQL is installed.</returns>
    public static async Task<DurablePostgreSql?> StartAsync(CancellationToken ct)
    {
        if (await LocalPostgreSql.StartAsync(Settings) is not { } started) return null;
        await using var connection = new NpgsqlConnection(started.ConnectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand("SELECT format('fsync %s, synchronous_commit %s', current_setting('fsync'), current_setting('synchronous_commit'))", connection);
        return new DurablePostgreSql(started, $"PostgreSQL {connection.PostgreSqlVersion}, {await command.ExecuteScalarAsync(ct)}");
    }

    public string ConnectionTo(string database) => new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;

    public async Task ExecuteAsync(string statement, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
