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

    /// <summary>Who did it: the id of a user, <c>operator</c> for the command line, or <c>service</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>The id of what it was done to: a user, a credential, an organisation.</summary>
    public required string SubjectId { get; init; }

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
            builder.Property(e => e.Actor).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.SubjectId).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.RemoteAddress).HasMaxLength(Limits.IdLength);
            builder.Property(e => e.Note).HasMaxLength(Limits.NoteLength);
            builder.HasIndex(e => new { e.OrganisationId, e.SubjectId, e.At });
            builder.HasIndex(e => new { e.OrganisationId, e.At });
        }
    }
}

/// <summary>The actors that are no user.</summary>
internal static class AuditActors
{
    public const string Operator = "operator";
    public const string Service = "service";

    /// <summary>Whoever has proven nothing.</summary>
    public const string Anybody = "anybody";
}

/// <summary>Remarks of audit rows.</summary>
internal static class AuditNotes
{
    /// <summary>Names credentials, such as <c>FirstFactor Fido2 cr-…, Recovery RecoveryKey cr-…</c>.</summary>
    public static string Of(params IReadOnlyList<Credential> credentials) => string.Join(", ", credentials.Select(c => $"{c.Slot} {c.Kind} {c.Uuid}"));

    /// <summary>Tells of values what they were and what they are, such as <c>origins was https://a.example, is https://a.example https://b.example</c>.</summary>
    /// <param name="first">What is told before it; null for nothing.</param>
    /// <param name="values">The names of the values, what they were and what they are; a list is told by its members, with spaces between them.</param>
    /// <returns>As many remarks as that takes, each short enough for its column; one that is null where there is nothing to tell.</returns>
    public static IEnumerable<string?> Of(string? first, IEnumerable<ChangedValue> values)
    {
        var note = first;
        foreach (var words in values.Select(v => v.IsNew ? $"{Name(v)} is {Text(v.Is)}" : $"{Name(v)} was {Text(v.Was)}, is {Text(v.Is)}").SelectMany(Pieces))
        {
            if (note?.Length + 2 + words.Length > Limits.NoteLength)
            {
                yield return note;
                note = null;
            }

            note = note is null ? words : $"{note}; {words}";
        }

        yield return note;
    }

    /// <summary>What is longer than a row, between two words if there are two.</summary>
    public static IEnumerable<string> Pieces(string words)
    {
        while (words.Length > Limits.NoteLength)
        {
            var end = words.LastIndexOf(' ', Limits.NoteLength) is > 0 and var space ? space : Limits.NoteLength;
            yield return words[..end];
            words = words[end..].TrimStart();
        }

        yield return words;
    }

    // As the commands print it and the wire has it.
    private static string Name(ChangedValue value) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.Name);

    private static string Text(object? value) => value switch
    {
        null or "" => "(none)",
        bool isSo => isSo ? "true" : "false",
        // Quoted where it could be read as the next value.
        string text => text.AsSpan().IndexOfAny(",;\"") < 0 ? text : $"\"{text.Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        DateTimeOffset instant => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture),
        System.Collections.IEnumerable list => string.Join(' ', list.Cast<object>().Select(Text)) is { Length: > 0 } members ? members : "(none)",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "(none)",
    };
}

/// <summary>A value that has changed; a list is told by its members.</summary>
internal sealed record ChangedValue(string Name, object? Was, object? Is, bool IsNew = false)
{
    /// <summary>One that was not there before.</summary>
    public static ChangedValue New(string name, object? value) => new(name, null, value, IsNew: true);
}

/// <summary>The actions an audit row can name.</summary>
internal static class AuditActions
{
    public const string UserRegistered = "user.registered";
    public const string RegisteredWithoutRecovery = "user.registered_without_recovery";
    public const string OrganisationCreated = "organisation.created";
    public const string OrganisationRenamed = "organisation.renamed";
    public const string RelyingPartyChanged = "relying_party.changed";
    public const string UserInvited = "user.invited";
    public const string UserDeactivated = "user.deactivated";
    public const string UserActivated = "user.activated";
    public const string UserDeleted = "user.deleted";
    public const string UserPermitted = "user.permitted";
    public const string RegistrationDelegated = "user.registration_delegated";
    public const string RegistrationTakenOver = "user.registration_taken_over";
    public const string ServiceAccountCreated = "service_account.created";
    public const string ServiceAccountRenewed = "service_account.renewed";
    public const string ServiceAccountDeactivated = "service_account.deactivated";
    public const string ServiceAccountActivated = "service_account.activated";
    public const string ServiceAccountUpdated = "service_account.updated";
    public const string ServiceAccountDeleted = "service_account.deleted";
    public const string PatCreated = "personal_access_token.created";
    public const string PatUpdated = "personal_access_token.updated";
    public const string PatActivated = "personal_access_token.activated";
    public const string PatDeactivated = "personal_access_token.deactivated";
    public const string PatDeleted = "personal_access_token.deleted";
    public const string SignedIn = "user.signed_in";
    public const string SignedOut = "user.signed_out";
    public const string RecoveryStarted = "user.recovery_started";
    public const string Recovered = "user.recovered";
    public const string CredentialCreated = "credential.created";
    public const string CredentialActivated = "credential.activated";
    public const string CredentialDeactivated = "credential.deactivated";
    public const string CredentialArchived = "credential.archived";
    public const string CredentialRenamed = "credential.renamed";
    public const string CredentialCodeCreated = "credential_code.created";
    public const string SignCountRegressed = "credential.sign_count_regressed";
    public const string BackupEligibilityChanged = "credential.backup_eligibility_changed";
    public const string DatabaseMigrated = "database.migrated";
    public const string SigningKeysRotated = "signing_keys.rotated";
    public const string SocialProviderChanged = "social_provider.changed";
    public const string SocialProviderRemoved = "social_provider.removed";
    public const string SsoClientChanged = "sso_client.changed";
    public const string SsoClientRemoved = "sso_client.removed";
    public const string SocialUserCreated = "user.created_by_social_login";

    public const string PermissionCreated = "permission.created";
    public const string PermissionUpdated = "permission.updated";
    public const string PermissionArchived = "permission.archived";
    public const string PermissionRestored = "permission.restored";
    public const string PermissionRemoved = "permission.removed";
    public const string PermissionAssigned = "permission.assigned";
    public const string PermissionRevoked = "permission.revoked";

    public const string WebhookCreated = "webhook.created";
    public const string WebhookUpdated = "webhook.updated";
    public const string WebhookDeleted = "webhook.deleted";
    public const string WebhookPinged = "webhook.pinged";
    public const string WebhookSecretRotated = "webhook.secret_rotated";

    public const string SignInFailed = "user.sign_in_failed";
    public const string RegistrationFailed = "user.registration_failed";
    public const string RecoveryFailed = "user.recovery_failed";
    public const string CredentialFailed = "credential.creation_failed";
    public const string CallRefused = "call.refused";
    public const string UsersRead = "users.read";
    public const string UserRead = "user.read";
    public const string ServiceAccountsRead = "service_accounts.read";
    public const string PatsRead = "personal_access_tokens.read";
    public const string CredentialsRead = "credentials.read";
    public const string EncryptedKeysRead = "encrypted_keys.read";
    public const string ApplicationsRead = "applications.read";
    public const string PermissionsRead = "permissions.read";
    public const string WebhooksRead = "webhooks.read";
    public const string WebhookEventsRead = "webhook_events.read";
    public const string SignedActionsRead = "signed_actions.read";
    public const string TokenRead = "token.introspected";

    /// <summary>All there are.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. typeof(AuditActions).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!),
        .. Enum.GetValues<CodePurpose>().Select(CodeSent),
    ];

    /// <summary>A code was mailed: <c>registration_code.sent</c>, <c>login_code.sent</c>, <c>recovery_code.sent</c>.</summary>
    public static string CodeSent(CodePurpose purpose) => purpose switch
    {
        CodePurpose.Registration => "registration_code.sent",
        CodePurpose.Login => "login_code.sent",
        CodePurpose.Recovery => "recovery_code.sent",
    };
}
