using System.Buffers.Text;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests;

/// <summary>A passkey and a raw key that are registered with the one relying party, and valid assertions with them.</summary>
internal static class Authentication
{
    public const string UserId = "us-6b58p-r53sr-rlrd3l5cj3uc4ome";
    public const string NewCredentials = """{"firstFactorCredential":{"credentialKind":"Key","credentialInfo":{"credId":"AA"}}}""";

    /// <summary>User verification required, no cross-origin ceremonies, the user known beforehand.</summary>
    public static AssertionExpectation Expected => new()
    {
        Challenge = Ceremony.Challenge,
        RelyingPartyId = Ceremony.RpId,
        Origins = [Ceremony.Origin],
        RequireUserVerification = true,
        UserId = UserId,
    };

    public static SoftwareAuthenticator Authenticator { get; } = new();

    public static StoredCredential Passkey { get; } = Store(Authenticator.Create(Ceremony.Challenge, Ceremony.RpId, Ceremony.Origin));

    public static SoftwareKey SigningKey { get; } = SoftwareKey.P256();

    public static StoredCredential Key { get; } = Store(SigningKey.Create(Ceremony.Challenge));

    public static StoredCredential RecoveryKey { get; } = Key with { Kind = CredentialKind.RecoveryKey };

    /// <summary>Registers, and keeps what a service keeps.</summary>
    public static StoredCredential Store(MadeCredential made)
    {
        var verified = Ceremony.Accepted(made);
        return new StoredCredential
        {
            Kind = verified.Kind,
            CredentialId = verified.CredentialId,
            UserId = UserId,
            SubjectPublicKeyInfo = verified.SubjectPublicKeyInfo,
            Algorithm = verified.WebAuthn?.Algorithm,
            HashAlgorithm = verified.HashAlgorithm,
            SignCount = verified.WebAuthn?.SignCount ?? 0,
            BackupEligible = verified.WebAuthn?.BackupEligible ?? false,
        };
    }

    public static string CredId(StoredCredential credential) => Base64Url.EncodeToString(credential.CredentialId.Span);

    /// <summary>An assertion with <see cref="Passkey"/>.</summary>
    public static MadeAssertion Get(Action<AssertionDraft>? change = null) =>
        Authenticator.Get(Ceremony.Challenge, Ceremony.RpId, Ceremony.Origin, CredId(Passkey), UserId, change);

    /// <summary>Another passkey, of any algorithm, and its authenticator.</summary>
    public static (SoftwareAuthenticator Authenticator, StoredCredential Credential) Registered(int algorithm)
    {
        var authenticator = new SoftwareAuthenticator { Algorithm = algorithm };
        return (authenticator, Store(authenticator.Create(Ceremony.Challenge, Ceremony.RpId, Ceremony.Origin)));
    }

    /// <summary>An assertion with such a passkey.</summary>
    public static MadeAssertion Sign(SoftwareAuthenticator authenticator, StoredCredential credential, Action<AssertionDraft>? change = null) =>
        authenticator.Get(Ceremony.Challenge, Ceremony.RpId, Ceremony.Origin, CredId(credential), UserId, change);

    /// <summary>An assertion with <see cref="Key"/>.</summary>
    public static MadeAssertion GetKey(Action<KeyAssertionDraft>? change = null) => SigningKey.Get(Ceremony.Challenge, CredId(Key), change);

    /// <summary>A recovery with <see cref="RecoveryKey"/>.</summary>
    public static MadeAssertion GetRecovery(string newCredentials = NewCredentials, Action<KeyAssertionDraft>? change = null) =>
        SigningKey.GetRecovery(newCredentials, CredId(RecoveryKey), change);

    public static VerifiedAssertion Accepted(MadeAssertion made, AssertionExpectation? expected = null, StoredCredential? credential = null) =>
        Ceremony.Accepted(AssertionVerifiers.Verify(made.ToVerify(), credential ?? Of(made), expected ?? Expected));

    public static Refusal Refused(
        RefusalReason reason, MadeAssertion made, AssertionExpectation? expected = null, StoredCredential? credential = null) =>
        Ceremony.Refused(reason, AssertionVerifiers.Verify(made.ToVerify(), credential ?? Of(made), expected ?? Expected));

    public static VerifiedAssertion Recovered(MadeAssertion made, string newCredentials = NewCredentials) =>
        Ceremony.Accepted(Recover(made, newCredentials));

    public static Refusal NotRecovered(RefusalReason reason, MadeAssertion made, string newCredentials = NewCredentials) =>
        Ceremony.Refused(reason, Recover(made, newCredentials));

    public static RecoveryExpectation Recovery(string newCredentials = NewCredentials) => new()
    {
        UserId = UserId,
        CredentialId = RecoveryKey.CredentialId,
        NewCredentials = System.Text.Encoding.UTF8.GetBytes(newCredentials),
    };

    private static Outcome<VerifiedAssertion> Recover(MadeAssertion made, string newCredentials) =>
        AssertionVerifiers.VerifyRecovery(made.ToVerify(), RecoveryKey, Recovery(newCredentials));

    // Only a passkey has authenticator data.
    private static StoredCredential Of(MadeAssertion made) => made.AuthenticatorData is null ? Key : Passkey;
}
