using Dfns.Registration.Verification.Cose;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>What every attestation statement is about.</summary>
/// <param name="Object">The attestation object with the statement in it.</param>
/// <param name="Credential">The attested credential data of that object.</param>
/// <param name="CredentialKey">The credential public key, read and accepted.</param>
/// <param name="ClientDataHash">SHA-256 of the client data as received.</param>
/// <param name="Expected">The moment of verification, and what is accepted of some formats.</param>
internal sealed record AttestationSubject(
    AttestationObject Object,
    AttestedCredentialData Credential,
    CoseKey CredentialKey,
    ReadOnlyMemory<byte> ClientDataHash,
    RegistrationExpectation Expected)
{
    /// <summary>What most formats sign, or hash: authenticator data, then the client data hash (WebAuthn L3 §6.5.5).</summary>
    public byte[] SignedBytes => [.. Object.AuthenticatorData.Bytes.Span, .. ClientDataHash.Span];
}

/// <summary>What an attestation statement proves by itself.</summary>
/// <param name="Format">The format of the statement.</param>
/// <param name="Type">The attestation type.</param>
/// <param name="Certificates">The certificates of the trust path, leaf first; empty without any.</param>
internal sealed record AttestationFinding(string Format, AttestationType Type, IReadOnlyList<ReceivedCertificate> Certificates)
{
    /// <summary>The findings of the statements inside a compound one, in their order; empty for every other format.</summary>
    public IReadOnlyList<AttestationFinding> Parts { get; init; } = [];
}

/// <summary>One switch over the attestation statement formats (WebAuthn L3 §8): which file verifies which.</summary>
internal static class AttestationStatements
{
    /// <summary>Verifies a statement by the procedure of its format.</summary>
    /// <param name="subject">The statement, and what it is about.</param>
    /// <returns>
    /// What it proves, or <see cref="RefusalReason.AttestationFormatUnknown"/>, or what the format's own file refuses.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject) => subject.Object.Format switch
    {
        "none" => NoneAttestation.Verify(subject),
        "packed" => PackedAttestation.Verify(subject),
        FidoU2fAttestation.Format => FidoU2fAttestation.Verify(subject),
        "android-key" => AndroidKeyAttestation.Verify(subject),
        "apple" => AppleAttestation.Verify(subject),
        "tpm" => TpmAttestation.Verify(subject),
        CompoundAttestation.Format => CompoundAttestation.Verify(subject),
        "android-safetynet" => SafetyNetAttestation.Verify(subject),
        var unknown => new Refusal(RefusalReason.AttestationFormatUnknown, unknown),
    };
}
