namespace Dfns.Registration.Verification;

/// <summary>The kinds of credential this library verifies, spelled as <c>credentialKind</c> spells them on the wire.</summary>
public enum CredentialKind
{
    /// <summary>A passkey or security key: a WebAuthn registration ceremony.</summary>
    Fido2,

    /// <summary>A raw key pair whose private half the client keeps.</summary>
    Key,

    /// <summary>A raw key pair whose private half the service keeps, encrypted by the client under a password.</summary>
    PasswordProtectedKey,

    /// <summary>A raw key pair that can recover the account and do nothing else.</summary>
    RecoveryKey,
}
