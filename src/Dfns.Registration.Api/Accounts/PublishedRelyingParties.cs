using System.Collections.Frozen;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// What anybody may know of the relying parties, kept in memory and read anew after a quarter of a minute: which origins may call at all, and the documents
/// that browsers and password managers look for at an RP ID.
/// </summary>
internal sealed class PublishedRelyingParties : IAsyncDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);

    private readonly IServiceScopeFactory scopes;
    private readonly TimeProvider clock;
    private readonly SharedWork<Read> refreshing;
    private volatile Read? current;

    public PublishedRelyingParties(IServiceScopeFactory scopes, TimeProvider clock)
    {
        (this.scopes, this.clock) = (scopes, clock);
        refreshing = new(RefreshAsync);
    }

    /// <summary>What there is to publish.</summary>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<Publication> GetAsync(CancellationToken ct) =>
        (current is { } fresh && IsFresh(fresh) ? fresh : await refreshing.JoinAsync(ct)).What;

    public ValueTask DisposeAsync() => refreshing.DisposeAsync();

    private async Task<Read> RefreshAsync()
    {
        try
        {
            if (current is { } read && IsFresh(read)) return read;
            await using var scope = scopes.CreateAsyncScope();
            var rows = await scope.ServiceProvider.GetRequiredService<OrganisationStore>().PublishedAsync(CancellationToken.None);
            return current = new Read(clock.GetTimestamp(), new Publication(rows));
        }
        catch (Exception e) when (current is not null && StorageFailure.Is(e))
        {
            // What was so a moment ago is better than nothing, and than every request waiting for the database in turn.
            return current = current with { At = clock.GetTimestamp() };
        }
    }

    private bool IsFresh(Read read) => clock.GetElapsedTime(read.At) < Refresh;

    private sealed record Read(long At, Publication What);
}

/// <summary>What there is to publish of a relying party.</summary>
/// <param name="RelyingPartyId">The primary RP ID.</param>
/// <param name="FurtherIds">The others.</param>
/// <param name="Origins">That may run its ceremonies.</param>
/// <param name="RelatedOrigins">Of other domains, that may too.</param>
/// <param name="EnrollUrl">Where a user creates a passkey.</param>
/// <param name="ManageUrl">Where a user manages passkeys.</param>
internal sealed record PublishedRelyingParty(string RelyingPartyId, List<string>? FurtherIds, List<string> Origins, List<string>? RelatedOrigins, string? EnrollUrl, string? ManageUrl);

/// <summary>What there is to publish of all relying parties at once.</summary>
internal sealed class Publication
{
    private readonly FrozenSet<string> exact;
    private readonly List<string> below;
    private readonly FrozenDictionary<string, List<PublishedRelyingParty>> byId;

    /// <param name="all">That of the oldest organisation first.</param>
    public Publication(IReadOnlyList<PublishedRelyingParty> all)
    {
        var origins = all.SelectMany(r => r.Origins.Concat(r.RelatedOrigins ?? [])).ToLookup(o => o.StartsWith(AdmittedOrigins.Below, StringComparison.Ordinal));
        exact = origins[false].ToFrozenSet(StringComparer.Ordinal);
        below = [.. origins[true].Distinct(StringComparer.Ordinal)];
        // A host is compared as DNS does (RFC 4343), and has no case of its own.
        byId = all.SelectMany(r => (r.FurtherIds ?? []).Prepend(r.RelyingPartyId), (r, id) => (r, id)).GroupBy(p => p.id, p => p.r, StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => g.ToList(), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether some organisation admits an origin.</summary>
    public bool Admits(string origin) => exact.Contains(origin) || AdmittedOrigins.Admits(below, origin);

    /// <summary>The origins of other domains that are related to an RP ID: all of them, of however many organisations it is the primary one.</summary>
    /// <returns>Empty where there are none, and where it is nobody's.</returns>
    public IReadOnlyList<string> RelatedTo(string relyingPartyId) => [.. Of(relyingPartyId).Where(r => string.Equals(r.RelyingPartyId, relyingPartyId, StringComparison.OrdinalIgnoreCase)).SelectMany(r => r.RelatedOrigins ?? []).Distinct(StringComparer.Ordinal)];

    /// <summary>Where users of an RP ID create and manage passkeys: as the oldest of its organisations says that says so.</summary>
    /// <returns>Null where it is nobody's.</returns>
    public PublishedRelyingParty? EndpointsOf(string relyingPartyId) =>
        Of(relyingPartyId) is { Count: > 0 } sharing ? sharing.FirstOrDefault(r => r.EnrollUrl is not null || r.ManageUrl is not null, sharing[0]) : null;

    private List<PublishedRelyingParty> Of(string relyingPartyId) => byId.GetValueOrDefault(relyingPartyId) ?? [];
}
