namespace Dfns.Registration.Verification;

/// <summary>An assertion whose proof holds: the part of it that is worth keeping.</summary>
public sealed record VerifiedAssertion
{
    /// <summary>The challenge as client data spells it; for a recovery, base64url of the JSON of the new credentials.</summary>
    public required string ClientDataChallenge { get; init; }

    /// <summary>What only a WebAuthn ceremony tells; null for the raw-key kinds.</summary>
    public WebAuthnAssertion? WebAuthn { get; init; }
}

/// <summary>What updates the credential record after a WebAuthn assertion (WebAuthn L3 §7.2 step 24).</summary>
public sealed record WebAuthnAssertion
{
    /// <summary>
    /// The signature counter to keep: the one received, or the stored one where it regressed, so that a clone that lags behind does
    /// not become the measure of the authenticator it was copied from. Of a credential whose copies are accepted to count each for itself, the one received.
    /// </summary>
    public required uint SignCount { get; init; }

    /// <summary>Whether the counter did not grow although it is in use: the authenticator may have been cloned.</summary>
    public required bool SignCountRegressed { get; init; }

    /// <summary>Flag UV: the authenticator verified its user.</summary>
    public required bool UserVerified { get; init; }

    /// <summary>Flag BE: the credential may be backed up; as stored, unless a change was accepted.</summary>
    public required bool BackupEligible { get; init; }

    /// <summary>Whether that is other than what was stored.</summary>
    public required bool BackupEligibilityChanged { get; init; }

    /// <summary>Flag BS: the credential is backed up now.</summary>
    public required bool BackedUp { get; init; }

    /// <summary>The origin that ran the ceremony, one of those expected.</summary>
    public required string Origin { get; init; }
}
