namespace Dfns.Registration.Verification;

/// <summary>
/// Everything a verdict on an assertion depends on besides the assertion and the stored credential. Nothing of it comes from the
/// request. For the raw-key kinds the challenge, the user and the ids that were offered count, and nothing else.
/// </summary>
public sealed record AssertionExpectation : CeremonyExpectation
{
    /// <summary>
    /// The user who was known before the ceremony began, by a username or a session: the credential must be this user's. Null when
    /// nobody was, so that the passkey itself names its user (WebAuthn L3 §7.2 step 6): its <c>userHandle</c> must then be there.
    /// </summary>
    public required string? UserId { get; init; }

    /// <summary>
    /// The credential ids that were offered (<c>allowCredentials</c>), decoded; null when the challenge named none. An empty list
    /// allows no credential.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? AllowCredentials { get; init; }

    /// <summary>
    /// Whether an assertion is accepted although its signature counter did not grow (WebAuthn L3 §7.2 step 22). Accepted or not, the
    /// outcome tells it.
    /// </summary>
    public bool AcceptSignCountRegression { get; init; }

    /// <summary>
    /// Whether that holds of a credential that could be backed up when it was registered: its copies count each for itself (WebAuthn L3 §6.1.1), and the
    /// counter to keep is then the one received. A credential of one device is held to <see cref="AcceptSignCountRegression"/> alone.
    /// </summary>
    public bool AcceptSyncedSignCountRegression { get; init; }

    /// <summary>
    /// Whether an assertion is accepted whose flag BE is not as stored (WebAuthn L3 §7.2 step 19). Accepted, the outcome tells it.
    /// </summary>
    public bool AcceptBackupEligibilityChange { get; init; }
}

/// <summary>What the use of a recovery key is held to. Nothing of it but <see cref="NewCredentials"/> comes from the request.</summary>
public sealed record RecoveryExpectation
{
    /// <summary>The user whose recovery was begun: the recovery key must be this user's.</summary>
    public required string UserId { get; init; }

    /// <summary>The id of the recovery key for which recovery was begun, decoded; another key of the same user is refused.</summary>
    public required ReadOnlyMemory<byte> CredentialId { get; init; }

    /// <summary>
    /// The value of <c>newCredentials</c> as it stands in the request body: UTF-8 JSON, byte for byte, unknown members included.
    /// </summary>
    public required ReadOnlyMemory<byte> NewCredentials { get; init; }
}
