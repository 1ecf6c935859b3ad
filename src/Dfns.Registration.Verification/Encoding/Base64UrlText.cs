using System.Buffers;
using System.Buffers.Text;

namespace Dfns.Registration.Verification.Encoding;

/// <summary>
/// Reads the base64 texts of the wire. Shipped clients pad or do not, and some write the standard alphabet, so both are read; what
/// could give one value several further spellings is not: white space, mixed alphabets, padding that does not fit, spare bits.
/// </summary>
internal static class Base64UrlText
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    /// <summary>Decodes one text (RFC 4648 §5, or §4).</summary>
    /// <param name="text">The text; null counts as empty.</param>
    /// <param name="part">The member it is, for the refusal.</param>
    /// <returns>
    /// At least one byte, or <see cref="RefusalReason.Base64UrlInvalid"/> or <see cref="RefusalReason.MemberTooLarge"/>.
    /// </returns>
    public static Outcome<ReadOnlyMemory<byte>> Decode(string? text, CredentialPart part) => Decode(text, part, spareBitsCount: true);

    /// <summary>
    /// Decodes the credential id of a raw key. The client chooses it freely, and the official browser SDK passes on whatever text the
    /// page gives it; so spare bits that are set are dropped here. Ids are compared as bytes, which makes such spellings one id.
    /// </summary>
    /// <param name="text">The text; null counts as empty.</param>
    /// <returns>
    /// At least one byte, or <see cref="RefusalReason.Base64UrlInvalid"/> or <see cref="RefusalReason.MemberTooLarge"/>.
    /// </returns>
    public static Outcome<ReadOnlyMemory<byte>> DecodeChosenId(string? text) => Decode(text, CredentialPart.CredId, spareBitsCount: false);

    private static Outcome<ReadOnlyMemory<byte>> Decode(string? text, CredentialPart part, bool spareBitsCount)
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
        if (!spareBitsCount) ClearSpareBits(canonical);
        var bytes = new byte[Base64Url.GetMaxDecodedLength(canonical.Length)];
        if (Base64Url.DecodeFromChars(canonical, bytes, out _, out var written) != OperationStatus.Done || written == 0)
            return Invalid("spare bits that are not zero");

        return new ReadOnlyMemory<byte>(bytes, 0, written);

        Refusal Invalid(string detail) => new(RefusalReason.Base64UrlInvalid, detail) { Part = part };
    }

    // A rest of two characters carries 8 of 12 bits, one of three 16 of 18.
    private static void ClearSpareBits(Span<char> text)
    {
        var used = (text.Length % 4) switch { 2 => 0b110000, 3 => 0b111100, _ => 0b111111 };
        text[^1] = Alphabet[Alphabet.IndexOf(text[^1], StringComparison.Ordinal) & used];
    }
}
