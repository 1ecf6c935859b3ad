namespace Dfns.Registration.Verification.Trust.Metadata;

/// <summary>What metadata says of one authenticator model (FIDO MDS 3 §3.1.1), as far as trust depends on it.</summary>
public sealed record MetadataEntry
{
    /// <summary>The model; null for those of U2F.</summary>
    public Guid? Aaguid { get; init; }

    /// <summary>For U2F: the key identifiers of its attestation certificates, hexadecimal in lower case.</summary>
    public IReadOnlyList<string> KeyIdentifiers { get; init; } = [];

    /// <summary>The certificates that its attestation leads to: roots, intermediate authorities, or attestation certificates themselves.</summary>
    public required IReadOnlyList<TrustAnchor> Roots { get; init; }

    /// <summary>The status reports, in their order.</summary>
    public required IReadOnlyList<StatusReport> Statuses { get; init; }
}

/// <summary>A report on the status of a model (FIDO MDS 3 §3.1.3).</summary>
/// <param name="Status">The status, spelled as in §3.1.4, or as in a later edition.</param>
/// <param name="EffectiveFrom">The beginning of the day from which it counts, UTC; null when it has always counted.</param>
/// <param name="Certificate">The certificate that it is about, DER; null when it is about the model.</param>
public sealed record StatusReport(string Status, DateTimeOffset? EffectiveFrom, ReadOnlyMemory<byte>? Certificate);
