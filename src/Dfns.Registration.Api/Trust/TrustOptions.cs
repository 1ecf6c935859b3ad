namespace Dfns.Registration.Api.Trust;

/// <summary>Section <c>Trust</c>: whose attestation certificates are trusted, by the organisations that ask for trust at all.</summary>
public sealed class TrustOptions
{
    public const string Section = "Trust";

    /// <summary>
    /// A directory of roots in PEM, each file named after the attestation statement format that it is for, <c>tpm.pem</c> or
    /// <c>tpm.microsoft.pem</c>, or <c>all.pem</c>; null for none.
    /// </summary>
    public string? RootsDirectory { get; set; }

    /// <summary>A metadata BLOB of the FIDO Metadata Service: a file, or an https address; null for none.</summary>
    public string? MetadataSource { get; set; }

    /// <summary>A PEM file with the roots of the metadata service; required with a source.</summary>
    public string? MetadataRoots { get; set; }

    /// <summary>The host that the certificate of the BLOB's signer must be for; default that of the FIDO Alliance.</summary>
    public string MetadataSignerHost { get; set; } = "mds.fidoalliance.org";

    /// <summary>How long after its successor was due a BLOB is still taken up; default 30 days, at most a year.</summary>
    public TimeSpan MetadataMaxOverdue { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often roots and metadata are read anew; default 6 hours, a minute to a week.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromHours(6);

    internal Uri? MetadataAddress => Uri.TryCreate(MetadataSource, UriKind.Absolute, out var url) && !url.IsFile ? url : null;
}
