using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Takes the answer to an open challenge: proves it, spends the challenge, and stores what follows from it; all of it or none of it.</summary>
internal sealed class ChallengeAnswers(CeremonyStore ceremonies, Changes changes, TokenService tokens, Factors factors, Entropy entropy, TimeProvider clock)
{
    private const int Attempts = 5;

    /// <summary>Takes an answer.</summary>
    /// <typeparam name="T">What follows from it.</typeparam>
    /// <param name="request">The parsed body.</param>
    /// <param name="purpose">What the challenge must have been issued for.</param>
    /// <param name="caller">The user whose challenge it must be; null where nobody is known before the proof.</param>
    /// <param name="then">Adds what follows to the tracked rows, in memory; runs again when another request came first.</param>
    /// <param name="ct">Ends the waiting before the commit.</param>
    /// <returns>What followed; or the first fault, and then the challenge is as it was.</returns>
    public async Task<Checked<T>> TakeAsync<T>(AnswerRequest request, TokenPurpose purpose, string? caller, Func<Ceremony, ProvenFactors, Task<Checked<T>>> then, CancellationToken ct)
        where T : notnull
    {
        if (string.IsNullOrEmpty(request.ChallengeIdentifier)) return ErrorCatalog.MemberRequired.At("$.challengeIdentifier");
        if (await tokens.ReadAsync(request.ChallengeIdentifier, purpose, ct) is not { } reference) return ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");

        for (var attempt = 1; ; attempt++)
        {
            var now = clock.GetUtcNow();
            var open = await ceremonies.FindOpenAsync(reference, now, ct);
            if (open is null || (caller is not null && open.Ceremony.UserId != caller)) return ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");

            if ((await factors.VerifyAsync(request, open.Ceremony, open.RelyingParty, ct)).Failed(out var error, out var proven)) return error;
            open.Ceremony.ConsumedAt = now;
            var use = open.Ceremony.MarkUse(entropy);
            if ((await then(open.Ceremony, proven)).Failed(out error, out var result)) return error;
            if (attempt == Attempts)
            {
                await changes.SaveAsync(ct);
                return result;
            }

            // The challenge was answered, or a credential used or archived, meanwhile: look again. Or it was this very answer that came first,
            // in a commit whose answer was lost on the way, and which the driver has then sent again.
            if (await changes.TrySaveAsync(ct) is null || await ceremonies.IsUsedByAsync(reference, use, ct)) return result;
        }
    }
}
