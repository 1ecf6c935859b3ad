using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary>Opens sessions on the word of a provider, whichever way its ID token came. A token signs in once.</summary>
internal sealed class ProviderSignIn(
    SocialStore social, UserStore users, CeremonyStore ceremonies, Changes changes, Sessions sessions, RequestFacts facts, Entropy entropy, TimeProvider clock, IOptions<SocialOptions> options)
{
    /// <summary>Opens a session of the user of an identity.</summary>
    /// <param name="http">For the audit row.</param>
    /// <param name="identity">Who it is, after every check.</param>
    /// <param name="idToken">The token that said so.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>
    /// The session; or there is no such user, or none who is active, everything of theirs was ended since, the token has signed in already, or is taken no more.
    /// </returns>
    public async Task<Checked<LoginResponse>> OpenAsync(HttpRequest http, SocialIdentity identity, string idToken, CancellationToken ct)
    {
        while (true)
        {
            // Whose: of the issuer and the subject, never of the address. Whoever holds the provider's word may know whether there is such a user.
            var user = await users.FindRegisteredAsync(identity.OrganisationId, await social.FindUserAsync(identity, ct), ct);
            if (user is null) return ErrorCatalog.UserNotFound;
            facts.SubjectId = user.Id;
            if (!user.IsActive) return ErrorCatalog.UserDeactivated;
            if (identity.FaultOf(user) is { } revoked) return revoked;

            // Once: the row of this token is there already, or it is now, together with the session.
            var use = Use(idToken, user);
            var (mark, reference) = (use.MarkUse(entropy), new TokenReference(use.OrganisationId, use.Id));
            ceremonies.Add(use);
            var session = sessions.Open(user, SessionProof.On(identity.Voucher), http.RemoteAddress(), identity.Issuer);
            if (await changes.TrySaveAsync(ct) is null || await ceremonies.IsUsedByAsync(reference, mark, ct))
            {
                if (await social.NoLongerTakenAsync(identity, ct) is { } untaken)
                {
                    changes.End(session.Token);
                    await changes.SaveAsync(ct);
                    return untaken;
                }

                facts.CallerId = user.Id;
                return new LoginResponse(await sessions.TokenAsync(session, ct));
            }

            // Else the user has changed meanwhile: looked at again.
            if (await ceremonies.LookAsync(reference, ct) is not null) return ErrorCatalog.IdTokenAlreadyUsed;
        }
    }

    // Named by what is signed, not by the signature: of an ECDSA signature there are two. Kept until no clock takes the token any more.
    private Ceremony Use(string idToken, User user)
    {
        var now = clock.GetUtcNow();
        var signed = idToken.AsSpan(0, idToken.LastIndexOf('.'));
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(signed.ToString())).AsSpan(0, 16));
        var use = Ceremony.Open(entropy, user.OrganisationId, CeremonyPurpose.SocialLogin, user.Id, now, options.Value.MaxTokenAge + (2 * IdTokenValidator.ClockDifference), relyingPartyId: null, id: $"it-{digest}");
        use.ConsumedAt = now;
        return use;
    }
}
