namespace Dfns.Registration.Api.Storage;

/// <summary>Lengths that a column and the check in front of it share; in characters, unless the name says bytes.</summary>
internal static class Limits
{
    public const int IdLength = 64;
    public const int NameLength = 100;
    public const int UsernameLength = 320;
    public const int NoteLength = 320;
    public const int EnumLength = 32;
    public const int DomainLength = 253;
    public const int ChallengeLength = 43;
    public const int FingerprintLength = 64;
    public const int PathLength = 1024;
    public const int UrlLength = 2048;
    public const int DescriptionLength = 255;
    public const int RedirectUriLength = 1024;

    /// <summary>OpenID Connect Core 1.0 §2 bounds <c>sub</c>; an issuer and a client id are held to the same.</summary>
    public const int SubjectLength = 255;
    public const int IssuerLength = 255;

    /// <summary>An ID token is one to two thousand characters; with many claims and a large RSA signature still below this.</summary>
    public const int IdTokenLength = 16 * 1024;

    /// <summary>An authorization code is opaque; those that are encrypted tokens have a few thousand characters.</summary>
    public const int AuthorizationCodeLength = 8 * 1024;

    /// <summary>What a client may prove itself with at a provider (RFC 6749 appendix A.2).</summary>
    public const int ClientSecretLength = 512;

    /// <summary>The state of a single sign-on: a random part, a point and the organisation's id.</summary>
    public const int SsoStateLength = ChallengeLength + 1 + IdLength;

    /// <summary>WebAuthn L3 §7.1 step 25: a longer credential id is refused. As text: four characters for every three bytes.</summary>
    public const int CredentialIdBytes = 1023;
    public const int CredentialIdTextLength = 1368;

    /// <summary>The largest RSA key that is taken, in PEM, has a few thousand characters.</summary>
    public const int PublicKeyPemLength = 16 * 1024;

    /// <summary>An encrypted PKCS#8 key is a few hundred characters; RSA keys and generous envelopes stay below this.</summary>
    public const int EncryptedPrivateKeyLength = 32 * 1024;
}
