using System.Linq.Expressions;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>A credential whose proof was verified when it was stored.</summary>
public sealed class Credential
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>cr-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>, ours; not the credential id, which is the client's.</summary>
    public required string Uuid { get; init; }

    public required string UserId { get; init; }

    public required CredentialKind Kind { get; init; }

    public required CredentialSlot Slot { get; init; }

    public required string Name { get; set; }

    /// <summary>The credential id as bytes: unique in the organisation among credentials that are not archived.</summary>
    public required byte[] CredentialId { get; init; }

    /// <summary>The credential id as the client wrote it, handed back exactly so: key clients compare it as text.</summary>
    public required string CredentialIdText { get; init; }

    /// <summary>DER SubjectPublicKeyInfo: unique in the organisation among credentials that are not archived.</summary>
    public required byte[] PublicKey { get; init; }

    /// <summary>The COSE_Key as attested; null for the raw-key kinds.</summary>
    public byte[]? CoseKey { get; init; }

    /// <summary>The PEM as sent, byte for byte; null for Fido2.</summary>
    public string? PublicKeyPem { get; init; }

    /// <summary>COSE algorithm number of a Fido2 credential.</summary>
    public int? Algorithm { get; init; }

    /// <summary>The hash a raw-key client named: SHA256, SHA384 or SHA512.</summary>
    public string? HashAlgorithm { get; init; }

    /// <summary>Opaque text; handed back byte for byte.</summary>
    public string? EncryptedPrivateKey { get; init; }

    /// <summary>The signature counter last seen. A concurrency token: of two assertions at once, one is held against the other's.</summary>
    public long? SignCount { get; set; }

    public bool? UserVerified { get; init; }

    /// <summary>Flag BE as last seen; null for the raw-key kinds.</summary>
    public bool? BackupEligible { get; set; }

    /// <summary>Flag BE as registered, where it has changed since; null where <see cref="BackupEligible"/> still is that.</summary>
    public bool? BackupEligibleAtRegistration { get; set; }

    public bool? BackedUp { get; set; }

    public Guid? Aaguid { get; init; }

    public string? AttestationFormat { get; init; }

    public AttestationType? AttestationType { get; init; }

    /// <summary>What was decided on trust in the attestation, by the policy in force when the credential was made.</summary>
    public TrustVerdict? AttestationTrust { get; init; }

    /// <summary>Whether a trusted attestation vouches for <see cref="Aaguid"/>; otherwise it is a claim.</summary>
    public bool? AaguidAttested { get; init; }

    /// <summary>SHA-256, in hexadecimal, of the root that a trusted attestation leads to.</summary>
    public string? AttestationRoot { get; init; }

    /// <summary>The relying party id in force when the credential was made.</summary>
    public required string RelyingPartyId { get; init; }

    /// <summary>The origin that ran the ceremony; null for the raw-key kinds, whose clients invent it.</summary>
    public string? Origin { get; init; }

    /// <summary>A concurrency token: a credential that is archived meanwhile proves nothing.</summary>
    public CredentialStatus Status { get; set; } = CredentialStatus.Active;

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UsedAt { get; set; }

    public DateTimeOffset? ArchivedAt { get; set; }

    public User? User { get; init; }

    /// <summary>
    /// The row without its encrypted private key, which is long and read where it is handed out and nowhere else. Not tracked: what changes of
    /// it is told to <see cref="Changes.Watch"/>.
    /// </summary>
    internal static readonly Expression<Func<Credential, Credential>> WithoutPrivateKey = c => new Credential
    {
        OrganisationId = c.OrganisationId,
        Uuid = c.Uuid,
        UserId = c.UserId,
        Kind = c.Kind,
        Slot = c.Slot,
        Name = c.Name,
        CredentialId = c.CredentialId,
        CredentialIdText = c.CredentialIdText,
        PublicKey = c.PublicKey,
        CoseKey = c.CoseKey,
        PublicKeyPem = c.PublicKeyPem,
        Algorithm = c.Algorithm,
        HashAlgorithm = c.HashAlgorithm,
        SignCount = c.SignCount,
        UserVerified = c.UserVerified,
        BackupEligible = c.BackupEligible,
        BackupEligibleAtRegistration = c.BackupEligibleAtRegistration,
        BackedUp = c.BackedUp,
        Aaguid = c.Aaguid,
        AttestationFormat = c.AttestationFormat,
        AttestationType = c.AttestationType,
        AttestationTrust = c.AttestationTrust,
        AaguidAttested = c.AaguidAttested,
        AttestationRoot = c.AttestationRoot,
        RelyingPartyId = c.RelyingPartyId,
        Origin = c.Origin,
        Status = c.Status,
        CreatedAt = c.CreatedAt,
        UsedAt = c.UsedAt,
        ArchivedAt = c.ArchivedAt,
    };

    /// <summary>The credential as the verifier of assertions takes it.</summary>
    internal StoredCredential ToStored() => new()
    {
        Kind = Kind,
        CredentialId = CredentialId,
        UserId = UserId,
        SubjectPublicKeyInfo = PublicKey,
        Algorithm = Algorithm,
        HashAlgorithm = HashAlgorithm,
        SignCount = (uint)(SignCount ?? 0),
        BackupEligible = BackupEligible ?? false,
        BackupEligibleAtRegistration = BackupEligibleAtRegistration,
    };

    internal sealed class Mapping : IEntityTypeConfiguration<Credential>
    {
        public void Configure(EntityTypeBuilder<Credential> builder)
        {
            builder.HasKey(c => new { c.OrganisationId, c.Uuid });
            builder.Property(c => c.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Uuid).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Kind).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.Slot).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.Status).HasConversion<string>().HasMaxLength(Limits.EnumLength).IsConcurrencyToken();
            builder.Property(c => c.SignCount).IsConcurrencyToken();
            builder.Property(c => c.AttestationType).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.AttestationTrust).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.AttestationRoot).HasMaxLength(Limits.FingerprintLength);
            builder.Property(c => c.AttestationFormat).HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.HashAlgorithm).HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.Name).HasMaxLength(Limits.NameLength);
            builder.Property(c => c.CredentialId).HasMaxLength(Limits.CredentialIdBytes).IsRequired();
            builder.Property(c => c.CredentialIdText).HasMaxLength(Limits.CredentialIdTextLength);
            builder.Property(c => c.EncryptedPrivateKey).HasMaxLength(Limits.EncryptedPrivateKeyLength);
            builder.Property(c => c.RelyingPartyId).HasMaxLength(Limits.DomainLength);
            builder.HasIndex(c => new { c.OrganisationId, c.CredentialId }).IsUnique()
                .HasFilter("status <> 'Archived'").HasDatabaseName(UniqueViolation.CredentialIdIndex);
            builder.HasIndex(c => new { c.OrganisationId, c.PublicKey }).IsUnique()
                .HasFilter("status <> 'Archived'").HasDatabaseName(UniqueViolation.PublicKeyIndex);
            builder.HasIndex(c => new { c.OrganisationId, c.UserId });
            builder.HasOne(c => c.User).WithMany().HasForeignKey(c => new { c.OrganisationId, c.UserId }).OnDelete(DeleteBehavior.Restrict);
        }
    }
}

/// <summary>The member of the registration request that a credential came in.</summary>
public enum CredentialSlot
{
    FirstFactor,
    SecondFactor,
    Recovery,
}

/// <summary>What a credential can be used for now.</summary>
public enum CredentialStatus
{
    Active,
    Inactive,

    /// <summary>Kept as a record only, with the latest; its credential id may be registered again.</summary>
    Archived,
}
