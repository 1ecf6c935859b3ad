using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Throttling;

/// <summary>The rows of the budgets, each call one statement. Instants are seconds since 1970 UTC, as the rows have them.</summary>
internal sealed class AttemptBudgetStore(RegistrationDbContext db)
{
    // {0} address, {1} end of its window, {2} now, {3} its limit, {4} user, {5} end of that window. The address comes first, so that no two
    // statements wait for each other; and nothing is written once it has nothing left, so that a flood makes no rows.
    private const string CountAddress = Begin + "({0}, {1})" + End;
    private const string CountBoth = Begin + "({0}, {1}), ({4}, {5})" + End;
    private const string Begin = "INSERT INTO attempt_budgets (id, window_ends_at, used) SELECT column1, column2, 1 FROM (VALUES ";
    private const string End =
        """
        ) AS asked
        WHERE NOT EXISTS (SELECT 1 FROM attempt_budgets WHERE id = {0} AND window_ends_at > {2} AND used >= {3})
        ON CONFLICT (id) DO UPDATE SET
            used = CASE WHEN attempt_budgets.window_ends_at > {2} THEN attempt_budgets.used + 1 ELSE 1 END,
            window_ends_at = CASE WHEN attempt_budgets.window_ends_at > {2} THEN attempt_budgets.window_ends_at ELSE excluded.window_ends_at END
        RETURNING id, window_ends_at, used
        """;

    private static readonly string CountBothByPosition = Statements.ByPosition(CountBoth, 6);

    /// <summary>Counts one attempt against an address.</summary>
    /// <param name="address">Its budget.</param>
    /// <param name="endsAt">When a window ends that begins now.</param>
    /// <param name="now">When it is tried.</param>
    /// <param name="limit">Attempts that the address has in a window.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The budget as it is now; nothing where the address had none left.</returns>
    public Task<List<AttemptBudget>> CountAsync(byte[] address, long endsAt, long now, long limit, CancellationToken ct) =>
        RunAsync(CountAddress, [address, endsAt, now, limit], ct);

    /// <summary>Counts one attempt against an address and against a user tried from there.</summary>
    /// <param name="address">Its budget.</param>
    /// <param name="endsAt">When a window of the address ends that begins now.</param>
    /// <param name="now">When it is tried.</param>
    /// <param name="limit">Attempts that the address has in a window.</param>
    /// <param name="user">The budget of the two together.</param>
    /// <param name="userEndsAt">When a window of that ends that begins now.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Both budgets as they are now; nothing where the address had none left.</returns>
    public Task<List<AttemptBudget>> CountAsync(byte[] address, long endsAt, long now, long limit, byte[] user, long userEndsAt, CancellationToken ct) =>
        RunAsync(CountBoth, [address, endsAt, now, limit, user, userEndsAt], ct);

    /// <summary>The same on SQLite, within a transaction.</summary>
    public static List<AttemptBudget> Count(SqliteStatements statements, byte[] address, long endsAt, long now, long limit, byte[] user, long userEndsAt) => statements.Read(
        CountBothByPosition,
        row => new AttemptBudget { Id = row.GetFieldValue<byte[]>(0), WindowEndsAt = row.GetInt64(1), Used = row.GetInt64(2) },
        address, endsAt, now, limit, user, userEndsAt);

    /// <summary>A budget as it is.</summary>
    public Task<AttemptBudget?> FindAsync(byte[] id, CancellationToken ct) => db.AttemptBudgets.AsNoTracking().SingleOrDefaultAsync(b => b.Id == id, ct);

    /// <summary>Whether there is an organisation.</summary>
    public Task<bool> IsOrganisationAsync(string id, CancellationToken ct) => db.Organisations.AnyAsync(o => o.Id == id, ct);

    // On SQLite a statement that comes to write after another has written since it began to read is refused; a transaction has the right to
    // write from its start, and waits for it.
    private async Task<List<AttemptBudget>> RunAsync(string sql, object[] parameters, CancellationToken ct)
    {
        await using var transaction = db.Database.IsSqlite() ? await db.Database.BeginTransactionAsync(ct) : null;
        var rows = await db.AttemptBudgets.FromSqlRaw(sql, parameters).AsNoTracking().ToListAsync(ct);
        if (transaction is not null) await transaction.CommitAsync(ct);
        return rows;
    }
}
