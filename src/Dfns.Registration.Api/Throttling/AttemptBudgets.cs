using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>
/// What anybody may try without having proven who he is, counted in the database by one statement, before anything is looked up. Every
/// well-formed request counts against its address. A guess counts against the pair of address and username too, whether or not there is
/// such a user; never against the username alone: else whoever knows a name could lock its owner out from afar.
/// </summary>
internal sealed class AttemptBudgets(RegistrationDbContext db, MasterKey masterKey, TimeProvider clock, IOptions<RateLimitOptions> options)
{
    /// <summary>The window of an address: it begins with a request and ends so long after it, whatever comes meanwhile.</summary>
    public static readonly TimeSpan AddressWindow = TimeSpan.FromHours(1);

    /// <summary>The window of an address together with a username.</summary>
    public static readonly TimeSpan UserWindow = TimeSpan.FromMinutes(15);

    // {0} address, {1} end of its window, {2} now, {3} its limit, {4} user, {5} end of that window. The address comes first, so that no two
    // statements wait for each other; and nothing is written once it has nothing left, so that a flood makes no rows.
    private const string CountAddress = Begin + "({0}, {1})" + End;
    private const string CountBoth = Begin + "({0}, {1}), ({4}, {5})" + End;
    private const string Begin = "INSERT INTO attempt_budgets (id, window_ends_at, used) SELECT column1, column2, 1 FROM (VALUES ";
    private const string End =
        """
        ) AS asked
        WHERE NOT EXISTS (SELECT 1 FROM attempt_budgets WHERE id = {0} AND window_ends_at > {2} AND used >= {3})
        ON CONFLICT (id) DO UPDATE SET
            used = CASE WHEN attempt_budgets.window_ends_at > {2} THEN attempt_budgets.used + 1 ELSE 1 END,
            window_ends_at = CASE WHEN attempt_budgets.window_ends_at > {2} THEN attempt_budgets.window_ends_at ELSE excluded.window_ends_at END
        RETURNING id, window_ends_at, used
        """;

    /// <summary>Counts a request that names no user.</summary>
    /// <returns>Null, or <see cref="ErrorCatalog.TooManyRequests"/> with the time that is left.</returns>
    public async Task<ApiError?> TakeAsync(HttpContext http, CancellationToken ct)
    {
        var (now, address) = (Now, AddressId(http));
        var rows = await CountAsync(CountAddress, [address, Ends(now, AddressWindow), now, (long)options.Value.StartsPerHour], ct);
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
        var rows = await CountAsync(CountBoth, [address, Ends(now, AddressWindow), now, (long)options.Value.StartsPerHour, user, Ends(now, UserWindow)], ct);
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
    public Task ReturnAsync(Attempt attempt, CancellationToken ct) =>
        db.AttemptBudgets.Where(b => b.Id == attempt.Id && b.WindowEndsAt == attempt.WindowEndsAt && b.Used > 0)
            .ExecuteUpdateAsync(b => b.SetProperty(x => x.Used, x => x.Used - 1), ct);

    /// <summary>Deletes the budgets whose window is over.</summary>
    /// <returns>How many rows.</returns>
    public Task<int> CleanAsync(CancellationToken ct)
    {
        var now = Now;
        return db.AttemptBudgets.Where(b => b.WindowEndsAt <= now).ExecuteDeleteAsync(ct);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    private static long Ends(long now, TimeSpan window) => now + (long)window.TotalSeconds;

    private static int Left(AttemptBudget? budget, long now) => (int)Math.Max(1, budget?.WindowEndsAt - now ?? 1);

    private byte[] AddressId(HttpContext http) => masterKey.HashBudget(RemoteNetwork.Of(http));

    // On SQLite a statement that comes to write after another has written since it began to read is refused; a transaction has the right to
    // write from its start, and waits for it.
    private async Task<List<AttemptBudget>> CountAsync(string sql, object[] parameters, CancellationToken ct)
    {
        await using var transaction = db.Database.IsSqlite() ? await db.Database.BeginTransactionAsync(ct) : null;
        var rows = await db.AttemptBudgets.FromSqlRaw(sql, parameters).AsNoTracking().ToListAsync(ct);
        if (transaction is not null) await transaction.CommitAsync(ct);
        return rows;
    }

    // Nothing was written: the address had nothing left. Something was, at once with others, and it was one too many.
    private async Task<ApiError?> AddressFaultAsync(List<AttemptBudget> rows, byte[] address, long now, CancellationToken ct)
    {
        var taken = rows.Find(r => r.Id.AsSpan().SequenceEqual(address));
        if (taken?.Used <= options.Value.StartsPerHour) return null;
        taken ??= await db.AttemptBudgets.AsNoTracking().SingleOrDefaultAsync(b => b.Id == address, ct);
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
