using System.Collections.Concurrent;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// The relying parties as they are in the database, kept in memory. Never stale: whoever asks names the version that another query has
/// just read.
/// </summary>
internal sealed class RelyingParties(IServiceScopeFactory scopes)
{
    /// <summary>As many organisations are kept; with more of them, all are read anew.</summary>
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<string, (string Version, RelyingParty Row)> kept = new(StringComparer.Ordinal);

    /// <summary>The relying party of an organisation.</summary>
    /// <param name="organisationId">It exists.</param>
    /// <param name="version">As read a moment ago; null where the database does not tell, and the row is read.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Not tracked, and many callers' at once: not to be changed.</returns>
    public async Task<RelyingParty> GetAsync(string organisationId, string? version, CancellationToken ct)
    {
        if (version is not null && kept.TryGetValue(organisationId, out var known) && known.Version == version) return known.Row;
        await using var scope = scopes.CreateAsyncScope();
        var row = (await scope.ServiceProvider.GetRequiredService<OrganisationStore>().FindRelyingPartyAsync(organisationId, ct))!;
        if (version is not null)
        {
            if (kept.Count >= Most) kept.Clear();
            kept[organisationId] = (version, row);
        }

        return row;
    }
}
