namespace Dfns.Registration.Verification;

/// <summary>The bounds within which this library reads what a stranger sent. Real credentials stay far below each.</summary>
public static class VerificationLimits
{
    /// <summary>
    /// Bytes of one decoded member of a credential. Recovery puts whole requests into client data; nothing else comes near.
    /// </summary>
    public const int MaxMemberSizeBytes = 64 * 1024;

    /// <summary>Levels of JSON, the outermost object counted. Everything this library asks for is on the first.</summary>
    public const int MaxJsonDepth = 8;

    /// <summary>Levels of CBOR, the outermost map counted: CTAP2 allows 4, a compound attestation statement takes a fifth.</summary>
    public const int MaxCborDepth = 5;

    /// <summary>Items of one CBOR document, keys counted; a count must not turn a small input into a large heap.</summary>
    public const int MaxCborItems = 512;

    /// <summary>Certificates of one attestation statement, the leaf counted.</summary>
    public const int MaxCertificates = 8;

    /// <summary>Statements inside one compound attestation statement.</summary>
    public const int MaxCompoundStatements = 8;

    /// <summary>Bytes of one certificate.</summary>
    public const int MaxCertificateSizeBytes = 16 * 1024;

    /// <summary>Bytes of a credential id (WebAuthn L3 §4 Credential ID).</summary>
    public const int MaxCredentialIdSizeBytes = 1023;
}
