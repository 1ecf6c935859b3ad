using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// A call that somebody signed, with everything that proves it, as it was then: no credential, user or relying party has to be there any more
/// for it to be verified.
/// </summary>
public sealed class SignedAction
{
    public required string OrganisationId { get; init; }

    /// <summary>That of its challenge, which follows from it.</summary>
    public required string Id { get; init; }

    /// <summary>Who signed. No foreign key: it is kept whatever becomes of the user.</summary>
    public required string SignerId { get; init; }

    /// <summary>The signer's name at that time.</summary>
    public required string Username { get; init; }

    /// <summary>The uuid of the first factor.</summary>
    public required string CredentialUuid { get; init; }

    /// <summary>The HTTP method of the call.</summary>
    public required string Method { get; init; }

    /// <summary>The path of the call, without the query.</summary>
    public required string Path { get; init; }

    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>UTC; when the call was made and what it changes saved. Null until then: signed, and not done.</summary>
    public DateTimeOffset? PerformedAt { get; set; }

    /// <summary>What proves it, as JSON text: see <c>ActionEvidence</c>.</summary>
    public required string Evidence { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<SignedAction>
    {
        public void Configure(EntityTypeBuilder<SignedAction> builder)
        {
            builder.HasKey(a => new { a.OrganisationId, a.Id });
            builder.ToTable("signed_actions");
            builder.Property(a => a.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.Id).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.SignerId).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.Username).HasMaxLength(Limits.UsernameLength);
            builder.Property(a => a.CredentialUuid).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.Method).HasMaxLength(Limits.EnumLength);
            builder.Property(a => a.Path).HasMaxLength(Limits.PathLength);
            builder.HasIndex(a => new { a.OrganisationId, a.SignedAt, a.Id });
            builder.HasIndex(a => new { a.OrganisationId, a.SignerId, a.SignedAt, a.Id });
            // Of what was signed and not done, to be deleted: else all that is kept would be looked through each time.
            builder.HasIndex(a => new { a.OrganisationId, a.SignedAt }, "ix_signed_actions_not_performed").HasFilter("performed_at IS NULL");
        }
    }
}
