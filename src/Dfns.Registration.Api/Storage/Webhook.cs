using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>Where an organisation wants to be told of what happens in it.</summary>
public sealed class Webhook
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>wh-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>.</summary>
    public required string Id { get; init; }

    public required string Url { get; set; }

    /// <summary>The kinds of events it is told of, or <c>*</c> for all; none twice.</summary>
    public required List<string> Events { get; set; }

    public string? Description { get; set; }

    public required bool IsEnabled { get; set; }

    /// <summary>What its requests are signed with, sealed with the master key under <see cref="SealedUnder"/>.</summary>
    public required byte[] Secret { get; set; }

    /// <summary>The secret before, sealed likewise, while its time is not over; null where it was never changed.</summary>
    public byte[]? EarlierSecret { get; set; }

    /// <summary>UTC; from here on the secret before signs nothing.</summary>
    public DateTimeOffset? EarlierSecretEndsAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Counts the changes. A concurrency token: of two at once, one is told of the other.</summary>
    public int Version { get; set; }

    public Organisation? Organisation { get; init; }

    /// <summary>What its secrets are bound to: in another row they do not open.</summary>
    public static string SealedUnder(string organisationId, string id) => $"webhook\0{organisationId}\0{id}";

    /// <summary>Whether it is told of a kind of events, when it is enabled.</summary>
    public bool Wants(string kind) => Events.Contains(EventKinds.All) || Events.Contains(kind);

    internal sealed class Mapping : IEntityTypeConfiguration<Webhook>
    {
        public void Configure(EntityTypeBuilder<Webhook> builder)
        {
            builder.HasKey(w => new { w.OrganisationId, w.Id });
            builder.ToTable("webhooks");
            builder.Property(w => w.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(w => w.Id).HasMaxLength(Limits.IdLength);
            builder.Property(w => w.Url).HasMaxLength(Limits.UrlLength);
            builder.Property(w => w.Description).HasMaxLength(Limits.DescriptionLength);
            builder.Property(w => w.Version).IsConcurrencyToken();
            builder.HasOne(w => w.Organisation).WithMany().HasForeignKey(w => w.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
