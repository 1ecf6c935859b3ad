using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Who calls: the user or service account that a bearer token names, as it is now.</summary>
/// <param name="User">Active, and registered or a service account.</param>
/// <param name="Token">The token's row: live.</param>
/// <param name="RelyingParty">What the organisation demands of ceremonies.</param>
internal sealed record Caller(User User, AccessToken Token, RelyingParty RelyingParty)
{
    public string OrganisationId => User.OrganisationId;

    /// <summary>The operations of the sets of permissions that are assigned to the user and not archived. Empty where nobody is asked for a permission, and they were not looked up.</summary>
    public IReadOnlyList<string> Assigned { get; init; } = [];

    /// <summary>Everything that the caller may do beyond managing the own account.</summary>
    public IReadOnlyList<string> Operations => [.. User.Permissions.Concat(Assigned).Distinct(StringComparer.Ordinal).Where(User.CanHave)];

    /// <summary>Whether the caller may do something, by whoever has permitted it.</summary>
    public bool Holds(string operation) => User.CanHave(operation) && (User.Permissions.Contains(operation) || Assigned.Contains(operation));
}

/// <summary>Tells who calls.</summary>
internal sealed class CallerReader(BearerReader bearers, RequestFacts facts, AccessTokenStore store, CallerStore callers, TimeProvider clock)
{
    /// <summary>How exactly the last use of a token is kept: a write for each call would cost more than it tells.</summary>
    private static readonly TimeSpan UseInterval = TimeSpan.FromMinutes(1);

    /// <summary>Reads the bearer token of a request, and counts the call against it.</summary>
    /// <returns>The row it names, not looked up; null where there is no token, or one for something else or expired.</returns>
    /// <exception cref="TooManyCallsException">As <see cref="BearerReader"/> has it.</exception>
    public Task<TokenReference?> ReadTokenAsync(HttpRequest request, CancellationToken ct) => bearers.ReadAsync(request, TokenPurpose.Access, ct);

    /// <summary>Reads the bearer token of a request, and looks up whom it names.</summary>
    /// <returns>
    /// The caller, tracked; or null for whatever reason: no token, one for something else, expired, revoked, opened with a credential that
    /// is active no longer, or of a user who is deactivated.
    /// </returns>
    public async Task<Caller?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (await ReadTokenAsync(request, ct) is not { } reference) return null;

        var now = clock.GetUtcNow();
        if (await store.FindLiveAsync(reference, now, ct) is not { } caller) return null;
        await NoteCallAsync(caller, now, ct);
        return caller;
    }

    /// <summary>The same, together with the credentials that the caller can sign with: all that are active but recovery keys.</summary>
    /// <returns>Nothing of it tracked; the caller null as above.</returns>
    public async Task<(Caller? Caller, IReadOnlyList<SigningCredential> Signing)> ReadSigningAsync(HttpRequest request, CancellationToken ct)
    {
        if (await ReadTokenAsync(request, ct) is not { } reference) return (null, []);

        var now = clock.GetUtcNow();
        if (await callers.FindSigningAsync(reference, now, ct) is not ({ } caller, var signing)) return (null, []);
        await NoteCallAsync(caller, now, ct);
        return (caller, signing);
    }

    /// <summary>Looks up who calls, together with whom another token names.</summary>
    /// <param name="reference">The caller's bearer token.</param>
    /// <param name="about">The other token; null where what was sent is none of ours.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Nothing of it tracked; the caller null as above, and the other null for the same reasons, or where it is another organisation's.</returns>
    public async Task<(Caller? Caller, Caller? About)> ReadAboutAsync(TokenReference reference, TokenReference? about, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var found = await callers.FindAboutAsync(reference, about, now, ct);
        if (found.Caller is { } caller) await NoteCallAsync(caller, now, ct);
        facts.SubjectId = found.About?.User.Id;
        return found;
    }

    /// <summary>Notes who calls, and that the token was used, unless that was noted a moment ago.</summary>
    public Task NoteCallAsync(Caller caller, DateTimeOffset now, CancellationToken ct)
    {
        facts.CallerId = caller.User.Id;
        var token = caller.Token;
        return token.UsedAt is { } used && now - used < UseInterval ? Task.CompletedTask : store.NoteUseAsync(new TokenReference(token.OrganisationId, token.Id), now, ct);
    }
}
