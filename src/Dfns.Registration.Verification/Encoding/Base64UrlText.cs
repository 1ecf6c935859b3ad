using System.Buffers;
using System.Buffers.Text;

namespace Dfns.Registration.Verification.Encoding;

/// <summary>
/// Reads the base64 texts of the wire. Shipped clients pad or do not, and some write the standard alphabet, so both are read; what
/// could give one value several further spellings is not: white space, mixed alphabets, padding that does not fit, spare bits.
/// </summary>
internal static class Base64UrlText
{
    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Decodes one text (RFC 4648 §5, or §4).</summary>
    /// <param name="text">The text; null counts as empty.</param>
    /// <param name="part">The member it is, for the refusal.</param>
    /// <returns>
    /// At least one byte, or <see cref="RefusalReason.Base64UrlInvalid"/> or <see cref="RefusalReason.MemberTooLarge"/>.
    /// </returns>
    public static Outcome<ReadOnlyMemory<byte>> Decode(string? text, CredentialPart part)
    {
        if (string.IsNullOrEmpty(text)) return Invalid("empty text");

        // Decided before any decoding: four characters stand for three bytes, and a rest of two or three for one or two.
        var body = text.AsSpan().TrimEnd('=');
        if ((body.Length / 4 * 3) + (body.Length % 4 / 2) + (body.Length % 4 / 3) > VerificationLimits.MaxMemberSizeBytes)
            return new Refusal(RefusalReason.MemberTooLarge) { Part = part };

        var padding = text.Length - body.Length;
        if (body.Length % 4 == 1 || (padding > 0 && (padding > 2 || text.Length % 4 != 0)))
            return Invalid("length or padding does not fit");

        Span<char> canonical = body.Length <= 1024 ? stackalloc char[body.Length] : new char[body.Length];
        body.CopyTo(canonical);
        if (body.ContainsAny('+', '/'))
        {
            if (body.ContainsAny('-', '_')) return Invalid("both alphabets in one text");
            canonical.Replace('+', '-');
            canonical.Replace('/', '_');
        }

        // The framework's decoder skips white space, so the alphabet is checked first; it does refuse spare bits that are set.
        if (canonical.ContainsAnyExcept(Characters)) return Invalid("a character outside the alphabet");
        var bytes = new byte[Base64Url.GetMaxDecodedLength(canonical.Length)];
        if (Base64Url.DecodeFromChars(canonical, bytes, out _, out var written) != OperationStatus.Done || written == 0)
            return Invalid("spare bits that are not zero");

        return new ReadOnlyMemory<byte>(bytes, 0, written);

        Refusal Invalid(string detail) => new(RefusalReason.Base64UrlInvalid, detail) { Part = part };
    }
}
