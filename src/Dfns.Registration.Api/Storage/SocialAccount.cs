using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Whose account at an OpenID provider a user has. Keyed on issuer and subject, the one pair that a provider never gives to another
/// person (OpenID Connect Core 1.0 §5.7); an e-mail address it may.
/// </summary>
public sealed class SocialAccount
{
    public required string OrganisationId { get; init; }

    public required string Issuer { get; init; }

    /// <summary>The <c>sub</c> claim: at most 255 ASCII characters, case-sensitive.</summary>
    public required string Subject { get; init; }

    /// <summary>Of one who is deleted it tells until when ID tokens do not count; another user takes its place then. A concurrency token: of two at once, one does.</summary>
    public required string UserId { get; set; }

    public required DateTimeOffset CreatedAt { get; set; }

    public User? User { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<SocialAccount>
    {
        public void Configure(EntityTypeBuilder<SocialAccount> builder)
        {
            builder.HasKey(a => new { a.OrganisationId, a.Issuer, a.Subject });
            builder.ToTable("social_accounts");
            builder.Property(a => a.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.Issuer).HasMaxLength(Limits.IssuerLength);
            builder.Property(a => a.Subject).HasMaxLength(Limits.SubjectLength);
            builder.Property(a => a.UserId).HasMaxLength(Limits.IdLength).IsConcurrencyToken();
            builder.HasIndex(a => new { a.OrganisationId, a.UserId });
            builder.HasOne(a => a.User).WithMany().HasForeignKey(a => new { a.OrganisationId, a.UserId }).OnDelete(DeleteBehavior.Cascade);
        }
    }
}
