using System.Buffers.Text;
using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Secrets;

/// <summary>Section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    public const string Section = "Secrets";

    // Of 32 random bytes as many as this differ in all but one draw of many more than 10^20: a row of zeros, or of one letter, is no draw.
    private const int FewestBytes = 8;

    // RFC 2606 §2 and §3: nobody's, so a service of such a name is a trial that clients elsewhere cannot know.
    private static readonly string[] NamesOfNobody = ["example.com", "example.net", "example.org", "example", "test", "invalid"];

    /// <summary>32 random bytes in base64, the same on every instance. In Development one is made and kept in the data directory.</summary>
    [Secret]
    public string? MasterKey { get; set; }

    /// <summary>A file that holds it, in place of <see cref="MasterKey"/>.</summary>
    public string? MasterKeyFile { get; set; }

    /// <summary>Whether the text is a usable master key: base64 of 32 bytes that look drawn, or of any 32 where nobody can depend on them.</summary>
    /// <param name="text">The setting.</param>
    /// <param name="issuer"><c>Tokens:Issuer</c>: below a name that RFC 2606 reserves for examples and tests a known key is taken, for trials that must know codes beforehand.</param>
    internal static bool IsMasterKey(string? text, string? issuer) =>
        text is not null && Base64.IsValid(text, out var decodedLength) && decodedLength == Secrets.MasterKey.SizeBytes
        && (LooksRandom(text) || IsOfNobody(issuer));

    /// <summary>Whether 32 bytes in base64 can have been drawn.</summary>
    internal static bool LooksRandom(string text) => Convert.FromBase64String(text).Distinct().Count() >= FewestBytes;

    private static bool IsOfNobody(string? issuer) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var address)
        && NamesOfNobody.Any(n => $".{address.Host}".EndsWith($".{n}", StringComparison.OrdinalIgnoreCase));
}
