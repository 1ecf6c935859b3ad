using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>Format <c>none</c> (WebAuthn L3 §8.7): the empty map, which proves nothing.</summary>
internal static class NoneAttestation
{
    /// <summary>Verifies that the statement is the empty map.</summary>
    /// <returns>Attestation type None, or <see cref="RefusalReason.NoneStatementNotEmpty"/>.</returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject) =>
        subject.Object.Statement is CborMap { Count: 0 }
            ? new AttestationFinding(subject.Object.Format, AttestationType.None, [])
            : RefusalReason.NoneStatementNotEmpty;
}
