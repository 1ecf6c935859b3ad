namespace Dfns.Registration.Api.Storage;

/// <summary>The kinds of events that there are, and which acts tell them. The completion of a registration is <c>user.registered</c>.</summary>
internal static class EventKinds
{
    /// <summary>What a webhook names to be told of every kind.</summary>
    public const string All = "*";

    /// <summary>What a ping is told as; nobody subscribes to it.</summary>
    public const string Ping = "webhook.ping";

    public const string UserRegistered = "user.registered";

    private static readonly Dictionary<string, string> Told = new(StringComparer.Ordinal)
    {
        [AuditActions.UserInvited] = "user.invited",
        [AuditActions.SocialUserCreated] = "user.created",
        [AuditActions.ServiceAccountCreated] = "user.created",
        [AuditActions.UserRegistered] = UserRegistered,
        [AuditActions.UserActivated] = "user.activated",
        [AuditActions.UserDeactivated] = "user.deactivated",
        [AuditActions.UserDeleted] = "user.deleted",
        [AuditActions.ServiceAccountActivated] = "user.activated",
        [AuditActions.ServiceAccountDeactivated] = "user.deactivated",
        [AuditActions.ServiceAccountDeleted] = "user.deleted",
        [AuditActions.RegistrationDelegated] = "registration.started",
        [AuditActions.CredentialCreated] = "credential.created",
        [AuditActions.CredentialActivated] = "credential.activated",
        [AuditActions.CredentialDeactivated] = "credential.deactivated",
        [AuditActions.CredentialRenamed] = "credential.renamed",
        [AuditActions.CredentialArchived] = "credential.archived",
        [AuditActions.RecoveryStarted] = "recovery.started",
        [AuditActions.Recovered] = "recovery.completed",
    };

    // Of the hosted service, which this one has nothing of: a program that subscribes to them runs here unchanged, and is never told.
    private static readonly HashSet<string> Others =
    [
        "policy.triggered", "policy.approval.pending", "policy.approval.resolved",
        "key.created", "key.deleted", "key.delegated", "key.exported",
        "wallet.blockchainevent.detected", "wallet.created", "wallet.activated", "wallet.delegated", "wallet.exported",
        "wallet.signature.failed", "wallet.signature.rejected", "wallet.signature.requested", "wallet.signature.signed",
        "wallet.transaction.broadcasted", "wallet.transaction.confirmed", "wallet.transaction.failed", "wallet.transaction.rejected", "wallet.transaction.requested",
        "wallet.transfer.broadcasted", "wallet.transfer.confirmed", "wallet.transfer.failed", "wallet.transfer.rejected", "wallet.transfer.requested",
        "wallet.offer.received", "wallet.offer.accepted", "wallet.offer.rejected", "wallet.offer.withdrawn", "wallet.tags.modified", "payout.action.required",
    ];

    /// <summary>Those that there are here.</summary>
    public static IReadOnlyList<string> Own { get; } = [.. Told.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Whether a webhook may name it.</summary>
    public static bool IsKnown(string kind) => kind == All || Own.Contains(kind) || Others.Contains(kind);

    /// <summary>What an act is told as; null for one that is told to nobody.</summary>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    public static string? Of(string action) => Told.GetValueOrDefault(action);
}
