using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// The rows that have had their time, and their deletion: a few at a time, along an index, so that no statement lasts as long as there are
/// rows, holds many locks, or keeps SQLite from other writers.
/// </summary>
internal sealed class ExpiredRows(RegistrationDbContext db, SqliteWriter writer)
{
    /// <summary>Rows that one statement deletes at most.</summary>
    public const int BatchSize = 1000;

    /// <summary>Rows that are counted at most: more are told as so many.</summary>
    public const int MostCounted = 100_000;

    /// <summary>How long a user is kept who began at a provider and did not complete it.</summary>
    public static readonly TimeSpan KeepBegun = TimeSpan.FromDays(30);

    /// <summary>How long it is kept what was signed for a call that was not made: longer than that can be made.</summary>
    public static readonly TimeSpan KeepUndone = TimeSpan.FromHours(1);

    /// <summary>How long it is kept what became of an event, as the hosted service keeps it.</summary>
    public static readonly TimeSpan KeepDeliveries = TimeSpan.FromDays(31);

    /// <summary>All there are, each deleted by itself.</summary>
    public static IReadOnlyList<ExpiredKind> Kinds { get; } =
    [
        new("challenges", "ceremonies", "organisation_id, id", "expires_at", t => (null, t.Before)),
        // Anybody can begin one.
        new("sign-ins not completed", "ceremonies", "organisation_id, id", "expires_at", t => (t.Before, t.Now))
        {
            // A state that was used up is good for nothing either, and anybody can use one up.
            Only = "((consumed_at IS NULL AND purpose IN ('Login', 'LoginOfNobody')) OR purpose = 'SsoLogin')",
        },
        new("sessions", "access_tokens", "organisation_id, id", "expires_at", t => (null, t.Before)),
        new("codes for another device", "credential_codes", "code_hash", "expires_at", t => (null, t.Before)) { LedByOrganisation = false },
        new("budgets of attempts", "attempt_budgets", "id", "window_ends_at", t => (null, t.Now.AddSeconds(1))) { LedByOrganisation = false, InSeconds = true },
        // Its sender deletes it then, if it is there.
        new("messages to be sent", "outbox", "organisation_id, id", "ends_at", t => (null, t.Now)) { LedByOrganisation = false },
        new("retired signing keys", "signing_keys", "id", "retired_at", t => (null, t.Before)) { LedByOrganisation = false },
        // With an account at a provider anybody can begin one. However long ago: who was kept by something is not kept for good, so all who are invited and
        // never came are looked through each time. COALESCE keeps SQLite from going through all challenges that are open, for each user, by the index of their ends.
        new("users who began at a provider and did not complete it", "users", "organisation_id, id", "created_at", t => (null, t.Now - KeepBegun))
        {
            Among = "registered_at IS NULL AND archived_at IS NULL",
            Only =
                """
                is_active AND EXISTS (SELECT 1 FROM social_accounts AS a WHERE a.organisation_id = users.organisation_id AND a.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM codes AS k WHERE k.organisation_id = users.organisation_id AND k.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM ceremonies AS c WHERE c.organisation_id = users.organisation_id AND c.user_id = users.id AND COALESCE(c.expires_at, @now) > @now)
                """,
        },
        new("deliveries to webhooks", "webhook_deliveries", "organisation_id, webhook_id, event_id", "at", t => (null, t.Now - KeepDeliveries)),
        new("signed actions that were not done", "signed_actions", "organisation_id, id", "signed_at", t => (null, t.Now - KeepUndone)) { Among = "performed_at IS NULL" },
        new("signed actions", "signed_actions", "organisation_id, id", "signed_at", t => t.Signed is { } end ? (null, end) : null),
        new("audit events", "audit_events", "organisation_id, id", "at", t => t.Audit is { } end ? (null, end) : null),
    ];

    /// <summary>The organisations whose rows are deleted one after the other, since the organisation leads every index.</summary>
    public Task<List<string>> OrganisationsAsync(CancellationToken ct) => db.Organisations.Select(o => o.Id).ToListAsync(ct);

    /// <summary>Deletes the rows of a kind.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="organisationId">Whose; null for what belongs to none.</param>
    /// <param name="times">What has had its time.</param>
    /// <param name="deleted">Told of each batch, how many rows it was.</param>
    /// <param name="ct">Ends it between two batches, or in one, which is then not done.</param>
    public async Task DeleteAsync(ExpiredKind kind, string? organisationId, ExpiryTimes times, Action<int> deleted, CancellationToken ct)
    {
        if (kind.Window(times) is not var (from, to)) return;

        var (start, end, now) = (from is { } begin ? Value(kind, begin) : null, Value(kind, to), Value(kind, times.Now));
        while (true)
        {
            // Where the next piece of the index ends. So no statement looks at more than a piece, however few of it are to go, and none looks
            // again at what those before it have deleted.
            var last = await ReadAsync(Sql(kind, start, kind.By, only: null) + $" ORDER BY {kind.By} LIMIT 1 OFFSET {BatchSize}", organisationId, start, end, now, ct);
            var piece = Sql(kind, start, kind.Key, kind.Only, throughEnd: last is not null);
            var sql = $"DELETE FROM {kind.Table} WHERE ({kind.Key}) IN ({piece} ORDER BY {kind.By} LIMIT {BatchSize}{(db.Database.IsNpgsql() ? " FOR UPDATE SKIP LOCKED" : "")})";
            for (var rows = BatchSize; rows == BatchSize;)
            {
                rows = await RunAsync(sql, organisationId, start, last ?? end, now, ct);
                deleted(rows);
            }

            if (last is null) return;
            start = last;
        }
    }

    /// <summary>Counts the rows of a kind that are left, up to <see cref="MostCounted"/>.</summary>
    public async Task<long> CountAsync(ExpiredKind kind, ExpiryTimes times, CancellationToken ct)
    {
        if (kind.Window(times) is not var (from, to)) return 0;
        var start = from is { } begin ? Value(kind, begin) : null;
        var rows = Sql(kind, start, "1 AS one", kind.Only, ofOrganisation: false);
        return Convert.ToInt64(
            await ReadAsync($"SELECT count(*) FROM ({rows} LIMIT {MostCounted}) AS expired", organisationId: null, start, Value(kind, to), Value(kind, times.Now), ct),
            System.Globalization.CultureInfo.InvariantCulture);
    }

    // Names and conditions are those of the kinds above, values are parameters.
    private static string Sql(ExpiredKind kind, object? start, string select, string? only, bool throughEnd = false, bool ofOrganisation = true) =>
        $"SELECT {select} FROM {kind.Table} WHERE {kind.By} {(throughEnd ? "<=" : "<")} @end"
        + (kind.LedByOrganisation && ofOrganisation ? " AND organisation_id = @organisation" : "")
        + (start is null ? "" : $" AND {kind.By} > @start")
        + (kind.Among is null ? "" : $" AND {kind.Among}")
        + (only is null ? "" : $" AND {only}");

    // Instants are ticks on SQLite, and budgets count seconds on both.
    private object Value(ExpiredKind kind, DateTimeOffset instant) =>
        kind.InSeconds ? instant.ToUnixTimeSeconds() : db.Database.IsSqlite() ? instant.UtcTicks : instant.UtcDateTime;

    private async Task<object?> ReadAsync(string sql, string? organisationId, object? start, object end, object now, CancellationToken ct)
    {
        return await OpenAsync(async command => await command.ExecuteScalarAsync(ct) is { } value and not DBNull ? value : null, sql, organisationId, start, end, now, ct);
    }

    private async Task<int> RunAsync(string sql, string? organisationId, object? start, object end, object now, CancellationToken ct)
    {
        using var turn = await writer.TurnAsync();
        return await OpenAsync(command => command.ExecuteNonQueryAsync(ct), sql, organisationId, start, end, now, ct);
    }

    // Not through EF Core, which would repeat a statement that fails: the next time does. Nor left open for the scope to close: the context would
    // keep that it is, and hold a connection through the whole of the next request that gets it.
    private async Task<T> OpenAsync<T>(Func<DbCommand, Task<T>> run, string sql, string? organisationId, object? start, object end, object now, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await using var command = Command(sql, organisationId, start, end, now);
            return await run(command);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    private DbCommand Command(string sql, string? organisationId, object? start, object end, object now)
    {
        var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in new (string, object?)[] { ("@organisation", organisationId), ("@start", start), ("@end", end), ("@now", now) })
        {
            if (value is null || !sql.Contains(name, StringComparison.Ordinal)) continue;
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }
}

/// <summary>Rows that have had their time.</summary>
/// <param name="Name">What they are, for log and metric.</param>
/// <param name="Table">Where they are.</param>
/// <param name="Key">The columns of its key.</param>
/// <param name="By">The column that tells their time; an index leads by it, after the organisation.</param>
/// <param name="Window">From when, exclusive, and to when, exclusive, the column says that they go; null where they stay.</param>
internal sealed record ExpiredKind(string Name, string Table, string Key, string By, Func<ExpiryTimes, (DateTimeOffset? From, DateTimeOffset To)?> Window)
{
    /// <summary>Which rows the index has: SQL of both databases. Null where it has all.</summary>
    public string? Among { get; init; }

    /// <summary>What else must hold of a row: SQL of both databases.</summary>
    public string? Only { get; init; }

    public bool LedByOrganisation { get; init; } = true;

    /// <summary>Whether the column counts seconds since 1970.</summary>
    public bool InSeconds { get; init; }
}

/// <summary>What has had its time.</summary>
/// <param name="Now">UTC; what serves no purpose once it is over goes when it has ended.</param>
/// <param name="Before">UTC; everything else goes that has ended before.</param>
/// <param name="Audit">UTC; audit events of before go. Null where they are kept.</param>
/// <param name="Signed">UTC; signed actions of before go. Null where they are kept.</param>
internal sealed record ExpiryTimes(DateTimeOffset Now, DateTimeOffset Before, DateTimeOffset? Audit, DateTimeOffset? Signed);
