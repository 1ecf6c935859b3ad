using System.Buffers.Text;
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
    /// <summary>
    /// Whether a WebAuthn client presents this challenge: exactly A or B, as text, since browsers write unpadded base64url only.
    /// </summary>
    public bool IsPresentedBy(string presented) =>
        Same(Utf8(presented), Utf8(text)) | Same(Utf8(presented), Utf8(Base64Url.EncodeToString(Utf8(text))));

    /// <summary>
    /// Whether a raw-key client presents this challenge: B as text, or any spelling that decodes to what A or B decode to, since
    /// some of these clients pad or write the standard alphabet.
    /// </summary>
    public bool IsPresentedLooselyBy(string presented)
    {
        if (Same(Utf8(presented), Utf8(text))) return true;
        if (Base64UrlText.Decode(presented, CredentialPart.ClientData).Refused(out _, out var bytes)) return false;

        var matchesA = Same(bytes.Span, Utf8(text));
        // A text that is no base64url has no bytes to decode to; then B is the text alone.
        if (Base64UrlText.Decode(text, CredentialPart.ClientData).Refused(out _, out var decoded)) return matchesA;
        return matchesA | Same(bytes.Span, decoded.Span);
    }

    private static byte[] Utf8(string value) => System.Text.Encoding.UTF8.GetBytes(value);

    private static bool Same(ReadOnlySpan<byte> presented, ReadOnlySpan<byte> expected) =>
        !expected.IsEmpty && CryptographicOperations.FixedTimeEquals(presented, expected);
}
