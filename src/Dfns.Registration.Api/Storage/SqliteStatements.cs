using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Statements of SQLite as they stand, with parameters by position, each prepared once. The file is at hand: nothing waits here but a
/// commit, for the disk.
/// </summary>
internal sealed class SqliteStatements : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly ILogger logger;
    private readonly Dictionary<string, SqliteCommand> prepared = new(StringComparer.Ordinal);
    private bool? isDurable;

    private SqliteStatements(SqliteConnection connection, ILogger logger) => (this.connection, this.logger) = (connection, logger);

    /// <summary>Opens a connection that is shared with nobody: what is left behind in it ends with it.</summary>
    public static SqliteStatements Open(DatabaseOptions options, ILoggerFactory loggers)
    {
        var opened = new SqliteConnection(options.SqliteConnectionString(pooled: false));
        opened.Open();
        SQLitePCL.raw.sqlite3_busy_timeout(opened.Handle, opened.DefaultTimeout * 1000);
        var statements = new SqliteStatements(opened, loggers.CreateLogger(DbLoggerCategory.Database.Command.Name));
        // 32 MiB: every row goes into half a dozen indexes, at random places.
        statements.Set("PRAGMA cache_size = -32768");
        return statements;
    }

    /// <summary>Begins a transaction, and waits for the right to write.</summary>
    /// <param name="durable">Whether its commit waits for the disk.</param>
    public void Begin(bool durable)
    {
        // Cannot be changed within a transaction.
        if (isDurable != durable) Set(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        isDurable = durable;
        // With the right to write from its start: one that comes to it later is refused if another has written meanwhile.
        Set("BEGIN IMMEDIATE");
    }

    public void Commit() => Set("COMMIT");

    /// <summary>Runs a statement that writes.</summary>
    /// <param name="statement">With <c>$1</c>, <c>$2</c>, …; one of a fixed number of texts.</param>
    /// <param name="values">Of the parameters, as the database keeps them.</param>
    /// <returns>How many rows it has written.</returns>
    public int Run(string statement, params IReadOnlyList<object?> values)
    {
        Statements.LogRun(logger, statement);
        return Bound(statement, values).ExecuteNonQuery();
    }

    /// <summary>Runs a statement that touches no rows.</summary>
    public void Set(string statement) => Bound(statement, []).ExecuteNonQuery();

    /// <summary>Runs a statement that answers with rows.</summary>
    public List<T> Read<T>(string statement, Func<SqliteDataReader, T> read, params IReadOnlyList<object?> values)
    {
        Statements.LogRun(logger, statement);
        using var reader = Bound(statement, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    }

    public void Dispose()
    {
        foreach (var command in prepared.Values) command.Dispose();
        connection.Dispose();
    }

    private SqliteCommand Bound(string statement, IReadOnlyList<object?> values)
    {
        if (!prepared.TryGetValue(statement, out var command))
        {
            command = new SqliteCommand(statement, connection);
            for (var n = 1; n <= values.Count; n++) command.Parameters.Add(new SqliteParameter { ParameterName = $"${n}" });
            prepared[statement] = command;
        }

        for (var n = 0; n < values.Count; n++) command.Parameters[n].Value = values[n] ?? DBNull.Value;
        return command;
    }
}
