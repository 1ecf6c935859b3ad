using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>A tenant. Its id leads every key and index, so that the tables can be distributed by organisation.</summary>
public sealed class Organisation
{
    /// <summary>Id of the form <c>or-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>.</summary>
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public RelyingParty? RelyingParty { get; set; }

    internal sealed class Mapping : IEntityTypeConfiguration<Organisation>
    {
        public void Configure(EntityTypeBuilder<Organisation> builder)
        {
            builder.Property(o => o.Id).HasMaxLength(Limits.IdLength);
            builder.Property(o => o.Name).HasMaxLength(Limits.NameLength);
            builder.HasOne(o => o.RelyingParty).WithOne().HasForeignKey<RelyingParty>(r => r.OrganisationId);
        }
    }
}
