using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Verification.Trust;

/// <summary>
/// Which attestation a relying party accepts (WebAuthn L3 §7.1 steps 23 and 24): a decision apart from whether the statement verifies. As
/// it stands, everything is accepted that verifies, and told; whose certificates they are is not assessed.
/// </summary>
public sealed record AttestationTrust
{
    /// <summary>Whether no attestation (type None) is accepted.</summary>
    public bool AcceptNone { get; init; } = true;

    /// <summary>Whether self attestation (type Self) is accepted.</summary>
    public bool AcceptSelf { get; init; } = true;

    /// <summary>
    /// The roots that are trusted whatever the model, unless metadata speaks of the model. Null together with <see cref="Metadata"/>:
    /// certificate paths are not assessed. An empty list trusts nobody.
    /// </summary>
    public IReadOnlyList<TrustedRoot>? Roots { get; init; }

    /// <summary>
    /// What is known of models: for those that have an entry, its roots alone are trusted, and its status reports count. Null for nothing.
    /// </summary>
    public MetadataBlob? Metadata { get; init; }

    /// <summary>
    /// The models that are accepted; empty for all. A list is satisfied by an AAGUID that a trusted statement attests, and by nothing else:
    /// what none and self attestation say of the model is a claim.
    /// </summary>
    public IReadOnlyCollection<Guid> AllowedAaguids { get; init; } = [];

    /// <summary>The models that are refused. Here a claim counts too: nobody gains by claiming to be a model that is refused.</summary>
    public IReadOnlyCollection<Guid> DeniedAaguids { get; init; } = [];

    /// <summary>
    /// The authenticator statuses (FIDO MDS 3 §3.1.4) that are refused, spelled as there. A report counts from its date on, and for good:
    /// a later, better one does not undo what was compromised.
    /// </summary>
    public IReadOnlyCollection<string> RefusedStatuses { get; init; } = Undesired;

    /// <summary>The statuses of an authenticator that cannot be relied upon: revoked, compromised, or without a working user verification.</summary>
    public static IReadOnlyCollection<string> Undesired { get; } =
    [
        "REVOKED", "ATTESTATION_KEY_COMPROMISE", "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE", "USER_VERIFICATION_BYPASS",
    ];

    /// <summary>Whether certificate paths are assessed.</summary>
    internal bool AssessesPaths => Roots is not null || Metadata is not null;
}

/// <summary>A root that is trusted for statements of one format, or of all.</summary>
/// <param name="Anchor">The certificate.</param>
/// <param name="Format">The attestation statement format; null for all.</param>
public sealed record TrustedRoot(TrustAnchor Anchor, string? Format = null);
