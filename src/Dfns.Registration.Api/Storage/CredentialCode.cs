using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// A code with which a user adds a credential on a device that has no session. Nothing but the code names its row, so no organisation leads
/// the key; a row lives for little more than a minute.
/// </summary>
public sealed class CredentialCode
{
    /// <summary>HMAC-SHA-256 of the code under a key the database does not hold: 32 bytes.</summary>
    public required byte[] CodeHash { get; init; }

    /// <summary>HMAC-SHA-256 of this row under the same key: 32 bytes. A code whose row was given to another user, session or end, opens nothing; nor does one without.</summary>
    public byte[]? RowHash { get; init; }

    public required string OrganisationId { get; init; }

    public required string UserId { get; init; }

    /// <summary>The session that asked for it, with which it ends.</summary>
    public string? SessionId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>UTC; set with the credential that it added, and by a <see cref="Revocation"/>. A concurrency token: of two uses at once, one wins.</summary>
    public DateTimeOffset? ConsumedAt { get; set; }

    public User? User { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<CredentialCode>
    {
        public void Configure(EntityTypeBuilder<CredentialCode> builder)
        {
            builder.HasKey(c => c.CodeHash);
            builder.Property(c => c.RowHash).HasMaxLength(32);
            builder.Property(c => c.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.SessionId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.ConsumedAt).IsConcurrencyToken();
            builder.HasIndex(c => new { c.OrganisationId, c.UserId });
            builder.HasIndex(c => c.ExpiresAt);
            builder.HasOne(c => c.User).WithMany().HasForeignKey(c => new { c.OrganisationId, c.UserId }).OnDelete(DeleteBehavior.Cascade);
        }
    }
}
