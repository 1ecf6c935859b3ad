using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>The number of the last metadata BLOB that was taken up, so that no instance goes back to an earlier one. Belongs to the service.</summary>
public sealed class MetadataNumber
{
    /// <summary>The host of the metadata service: another service counts for itself.</summary>
    public required string SignerHost { get; init; }

    public required long Number { get; set; }

    public required DateTimeOffset AcceptedAt { get; set; }

    internal sealed class Mapping : IEntityTypeConfiguration<MetadataNumber>
    {
        public void Configure(EntityTypeBuilder<MetadataNumber> builder)
        {
            builder.HasKey(n => n.SignerHost);
            builder.Property(n => n.SignerHost).HasMaxLength(Limits.DomainLength);
        }
    }
}
