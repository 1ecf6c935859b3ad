using System.Globalization;
using System.Text;

namespace Dfns.Registration.Api.Wire;

/// <summary>
/// What people name things. It ends in terminals, mails and logs, where a control character is an order to the terminal, a line break another
/// line, and a mark of direction turns what stands beside it around.
/// </summary>
internal static class FreeText
{
    /// <summary>What is told of a text that holds one.</summary>
    public const string Fault = "No control characters, line breaks or marks of direction, and something that shows.";

    /// <summary>Whether every character is just itself, and some character shows; nothing at all is plain.</summary>
    public static bool IsPlain(string text) => !text.EnumerateRunes().Any(IsUnruly) && (text.Length == 0 || !text.EnumerateRunes().All(IsBlank));

    /// <summary>The text with whatever is not plain written as its number, for a terminal.</summary>
    public static string Shown(string text) => !text.EnumerateRunes().Any(IsUnruly)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune => IsUnruly(rune) ? $"\\u{{{rune.Value:X}}}" : rune.ToString()));

    /// <summary>The same of several lines, which stay lines.</summary>
    public static string ShownLines(string text) => string.Join(Environment.NewLine, text.Split(Environment.NewLine).Select(Shown));

    // White space, what Unicode calls default-ignorable among letters and marks, and what is drawn as nothing all the same: by itself it would be a name that
    // nobody can read, or tell from another.
    private static bool IsBlank(Rune rune) => Rune.IsWhiteSpace(rune) || rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F)
        or 0x200C or 0x200D or 0x2800 or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or 0xFFFC or 0x16FE4 or 0x1D159 or (>= 0xE0100 and <= 0xE01EF);

    // Joiners are parts of scripts and of emoji; a lone half of a surrogate pair reads as the replacement character.
    private static bool IsUnruly(Rune rune) => rune == Rune.ReplacementChar || (rune.Value is not (0x200C or 0x200D) && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
