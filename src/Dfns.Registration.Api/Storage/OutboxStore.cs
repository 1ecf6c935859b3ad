using System.Globalization;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What waits to be sent, and who has it in hand: a lease, which is a date until which nobody else takes it and the name of the one who may finish. On both databases
/// it is one update of what is due; of two instances at once the second finds that it is due no more.
/// </summary>
internal sealed class OutboxStore(RegistrationDbContext db, SqliteWriter writer)
{
    // A number in place of a parameter: for a limit that it does not know PostgreSQL reckons with a tenth of the table.
    private const string Most = "{most}";

    private const string PassedOver = "{passed over}";

    private const string TakeOnPostgreSql =
        $$"""
        UPDATE outbox AS o SET lease = {0}, due_at = {1}, attempts = o.attempts + 1
        FROM (SELECT organisation_id, id FROM outbox WHERE kind = {2} AND due_at <= {3}{{PassedOver}} ORDER BY due_at LIMIT {{Most}} FOR UPDATE SKIP LOCKED) AS d
        WHERE o.organisation_id = d.organisation_id AND o.id = d.id
        RETURNING o.*
        """;

    private const string TakeOnSqlite =
        $$"""
        UPDATE outbox SET lease = {0}, due_at = {1}, attempts = attempts + 1
        WHERE (organisation_id, id) IN (SELECT organisation_id, id FROM outbox WHERE kind = {2} AND due_at <= {3}{{PassedOver}} ORDER BY due_at LIMIT {{Most}})
        RETURNING *
        """;

    /// <summary>When the first of a kind is due, in hand or not; null where there is none.</summary>
    public Task<DateTimeOffset?> FirstDueAsync(OutboxKind kind, CancellationToken ct) =>
        db.Outbox.Where(m => m.Kind == kind).OrderBy(m => m.DueAt).Select(m => (DateTimeOffset?)m.DueAt).FirstOrDefaultAsync(ct);

    /// <summary>How many of a kind wait, by organisation, and since when.</summary>
    public Task<List<OutboxCount>> CountAsync(OutboxKind kind, CancellationToken ct) =>
        db.Outbox.Where(m => m.Kind == kind).GroupBy(m => m.OrganisationId).Select(g => new OutboxCount(g.Key, g.Count(), g.Min(m => m.CreatedAt))).ToListAsync(ct);

    /// <summary>Takes what is due in hand.</summary>
    /// <param name="kind">Of this kind alone.</param>
    /// <param name="lease">New; who takes it.</param>
    /// <param name="due">UTC; what is due by then, and in nobody's hand.</param>
    /// <param name="until">UTC; until then it is due for nobody else.</param>
    /// <param name="most">How many at most; one of few numbers.</param>
    /// <param name="passedOver">The organisations whose are left; few.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<List<OutboxMessage>> TakeAsync(OutboxKind kind, string lease, DateTimeOffset due, DateTimeOffset until, int most, IReadOnlyList<string> passedOver, CancellationToken ct)
    {
        object[] parameters = [lease, db.Stored(until), kind.ToString(), db.Stored(due), .. passedOver];
        var others = string.Concat(passedOver.Select((_, n) => $" AND organisation_id <> {{{parameters.Length - passedOver.Count + n}}}"));
        var sql = (db.Database.IsSqlite() ? TakeOnSqlite : TakeOnPostgreSql)
            .Replace(Most, most.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal).Replace(PassedOver, others, StringComparison.Ordinal);
        using var turn = await writer.TurnAsync();
        return await db.Outbox.FromSqlRaw(sql, parameters).AsNoTracking().ToListAsync(ct);
    }

    /// <summary>Deletes what is done with, in one transaction with what follows from that.</summary>
    /// <param name="message">In hand.</param>
    /// <param name="then">Adds what follows to the tracked rows; null for nothing.</param>
    /// <returns>False where it was in hand no more: its lease had run out. Then nothing was done.</returns>
    public async Task<bool> RemoveAsync(OutboxMessage message, Func<Task>? then)
    {
        var removed = await db.OnceAsync<bool>(
            async () =>
            {
                if (await InHand(message).ExecuteDeleteAsync() == 0) return false;
                if (then is not null) await then();
                return true;
            },
            CancellationToken.None);
        return !removed.Failed(out _, out var isRemoved) && isRemoved;
    }

    /// <summary>Puts something out of hand until another attempt.</summary>
    public Task PutOffAsync(OutboxMessage message, DateTimeOffset due) =>
        InHand(message).ExecuteUpdateAsync(m => m.SetProperty(x => x.DueAt, due).SetProperty(x => x.Lease, (string?)null));

    /// <summary>Puts something out of hand that was not attempted to the end: another instance may take it at once.</summary>
    public Task GiveBackAsync(OutboxMessage message, DateTimeOffset now) =>
        InHand(message).ExecuteUpdateAsync(m => m.SetProperty(x => x.DueAt, now).SetProperty(x => x.Lease, (string?)null).SetProperty(x => x.Attempts, x => x.Attempts - 1));

    private IQueryable<OutboxMessage> InHand(OutboxMessage message) => db.Outbox.Where(m => m.OrganisationId == message.OrganisationId && m.Id == message.Id && m.Lease == message.Lease);
}

/// <summary>What waits of an organisation.</summary>
/// <param name="OrganisationId">Empty for nobody's.</param>
/// <param name="Waiting">How many.</param>
/// <param name="Oldest">UTC; when the oldest was stored.</param>
internal sealed record OutboxCount(string OrganisationId, int Waiting, DateTimeOffset Oldest);
