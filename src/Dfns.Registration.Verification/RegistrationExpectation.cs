using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Verification;

/// <summary>Everything a registration verdict depends on besides the credential. Nothing of it comes from the request.</summary>
public sealed record RegistrationExpectation : CeremonyExpectation
{
    /// <summary>Every COSE algorithm number that can be offered.</summary>
    public static IReadOnlyList<int> SupportedAlgorithms => CoseAlgorithm.Numbers;

    /// <summary>The COSE algorithm numbers that were offered for Fido2 (<c>pubKeyCredParams</c>), such as -7, -8, -257.</summary>
    public required IReadOnlyList<int> Algorithms { get; init; }

    /// <summary>
    /// Whether a TPM may attest (WebAuthn L3 §8.3) with RSA over SHA-1 (COSE -65535), and name its objects by SHA-1. On by default: most
    /// TPMs of Windows attest so and with nothing else. What is signed holds a fresh challenge and is laid out by the TPM, which leaves
    /// no room for a collision prepared beforehand; no credential key and no other format is ever allowed SHA-1.
    /// </summary>
    public bool AllowRs1InTpm { get; init; } = true;

    /// <summary>
    /// Whether Android keys (WebAuthn L3 §8.4) must be kept by a trusted execution environment or a secure element: origin and purpose
    /// then count only where that hardware enforces them. Off, what Android's software enforces counts too.
    /// </summary>
    public bool RequireTee { get; init; }

    /// <summary>
    /// Whether the format <c>android-safetynet</c> (WebAuthn L3 §8.5) is verified. Off by default: the service behind it ended in 2025, so
    /// a fresh statement of it cannot be genuine.
    /// </summary>
    public bool AllowSafetyNet { get; init; }

    /// <summary>Which attestation is accepted, and who is trusted to certify it; anything that verifies, unless set.</summary>
    public AttestationTrust Trust { get; init; } = new();

    /// <summary>The moment of verification, UTC: certificates that are assessed must be valid at it.</summary>
    public required DateTimeOffset Now { get; init; }
}
