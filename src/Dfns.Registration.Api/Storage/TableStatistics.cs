using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Has PostgreSQL look at its tables anew while they are young. A statement is planned when it is prepared, and on the first day that is
/// for empty tables, where one index is as good as another: it would search whole organisations from there on, until autovacuum comes by.
/// New statistics have every statement planned anew.
/// </summary>
internal sealed partial class TableStatistics(IServiceScopeFactory scopes, ILogger<TableStatistics> logger) : IAsyncDisposable
{
    private const long First = 100;
    private const long Factor = 10;

    private readonly Lock turn = new();
    private Task looking = Task.CompletedTask;
    private long stored;
    private long next = First;

    /// <summary>Notes that rows were stored: after a hundred, a thousand and so on the tables that are mostly new are looked at, behind the caller's back.</summary>
    public void Grew(int rows)
    {
        lock (turn)
        {
            stored += rows;
            if (stored < next || !looking.IsCompleted) return;
            while (next <= stored) next *= Factor;
            // Not in this request's context.
            using (ExecutionContext.SuppressFlow()) looking = Task.Run(LookAsync, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (turn) last = looking;
        await last;
    }

    private async Task LookAsync()
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
            if (!db.Database.IsNpgsql()) return;
            List<string?> ours = [.. db.Model.GetEntityTypes().Select(t => t.GetTableName())];
            var changed = await db.Database.SqlQuery<string>(
                $"""
                SELECT relname AS "Value" FROM pg_stat_user_tables
                WHERE schemaname = current_schema() AND relname = ANY ({ours}) AND n_mod_since_analyze > n_live_tup / 2
                """).ToListAsync();
            if (changed.Count == 0) return;
            // A role that does not own a table is warned, and nothing else happens. A table that somebody holds is passed over: to wait for it would keep
            // the service from ending.
            await db.RunAsync([.. changed.Select(table => ($"ANALYZE (SKIP_LOCKED) {table}", (IReadOnlyList<object>)[]))]);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            // Autovacuum does it a minute later.
            Log.NotLooked(logger, e.GetType().Name);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "No new statistics of the tables: the database does not answer ({Fault})")]
        public static partial void NotLooked(ILogger logger, string fault);
    }
}
