using Dfns.Registration.Api.Errors;
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

    /// <summary>Of a personal access token: whose it is, and what that person may do now. Null for everybody else, and where nobody is asked for a permission.</summary>
    public Caller? Owner { get; init; }

    /// <summary>Who answers for the call: the person whose token it is, or the caller.</summary>
    public User Person => Owner?.User ?? User;

    /// <summary>Everything that the caller may do beyond managing the own account.</summary>
    public IReadOnlyList<string> Operations => [.. User.Permissions.Concat(Assigned).Distinct(StringComparer.Ordinal).Where(Holds)];

    /// <summary>Whether the caller may do something, by whoever has permitted it; a personal access token no more than its person.</summary>
    public bool Holds(string operation) => User.CanHave(operation) && (User.Permissions.Contains(operation) || Assigned.Contains(operation)) && (User.OwnerId is null || Owner?.Holds(operation) == true);
}

/// <summary>A call with its body.</summary>
/// <typeparam name="TCaller">Who calls.</typeparam>
/// <typeparam name="T">The body.</typeparam>
internal sealed record Called<TCaller, T>(TCaller Caller, T Body);

/// <summary>Tells who calls.</summary>
internal sealed class CallerReader(BearerReader bearers, RequestFacts facts, AccessTokenStore store, CallerStore callers, Events events, TimeProvider clock)
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
    public async Task<Caller?> ReadAsync(HttpRequest request, CancellationToken ct) =>
        await ReadTokenAsync(request, ct) is { } reference ? await FindAsync(reference, ct) : null;

    /// <summary>Looks up whom a bearer token names.</summary>
    /// <returns>The caller, tracked; or null as above.</returns>
    public async Task<Caller?> FindAsync(TokenReference reference, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (await store.FindLiveAsync(reference, now, ct) is not { } caller) return null;
        await NoteCallAsync(caller, now, ct);
        return caller;
    }

    /// <summary>Reads who calls and what with the call comes.</summary>
    /// <typeparam name="T">The body.</typeparam>
    /// <param name="request">The request.</param>
    /// <param name="read">Reads the body, and takes the place of the request with it.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The caller, tracked, and the body; or 401, or what is wrong with the body, which is told to callers alone.</returns>
    public Task<Checked<Called<Caller, T>>> ReadAsync<T>(HttpRequest request, Func<Task<Checked<T>>> read, CancellationToken ct)
        where T : notnull => ReadAsync(request, FindAsync, read, ct);

    /// <summary>The same, together with the credentials that the caller can sign with: all that are active but recovery keys.</summary>
    /// <typeparam name="T">The body.</typeparam>
    /// <returns>Nothing of it tracked.</returns>
    public Task<Checked<Called<CallerWithCredentials, T>>> ReadSigningAsync<T>(HttpRequest request, Func<Task<Checked<T>>> read, CancellationToken ct)
        where T : notnull => ReadAsync(request, FindSigningAsync, read, ct);

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
        // What a personal access token may do is its person's too; a caller of that kind asks about none.
        return found.About is { User.OwnerId: not null } of ? (found.Caller, await store.WithOwnerAsync(of, ct)) : found;
    }

    /// <summary>What is told of a body that is at fault: that, to a caller alone. Of one that has no place nobody is looked up.</summary>
    /// <param name="reference">The caller's bearer token.</param>
    /// <param name="error">What is wrong with the body.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<ApiError> ToldAsync(TokenReference reference, ApiError error, CancellationToken ct) =>
        error.Code == ErrorCatalog.ServiceBusy.Code || await FindAsync(reference, ct) is not null ? error : ErrorCatalog.NotAuthorized;

    // The body first: with it comes the place, before which nothing is looked up.
    private async Task<Checked<Called<TCaller, T>>> ReadAsync<TCaller, T>(HttpRequest request, Func<TokenReference, CancellationToken, Task<TCaller?>> find, Func<Task<Checked<T>>> read, CancellationToken ct)
        where TCaller : class
        where T : notnull
    {
        if (await ReadTokenAsync(request, ct) is not { } reference) return ErrorCatalog.NotAuthorized;
        if ((await read()).Failed(out var error, out var body)) return await ToldAsync(reference, error, ct);
        return await find(reference, ct) is { } caller ? new Called<TCaller, T>(caller, body) : ErrorCatalog.NotAuthorized;
    }

    private async Task<CallerWithCredentials?> FindSigningAsync(TokenReference reference, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var found = await callers.FindSigningAsync(reference, now, ct);
        if (found is not null) await NoteCallAsync(found.Caller, now, ct);
        return found;
    }

    /// <summary>Notes who calls, and that the token was used, unless that was noted a moment ago.</summary>
    public Task NoteCallAsync(Caller caller, DateTimeOffset now, CancellationToken ct)
    {
        facts.CallerId = caller.User.Id;
        events.Know(caller.RelyingParty);
        var token = caller.Token;
        return token.UsedAt is { } used && now - used < UseInterval ? Task.CompletedTask : store.NoteUseAsync(new TokenReference(token.OrganisationId, token.Id), now, ct);
    }
}
