using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Takes the answer to an open challenge: proves it, spends the challenge, and stores what follows from it; all of it or none of it.</summary>
internal sealed class ChallengeAnswers(
    AnswerStore store, CeremonyStore ceremonies, CallerReader callers, Changes changes, TokenService tokens, Factors factors, RequestFacts facts, Entropy entropy, TimeProvider clock)
{
    /// <summary>Takes an answer.</summary>
    /// <typeparam name="T">What follows from it.</typeparam>
    /// <param name="request">The parsed body.</param>
    /// <param name="purpose">What the challenge must have been issued for.</param>
    /// <param name="caller">The token of whoever calls, whose challenge it must be; null where nobody is known before the proof.</param>
    /// <param name="then">Adds what follows to the tracked rows, in memory; runs again when another request came first.</param>
    /// <param name="ct">Ends the waiting before the commit.</param>
    /// <returns>What followed; or the first fault, and then the challenge is as it was.</returns>
    public async Task<Checked<T>> TakeAsync<T>(AnswerRequest request, TokenPurpose purpose, TokenReference? caller, Func<AnswerableChallenge, ProvenFactors, Checked<T>> then, CancellationToken ct)
        where T : notnull
    {
        if (string.IsNullOrEmpty(request.ChallengeIdentifier)) return ErrorCatalog.MemberRequired.At("$.challengeIdentifier");
        if (await tokens.ReadAsync(request.ChallengeIdentifier, purpose, ct) is not { } reference) return ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");
        facts.OrganisationId = reference.OrganisationId;
        if (Factors.Read(request).Failed(out var error, out var read)) return error;

        for (var attempt = 1; ; attempt++)
        {
            var now = clock.GetUtcNow();
            if ((await FindAsync(reference, caller, read.Named, now, ct)).Failed(out error, out var open)) return error;
            // Of nobody's sign-in somebody else's rows were read.
            facts.SubjectId = open.Ceremony.Purpose == CeremonyPurpose.LoginOfNobody ? null : open.Ceremony.UserId ?? open.User?.Id;
            if ((await factors.VerifyAsync(read, open)).Failed(out error, out var proven)) return error;
            facts.CallerId = proven.User.Id;
            // A challenge that names nobody was not closed with everything else of the user: it counts if it was issued after that. Of one instant it does not.
            if (open.Ceremony.UserId is null && open.Ceremony.CreatedAt <= proven.User.EndedAt) return ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");
            Watch(open);
            open.Ceremony.ConsumedAt = now;
            var use = open.Ceremony.MarkUse(entropy);
            if (then(open, proven).Failed(out error, out var result)) return error;
            if (attempt == Changes.Attempts)
            {
                await changes.SaveAsync(ct);
                return result;
            }

            // The challenge was answered, or a credential used or archived, meanwhile: look again. Or it was this very answer that came first,
            // in a commit whose answer was lost on the way, and which the driver has then sent again.
            if (await changes.TrySaveAsync(ct) is null || await ceremonies.IsUsedByAsync(reference, use, ct)) return result;
        }
    }

    private async Task<Checked<AnswerableChallenge>> FindAsync(TokenReference reference, TokenReference? caller, NamedFactors named, DateTimeOffset now, CancellationToken ct)
    {
        var notValid = ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");
        if (caller is null) return await store.FindAsync(reference, named, now, ct) is { } anybodys ? anybodys : notValid;

        if (await store.FindAsync(caller, reference, named, now, ct) is not ({ } who, var open)) return ErrorCatalog.NotAuthorized;
        await callers.NoteCallAsync(who, now, ct);
        return open is not null && string.Equals(open.Ceremony.UserId, who.User.Id, StringComparison.Ordinal) && SignedCall.IsOf(open.Ceremony, who.Token) ? open : notValid;
    }

    // What an answer that is proven changes. Before that nothing is watched: it takes time, which would tell at a forged answer that there
    // is such a user.
    private void Watch(AnswerableChallenge answered)
    {
        changes.Watch(answered.Ceremony);
        if (answered.Code is { } code) changes.Watch(code);
        foreach (var other in answered.Alike) changes.Watch(other);
        // The user's own challenge is closed by what ends everything; else the user's row tells.
        if (answered.Ceremony.UserId is null) changes.Watch(answered.User!, nameof(User.EndedAt));
    }
}
