namespace Dfns.Registration.Verification.Trust;

/// <summary>What an attestation is worth once trust is decided (WebAuthn L3 §7.1 step 24). All of these were accepted.</summary>
public enum TrustVerdict
{
    /// <summary>No attestation.</summary>
    None,

    /// <summary>Self attestation.</summary>
    Self,

    /// <summary>A statement with certificates, and nobody was asked whether they lead to a trusted root.</summary>
    NotAssessed,

    /// <summary>A statement whose certificates lead to a trusted root.</summary>
    Trusted,
}

/// <summary>The decision on trust, with what it rests on.</summary>
/// <param name="Verdict">The decision.</param>
/// <param name="AaguidAttested">
/// Whether the AAGUID is proven: a trusted statement vouches for the model. False leaves it a claim of authenticator data.
/// </param>
/// <param name="Root">The trust anchor that the certificates lead to; for <c>compound</c> that of the first such statement; null without.</param>
public sealed record AttestationVerdict(TrustVerdict Verdict, bool AaguidAttested = false, TrustAnchor? Root = null);
