using System.Security.Cryptography;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.WebAuthn;

/// <summary>
/// Verifying an authentication assertion: W3C Web Authentication Level 3 §7.2, numbered as in the editor's draft of 30 July 2026. Each
/// step also says its rule, since numbers drift between editions. Steps 1 to 4 happen in the front end, which makes the options, calls
/// the browser and sends what came back.
/// </summary>
internal static class AuthenticationCeremony
{
    /// <summary>Follows §7.2 from step 5 on.</summary>
    /// <param name="assertion">The assertion as received.</param>
    /// <param name="credential">The stored credential, of kind Fido2.</param>
    /// <param name="expected">What it must have signed, and what is accepted of it.</param>
    /// <returns>What updates the credential record, or the first rule that is broken.</returns>
    public static Outcome<VerifiedAssertion> Verify(
        CredentialAssertion assertion, StoredCredential credential, AssertionExpectation expected)
    {
        // The wire, and step 7: texts of base64url, of which the user handle may be missing.
        if (Base64UrlText.Decode(assertion.CredId, CredentialPart.CredId).Refused(out var why, out var credId)) return why;
        if (Base64UrlText.Decode(assertion.ClientData, CredentialPart.ClientData).Refused(out why, out var clientDataJson)) return why;
        if (Base64UrlText.Decode(assertion.AuthenticatorData, CredentialPart.AuthenticatorData).Refused(out why, out var data)) return why;
        if (Base64UrlText.Decode(assertion.Signature, CredentialPart.Signature).Refused(out why, out var signature)) return why;

        // Steps 5 and 6: a credential that was offered, of the user who was known beforehand; the caller found it by its id.
        if (AssertedCredential.Refuse(credId, credential, expected.AllowCredentials, expected.UserId) is { } stranger) return stranger;
        // Step 6: the user handle, where there is one, names the credential's user; where nobody was known beforehand there is one.
        if (RefuseUserHandle(assertion.UserHandle, credential, expected) is { } misnamed) return misnamed;

        // Steps 8 and 9: client data is UTF-8, and JSON.
        if (CollectedClientData.Read(clientDataJson.Span).Refused(out why, out var clientData)) return why;
        // Steps 10 to 14: it is about this ceremony.
        if (CeremonyChecks.RefuseClientData(clientData, "webauthn.get", expected) is { } unexpected) return unexpected;

        // §6.1: authenticator data decodes, and attests no new credential.
        if (AuthenticatorData.Read(data).Refused(out why, out var authenticatorData)) return OfAuthenticatorData(why);
        if (authenticatorData.AttestedCredential is not null) return RefusalReason.AttestedCredentialDataUnexpected;
        // Steps 15 to 18: it is for this relying party, and its flags satisfy it.
        if (CeremonyChecks.RefuseAuthenticatorData(authenticatorData, expected) is { } unsatisfied) return OfAuthenticatorData(unsatisfied);
        // Step 19: what may be backed up, and what may not, stays so for life; if it does not, policy decides, and it is told. No policy on being
        // backed up; it is told.
        var backupEligible = authenticatorData.Flags.HasFlag(AuthenticatorFlags.BackupEligible);
        var eligibilityChanged = backupEligible != credential.BackupEligible;
        if (eligibilityChanged && !expected.AcceptBackupEligibilityChange) return RefusalReason.BackupEligibilityChanged;

        // Steps 20 and 21: the credential key signed authenticator data and the hash of client data, both as received.
        byte[] signedBytes = [.. data.Span, .. SHA256.HashData(clientDataJson.Span)];
        if (StoredKey.Read(credential).Refused(out why, out var key)) return why;
        if (credential.Algorithm is not { } number || CoseAlgorithm.Find(number) is not { } algorithm || !algorithm.Fits(key))
            return new Refusal(RefusalReason.StoredCredentialUnusable, "algorithm");
        if (!key.Verifies(signedBytes, signature.Span, algorithm.Scheme)) return RefusalReason.AssertionSignatureInvalid;

        // Step 22: a counter that either side uses grows with every assertion. If it does not, policy decides, and it is told.
        var received = authenticatorData.SignCount;
        var regressed = (received != 0 || credential.SignCount != 0) && received <= credential.SignCount;
        // By what was registered: whoever has copied a key from one device could claim in an assertion, this one or one before, that it may be
        // backed up, and whoever has one that may be, that it may not, with a counter that its owner's device never reaches.
        var synced = (credential.BackupEligibleAtRegistration ?? credential.BackupEligible) && expected.AcceptSyncedSignCountRegression;
        if (regressed && !synced && !expected.AcceptSignCountRegression)
            return new Refusal(RefusalReason.SignCountRegressed, $"{received} after {credential.SignCount}");

        // Step 23: extension outputs are ignored; none are asked for, and the wire carries no client outputs.
        // Step 24: what updates the credential record. Storing it, and steps beyond these, are the caller's.
        return new VerifiedAssertion
        {
            ClientDataChallenge = clientData.Challenge,
            WebAuthn = new WebAuthnAssertion
            {
                SignCount = synced ? received : Math.Max(received, credential.SignCount),
                SignCountRegressed = regressed,
                UserVerified = authenticatorData.Flags.HasFlag(AuthenticatorFlags.UserVerified),
                BackupEligible = backupEligible,
                BackupEligibilityChanged = eligibilityChanged,
                BackedUp = authenticatorData.Flags.HasFlag(AuthenticatorFlags.BackupState),
                Origin = clientData.Origin,
            },
        };
        // Step 25: the caller goes on.
    }

    private static Refusal? RefuseUserHandle(string? userHandle, StoredCredential credential, AssertionExpectation expected)
    {
        // Clients send an empty text for a handle that the authenticator did not give.
        if (string.IsNullOrEmpty(userHandle)) return expected.UserId is null ? new(RefusalReason.UserHandleMissing) : null;

        // React Native's module for iOS passes the handle on as text, or encodes it once more; either names the user or it does not.
        if (string.Equals(userHandle, credential.UserId, StringComparison.Ordinal)) return null;
        if (Base64UrlText.Decode(userHandle, CredentialPart.UserHandle).Refused(out var why, out var bytes)) return why;
        var userId = System.Text.Encoding.UTF8.GetBytes(credential.UserId);
        if (bytes.Span.SequenceEqual(userId)) return null;
        var encodedTwice = !Base64UrlText.Decode(System.Text.Encoding.Latin1.GetString(bytes.Span), CredentialPart.UserHandle).Refused(out _, out var inner) && inner.Span.SequenceEqual(userId);
        return encodedTwice ? null : new(RefusalReason.UserHandleMismatch);
    }

    // At registration authenticator data lies inside attestationData; here it is a member of its own.
    private static Refusal OfAuthenticatorData(Refusal refusal) => refusal with { Part = CredentialPart.AuthenticatorData };
}
