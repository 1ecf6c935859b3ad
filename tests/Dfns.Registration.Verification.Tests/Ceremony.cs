using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Verification.Tests;

/// <summary>The one relying party of these tests, and a valid registration with it.</summary>
internal static class Ceremony
{
    public const string Challenge = "Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I";
    public const string RpId = "example.co";
    public const string Origin = "https://app.example.co";

    /// <summary>A weekday in the validity of every test certificate.</summary>
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    /// <summary>All algorithms offered, user verification required, no cross-origin ceremonies.</summary>
    public static RegistrationExpectation Expected => new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        Algorithms = [-7, -35, -36, -47, -8, -257, -258, -259, -37, -38, -39],
        Now = Now,
    };

    public static MadeCredential Make(Action<RegistrationDraft>? change = null) =>
        new SoftwareAuthenticator().Create(Challenge, RpId, Origin, change);

    public static MadeCredential Make(AttestationMaker attestation, Action<RegistrationDraft>? change = null, int algorithm = -7) =>
        new SoftwareAuthenticator { Attestation = attestation, Algorithm = algorithm }.Create(Challenge, RpId, Origin, change);

    /// <summary>A registration whose attestation key a given authority certified.</summary>
    public static MadeCredential MakeCertified(
        AttestationMaker attestation, TestAuthority authority, Action<RegistrationDraft>? change = null) =>
        new SoftwareAuthenticator { Attestation = attestation, Certify = authority.Certify }.Create(Challenge, RpId, Origin, change);

    /// <summary>What is expected where trust is assessed: the certificates must lead to the root that test relying parties trust.</summary>
    public static RegistrationExpectation Trusting(Func<AttestationTrust, AttestationTrust>? change = null)
    {
        var trust = new AttestationTrust { Roots = [new(TestAuthority.Trusted.Anchor)] };
        return Expected with { AllowSafetyNet = true, Trust = change?.Invoke(trust) ?? trust };
    }

    public static MadeCredential MakeKey(Action<KeyDraft>? change = null) => SoftwareKey.P256().Create(Challenge, change: change);

    public static VerifiedCredential Accepted(MadeCredential made, RegistrationExpectation? expected = null) =>
        Accepted(CredentialVerifiers.Verify(made.ToVerify(), expected ?? Expected));

    public static Refusal Refused(RefusalReason reason, MadeCredential made, RegistrationExpectation? expected = null) =>
        Refused(reason, CredentialVerifiers.Verify(made.ToVerify(), expected ?? Expected));

    public static T Accepted<T>(Outcome<T> outcome)
        where T : notnull
    {
        if (outcome.Refused(out var why, out var value)) Assert.Fail($"refused: {why}");
        return value!;
    }

    public static Refusal Refused<T>(RefusalReason reason, Outcome<T> outcome)
        where T : notnull
    {
        Assert.True(outcome.Refused(out var why, out _), "accepted");
        Assert.Equal(reason, why!.Reason);
        return why;
    }
}
