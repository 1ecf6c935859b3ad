using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>What happened to whom, when and from where. Written in the transaction of the thing itself, never changed.</summary>
public sealed class AuditEvent
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>au-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Action { get; init; }

    public required string UserId { get; init; }

    /// <summary>The peer's IP address, after the configured proxies; null when the service itself acted.</summary>
    public string? RemoteAddress { get; init; }

    /// <summary>An English remark, free of secrets.</summary>
    public string? Note { get; init; }

    internal sealed class Mapping : IEntityTypeConfiguration<AuditEvent>
    {
        public void Configure(EntityTypeBuilder<AuditEvent> builder)
        {
            builder.HasKey(e => new { e.OrganisationId, e.Id });
            builder.Property(e => e.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.Id).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.Action).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.UserId).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.RemoteAddress).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.Note).HasMaxLength(Limits.UsernameLength);
            builder.HasIndex(e => new { e.OrganisationId, e.UserId, e.At });
        }
    }
}

/// <summary>The actions an audit row can name.</summary>
internal static class AuditActions
{
    public const string UserRegistered = "user.registered";
    public const string RegisteredWithoutRecovery = "user.registered_without_recovery";
    public const string RegistrationCodeSent = "registration_code.sent";
}
