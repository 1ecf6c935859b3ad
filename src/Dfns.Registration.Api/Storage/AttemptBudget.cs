using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// How much of a budget is used up in its current window. In the database, so that it holds across instances and survives them. Belongs
/// to the service, not to an organisation: an address is nobody's.
/// </summary>
public sealed class AttemptBudget
{
    /// <summary>HMAC-SHA-256 of whose budget it is, under a key the database does not hold: 32 bytes. The table tells no address and no name.</summary>
    public required byte[] Id { get; init; }

    /// <summary>Seconds since 1970 UTC, and not an instant: it is compared in SQL that both databases read.</summary>
    public required long WindowEndsAt { get; init; }

    /// <summary>Attempts since the window began, those that were refused included.</summary>
    public required long Used { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<AttemptBudget>
    {
        public void Configure(EntityTypeBuilder<AttemptBudget> builder)
        {
            builder.ToTable("attempt_budgets");
            builder.Property(b => b.Id).HasMaxLength(32);
            builder.HasIndex(b => b.WindowEndsAt);
        }
    }
}
