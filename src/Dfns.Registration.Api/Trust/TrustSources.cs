using Dfns.Registration.Verification.Trust;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Api.Trust;

/// <summary>Whose certificates are trusted now. Requests read it; nothing but <see cref="TrustRefresh"/> sets it.</summary>
internal sealed class TrustSources
{
    private volatile Snapshot current = new([], null);

    public Snapshot Current => current;

    public void Set(Snapshot snapshot) => current = snapshot;

    /// <summary>Roots and metadata as of one refresh.</summary>
    internal sealed record Snapshot(IReadOnlyList<TrustedRoot> Roots, MetadataBlob? Metadata);
}
