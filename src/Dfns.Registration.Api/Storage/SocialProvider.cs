using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>An OpenID provider whose ID tokens an organisation accepts. Written by the operator alone; no other issuer is ever asked for its keys.</summary>
public sealed class SocialProvider
{
    public required string OrganisationId { get; init; }

    /// <summary>The issuer identifier (OpenID Connect Discovery 1.0 §3): an https URL, compared as exact text with <c>iss</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary>The client ids that the organisation's applications have at the provider: the audiences of their tokens.</summary>
    public required List<string> ClientIds { get; set; }

    /// <summary>Signature algorithms (RFC 7518 §3.1) that its tokens may name; asymmetric ones alone.</summary>
    public required List<string> Algorithms { get; set; }

    public SocialUsername Username { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public Organisation? Organisation { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<SocialProvider>
    {
        public void Configure(EntityTypeBuilder<SocialProvider> builder)
        {
            builder.HasKey(p => new { p.OrganisationId, p.Issuer });
            builder.ToTable("social_providers");
            builder.Property(p => p.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(p => p.Issuer).HasMaxLength(Limits.IssuerLength);
            builder.Property(p => p.Username).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.HasIndex(p => p.Issuer);
            builder.HasOne(p => p.Organisation).WithMany().HasForeignKey(p => p.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}

/// <summary>What a user is named who comes from a provider.</summary>
public enum SocialUsername
{
    /// <summary>The <c>email</c> claim, which the provider must have verified.</summary>
    Email,

    /// <summary>A stable name made from issuer and subject, for providers that tell no verified e-mail address.</summary>
    Subject,
}
