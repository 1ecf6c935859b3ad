using System.Security.Cryptography;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.RawKey;

/// <summary>
/// Asserting with a raw key. Key, PasswordProtectedKey and RecoveryKey sign the client data itself, as received; there is no
/// fingerprint as at registration, and the signature is base64url, not hex. What client data says its challenge is differs: the issued
/// one for the first two, the new credentials for a recovery key.
/// </summary>
internal static class KeyAssertion
{
    /// <summary>Verifies that a Key or PasswordProtectedKey signed the issued challenge.</summary>
    /// <param name="assertion">The assertion as received.</param>
    /// <param name="credential">The stored credential.</param>
    /// <param name="expected">Of this the challenge, the user and the ids that were offered count.</param>
    /// <returns>The verified assertion, or the first rule that is broken.</returns>
    public static Outcome<VerifiedAssertion> Verify(
        CredentialAssertion assertion, StoredCredential credential, AssertionExpectation expected)
    {
        // Which credential: by its id, one that was offered, and of the user who was known beforehand.
        if (CredentialIds.Read(assertion.CredId, credential.Kind).Refused(out var why, out var credId)) return why;
        if (AssertedCredential.Refuse(credId, credential, expected.AllowCredentials, expected.UserId) is { } stranger) return stranger;

        // Client data names this ceremony and the issued challenge.
        if (KeyClientData.Read(assertion.ClientData, "key.get").Refused(out why, out var clientData)) return why;
        if (!new IssuedChallenge(expected.Challenge).IsPresentedLooselyBy(clientData.Challenge)) return RefusalReason.ChallengeMismatch;

        if (RefuseSignature(assertion, credential, clientData) is { } unsigned) return unsigned;
        return new VerifiedAssertion { ClientDataChallenge = clientData.Challenge };
    }

    /// <summary>Verifies that a RecoveryKey signed the new credentials of a recovery.</summary>
    /// <param name="assertion">The assertion as received.</param>
    /// <param name="credential">The stored recovery key.</param>
    /// <param name="expected">Whose recovery it is, and the new credentials.</param>
    /// <returns>The verified assertion, or the first rule that is broken.</returns>
    public static Outcome<VerifiedAssertion> VerifyRecovery(
        CredentialAssertion assertion, StoredCredential credential, RecoveryExpectation expected)
    {
        // Which recovery key: the one that recovery was begun for.
        if (CredentialIds.Read(assertion.CredId, credential.Kind).Refused(out var why, out var credId)) return why;
        if (AssertedCredential.Refuse(credId, credential, [expected.CredentialId], expected.UserId) is { } stranger) return stranger;

        // It signed client data as received, and the challenge in there is the new credentials.
        if (KeyClientData.Read(assertion.ClientData, "key.get").Refused(out why, out var clientData)) return why;
        if (RefuseSignature(assertion, credential, clientData) is { } unsigned) return unsigned;
        if (RecoveryBinding.Refuse(clientData.Challenge, expected.NewCredentials) is { } unbound) return unbound;
        return new VerifiedAssertion { ClientDataChallenge = clientData.Challenge };
    }

    private static Refusal? RefuseSignature(CredentialAssertion assertion, StoredCredential credential, KeyClientData clientData)
    {
        if (Base64UrlText.Decode(assertion.Signature, CredentialPart.Signature).Refused(out var why, out var signature)) return why;
        if (StoredKey.Read(credential).Refused(out why, out var key)) return why;

        // The hash is the one that the assertion names, or else the one the key was registered with.
        if (KeyHash.For(key, assertion.Algorithm ?? credential.HashAlgorithm) is not { } hash)
            return assertion.Algorithm is { } algorithm
                ? new(RefusalReason.HashAlgorithmNotSupported, algorithm) { Part = CredentialPart.Algorithm }
                : new(RefusalReason.StoredCredentialUnusable, "hash algorithm");

        return key.Verifies(clientData.Bytes.Span, signature.Span, new SignatureScheme(hash, RSASignaturePadding.Pkcs1))
            ? null
            : new(RefusalReason.AssertionSignatureInvalid);
    }
}
