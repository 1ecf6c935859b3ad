using System.Buffers.Text;
using Dfns.Registration.Verification;
using Fido2NetLib;
using Fido2NetLib.Objects;

namespace Dfns.Registration.Benchmarks;

/// <summary>The same registrations through Fido2 4.3.2, without metadata, as its manual has it called.</summary>
internal static class Fido2Peer
{
    /// <summary>Makes the call that verifies a registration.</summary>
    /// <param name="credential">A valid registration.</param>
    /// <param name="challenge">The challenge as it was issued, base64url.</param>
    /// <param name="rpId">The RP ID.</param>
    /// <param name="origin">The origin.</param>
    /// <returns>The call; null where the peer does not take the registration at all.</returns>
    public static Action? Verification(RegistrationCredential credential, string challenge, string rpId, string origin)
    {
        var fido2 = new Fido2(new Fido2Configuration { RPID = rpId, RPName = rpId, Origins = new HashSet<string>(StringComparer.Ordinal) { origin } });
        var options = new CredentialCreateOptions
        {
            Rp = new PublicKeyCredentialRpEntity(rpId, rpId),
            User = new Fido2User { Id = [1], Name = "user", DisplayName = "user" },
            Challenge = Base64Url.DecodeFromChars(challenge),
            PubKeyCredParams = [.. new[] { -7, -35, -8, -257 }.Select(algorithm => new PubKeyCredParam((COSE.Algorithm)algorithm))],
        };
        var id = Base64Url.DecodeFromChars(credential.CredId);
        var parameters = new MakeNewCredentialParams
        {
            AttestationResponse = new AuthenticatorAttestationRawResponse
            {
                Id = credential.CredId,
                RawId = id,
                Type = PublicKeyCredentialType.PublicKey,
                Response = new AuthenticatorAttestationRawResponse.AttestationResponse
                {
                    AttestationObject = Base64Url.DecodeFromChars(credential.AttestationData),
                    ClientDataJson = Base64Url.DecodeFromChars(credential.ClientData),
                },
            },
            OriginalOptions = options,
            IsCredentialIdUniqueToUserCallback = (_, _) => Task.FromResult(true),
        };
        void Verify() => fido2.MakeNewCredentialAsync(parameters).GetAwaiter().GetResult();
        try
        {
            Verify();
            return Verify;
        }
        catch (Fido2VerificationException)
        {
            return null;
        }
    }
}
