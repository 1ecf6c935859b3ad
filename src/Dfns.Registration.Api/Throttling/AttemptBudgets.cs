using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>
/// What anybody may try without having proven who he is, counted in the database by one statement, before anything is looked up. Every
/// well-formed request counts against its address. A guess counts against the pair of address and username too, whether or not there is
/// such a user; never against the username alone: else whoever knows a name could lock its owner out from afar.
/// </summary>
internal sealed class AttemptBudgets(AttemptBudgetStore store, MasterKey masterKey, TimeProvider clock, IOptions<RateLimitOptions> options)
{
    /// <summary>The window of an address: it begins with a request and ends so long after it, whatever comes meanwhile.</summary>
    public static readonly TimeSpan AddressWindow = TimeSpan.FromHours(1);

    /// <summary>The window of an address together with a username.</summary>
    public static readonly TimeSpan UserWindow = TimeSpan.FromMinutes(15);

    /// <summary>Counts a request that names no user.</summary>
    /// <returns>Null, or <see cref="ErrorCatalog.TooManyRequests"/> with the time that is left.</returns>
    public async Task<ApiError?> TakeAsync(HttpContext http, CancellationToken ct)
    {
        var (now, address) = (Now, AddressId(http));
        var rows = await store.CountAsync(address, Ends(now, AddressWindow), now, options.Value.StartsPerHour, ct);
        return await AddressFaultAsync(rows, address, now, ct);
    }

    /// <summary>Counts a request that names a user and may be a guess.</summary>
    /// <param name="http">Whose address counts.</param>
    /// <param name="kind">What is tried.</param>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The attempt, to be given back if it was no guess; or one of the two errors of status 429, with the time that is left.</returns>
    public async Task<Checked<Attempt>> TakeAsync(HttpContext http, AttemptKind kind, string organisationId, string username, CancellationToken ct)
    {
        var (now, address) = (Now, AddressId(http));
        // The network stands first: whatever a client writes into the rest, it stays among budgets of its own.
        var user = masterKey.HashBudget($"{RemoteNetwork.Of(http)}\0{kind}\0{organisationId}\0{User.Fold(username)}");
        var rows = await store.CountAsync(address, Ends(now, AddressWindow), now, options.Value.StartsPerHour, user, Ends(now, UserWindow), ct);
        if (await AddressFaultAsync(rows, address, now, ct) is { } fault) return fault;
        var taken = rows.Single(r => r.Id.AsSpan().SequenceEqual(user));
        if (taken.Used > options.Value.AttemptsPerUser) return ErrorCatalog.TooManyAttempts with { RetryAfterSeconds = Left(taken, now) };
        return new Attempt(taken.Id, taken.WindowEndsAt, IsFirst: taken.Used == 1);
    }

    /// <summary>Tries a code, within its budget.</summary>
    /// <typeparam name="T">What the code opens.</typeparam>
    /// <param name="http">Whose address counts.</param>
    /// <param name="purpose">Of the code.</param>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="attempt">Tries it; told whether this address has not guessed wrong at this user in this window.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>What the attempt returns, or one of the two errors of status 429.</returns>
    public async Task<Checked<T>> GuessAsync<T>(
        HttpContext http, CodePurpose purpose, string organisationId, string username, Func<bool, Task<Checked<T>>> attempt, CancellationToken ct)
        where T : notnull
    {
        if ((await TakeAsync(http, AttemptKinds.GuessOf(purpose), organisationId, username, ct)).Failed(out var error, out var taken)) return error;
        var opened = await attempt(taken.IsFirst);
        var guessed = opened.Failed(out error, out _) && error.Code == ErrorCatalog.InvalidCode.Code;
        // Whoever holds the code has not guessed, whatever else is in the way.
        if (!guessed) await ReturnAsync(taken, ct);
        return opened;
    }

    /// <summary>Takes an attempt back that turned out to be no guess. What the address has used up stays used up.</summary>
    public Task ReturnAsync(Attempt attempt, CancellationToken ct) => store.ReturnAsync(attempt.Id, attempt.WindowEndsAt, ct);

    /// <summary>Deletes the budgets whose window is over.</summary>
    /// <returns>How many rows.</returns>
    public Task<int> CleanAsync(CancellationToken ct) => store.CleanAsync(Now, ct);

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    private static long Ends(long now, TimeSpan window) => now + (long)window.TotalSeconds;

    private static int Left(AttemptBudget? budget, long now) => (int)Math.Max(1, budget?.WindowEndsAt - now ?? 1);

    private byte[] AddressId(HttpContext http) => masterKey.HashBudget(RemoteNetwork.Of(http));

    // Nothing was written: the address had nothing left. Something was, at once with others, and it was one too many.
    private async Task<ApiError?> AddressFaultAsync(List<AttemptBudget> rows, byte[] address, long now, CancellationToken ct)
    {
        var taken = rows.Find(r => r.Id.AsSpan().SequenceEqual(address));
        if (taken?.Used <= options.Value.StartsPerHour) return null;
        taken ??= await store.FindAsync(address, ct);
        return ErrorCatalog.TooManyRequests with { RetryAfterSeconds = Left(taken, now) };
    }
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

/// <summary>An attempt that was within its budgets.</summary>
/// <param name="Id">The budget it was taken from.</param>
/// <param name="WindowEndsAt">The window it was taken in, by its end.</param>
/// <param name="IsFirst">Whether this address has guessed wrong at this user in this window: not yet.</param>
internal sealed record Attempt(byte[] Id, long WindowEndsAt, bool IsFirst);
