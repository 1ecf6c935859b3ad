namespace Dfns.Registration.Verification.Trust.Metadata;

/// <summary>The closed list of reasons for which a metadata BLOB is not accepted (FIDO MDS 3 §3.1, §3.2).</summary>
public enum MetadataFault
{
    /// <summary>Longer than <see cref="MetadataBlob.MaxSizeBytes"/>.</summary>
    TooLarge,

    /// <summary>Not a JSON web signature in compact serialization with certificates in its header (RFC 7515 §7.1), or its payload is not of the published form.</summary>
    Malformed,

    /// <summary>An algorithm other than ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384 and PS512; <c>none</c> among them.</summary>
    AlgorithmNotAccepted,

    /// <summary>The certificates of the signer lead to no metadata root, or are no path (§3.2 step 5).</summary>
    SignerNotTrusted,

    /// <summary>A certificate of the signer's path is not valid yet, or no longer.</summary>
    SignerOutsideValidity,

    /// <summary>The signer's certificate is for another host than that of the metadata service.</summary>
    SignerUnexpected,

    /// <summary>The signature is not the signer's.</summary>
    SignatureInvalid,

    /// <summary>An older BLOB than the last that was accepted (§3.2 step 6).</summary>
    RolledBack,

    /// <summary>The next BLOB is overdue for longer than is tolerated (<c>nextUpdate</c>).</summary>
    Stale,
}

/// <summary>A BLOB that was accepted, or why it was not.</summary>
public sealed record MetadataReading
{
    private MetadataReading(MetadataBlob? blob, MetadataFault? fault, string? detail) => (Blob, Fault, Detail) = (blob, fault, detail);

    /// <summary>The BLOB; null when it was not accepted.</summary>
    public MetadataBlob? Blob { get; }

    /// <summary>Why it was not accepted; null when it was.</summary>
    public MetadataFault? Fault { get; }

    /// <summary>A short remark for the operator; null when the fault says it all.</summary>
    public string? Detail { get; }

    internal static MetadataReading Of(MetadataBlob blob) => new(blob, null, null);

    internal static MetadataReading Of(MetadataFault fault, string? detail = null) => new(null, fault, detail);
}
