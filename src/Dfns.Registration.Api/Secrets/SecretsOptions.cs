using System.Buffers.Text;

namespace Dfns.Registration.Api.Secrets;

/// <summary>Section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    public const string Section = "Secrets";

    /// <summary>32 random bytes in base64, the same on every instance. In Development one is made and kept in the data directory.</summary>
    public string? MasterKey { get; set; }

    /// <summary>Whether the text is a usable master key.</summary>
    public static bool IsMasterKey(string? text) =>
        text is not null && Base64.IsValid(text, out var decodedLength) && decodedLength == Secrets.MasterKey.SizeBytes;
}
