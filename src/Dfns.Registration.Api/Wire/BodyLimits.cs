namespace Dfns.Registration.Api.Wire;

/// <summary>How large request bodies may be; set by <c>Registration:MaxBodySizeBytes</c>, since the largest body is that of a registration.</summary>
internal sealed class BodyLimits
{
    /// <summary>Bytes of a body that carries a name and a code.</summary>
    public const int SmallSizeBytes = 16 * 1024;

    /// <summary>Bytes that any body may have, inclusive.</summary>
    public int MaxSizeBytes { get; set; }
}
