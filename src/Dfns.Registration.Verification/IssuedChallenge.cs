using System.Security.Cryptography;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification;

/// <summary>
/// The challenge as it was issued, and the spellings in which shipped clients hand it back. Some decode the text and sign over the
/// bytes, others sign over the text itself; client data then reads either as the text (B) or as base64url of the text's UTF-8 (A).
/// </summary>
/// <param name="text">The issued text. An empty one is matched by nothing.</param>
internal readonly struct IssuedChallenge(string text)
{
    /// <summary>Whether a WebAuthn client presents this challenge: exactly A or B, as text, since browsers write unpadded base64url only.</summary>
    public bool IsPresentedBy(string presented) => SameText(presented, text) | SameText(presented, Base64Url(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Whether a raw-key client presents this challenge: B as text, or any spelling that decodes to what A or B decode to, since
    /// some of these clients pad or write the standard alphabet.
    /// </summary>
    public bool IsPresentedLooselyBy(string presented)
    {
        if (SameText(presented, text)) return true;
        if (Base64UrlText.Decode(presented, CredentialPart.ClientData).Refused(out _, out var bytes)) return false;

        var matchesA = Same(bytes.Span, System.Text.Encoding.UTF8.GetBytes(text));
        var matchesB = !Base64UrlText.Decode(text, CredentialPart.ClientData).Refused(out _, out var decoded) && Same(bytes.Span, decoded.Span);
        return matchesA | matchesB;
    }

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static bool SameText(string presented, string expected) => Same(System.Text.Encoding.UTF8.GetBytes(presented), System.Text.Encoding.UTF8.GetBytes(expected));

    private static bool Same(ReadOnlySpan<byte> presented, ReadOnlySpan<byte> expected) =>
        !expected.IsEmpty && CryptographicOperations.FixedTimeEquals(presented, expected);
}
