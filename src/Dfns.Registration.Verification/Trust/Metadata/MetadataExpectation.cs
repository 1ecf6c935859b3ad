namespace Dfns.Registration.Verification.Trust.Metadata;

/// <summary>Everything that the acceptance of a metadata BLOB depends on besides the BLOB.</summary>
public sealed record MetadataExpectation
{
    /// <summary>The roots of the metadata service. Nobody else's, for authenticators' roots say nothing about metadata.</summary>
    public required IReadOnlyList<TrustAnchor> Roots { get; init; }

    /// <summary>
    /// The host that the signer's certificate is for, such as <c>mds.fidoalliance.org</c>: the root of the FIDO Alliance's service is one of
    /// the web at large, under which anybody can have a certificate.
    /// </summary>
    public required string SignerHost { get; init; }

    /// <summary>The moment of reading, UTC.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The number of the last BLOB that was accepted; null before the first. The same number again is accepted, a lower one never.</summary>
    public long? LastNumber { get; init; }

    /// <summary>How long after its <c>nextUpdate</c> a BLOB is still accepted; whoever holds back newer ones gains this much time.</summary>
    public TimeSpan MaxOverdue { get; init; }
}
