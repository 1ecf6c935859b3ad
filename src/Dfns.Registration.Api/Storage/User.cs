using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>A person of an organisation. Exists before registration, and is registered once.</summary>
public sealed class User
{
    public required string OrganisationId { get; init; }

    /// <summary>Id of the form <c>us-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>; its UTF-8 bytes are the WebAuthn user handle.</summary>
    public required string Id { get; init; }

    /// <summary>As given, and returned unchanged: clients salt a password-protected key with it. Only a service account, which has none, is given another.</summary>
    public required string Username { get; set; }

    /// <summary>The form that is unique in the organisation: see <see cref="Fold"/>. Null once the user is deleted: the name is free again.</summary>
    public required string? UsernameFolded { get; set; }

    public required UserKind Kind { get; init; }

    /// <summary>The caller's own id of the user; unique in the organisation where there is one.</summary>
    public string? ExternalId { get; set; }

    /// <summary>A program of the organisation, not a person: it has a token that an operator handed over, and signs its actions with a key.</summary>
    public bool IsServiceAccount { get; init; }

    /// <summary>
    /// Of a personal access token: the person whose it is. It is a program as a service account is, under the id of its token, and may do what both itself and that
    /// person are permitted. Null for everybody else.
    /// </summary>
    public string? OwnerId { get; init; }

    /// <summary>What the user may do beyond managing its own account: operations such as <c>Auth:Users:Create</c>.</summary>
    public List<string> Permissions { get; set; } = [];

    /// <summary>A concurrency token: whoever is deactivated meanwhile does not register.</summary>
    public bool IsActive { get; set; } = true;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC; null until registration completes. A concurrency token: of two registrations at once, one wins.</summary>
    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>
    /// UTC; until when the user can register. Null for one who came without an invitation, or was invited before invitations had an end. Moves
    /// only together with <see cref="End"/>, whose version decides between a registration and another invitation.
    /// </summary>
    public DateTimeOffset? InvitationEndsAt { get; set; }

    /// <summary>UTC; when the user was deleted, and is kept as a record only: never active again. A concurrency token.</summary>
    public DateTimeOffset? ArchivedAt { get; set; }

    /// <summary>
    /// Counts the changes to which credentials the user has, and the ends of everything. A concurrency token, and on the row that a
    /// <see cref="Revocation"/> locks: of that and anything that adds, activates or ends a credential at the same time, one comes first and
    /// the other sees it.
    /// </summary>
    public int CredentialsVersion { get; set; }

    /// <summary>
    /// UTC; when everything that was open of the user was last ended: nothing that was issued before counts, an ID token of a provider
    /// included. Null until then. A concurrency token: what is under way for the user writes it as it was read, and fails if it was set since.
    /// </summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Notes that everything open of the user ends. The rows themselves a <see cref="Revocation"/> ends.</summary>
    public void End(DateTimeOffset now)
    {
        EndedAt = now;
        CredentialsVersion++;
    }

    /// <summary>Whether the user has not registered while the invitation stood, and can no longer.</summary>
    public bool IsInvitationOver(DateTimeOffset now) => RegisteredAt is null && InvitationEndsAt <= now;

    /// <summary>How long something lasts that begins now and ends with the invitation at the latest.</summary>
    public TimeSpan WithinInvitation(TimeSpan lifetime, DateTimeOffset now) => InvitationEndsAt - now is { } left && left < lifetime ? left : lifetime;

    public Organisation? Organisation { get; init; }

    /// <summary>Two usernames are one when they differ only in case, width, normalisation form, what does not show, or white space around them.</summary>
    /// <param name="username">A username as typed.</param>
    /// <returns>The form to compare, ordinally.</returns>
    public static string Fold(string username) => NameFolding.Fold(username);

    internal sealed class Mapping : IEntityTypeConfiguration<User>
    {
        public void Configure(EntityTypeBuilder<User> builder)
        {
            builder.HasKey(u => new { u.OrganisationId, u.Id });
            builder.Property(u => u.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(u => u.Id).HasMaxLength(Limits.IdLength);
            builder.Property(u => u.Username).HasMaxLength(Limits.UsernameLength);
            builder.Property(u => u.UsernameFolded).HasMaxLength(Limits.UsernameLength);
            builder.Property(u => u.Kind).HasConversion<string>().HasMaxLength(Limits.EnumLength);
            builder.Property(u => u.ExternalId).HasMaxLength(Limits.UsernameLength);
            builder.Property(u => u.OwnerId).HasMaxLength(Limits.IdLength);
            builder.Property(u => u.IsActive).IsConcurrencyToken();
            builder.Property(u => u.RegisteredAt).IsConcurrencyToken();
            builder.Property(u => u.ArchivedAt).IsConcurrencyToken();
            builder.Property(u => u.CredentialsVersion).IsConcurrencyToken();
            builder.Property(u => u.EndedAt).IsConcurrencyToken();
            builder.HasIndex(u => new { u.OrganisationId, u.UsernameFolded }).IsUnique().HasDatabaseName(UniqueViolation.UsernameIndex);
            builder.HasIndex(u => new { u.OrganisationId, u.ExternalId }).IsUnique().HasDatabaseName(UniqueViolation.ExternalIdIndex);
            // Those who may never complete what they began, those that are listed, and those of whom one stands in nobody's place: none is looked for
            // among all others.
            builder.HasIndex(u => new { u.OrganisationId, u.CreatedAt }).HasFilter("registered_at IS NULL AND archived_at IS NULL").HasDatabaseName("ix_users_begun");
            builder.HasIndex(u => new { u.OrganisationId, u.Kind, u.CreatedAt, u.Id }).HasFilter("NOT is_service_account AND archived_at IS NULL").HasDatabaseName("ix_users_listed");
            builder.HasIndex(u => new { u.OrganisationId, u.CreatedAt, u.Id }).HasFilter("is_service_account AND owner_id IS NULL AND archived_at IS NULL").HasDatabaseName("ix_users_service_accounts");
            builder.HasIndex(u => new { u.OrganisationId, u.OwnerId, u.CreatedAt, u.Id }).HasFilter("owner_id IS NOT NULL AND archived_at IS NULL").HasDatabaseName("ix_users_owned");
            builder.HasIndex(u => new { u.OrganisationId, u.Id }).HasFilter("registered_at IS NOT NULL AND archived_at IS NULL").HasDatabaseName("ix_users_registered");
            builder.HasOne(u => u.Organisation).WithMany().HasForeignKey(u => u.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}

/// <summary>The kinds of user, spelled as the wire spells them.</summary>
public enum UserKind
{
    CustomerEmployee,
    EndUser,
}
