using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>
/// What anybody may try without having proven who he is, counted in the database by one statement, before anything is looked up. Every
/// well-formed request counts against its address. A guess counts against the pair of address and username too, whether or not there is
/// such a user; never against the username alone: else whoever knows a name could lock its owner out from afar.
/// </summary>
internal sealed class AttemptBudgets(AttemptBudgetStore store, RequestFacts facts, MasterKey masterKey, TimeProvider clock, IOptions<RateLimitOptions> options)
{
    /// <summary>The window of an address: it begins with a request and ends so long after it, whatever comes meanwhile.</summary>
    public static readonly TimeSpan AddressWindow = TimeSpan.FromHours(1);

    /// <summary>The window of an address together with a username.</summary>
    public static readonly TimeSpan UserWindow = TimeSpan.FromMinutes(15);

    /// <summary>Counts a request that names no user.</summary>
    /// <param name="http">Whose address counts.</param>
    /// <param name="organisationId">As sent, if it was; need not exist. Where it does, the audit trail tells of what was refused.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Null, or <see cref="ErrorCatalog.TooManyRequests"/> with the time that is left.</returns>
    public async Task<ApiError?> TakeAsync(HttpContext http, string? organisationId, CancellationToken ct)
    {
        var (now, id) = (Now, AddressId(http));
        var address = (await store.CountAsync(id, Ends(now, AddressWindow), now, options.Value.StartsPerHour, ct)).SingleOrDefault();
        return await ToldAsync(await AddressFaultAsync(id, address?.Used, address?.WindowEndsAt, ct), organisationId, ct);
    }

    /// <summary>Counts a request that names a user.</summary>
    /// <param name="http">Whose address counts.</param>
    /// <param name="kind">What is tried.</param>
    /// <param name="organisationId">As sent; need not exist. Where it does, the audit trail tells of what was refused.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Null, or one of the two errors of status 429, with the time that is left.</returns>
    public async Task<ApiError?> TakeAsync(HttpContext http, AttemptKind kind, string organisationId, string username, CancellationToken ct)
    {
        var (now, ids) = (Now, Of(http, kind, organisationId, username));
        var rows = await store.CountAsync(ids.Address, Ends(now, AddressWindow), now, options.Value.StartsPerHour, ids.Pair, Ends(now, UserWindow), ct);
        var (address, pair) = (rows.Find(r => r.Id.AsSpan().SequenceEqual(ids.Address)), rows.Find(r => r.Id.AsSpan().SequenceEqual(ids.Pair)));
        return await FaultAsync(organisationId, ids.Address, address?.Used, address?.WindowEndsAt, pair?.Used, pair?.WindowEndsAt, ct);
    }

    /// <summary>Counts a change that somebody makes, each of which leaves a row in the audit trail.</summary>
    /// <returns>Null, or <see cref="ErrorCatalog.TooManyRequests"/> with the time that is left.</returns>
    public async Task<ApiError?> TakeChangeAsync(User user, CancellationToken ct)
    {
        var (now, id) = (Now, masterKey.HashBudget($"change\0{user.OrganisationId}\0{user.Id}"));
        var budget = (await store.CountAsync(id, Ends(now, AddressWindow), now, options.Value.ChangesPerHour, ct)).SingleOrDefault();
        return budget?.Used <= options.Value.ChangesPerHour
            ? null
            : ErrorCatalog.TooManyRequests with { RetryAfterSeconds = Left(budget?.WindowEndsAt ?? (await store.FindAsync(id, ct))?.WindowEndsAt) };
    }

    /// <summary>The budgets that a guess counts against: that of the address, and that of the address and the name.</summary>
    public (byte[] Address, byte[] Pair) Of(HttpContext http, AttemptKind kind, string organisationId, string username) =>
        // The network stands first: whatever a client writes into the rest, it stays among budgets of its own.
        (AddressId(http), masterKey.HashBudget($"{http.Request.RemoteNetwork()}\0{kind}\0{organisationId}\0{User.Fold(username)}"));

    /// <summary>What a request that was counted is refused with.</summary>
    /// <param name="organisationId">As sent; need not exist. Where it does, the audit trail tells of what was refused.</param>
    /// <param name="address">The budget of its address.</param>
    /// <param name="addressUsed">What that has used up with this request; null where there was nothing left, and nothing was counted.</param>
    /// <param name="addressEndsAt">The end of its window: seconds since 1970 UTC.</param>
    /// <param name="pairUsed">What the address and the name have used up with this request.</param>
    /// <param name="pairEndsAt">The end of their window.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Null; or one of the two errors of status 429, with the time that is left.</returns>
    public async Task<ApiError?> FaultAsync(string organisationId, byte[] address, long? addressUsed, long? addressEndsAt, long? pairUsed, long? pairEndsAt, CancellationToken ct) => await ToldAsync(
        await AddressFaultAsync(address, addressUsed, addressEndsAt, ct)
            ?? (pairUsed <= options.Value.AttemptsPerUser ? null : ErrorCatalog.TooManyAttempts with { RetryAfterSeconds = Left(pairEndsAt) }),
        organisationId, ct);

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    private static long Ends(long now, TimeSpan window) => now + (long)window.TotalSeconds;

    private int Left(long? endsAt) => (int)Math.Max(1, endsAt - Now ?? 1);

    private byte[] AddressId(HttpContext http) => masterKey.HashBudget(http.Request.RemoteNetwork());

    private async Task<ApiError?> ToldAsync(ApiError? fault, string? organisationId, CancellationToken ct)
    {
        // A guess may have told already, together with what it looked up.
        if (fault is not null && facts.OrganisationId is null && organisationId is not null && await store.IsOrganisationAsync(organisationId, ct)) facts.OrganisationId = organisationId;
        return fault;
    }

    // Nothing was written: the address had nothing left. Something was, at once with others, and it was one too many.
    private async Task<ApiError?> AddressFaultAsync(byte[] id, long? used, long? endsAt, CancellationToken ct) => used <= options.Value.StartsPerHour
        ? null
        : ErrorCatalog.TooManyRequests with { RetryAfterSeconds = Left(endsAt ?? (await store.FindAsync(id, ct))?.WindowEndsAt) };
}

/// <summary>What is tried; each kind has a budget of its own, so that wrong codes leave those for a new code untouched.</summary>
internal enum AttemptKind
{
    RegistrationCode,
    RegistrationCodeRequest,
    LoginCode,
    LoginCodeRequest,
    RecoveryCode,
    RecoveryCodeRequest,
}

/// <summary>Which budget what is tried with a code counts against.</summary>
internal static class AttemptKinds
{
    /// <summary>Guessing at a code.</summary>
    public static AttemptKind GuessOf(CodePurpose purpose) => purpose switch
    {
        CodePurpose.Registration => AttemptKind.RegistrationCode,
        CodePurpose.Login => AttemptKind.LoginCode,
        CodePurpose.Recovery => AttemptKind.RecoveryCode,
    };

    /// <summary>Asking for a code.</summary>
    public static AttemptKind RequestOf(CodePurpose purpose) => purpose switch
    {
        CodePurpose.Registration => AttemptKind.RegistrationCodeRequest,
        CodePurpose.Login => AttemptKind.LoginCodeRequest,
        CodePurpose.Recovery => AttemptKind.RecoveryCodeRequest,
    };
}
