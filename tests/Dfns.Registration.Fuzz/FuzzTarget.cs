namespace Dfns.Registration.Fuzz;

/// <summary>One way in for bytes that a stranger sent, and what must hold whatever they are.</summary>
/// <param name="Name">The name on the command line, and the corpus's folder.</param>
/// <param name="Run">Takes one input. Whatever it throws is a find.</param>
/// <param name="Seeds">Well-formed inputs to begin with.</param>
internal sealed record FuzzTarget(string Name, Action<byte[]> Run, Func<IEnumerable<byte[]>> Seeds)
{
    /// <summary>Inputs beyond this size are cut: nothing here is that long but what is refused for its length alone.</summary>
    public const int MaxInputSizeBytes = 1 << 17;

    /// <summary>Every target.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. EncodingTargets.All, .. KeyTargets.All, .. WebAuthnTargets.All, .. AttestationTargets.All, .. StatementTargets.All, .. CredentialTargets.All,
        .. TrustTargets.All, .. MetadataTargets.All,
    ];

    /// <summary>The target of a name.</summary>
    public static FuzzTarget Named(string name) =>
        All.SingleOrDefault(target => target.Name == name) ?? throw new ArgumentOutOfRangeException(nameof(name), name, "no such target");

    /// <summary>The inputs that are kept for it.</summary>
    public IEnumerable<byte[]> Corpus() =>
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus", Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
