using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Proves new credentials, wherever they are brought in: each signed the one challenge that was issued for them.</summary>
internal static class CredentialProofs
{
    /// <summary>What a new credential must have signed to answer a challenge.</summary>
    /// <param name="ceremony">The challenge.</param>
    /// <param name="relyingParty">Of its organisation.</param>
    /// <param name="trusted">Whose attestation is trusted now.</param>
    /// <param name="now">UTC.</param>
    public static RegistrationExpectation Expect(Ceremony ceremony, RelyingParty relyingParty, TrustSources.Snapshot trusted, DateTimeOffset now) => new()
    {
        Challenge = ceremony.Challenge,
        RelyingPartyId = relyingParty.IdOf(ceremony),
        Origins = relyingParty.OriginsOf(relyingParty.IdOf(ceremony)),
        RequireUserVerification = relyingParty.RequiresUserVerification,
        Algorithms = relyingParty.Algorithms,
        AllowCrossOrigin = relyingParty.AllowCrossOrigin,
        TopOrigins = relyingParty.TopOrigins,
        Trust = new AttestationTrust
        {
            AcceptNone = !relyingParty.RefuseNoAttestation,
            AcceptSelf = !relyingParty.RefuseSelfAttestation,
            // Where trust is asked for and nobody is trusted, no certificate is: the list of roots is empty, not absent.
            Roots = relyingParty.RequireTrustedRoot ? trusted.Roots : null,
            Metadata = relyingParty.RequireTrustedRoot ? trusted.Metadata : null,
            AllowedAaguids = relyingParty.AllowedAaguids ?? [],
            DeniedAaguids = relyingParty.DeniedAaguids ?? [],
            RefusedStatuses = relyingParty.RefusedStatuses ?? AttestationTrust.Undesired,
        },
        Now = now,
    };

    /// <summary>Verifies the credentials of one request.</summary>
    /// <param name="credentials">In slot order.</param>
    /// <param name="expected">What each must have signed.</param>
    /// <returns>All of them, proven and each another's equal in nothing; or the first fault, with its path.</returns>
    public static Checked<IReadOnlyList<ProvenCredential>> Verify(IReadOnlyList<SlottedCredential> credentials, RegistrationExpectation expected)
    {
        var proven = new List<ProvenCredential>(capacity: 3);
        foreach (var credential in credentials)
        {
            if (CredentialVerifiers.Verify(credential.Proof, expected).Refused(out var why, out var verified))
            {
                return RefusalErrors.For(why, credential.Path);
            }

            if (Repeats(proven, credential.Path, verified) is { } repeated) return repeated;
            proven.Add(new ProvenCredential(credential, verified));
        }

        return proven;
    }

    // The same key in two slots: whoever loses the first factor would lose the recovery key with it.
    private static ApiError? Repeats(List<ProvenCredential> earlier, string path, VerifiedCredential verified)
    {
        foreach (var other in earlier)
        {
            if (other.Verified.CredentialId.Span.SequenceEqual(verified.CredentialId.Span))
            {
                return ErrorCatalog.CredentialRepeated.At($"{path}.credentialInfo.credId");
            }

            if (other.Verified.SubjectPublicKeyInfo.Span.SequenceEqual(verified.SubjectPublicKeyInfo.Span))
            {
                return ErrorCatalog.PublicKeyRepeated.At($"{path}.credentialInfo.attestationData");
            }
        }

        return null;
    }
}
