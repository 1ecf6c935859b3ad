using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Verification;

/// <summary>A credential whose proof holds: the part of it that is worth keeping.</summary>
public sealed record VerifiedCredential
{
    /// <summary>The kind it was verified as.</summary>
    public required CredentialKind Kind { get; init; }

    /// <summary>The credential id: 1 to 1,023 bytes, decoded.</summary>
    public required ReadOnlyMemory<byte> CredentialId { get; init; }

    /// <summary>The public key: DER SubjectPublicKeyInfo, re-encoded from the parsed key so that equal keys have equal bytes.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    /// <summary>The public key as the raw-key client sent it: PEM text, byte for byte; null for Fido2.</summary>
    public string? PublicKeyPem { get; init; }

    /// <summary>
    /// The hash that the raw-key client named beside its signature, in the form it is to be used again: <c>SHA256</c>, <c>SHA384</c> or
    /// <c>SHA512</c>; null when the key alone decides (Ed25519) and for Fido2, whose algorithm number decides.
    /// </summary>
    public string? HashAlgorithm { get; init; }

    /// <summary>What only a WebAuthn ceremony tells; null for the raw-key kinds.</summary>
    public WebAuthnRegistration? WebAuthn { get; init; }
}

/// <summary>The credential record of a WebAuthn registration (WebAuthn L3 §7.1 step 27).</summary>
public sealed record WebAuthnRegistration
{
    /// <summary>The COSE algorithm number of the credential key, such as -7.</summary>
    public required int Algorithm { get; init; }

    /// <summary>The credential public key: the COSE_Key bytes as attested.</summary>
    public required ReadOnlyMemory<byte> CoseKey { get; init; }

    /// <summary>The signature counter at registration.</summary>
    public required uint SignCount { get; init; }

    /// <summary>Flag UV: the authenticator verified its user.</summary>
    public required bool UserVerified { get; init; }

    /// <summary>Flag BE: the credential may be backed up.</summary>
    public required bool BackupEligible { get; init; }

    /// <summary>Flag BS: the credential is backed up now.</summary>
    public required bool BackedUp { get; init; }

    /// <summary>
    /// The authenticator model as authenticator data names it: 16 bytes in network order; proven only by a trusted attestation.
    /// </summary>
    public required Guid Aaguid { get; init; }

    /// <summary>The authenticator extension outputs.</summary>
    public required AuthenticatorExtensions Extensions { get; init; }

    /// <summary>The origin that ran the ceremony, one of those expected.</summary>
    public required string Origin { get; init; }

    /// <summary>The attestation statement format, such as <c>none</c> or <c>packed</c>.</summary>
    public required string AttestationFormat { get; init; }

    /// <summary>What the attestation statement proves by itself, before any question of trust.</summary>
    public required AttestationType AttestationType { get; init; }

    /// <summary>
    /// The attestation certificates as received, leaf first: DER; empty when the statement carries none. For <c>compound</c> those of the
    /// first statement of the type told.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> AttestationCertificates { get; init; } = [];

    /// <summary>Whether the statement is trusted, and the AAGUID with it, and by which root.</summary>
    public required AttestationVerdict Trust { get; init; }

    /// <summary>The statements inside a <c>compound</c> one, in their order; empty for every other format.</summary>
    public IReadOnlyList<CompoundStatement> CompoundStatements { get; init; } = [];
}

/// <summary>One statement inside a compound attestation statement (WebAuthn L3 §8.9), verified.</summary>
public sealed record CompoundStatement
{
    /// <summary>Its format, which is not <c>compound</c>.</summary>
    public required string Format { get; init; }

    /// <summary>What it proves by itself.</summary>
    public required AttestationType Type { get; init; }

    /// <summary>Its certificates as received, leaf first: DER; empty when it carries none.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; init; }
}

/// <summary>
/// Attestation types (WebAuthn L3 §6.5.3), as far as a statement alone can tell them apart, the weaker before the stronger. Basic, AttCA
/// and AnonCA are all <see cref="Certified"/>: only who knows the root can tell which it is.
/// </summary>
public enum AttestationType
{
    /// <summary>No attestation: the key was not proven by its authenticator.</summary>
    None,

    /// <summary>Self attestation: signed with the credential key itself.</summary>
    Self,

    /// <summary>Signed with an attestation key whose certificates came along; whether they are trusted is a separate decision.</summary>
    Certified,
}
