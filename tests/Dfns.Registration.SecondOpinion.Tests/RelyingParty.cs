using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>The one relying party that both verifiers are asked for.</summary>
internal static class RelyingParty
{
    public const string Challenge = "Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I";
    public const string RpId = "example.co";
    public const string Origin = "https://app.example.co";

    /// <summary>
    /// All algorithms offered, every format verified, user verification required, no cross-origin ceremonies. Fido2 cannot be told the moment: it
    /// reads the machine's clock. No verdict depends on that, since every certificate here is valid until 2046 at least, or was in 2020 alone.
    /// </summary>
    public static RegistrationExpectation Expected { get; } = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        Algorithms = RegistrationExpectation.SupportedAlgorithms,
        AllowSafetyNet = true,
        Now = new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero),
    };

    /// <summary>The same, and certificates must lead to the root that test relying parties trust.</summary>
    public static RegistrationExpectation Trusting { get; } = Expected with { Trust = new AttestationTrust { Roots = [new(TestAuthority.Trusted.Anchor)] } };
}
