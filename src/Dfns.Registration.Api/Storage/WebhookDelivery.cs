using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>What became of an event at a webhook, as of the last attempt.</summary>
public sealed class WebhookDelivery
{
    public required string OrganisationId { get; init; }

    /// <summary>No foreign key: a webhook is deleted at once, and what it was told goes when its time is over.</summary>
    public required string WebhookId { get; init; }

    /// <summary>Id of the form <c>we-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>: the same at every webhook and on each attempt.</summary>
    public required string EventId { get; init; }

    public required string Kind { get; init; }

    /// <summary>UTC; when it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What is told of it, as JSON, free of secrets.</summary>
    public required string Data { get; init; }

    /// <summary>The status of the answer; null where there was none.</summary>
    public int? Status { get; set; }

    /// <summary>Why it was not delivered, in English; null where it was.</summary>
    public string? Error { get; set; }

    /// <summary>UTC; of the last attempt.</summary>
    public required DateTimeOffset SentAt { get; set; }

    public bool IsDelivered { get; set; }

    internal sealed class Mapping : IEntityTypeConfiguration<WebhookDelivery>
    {
        public void Configure(EntityTypeBuilder<WebhookDelivery> builder)
        {
            builder.HasKey(d => new { d.OrganisationId, d.WebhookId, d.EventId });
            builder.ToTable("webhook_deliveries");
            builder.Property(d => d.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(d => d.WebhookId).HasMaxLength(Limits.IdLength);
            builder.Property(d => d.EventId).HasMaxLength(Limits.IdLength);
            builder.Property(d => d.Kind).HasMaxLength(Limits.IdLength);
            builder.Property(d => d.Error).HasMaxLength(Limits.NoteLength);
            // A page of a webhook's, and among them of those that were delivered or not.
            builder.HasIndex(d => new { d.OrganisationId, d.WebhookId, d.At, d.EventId });
            builder.HasIndex(d => new { d.OrganisationId, d.WebhookId, d.IsDelivered, d.At, d.EventId });
            builder.HasIndex(d => new { d.OrganisationId, d.WebhookId, d.Kind, d.At, d.EventId });
            builder.HasIndex(d => new { d.OrganisationId, d.At });
            builder.HasOne<Organisation>().WithMany().HasForeignKey(d => d.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
