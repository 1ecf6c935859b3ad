using Dfns.Registration.Verification;

namespace Dfns.Registration.Benchmarks;

/// <summary>Whom the verifier is measured for.</summary>
internal static class Party
{
    public const string Challenge = "Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I";
    public const string RpId = "example.co";
    public const string Origin = "https://app.example.co";

    public static readonly RegistrationExpectation Expected = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        Algorithms = [-7, -35, -36, -47, -8, -257, -258, -259, -37, -38, -39],
        AllowSafetyNet = true,
        Now = new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero),
    };
}
