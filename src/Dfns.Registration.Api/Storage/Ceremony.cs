using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>One issued challenge, and what became of it.</summary>
public sealed class Ceremony
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>ce-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>; the bearer token names it.</summary>
    public required string Id { get; init; }

    public required CeremonyPurpose Purpose { get; init; }

    public required string UserId { get; init; }

    /// <summary>The challenge as issued: 43 characters of unpadded base64url.</summary>
    public required string Challenge { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>UTC; null while the challenge may still be answered. A concurrency token: of two answers at once, one wins.</summary>
    public DateTimeOffset? ConsumedAt { get; set; }

    /// <summary>SHA-256 of the request body that completed it: 32 bytes; null when it is open, or was closed without being completed.</summary>
    public byte[]? ResultDigest { get; set; }

    /// <summary>The answer to that body, as JSON text, for an identical repeat.</summary>
    public string? Result { get; set; }

    public User? User { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<Ceremony>
    {
        public void Configure(EntityTypeBuilder<Ceremony> builder)
        {
            builder.HasKey(c => new { c.OrganisationId, c.Id });
            builder.Property(c => c.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Id).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Purpose).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(c => c.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Challenge).HasMaxLength(Limits.ChallengeLength);
            builder.Property(c => c.ConsumedAt).IsConcurrencyToken();
            builder.HasIndex(c => new { c.OrganisationId, c.UserId });
            builder.HasOne(c => c.User).WithMany().HasForeignKey(c => new { c.OrganisationId, c.UserId }).OnDelete(DeleteBehavior.Cascade);
        }
    }
}

/// <summary>What a challenge was issued for; it answers nothing else.</summary>
public enum CeremonyPurpose
{
    Registration,
}
