using Dfns.Registration.Verification.RawKey;
using Dfns.Registration.Verification.WebAuthn;

namespace Dfns.Registration.Verification;

/// <summary>One switch over the kinds: which verifier proves which assertion.</summary>
public static class AssertionVerifiers
{
    /// <summary>Verifies that a stored credential signed the expected challenge, by the rules of its kind.</summary>
    /// <param name="assertion">The assertion as received. The kind it came under is the caller's to compare.</param>
    /// <param name="credential">The credential that the caller found by the assertion's id (<see cref="CredentialIds.Read(string, CredentialKind)"/>).</param>
    /// <param name="expected">What it must have signed, and what is accepted of it.</param>
    /// <returns>
    /// The verified assertion, or the first rule it breaks. A recovery key signs nothing but a recovery, and so is refused here.
    /// </returns>
    public static Outcome<VerifiedAssertion> Verify(
        CredentialAssertion assertion, StoredCredential credential, AssertionExpectation expected)
    {
        ArgumentNullException.ThrowIfNull(assertion);
        ArgumentNullException.ThrowIfNull(credential);
        ArgumentNullException.ThrowIfNull(expected);

        return credential.Kind switch
        {
            CredentialKind.Fido2 => AuthenticationCeremony.Verify(assertion, credential, expected),
            CredentialKind.Key or CredentialKind.PasswordProtectedKey => KeyAssertion.Verify(assertion, credential, expected),
            CredentialKind.RecoveryKey => new Refusal(RefusalReason.CredentialKindNotAccepted, $"{credential.Kind}"),
        };
    }

    /// <summary>
    /// Verifies that a recovery key signed the new credentials of a recovery. Each of those signs the issued challenge, and is
    /// verified by <see cref="CredentialVerifiers"/>; the two proofs together tie the recovery to that challenge.
    /// </summary>
    /// <param name="assertion">The assertion as received.</param>
    /// <param name="credential">The recovery key that the caller found by the assertion's id.</param>
    /// <param name="expected">Whose recovery it is, and the new credentials.</param>
    /// <returns>The verified assertion, or the first rule it breaks. Every kind but a recovery key is refused.</returns>
    public static Outcome<VerifiedAssertion> VerifyRecovery(
        CredentialAssertion assertion, StoredCredential credential, RecoveryExpectation expected)
    {
        ArgumentNullException.ThrowIfNull(assertion);
        ArgumentNullException.ThrowIfNull(credential);
        ArgumentNullException.ThrowIfNull(expected);

        return credential.Kind switch
        {
            CredentialKind.RecoveryKey => KeyAssertion.VerifyRecovery(assertion, credential, expected),
            CredentialKind.Fido2 or CredentialKind.Key or CredentialKind.PasswordProtectedKey =>
                new Refusal(RefusalReason.CredentialKindNotAccepted, $"{credential.Kind}"),
        };
    }
}
