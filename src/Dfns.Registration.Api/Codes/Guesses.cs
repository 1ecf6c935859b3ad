using System.Security.Cryptography;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Codes;

/// <summary>Guesses at mailed codes: counted, then compared. Whether there is such a user shows neither in an answer nor in the work done.</summary>
internal sealed class Guesses(
    GuessStore store, AttemptBudgets budgets, RelyingParties relyingParties, RequestFacts facts, MasterKey masterKey, TimeProvider clock, IOptions<CodeOptions> options)
{
    // No code has it.
    private static readonly byte[] NoHash = new byte[32];

    /// <summary>Tries a code, within the budgets of whoever tries. It is not spent by that: what it opens spends it at its end.</summary>
    /// <param name="http">Whose address counts.</param>
    /// <param name="purpose">What the code must have been sent for.</param>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="typed">The code as typed.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>
    /// Whose code it is, which is for what it opens to take back from the counts, whether or not anybody still waits for it; one of the two errors of status 429; or one error for a
    /// code that is wrong, locked or nobody's, and for one that is spent or expired; of a registration, whose holder is told more, only for one
    /// whose invitation has ended.
    /// </returns>
    public async Task<Checked<RightGuess>> GuessAsync(HttpContext http, CodePurpose purpose, string organisationId, string username, string typed, CancellationToken ct)
    {
        var decoyId = CodeStore.DecoyId(masterKey, organisationId, username);
        var (address, pair) = budgets.Of(http, AttemptKinds.GuessOf(purpose), organisationId, username);
        var found = await store.CountAsync(new Guess(purpose, organisationId, User.Fold(username), decoyId, address, pair), ct);
        (facts.OrganisationId, facts.SubjectId) = (found.IsSetUp == true ? organisationId : null, found.UserId);
        if (await budgets.FaultAsync(organisationId, address, found.AddressUsed, found.AddressEndsAt, found.PairUsed, found.PairEndsAt, ct) is { } tooMany) return tooMany;

        // Of a sign-in the organisation is no secret, and nobody guesses one: it stands in every front end.
        if (purpose == CodePurpose.Login && found.IsSetUp != true) return ErrorCatalog.OrganisationUnknown.At("$.orgId");

        var now = clock.GetUtcNow();
        var hash = CodeStore.Hash(masterKey, purpose, found.UserId is null ? "" : organisationId, found.UserId ?? decoyId, typed);
        // Compared with both whether or not there are two.
        var isEarlier = CryptographicOperations.FixedTimeEquals(hash, found.EarlierCodeHash ?? NoHash);
        var right = CryptographicOperations.FixedTimeEquals(hash, found.CodeHash ?? NoHash) | isEarlier;
        var isExpired = (isEarlier ? found.EarlierExpiresAt : found.ExpiresAt) <= now;
        // Not even the holder of a code is told of an invitation that has ended: it may have been found in somebody else's mailbox.
        var over = purpose != CodePurpose.Registration ? found.ConsumedAt is not null || isExpired : found.RegisteredAt is null && found.InvitationEndsAt <= now;
        // From an address that has not guessed wrong at this user lately a right code counts even when others have locked it: a code has 80
        // bits, and a first guess from every address there is finds none (NIST SP 800-63B asks for a limit below 64).
        var locked = found.FailedAttempts + (isEarlier ? found.EarlierFailedAttempts : 0) > options.Value.MaxFailures && found.PairUsed > 1;
        if (found.UserId is not { } userId || !right || over || locked)
        {
            return ErrorCatalog.InvalidCode with { Reason = found.UserId is null ? "no such user" : !right ? "wrong code" : over ? "spent or expired" : "locked" };
        }

        // From here on the caller has proven to hold the code, and may know.
        var user = new User
        {
            OrganisationId = organisationId,
            Id = userId,
            Username = found.Username!,
            UsernameFolded = User.Fold(username),
            Kind = Enum.Parse<UserKind>(found.Kind!),
            IsActive = found.IsActive == true,
            CreatedAt = default,
            RegisteredAt = found.RegisteredAt,
            InvitationEndsAt = found.InvitationEndsAt,
        };
        return new RightGuess(
            user,
            // Counted as wrong until it is taken back, which whoever hangs up now is not to be kept from.
            await relyingParties.GetAsync(organisationId, found.RelyingPartyVersion, CancellationToken.None),
            IsSpent: found.ConsumedAt is not null,
            IsExpired: isExpired,
            new CountedGuess(purpose, organisationId, userId, hash, pair, found.PairEndsAt!.Value));
    }

    /// <summary>Takes the count of a right guess back that opens nothing, because of something else.</summary>
    public Task ReturnAsync(RightGuess guess) => store.ReturnAsync(guess.Counted, CancellationToken.None);
}

/// <summary>A guess that was right.</summary>
/// <param name="User">Whose code it is; not tracked, and of what can change only whether the user is active and registered.</param>
/// <param name="RelyingParty">Of the organisation; not to be changed.</param>
/// <param name="IsSpent">Whether the code was used to its end already.</param>
/// <param name="IsExpired">Whether its time is over.</param>
/// <param name="Counted">What has to be taken back from the counts.</param>
internal sealed record RightGuess(User User, RelyingParty RelyingParty, bool IsSpent, bool IsExpired, CountedGuess Counted);
