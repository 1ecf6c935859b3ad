namespace Dfns.Registration.Verification;

/// <summary>
/// What is known of a credential since its registration, as far as an assertion is held against it. Its members are those of
/// <see cref="VerifiedCredential"/>. Whether the credential is active is the caller's to decide.
/// </summary>
public sealed record StoredCredential
{
    /// <summary>The kind it was registered as; it decides which verifier reads the assertion.</summary>
    public required CredentialKind Kind { get; init; }

    /// <summary>The credential id, decoded.</summary>
    public required ReadOnlyMemory<byte> CredentialId { get; init; }

    /// <summary>The id of the user it belongs to: text, whose UTF-8 is the WebAuthn user handle.</summary>
    public required string UserId { get; init; }

    /// <summary>The public key: DER SubjectPublicKeyInfo.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    /// <summary>The COSE algorithm number of the credential key, such as -7; Fido2 needs it, the raw-key kinds have none.</summary>
    public int? Algorithm { get; init; }

    /// <summary>The hash a raw key was registered with: <c>SHA256</c>, <c>SHA384</c> or <c>SHA512</c>; null means <c>SHA256</c>.</summary>
    public string? HashAlgorithm { get; init; }

    /// <summary>The signature counter last kept; 0 for the raw-key kinds.</summary>
    public uint SignCount { get; init; }

    /// <summary>Flag BE as registered, or as kept since where a change was accepted; false for the raw-key kinds.</summary>
    public bool BackupEligible { get; init; }

    /// <summary>Flag BE as registered, which decides whether copies of it are expected; null where that is <see cref="BackupEligible"/>.</summary>
    public bool? BackupEligibleAtRegistration { get; init; }
}
