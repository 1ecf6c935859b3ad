using System.Buffers.Text;
using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Secrets;

/// <summary>Section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    public const string Section = "Secrets";

    // Of 32 random ones fewer than 17 different bytes are drawn less than once in 10^10 times: a row of zeros, or of one letter, is none.
    private const int FewestBytes = 8;

    /// <summary>32 random bytes in base64, the same on every instance. In Development one is made and kept in the data directory.</summary>
    [Secret]
    public string? MasterKey { get; set; }

    /// <summary>A file that holds it, in place of <see cref="MasterKey"/>.</summary>
    public string? MasterKeyFile { get; set; }

    /// <summary>Whether the text is a usable master key.</summary>
    public static bool IsMasterKey(string? text) =>
        text is not null && Base64.IsValid(text, out var decodedLength) && decodedLength == Secrets.MasterKey.SizeBytes
        && Convert.FromBase64String(text).Distinct().Count() >= FewestBytes;
}
