using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>Operations under a name, which the wire calls a permission: whoever it is assigned to may do them, as long as it is not archived.</summary>
public sealed class PermissionSet
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>pm-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>.</summary>
    public required string Id { get; init; }

    public required string Name { get; set; }

    /// <summary>Such as <c>Auth:Users:Create</c>; none twice.</summary>
    public required List<string> Operations { get; set; }

    /// <summary>Kept as a record, and permits nothing.</summary>
    public bool IsArchived { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Counts the changes. A concurrency token: of two at once, one is told of the other.</summary>
    public int Version { get; set; }

    public Organisation? Organisation { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<PermissionSet>
    {
        public void Configure(EntityTypeBuilder<PermissionSet> builder)
        {
            builder.HasKey(s => new { s.OrganisationId, s.Id });
            builder.ToTable("permission_sets");
            builder.Property(s => s.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(s => s.Id).HasMaxLength(Limits.IdLength);
            builder.Property(s => s.Name).HasMaxLength(Limits.NameLength);
            builder.Property(s => s.Version).IsConcurrencyToken();
            builder.HasIndex(s => new { s.OrganisationId, s.CreatedAt, s.Id });
            builder.HasOne(s => s.Organisation).WithMany().HasForeignKey(s => s.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
