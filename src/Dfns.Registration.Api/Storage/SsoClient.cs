using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>A client of a provider by which users of an organisation sign in with the authorization code flow. Written by the operator alone.</summary>
public sealed class SsoClient
{
    public required string OrganisationId { get; init; }

    /// <summary>The provider's.</summary>
    public required string Issuer { get; init; }

    /// <summary>One of those that the provider's row lists.</summary>
    public required string ClientId { get; init; }

    /// <summary>Where the provider may send people back to, compared as exact text (RFC 9700 §2.1).</summary>
    public required List<string> RedirectUris { get; set; }

    /// <summary>The client secret, sealed with the master key under <see cref="SealedUnder"/>; null for a public client.</summary>
    public byte[]? SealedSecret { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public SocialProvider? Provider { get; init; }

    /// <summary>What its secret is bound to: in another row it does not open.</summary>
    public static string SealedUnder(string organisationId, string issuer, string clientId) => $"sso client\0{organisationId}\0{issuer}\0{clientId}";

    internal sealed class Mapping : IEntityTypeConfiguration<SsoClient>
    {
        public void Configure(EntityTypeBuilder<SsoClient> builder)
        {
            builder.HasKey(c => new { c.OrganisationId, c.Issuer, c.ClientId });
            builder.ToTable("sso_clients");
            builder.Property(c => c.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(c => c.Issuer).HasMaxLength(Limits.IssuerLength);
            builder.Property(c => c.ClientId).HasMaxLength(Limits.SubjectLength);
            builder.HasOne(c => c.Provider).WithMany().HasForeignKey(c => new { c.OrganisationId, c.Issuer }).OnDelete(DeleteBehavior.Cascade);
        }
    }
}
