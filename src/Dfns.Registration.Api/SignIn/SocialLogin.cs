using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// <c>POST /auth/login/social</c>: an ID token of the organisation's provider for a session of the user it belongs to. A token signs in once:
/// unlike a registration, which completes once however often it is started, each sign-in would be another session.
/// </summary>
internal static class SocialLogin
{
    internal static async Task<Results<Ok<LoginResponse>, ErrorResult>> LoginAsync(
        HttpRequest http, AttemptBudgets budgets, IdTokenValidator validator, SocialStore social, UserStore users, CeremonyStore ceremonies, Changes changes, Sessions sessions, RequestFacts facts,
        Entropy entropy, TimeProvider clock, IOptions<SocialOptions> options, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<SocialRequest>(http, SocialOptions.BodySizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        if (request.KindFault() is { } badKind) return (ErrorResult)badKind;

        if (await budgets.TakeAsync(http.HttpContext, request.OrgId, ct) is { } tooMany) return (ErrorResult)tooMany;
        if ((await validator.ValidateAsync(request.OrgId, request.IdToken, request.Nonce, ct)).Failed(out error, out var identity)) return (ErrorResult)error;

        while (true)
        {
            // Whose: of the issuer and the subject, never of the address. Whoever holds the provider's word may know whether there is such a user.
            var user = await users.FindRegisteredAsync(identity.OrganisationId, await social.FindUserAsync(identity, ct), ct);
            if (user is null) return (ErrorResult)ErrorCatalog.UserNotFound;
            facts.SubjectId = user.Id;
            if (!user.IsActive) return (ErrorResult)ErrorCatalog.UserDeactivated;
            if (identity.FaultOf(user) is { } revoked) return (ErrorResult)revoked;

            // Once: the row of this token is there already, or it is now, together with the session.
            var use = Use(request.IdToken, user, entropy, clock.GetUtcNow(), options.Value.MaxTokenAge);
            var (mark, reference) = (use.MarkUse(entropy), new TokenReference(use.OrganisationId, use.Id));
            ceremonies.Add(use);
            var session = sessions.Open(user, SessionProof.On(identity.Voucher), http.RemoteAddress(), identity.Issuer);
            if (await changes.TrySaveAsync(ct) is null || await ceremonies.IsUsedByAsync(reference, mark, ct))
            {
                if (await social.NoLongerTakenAsync(identity, ct) is { } untaken)
                {
                    changes.End(session.Token);
                    await changes.SaveAsync(ct);
                    return (ErrorResult)untaken;
                }

                facts.CallerId = user.Id;
                return TypedResults.Ok(new LoginResponse(await sessions.TokenAsync(session, ct)));
            }

            // Else the user has changed meanwhile: looked at again.
            if (await ceremonies.LookAsync(reference, ct) is not null) return (ErrorResult)ErrorCatalog.IdTokenAlreadyUsed;
        }
    }

    // Named by what is signed, not by the signature: of an ECDSA signature there are two. Kept until no clock takes the token any more.
    private static Ceremony Use(string idToken, User user, Entropy entropy, DateTimeOffset now, TimeSpan maxTokenAge)
    {
        var signed = idToken.AsSpan(0, idToken.LastIndexOf('.'));
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(signed.ToString())).AsSpan(0, 16));
        var use = Ceremony.Open(entropy, user.OrganisationId, CeremonyPurpose.SocialLogin, user.Id, now, maxTokenAge + (2 * IdTokenValidator.ClockDifference), id: $"it-{digest}");
        use.ConsumedAt = now;
        return use;
    }
}
