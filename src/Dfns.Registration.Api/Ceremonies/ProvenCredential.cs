using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>A credential of the request together with what its proof yielded.</summary>
internal sealed record ProvenCredential(SlottedCredential Sent, VerifiedCredential Verified)
{
    /// <summary>The row to store.</summary>
    /// <param name="user">Whose it is.</param>
    /// <param name="relyingPartyId">The RP ID of the challenge.</param>
    /// <param name="uuid">Its id.</param>
    /// <param name="now">UTC.</param>
    public Credential ToRow(User user, string relyingPartyId, string uuid, DateTimeOffset now) => new()
    {
        OrganisationId = user.OrganisationId,
        Uuid = uuid,
        UserId = user.Id,
        Kind = Verified.Kind,
        Slot = Sent.Slot,
        Name = Sent.Name,
        CredentialId = Verified.CredentialId.ToArray(),
        CredentialIdText = Sent.Proof.CredId,
        PublicKey = Verified.SubjectPublicKeyInfo.ToArray(),
        CoseKey = Verified.WebAuthn?.CoseKey.ToArray(),
        PublicKeyPem = Verified.PublicKeyPem,
        Algorithm = Verified.WebAuthn?.Algorithm,
        HashAlgorithm = Verified.HashAlgorithm,
        EncryptedPrivateKey = Sent.EncryptedPrivateKey,
        SignCount = Verified.WebAuthn?.SignCount,
        UserVerified = Verified.WebAuthn?.UserVerified,
        BackupEligible = Verified.WebAuthn?.BackupEligible,
        BackedUp = Verified.WebAuthn?.BackedUp,
        Aaguid = Verified.WebAuthn?.Aaguid,
        AttestationFormat = Verified.WebAuthn?.AttestationFormat,
        AttestationType = Verified.WebAuthn?.AttestationType,
        AttestationTrust = Verified.WebAuthn?.Trust.Verdict,
        AaguidAttested = Verified.WebAuthn?.Trust.AaguidAttested,
        AttestationRoot = Verified.WebAuthn?.Trust.Root?.Fingerprint,
        RelyingPartyId = relyingPartyId,
        Origin = Verified.WebAuthn?.Origin,
        CreatedAt = now,
    };
}
