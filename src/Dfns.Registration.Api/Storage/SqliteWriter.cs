using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Storage;

/// <summary>SQLite has one writer at a time: rounds that write take turns here, where waiting costs nothing. On PostgreSQL nobody waits.</summary>
internal sealed class SqliteWriter(IOptions<DatabaseOptions> options) : IDisposable
{
    private readonly SemaphoreSlim? turn = options.Value.Provider == DatabaseProvider.Sqlite ? new(1) : null;

    /// <summary>Waits for the turn to write, which ends when the result is disposed of.</summary>
    public async ValueTask<Turn> TurnAsync()
    {
        if (turn is not null) await turn.WaitAsync();
        return new Turn(turn);
    }

    public void Dispose() => turn?.Dispose();

    /// <summary>The turn to write.</summary>
    internal readonly struct Turn(SemaphoreSlim? turn) : IDisposable
    {
        public void Dispose() => turn?.Release();
    }
}
