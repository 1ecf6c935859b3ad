using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>A call that its caller signed: who calls, the body, and the signed action, which is used up with the next commit.</summary>
/// <param name="Caller">Who calls.</param>
/// <param name="Body">As sent.</param>
/// <param name="Action">The signed action.</param>
/// <param name="Signed">The mark of its signature, which its use replaces: see <see cref="Ceremony.MarkUse"/>.</param>
internal sealed record SignedCall(Caller Caller, ReadOnlyMemory<byte> Body, Ceremony Action, string? Signed)
{
    /// <summary>What a user action is bound to beyond its user: the one call, and the session it is signed in.</summary>
    /// <param name="method">The HTTP method, in upper case.</param>
    /// <param name="path">The path of the request, without the query.</param>
    /// <param name="payloadDigest">See <see cref="SignedPayload"/>.</param>
    /// <param name="sessionId">The id of the caller's token.</param>
    public static string BoundTo(string method, string path, string payloadDigest, string sessionId) => $"{method} {path} {payloadDigest}{Ceremony.InSession(sessionId)}";

    /// <summary>What a user action is bound to, read again.</summary>
    public static (string Method, string Path, string PayloadDigest) Bound(Ceremony action)
    {
        // A path may have spaces; nothing else of it has.
        var bound = action.BoundTo!;
        var call = bound[..bound.LastIndexOf(Ceremony.InSession(""), StringComparison.Ordinal)];
        var (method, digest) = (call.IndexOf(' ', StringComparison.Ordinal), call.LastIndexOf(' '));
        return (call[..method], call[(method + 1)..digest], call[(digest + 1)..]);
    }

    /// <summary>Whether a user action was begun in a session.</summary>
    public static bool IsOf(Ceremony action, AccessToken session) => action.BoundTo!.EndsWith(Ceremony.InSession(session.Id), StringComparison.Ordinal);
}

/// <summary>The prologue and the commit of every endpoint that changes something for a caller.</summary>
internal sealed class SignedCalls(
    CallerReader callers, AccessTokenStore accesses, AttemptBudgets budgets, TokenService tokens, CeremonyStore ceremonies, Changes changes, Entropy entropy, TimeProvider clock, IOptions<BodyLimits> limits)
{
    private const string Header = "X-DFNS-USERACTION";

    /// <summary>Reads who calls, the body, and the user action that was signed for just this call. Each changes something, and leaves a row in the audit trail: a person makes so many in an hour.</summary>
    /// <returns>The call; or 401 without a caller, 403 without a signed action, 400 for one that was used, 429 for a person who makes too many.</returns>
    public async Task<Checked<SignedCall>> ReadAsync(HttpRequest http, CancellationToken ct)
    {
        if ((await ReadAnyAsync(http, ct)).Failed(out var error, out var call)) return error;
        return !call.Caller.Person.IsServiceAccount && await budgets.TakeChangeAsync(call.Caller.Person, ct) is { } tooMany ? tooMany : call;
    }

    /// <summary>The same, where a service account makes so many in an hour too: what no back end does for each of its users.</summary>
    public async Task<Checked<SignedCall>> ReadSparseAsync(HttpRequest http, CancellationToken ct)
    {
        if ((await ReadAnyAsync(http, ct)).Failed(out var error, out var call)) return error;
        return await budgets.TakeChangeAsync(call.Caller.Person, ct) is { } tooMany ? tooMany : call;
    }

    private async Task<Checked<SignedCall>> ReadAnyAsync(HttpRequest http, CancellationToken ct)
    {
        if ((await callers.ReadAsync(http, () => JsonBody.ReceiveOptionalAsync(http, limits.Value.MaxSizeBytes, ct), ct)).Failed(out var error, out var called)) return error;
        var (caller, body) = called;
        if (SignedPayload.Digest(body) is not { } digest) return JsonBody.Parse<object>(body).Failed(out error, out _) ? error : ErrorCatalog.BodyNotJson;

        if (await tokens.ReadAsync(http.Headers[Header], TokenPurpose.SignedUserAction, ct) is not { } reference) return ErrorCatalog.UserActionMissing;
        var now = clock.GetUtcNow();
        var (action, evidence) = await ceremonies.FindSignedAsync(reference, now, ct);
        if (action is null || action.OrganisationId != caller.OrganisationId || action.UserId != caller.User.Id) return ErrorCatalog.UserActionMissing;
        if (action.SpentAt is not null) return ErrorCatalog.UserActionAlreadyUsed;
        if (action.BoundTo != SignedCall.BoundTo(http.Method, http.Path.Value ?? "", digest, caller.Token.Id)) return ErrorCatalog.UserActionMissing with { Reason = "signed for another call, or in another session" };

        var signed = action.Result;
        action.SpentAt = now;
        if (evidence is not null) evidence.PerformedAt = now;
        action.MarkUse(entropy);
        return new SignedCall(caller, body, action, signed);
    }

    /// <summary>Reads a call by which a service account speaks for somebody else.</summary>
    /// <param name="http">The request.</param>
    /// <param name="permission">What the service account must have been permitted.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The call; or what is wrong with it, 403 for a person, or for a service account without the permission.</returns>
    public async Task<Checked<SignedCall>> ReadDelegatedAsync(HttpRequest http, string permission, CancellationToken ct)
    {
        if ((await ReadAsync(http, ct)).Failed(out var error, out var call)) return error;
        return call.Caller.LackingAsServiceAccount(permission) is { } lacking ? lacking : call;
    }

    /// <summary>Saves everything that is tracked and uses up the action with it; all of it or none of it.</summary>
    /// <returns>Null, or what another request left for this one.</returns>
    public async Task<ApiError?> CommitAsync(SignedCall call, CancellationToken ct)
    {
        if (await changes.TrySaveAsync(ct) is not { } lost) return null;
        var action = await ceremonies.LookAsync(new TokenReference(call.Action.OrganisationId, call.Action.Id), ct);
        // Used: by this very call, in a commit whose answer was lost, or by another; else it was ended without a use.
        if (action?.SpentAt is not null && action.Result != call.Signed) return action.Result == call.Action.Result ? null : ErrorCatalog.UserActionAlreadyUsed;
        return lost.Taken ?? ErrorCatalog.ChangedMeanwhile;
    }

    /// <summary>The same for a call by which a service account has spoken for somebody else, with the permission that it was read with.</summary>
    /// <returns>Null, or what another request left for this one; or that the service account may no longer, and then nothing that was opened is open.</returns>
    public async Task<ApiError?> CommitDelegatedAsync(SignedCall call, string permission, CancellationToken ct)
    {
        if (await CommitAsync(call, ct) is { } conflict) return conflict;
        // As it is stored, not as it was read.
        changes.Forget();
        var again = await accesses.LookAgainAsync(call.Caller, clock.GetUtcNow(), ct);
        if ((again is null ? ErrorCatalog.NotAuthorized : again.LackingAsServiceAccount(permission)) is not { } lacking) return null;
        changes.EndVouched(call.Caller.User, Permission.VouchesFor(permission));
        await changes.SaveAsync(CancellationToken.None);
        return lacking;
    }
}
