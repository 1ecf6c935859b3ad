using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Puts a challenge for new credentials into the shape of the wire.</summary>
internal static class RegistrationChallenge
{
    /// <summary>The answer that every way of starting a registration or a recovery gets.</summary>
    public static async Task<RegistrationChallengeResponse> OfAsync(Ceremony ceremony, User user, RelyingParty relyingParty, TokenService tokens, CancellationToken ct)
    {
        var kinds = CredentialSlots.FactorKinds.Select(k => k.ToString()).ToList();
        return new RegistrationChallengeResponse
        {
            User = ChallengeUser.Of(user),
            TemporaryAuthenticationToken = await tokens.IssueAsync(ceremony, user, ct),
            Challenge = ceremony.Challenge,
            Rp = ChallengeRelyingParty.Of(ceremony, relyingParty),
            SupportedCredentialKinds = new SupportedCredentialKinds(kinds, kinds),
            AuthenticatorSelection = AuthenticatorSelection.Of(relyingParty),
            Attestation = relyingParty.Attestation,
            PubKeyCredParams = PublicKeyCredentialParameters.Of(relyingParty),
            ExcludeCredentials = [],
            OtpUrl = "",
        };
    }
}
