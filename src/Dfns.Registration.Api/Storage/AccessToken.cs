using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>What a caller's bearer token names: a session that signing in opened, or the standing access of a program.</summary>
public sealed class AccessToken
{
    /// <summary>What no token outlives: a year, with a day to spare for leap years.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(366);

    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>to-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>, which is the <c>sid</c> of the token.</summary>
    public required string Id { get; init; }

    public required string UserId { get; init; }

    public required AccessTokenKind Kind { get; init; }

    /// <summary>The credential that opened it: once that is no longer active, neither is the token. Null where an operator handed it over.</summary>
    public string? CredentialUuid { get; init; }

    /// <summary>The second factor that proved it too; null where none did.</summary>
    public string? SecondCredentialUuid { get; init; }

    /// <summary>Whether a login code began the sign-in that opened it.</summary>
    public bool ByLoginCode { get; init; }

    /// <summary>On whose word it was opened, with which it ends (<see cref="VoucherRevocation"/>): the id of a service account, or a provider's issuer. Null where a credential opened it, or an operator handed it over.</summary>
    public string? VouchedBy { get; init; }

    /// <summary>Of a provider: for which of its clients (<see cref="VoucherRevocation.Clients"/>).</summary>
    public string? VouchedFor { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>UTC; set by a <see cref="Revocation"/>.</summary>
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>UTC, to the minute; when it was last seen.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    public User? User { get; init; }

    public Credential? Credential { get; init; }

    /// <summary>Who calls with it (RFC 9068 §2.2): the program itself where it has a standing access, else some front end of the organisation.</summary>
    internal string ClientId => Kind == AccessTokenKind.Token ? OrganisationId : UserId;

    internal sealed class Mapping : IEntityTypeConfiguration<AccessToken>
    {
        public void Configure(EntityTypeBuilder<AccessToken> builder)
        {
            builder.HasKey(t => new { t.OrganisationId, t.Id });
            builder.Property(t => t.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(t => t.Id).HasMaxLength(Limits.IdLength);
            builder.Property(t => t.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(t => t.Kind).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(t => t.CredentialUuid).HasMaxLength(Limits.IdLength);
            builder.Property(t => t.SecondCredentialUuid).HasMaxLength(Limits.IdLength);
            builder.Property(t => t.VouchedBy).HasMaxLength(Limits.IssuerLength);
            builder.Property(t => t.VouchedFor).HasMaxLength(Limits.IdTokenLength);
            builder.HasIndex(t => new { t.OrganisationId, t.UserId });
            builder.HasIndex(t => new { t.OrganisationId, t.VouchedBy }).HasFilter("vouched_by IS NOT NULL AND revoked_at IS NULL").HasDatabaseName("ix_access_tokens_vouched");
            builder.HasIndex(t => new { t.OrganisationId, t.ExpiresAt });
            builder.HasOne(t => t.User).WithMany().HasForeignKey(t => new { t.OrganisationId, t.UserId }).OnDelete(DeleteBehavior.Cascade);
            builder.HasOne(t => t.Credential).WithMany().HasForeignKey(t => new { t.OrganisationId, t.CredentialUuid }).OnDelete(DeleteBehavior.Restrict);
        }
    }
}

/// <summary>The kinds of caller's token, spelled as the claim <c>tokenKind</c> spells them.</summary>
public enum AccessTokenKind
{
    /// <summary>A session of a user who signed in.</summary>
    Token,

    /// <summary>The standing access of a service account.</summary>
    ServiceAccount,

    /// <summary>A personal access token: the standing access of a program that a person has let in.</summary>
    Pat,
}
