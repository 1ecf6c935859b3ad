using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Puts a challenge for registered credentials into the shape of the wire.</summary>
internal static class LoginChallenge
{
    private const string PublicKey = "public-key";

    /// <summary>The challenge for the credentials of one user.</summary>
    /// <param name="ceremony">The open challenge.</param>
    /// <param name="identifier">The token that names it.</param>
    /// <param name="relyingParty">Of the organisation.</param>
    /// <param name="credentials">Those that the user can sign with, in the order in which they are named.</param>
    /// <param name="handedTo">Is told of the encrypted private keys that were read, which a caller gets who has proven to be the user; null for anybody else, who gets none.</param>
    public static LoginChallengeResponse For(
        Ceremony ceremony, string identifier, RelyingParty relyingParty, IReadOnlyList<SigningCredential> credentials, RequestFacts? handedTo)
    {
        if (handedTo is not null && credentials.Any(c => c.EncryptedPrivateKey is not null)) (handedTo.HandsOutKeys, handedTo.SubjectId) = (true, ceremony.UserId);
        // Whoever has one needs it under every RP ID: else whoever has the first factor would choose the one without.
        var needsSecond = !relyingParty.SecondFactorOptional && credentials.Any(c => c.Slot == CredentialSlot.SecondFactor);
        // A passkey works under the RP ID for which it was made and no other; a key under each.
        var id = relyingParty.IdOf(ceremony);
        credentials = [.. credentials.Where(c => c.Kind != CredentialKind.Fido2 || c.RelyingPartyId == id)];
        return Of(
            ceremony,
            identifier,
            relyingParty,
            [
                .. credentials.Select(c => (c.Kind, c.Slot)).Distinct().Order().Select(f => new SupportedFactor(
                    f.Kind.ToString(),
                    f.Slot == CredentialSlot.FirstFactor ? "first" : "second",
                    RequiresSecondFactor: needsSecond && f.Slot == CredentialSlot.FirstFactor)),
            ],
            new AllowCredentials(
                // Signers of keys that are told the credential by its name here look for that, and sign with nothing that is not in the list.
                [.. Descriptors(CredentialKind.Key), .. credentials.Where(c => c.Kind == CredentialKind.Key).Select(c => new PublicKeyCredentialDescriptor(PublicKey, c.Uuid))],
                Descriptors(CredentialKind.Fido2),
                handedTo is not null
                    ? [.. credentials.Where(c => c.EncryptedPrivateKey is not null).Select(c => new ProtectedKeyDescriptor(PublicKey, c.CredentialIdText, c.EncryptedPrivateKey!))]
                    : null));

        IReadOnlyList<PublicKeyCredentialDescriptor> Descriptors(CredentialKind kind) =>
            [.. credentials.Where(c => c.Kind == kind).Select(c => new PublicKeyCredentialDescriptor(PublicKey, c.CredentialIdText))];
    }

    /// <summary>The challenge for whichever passkey the user picks: no credential is named.</summary>
    public static LoginChallengeResponse ForAnyPasskey(Ceremony ceremony, string identifier, RelyingParty relyingParty) => Of(
        ceremony,
        identifier,
        relyingParty,
        [new SupportedFactor(nameof(CredentialKind.Fido2), "first", RequiresSecondFactor: false)],
        new AllowCredentials([], [], PasswordProtectedKey: null));

    private static LoginChallengeResponse Of(
        Ceremony ceremony, string identifier, RelyingParty relyingParty, IReadOnlyList<SupportedFactor> kinds, AllowCredentials allowed) =>
        new()
        {
            Challenge = ceremony.Challenge,
            ChallengeIdentifier = identifier,
            Rp = ChallengeRelyingParty.Of(ceremony, relyingParty),
            SupportedCredentialKinds = kinds,
            UserVerification = relyingParty.UserVerification,
            Attestation = relyingParty.Attestation,
            AllowCredentials = allowed,
            ExternalAuthenticationUrl = "",
        };
}
