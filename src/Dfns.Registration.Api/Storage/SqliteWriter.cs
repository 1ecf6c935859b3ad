using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// SQLite has one writer at a time: rounds that write take turns here, where waiting costs nothing, on one connection of their own whose
/// statements stay prepared. On PostgreSQL nobody waits.
/// </summary>
internal sealed class SqliteWriter(IOptions<DatabaseOptions> options, ILoggerFactory loggers) : IDisposable
{
    private readonly SemaphoreSlim? turn = options.Value.Provider == DatabaseProvider.Sqlite ? new(1) : null;
    private SqliteStatements? statements;

    /// <summary>Waits for the turn to write, which ends when the result is disposed of.</summary>
    public async ValueTask<Turn> TurnAsync()
    {
        if (turn is not null) await turn.WaitAsync();
        return new Turn(this);
    }

    /// <summary>Waits for the turn to write, and begins a transaction; it is rolled back unless it is committed before the result is disposed of.</summary>
    /// <param name="isDurable">Whether its commit waits for the disk. One that does not is lost in a crash of the machine, of the process not; what commits after it and waits takes it along.</param>
    public async Task<Transaction> BeginAsync(bool isDurable)
    {
        await turn!.WaitAsync();
        try
        {
            Opened().Begin(isDurable);
            return new Transaction(this, statements!);
        }
        catch
        {
            Close();
            turn.Release();
            throw;
        }
    }

    public void Dispose()
    {
        Close();
        turn?.Dispose();
    }

    private SqliteStatements Opened()
    {
        if (statements is not null) return statements;
        statements = SqliteStatements.Open(options.Value, loggers);
        // 32 MiB: what is changed often is copied into the file once.
        statements.Set("PRAGMA wal_autocheckpoint = 8192");
        return statements;
    }

    private void Close()
    {
        statements?.Dispose();
        statements = null;
    }

    /// <summary>The turn to write.</summary>
    internal readonly struct Turn(SqliteWriter writer) : IDisposable
    {
        public void Dispose() => writer.turn?.Release();
    }

    /// <summary>A transaction of the writer's.</summary>
    internal sealed class Transaction(SqliteWriter writer, SqliteStatements statements) : IDisposable
    {
        private bool isCommitted;

        public SqliteStatements Statements => statements;

        public void Commit()
        {
            statements.Commit();
            isCommitted = true;
        }

        public void Dispose()
        {
            // Whatever went wrong, the connection is not to be relied on; closing it rolls back.
            if (!isCommitted) writer.Close();
            writer.turn!.Release();
        }
    }
}
