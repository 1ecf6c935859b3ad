using System.Runtime.CompilerServices;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.UserActions;

/// <summary>Finds what was signed, and what proves it.</summary>
internal sealed class SignedActionStore(RegistrationDbContext db)
{
    private const int PageSize = 1000;

    /// <summary>Finds a signed action.</summary>
    /// <returns>The action, not tracked; or null: unknown, or of another organisation.</returns>
    public Task<SignedAction?> FindAsync(string organisationId, string id, CancellationToken ct) =>
        db.SignedActions.AsNoTracking().SingleOrDefaultAsync(a => a.OrganisationId == organisationId && a.Id == id, ct);

    /// <summary>Whether there are more than so many.</summary>
    public async Task<bool> IsMoreAsync(SignedActionsQuery query, int most, CancellationToken ct)
    {
        var next = await Of(query).Skip(most).Select(a => (DateTimeOffset?)a.SignedAt).FirstOrDefaultAsync(ct);
        return next < query.End;
    }

    /// <summary>Those of a range, the earliest first, read a page at a time; without what proves them.</summary>
    /// <param name="query">Which.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="ct">Ends the reading.</param>
    public async IAsyncEnumerable<ListedAction> ListAsync(SignedActionsQuery query, int most, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var left = most; left > 0;)
        {
            var page = await Of(query).Take(Math.Min(left, PageSize))
                .Select(a => new ListedAction(a.Id, a.SignedAt, a.SignerId, a.Username, a.CredentialUuid, a.Method, a.Path, a.PerformedAt))
                .ToListAsync(ct);
            foreach (var action in page.TakeWhile(a => a.SignedAt < query.End)) yield return action;
            if (page.Count < PageSize || page[^1].SignedAt >= query.End) yield break;
            left -= page.Count;
            query = query with { After = page[^1] };
        }
    }

    // Up to the end of all there is: with two bounds SQLite takes the index of the whole organisation, also for one user.
    private IOrderedQueryable<SignedAction> Of(SignedActionsQuery query)
    {
        var actions = db.SignedActions.AsNoTracking().Where(a => a.OrganisationId == query.OrganisationId);
        if (query.UserId is { } user) actions = actions.Where(a => a.SignerId == user);
        actions = query.After is { } after
            ? actions.Where(a => a.SignedAt >= after.SignedAt && (a.SignedAt > after.SignedAt || string.Compare(a.Id, after.Id) > 0))
            : actions.Where(a => a.SignedAt >= query.Start);
        return actions.OrderBy(a => a.SignedAt).ThenBy(a => a.Id);
    }
}

/// <summary>Which signed actions are asked for.</summary>
/// <param name="OrganisationId">Whose.</param>
/// <param name="Start">UTC; from then on.</param>
/// <param name="End">UTC; before then.</param>
/// <param name="UserId">Of this user alone; null for all.</param>
/// <param name="After">Where the page before ended; null for the first.</param>
internal sealed record SignedActionsQuery(string OrganisationId, DateTimeOffset Start, DateTimeOffset End, string? UserId, ListedAction? After = null);

/// <summary>A signed action as it is listed.</summary>
internal sealed record ListedAction(
    string Id, DateTimeOffset SignedAt, string SignerId, string Username, string CredentialUuid, string Method, string Path, DateTimeOffset? PerformedAt);
