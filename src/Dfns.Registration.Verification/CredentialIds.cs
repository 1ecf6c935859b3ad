using System.Globalization;
using System.Text;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification;

/// <summary>Reads a credential id before its credential is known.</summary>
public static class CredentialIds
{
    /// <summary>Decodes the text of an id, to look its credential up by the bytes.</summary>
    /// <param name="credId">
    /// Base64url text of either alphabet, padded or not. Spare bits are dropped, as they are from the ids of raw keys; whether they
    /// are allowed is for the verifier of the kind to say.
    /// </param>
    /// <returns>
    /// 1 to 1,023 bytes, or <see cref="RefusalReason.Base64UrlInvalid"/>, <see cref="RefusalReason.MemberTooLarge"/> or
    /// <see cref="RefusalReason.CredentialIdLength"/>.
    /// </returns>
    public static Outcome<ReadOnlyMemory<byte>> Read(string? credId)
    {
        if (Base64UrlText.DecodeChosenId(credId).Refused(out var why, out var bytes)) return why;
        return bytes.Length > VerificationLimits.MaxCredentialIdSizeBytes ? RefusalReason.CredentialIdLength : bytes;
    }

    /// <summary>The same for a credential of a known kind: the client chooses the id of a raw key, which need not be base64url.</summary>
    /// <param name="credId">As above; of a raw key any other text too, which stands for its UTF-8.</param>
    /// <param name="kind">The kind that it was sent under.</param>
    /// <returns>As above; of text that is no base64url, 1 to 1,023 bytes of characters that show.</returns>
    public static Outcome<ReadOnlyMemory<byte>> Read(string? credId, CredentialKind kind)
    {
        if (!Read(credId).Refused(out var why, out var bytes)) return bytes;
        if (kind == CredentialKind.Fido2 || why.Reason != RefusalReason.Base64UrlInvalid || string.IsNullOrWhiteSpace(credId) || credId.EnumerateRunes().Any(IsUnruly)) return why;
        return System.Text.Encoding.UTF8.GetByteCount(credId) > VerificationLimits.MaxCredentialIdSizeBytes ? RefusalReason.CredentialIdLength : new ReadOnlyMemory<byte>(System.Text.Encoding.UTF8.GetBytes(credId));
    }

    // A lone half of a surrogate pair reads as the replacement character; two of them would be one id.
    private static bool IsUnruly(Rune rune) => rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
