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
    public const string Fault = "No control characters, line breaks or marks of direction.";

    /// <summary>Whether every character shows, and shows nothing else than itself.</summary>
    public static bool IsPlain(string text) => !text.EnumerateRunes().Any(IsUnruly);

    /// <summary>The text with whatever is not plain written as its number, for a terminal.</summary>
    public static string Shown(string text) => IsPlain(text)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune => IsUnruly(rune) ? $"\\u{{{rune.Value:X}}}" : rune.ToString()));

    // Joiners are parts of scripts and of emoji; a lone half of a surrogate pair reads as the replacement character.
    private static bool IsUnruly(Rune rune) => rune == Rune.ReplacementChar || (rune.Value is not (0x200C or 0x200D) && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
