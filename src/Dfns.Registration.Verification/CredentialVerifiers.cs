using Dfns.Registration.Verification.RawKey;
using Dfns.Registration.Verification.WebAuthn;

namespace Dfns.Registration.Verification;

/// <summary>One switch over the kinds: which verifier proves which credential.</summary>
public static class CredentialVerifiers
{
    /// <summary>Verifies that a new credential signed the expected challenge, by the rules of its kind.</summary>
    /// <param name="credential">The credential as received.</param>
    /// <param name="expected">What it must have signed, and what is accepted of it.</param>
    /// <returns>The verified credential, or the first rule it breaks.</returns>
    public static Outcome<VerifiedCredential> Verify(RegistrationCredential credential, RegistrationExpectation expected)
    {
        ArgumentNullException.ThrowIfNull(credential);
        ArgumentNullException.ThrowIfNull(expected);

        return credential.Kind switch
        {
            CredentialKind.Fido2 => RegistrationCeremony.Verify(credential, expected),
            CredentialKind.Key or CredentialKind.PasswordProtectedKey or CredentialKind.RecoveryKey =>
                KeyRegistration.Verify(credential, expected),
        };
    }
}
