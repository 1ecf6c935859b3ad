using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>That a set of permissions is somebody's: an employee's or a service account's. It goes when it is revoked, and with its user.</summary>
public sealed class PermissionSetAssignment
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>as-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>.</summary>
    public required string Id { get; init; }

    public required string PermissionSetId { get; init; }

    public required string UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public PermissionSet? PermissionSet { get; init; }

    public User? User { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<PermissionSetAssignment>
    {
        public void Configure(EntityTypeBuilder<PermissionSetAssignment> builder)
        {
            builder.HasKey(a => new { a.OrganisationId, a.Id });
            builder.ToTable("permission_set_assignments");
            builder.Property(a => a.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.Id).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.PermissionSetId).HasMaxLength(Limits.IdLength);
            builder.Property(a => a.UserId).HasMaxLength(Limits.IdLength);
            builder.HasIndex(a => new { a.OrganisationId, a.UserId, a.PermissionSetId }).IsUnique().HasDatabaseName(UniqueViolation.AssignmentIndex);
            builder.HasIndex(a => new { a.OrganisationId, a.PermissionSetId, a.CreatedAt, a.Id }).HasDatabaseName("ix_permission_set_assignments_page");
            builder.HasOne(a => a.PermissionSet).WithMany().HasForeignKey(a => new { a.OrganisationId, a.PermissionSetId }).OnDelete(DeleteBehavior.Restrict);
            builder.HasOne(a => a.User).WithMany().HasForeignKey(a => new { a.OrganisationId, a.UserId }).OnDelete(DeleteBehavior.Cascade);
        }
    }
}
