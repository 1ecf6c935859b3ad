using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Something to be sent that follows from an act: stored in the act's own transaction, and deleted once it is delivered or its time is over.
/// Rows with an empty organisation are for nobody: whoever asks for a code of a user who does not exist has one written too.
/// </summary>
public sealed class OutboxMessage
{
    /// <summary>Whose it is; empty for nobody's. No foreign key: what is to be sent does not keep anything from being deleted.</summary>
    public required string OrganisationId { get; init; }

    /// <summary>The same on each attempt, so that whoever gets it twice can tell.</summary>
    public required string Id { get; init; }

    /// <summary>Who sends it.</summary>
    public required OutboxKind Kind { get; init; }

    /// <summary>Whom it is for, such as a user's id.</summary>
    public required string SubjectId { get; init; }

    /// <summary>What is sent, sealed with the master key under <see cref="SealedUnder"/>: it may hold a code.</summary>
    public required byte[] Content { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC; from when on somebody may take it: at first, again after an attempt, and when the lease of whoever has it runs out.</summary>
    public required DateTimeOffset DueAt { get; set; }

    /// <summary>UTC; from here on it is of no use, and is not sent.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>How often somebody has taken it.</summary>
    public int Attempts { get; set; }

    /// <summary>Drawn by whoever has it in hand, who alone may finish with it; null while nobody has.</summary>
    public string? Lease { get; set; }

    /// <summary>What its content is bound to: in another row, or sent to somebody else, it does not open.</summary>
    public static string SealedUnder(string organisationId, string id, string subjectId) => $"outbox\0{organisationId}\0{id}\0{subjectId}";

    internal sealed class Mapping : IEntityTypeConfiguration<OutboxMessage>
    {
        public void Configure(EntityTypeBuilder<OutboxMessage> builder)
        {
            builder.HasKey(m => new { m.OrganisationId, m.Id });
            builder.ToTable("outbox");
            builder.Property(m => m.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(m => m.Id).HasMaxLength(Limits.IdLength);
            builder.Property(m => m.Kind).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(m => m.SubjectId).HasMaxLength(Limits.IdLength);
            builder.Property(m => m.Lease).HasMaxLength(Limits.IdLength);
            // Of all organisations at once: what is due first is sent first, whosever it is. All that is in the table waits, so there is nothing for
            // an index to leave out.
            builder.HasIndex(m => new { m.Kind, m.DueAt });
            builder.HasIndex(m => m.EndsAt);
        }
    }
}

/// <summary>Who sends what is in the outbox; of each kind somebody else.</summary>
public enum OutboxKind
{
    /// <summary>Mails to users.</summary>
    Mail,

    /// <summary>Events to webhooks; the id of the message is the event's.</summary>
    Event,
}
