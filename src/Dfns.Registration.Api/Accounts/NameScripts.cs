using System.Globalization;
using System.Text;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// Whether a name mixes scripts: it has to be Highly Restrictive (Unicode Technical Standard 39 §5.2), of one script, or of Latin beside those that
/// Japanese, Chinese or Korean is written with. By tables of its own, as names are folded.
/// </summary>
internal static class NameScripts
{
    // §5.1, table 1a: what is written with several scripts counts as one of its own.
    private static readonly Dictionary<string, string[]> Writing = new(StringComparer.Ordinal)
    {
        ["Han"] = ["Japanese", "Chinese", "Korean"],
        ["Hiragana"] = ["Japanese"],
        ["Katakana"] = ["Japanese"],
        ["Bopomofo"] = ["Chinese"],
        ["Hangul"] = ["Korean"],
    };

    private static readonly string[] BesideLatin = ["Japanese", "Chinese", "Korean"];

    // What joins or stacks the letters on either side, and shows by nothing else (Indic_Syllabic_Category: Invisible_Stacker, Number_Joiner; and the
    // consonant joiner of Tifinagh).
    private static readonly int[] Joiners =
    [
        0x1039, 0x17D2, 0x1A60, 0x1BAB, 0x2D7F, 0xAAF6, 0x10A3F, 0x1107F, 0x11133, 0x113D0, 0x1193E, 0x11A47, 0x11A99, 0x11D45, 0x11D97, 0x11F42,
    ];

    private static readonly Lazy<List<ScriptRange>> Ranges = new(Read);

    /// <summary>Holds the name of a new user to one script, where the organisation asks for it.</summary>
    /// <param name="relyingParty">Of the organisation.</param>
    /// <param name="username">As typed; none that has a fault otherwise.</param>
    /// <returns>Null, or <see cref="ErrorCatalog.UsernameMixesScripts"/>, which names the scripts.</returns>
    public static ApiError? Fault(RelyingParty relyingParty, string username) =>
        relyingParty.RefuseMixedScripts && Mixed(username) is { } mixed ? ErrorCatalog.UsernameMixesScripts.Saying($"Here {mixed}.") : null;

    /// <summary>What a name mixes.</summary>
    /// <returns>Such as <c>U+0430 (Cyrillic) stands with Latin</c>; null of a name that mixes nothing.</returns>
    public static string? Mixed(string username)
    {
        if (Ascii.IsValid(username)) return null;
        // In the form that is compared, where a letter of mathematics is the letter that it looks like. Of an address its name and each label of its
        // domain by itself (§3.3): who is not written in Latin letters lives at a domain that is.
        var name = NameFolding.Map(username);
        var at = name.LastIndexOf('@');
        return at < 0 ? MixedPart(name) : MixedPart(name[..at]) ?? name[(at + 1)..].Split('.').Select(MixedPart).FirstOrDefault(mixed => mixed is not null);
    }

    /// <summary>
    /// Whether a name has a mark that stands where it would not show: on a letter of another script than its own, or one that joins letters and has
    /// none after it.
    /// </summary>
    public static bool HasStrayMark(string username)
    {
        if (Ascii.IsValid(username)) return false;
        List<Rune> runes = [.. username.EnumerateRunes()];
        // The scripts of the letter that a mark is written on.
        string[] letter = [];
        for (var n = 0; n < runes.Count; n++)
        {
            var scripts = Of(runes[n]);
            if (Rune.GetUnicodeCategory(runes[n]) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark))
            {
                letter = scripts;
                continue;
            }

            if (scripts.Length > 0 && !scripts.Intersect(letter).Any()) return true;
            if (Joiners.Contains(runes[n].Value) && !(n + 1 < runes.Count && Of(runes[n + 1]).Intersect(scripts).Any() && Rune.IsLetterOrDigit(runes[n + 1]))) return true;
        }

        return false;
    }

    private static string? MixedPart(string part)
    {
        List<(Rune Rune, string[] Scripts)> letters = [.. part.EnumerateRunes().Select(rune => (rune, Of(rune))).Where(letter => letter.Item2.Length > 0)];
        if (Common(letters) is { Count: > 0 }) return null;
        var others = letters.Where(letter => !letter.Scripts.Contains("Latin")).ToList();
        if (others.Count < letters.Count && Common(others).Overlaps(BesideLatin)) return null;

        // The first letter that has nothing in common with those before it.
        var count = 1;
        while (Common(letters[..(count + 1)]).Count > 0) count++;
        var (odd, scripts) = letters[count];
        return string.Create(CultureInfo.InvariantCulture, $"U+{odd.Value:X4} ({string.Join(", ", scripts)}) stands with {string.Join(", ", letters[0].Scripts)}");
    }

    // The resolved script set of letters that each have one (§5.1).
    private static HashSet<string> Common(List<(Rune Rune, string[] Scripts)> letters)
    {
        var common = new HashSet<string>(StringComparer.Ordinal);
        for (var n = 0; n < letters.Count; n++)
        {
            var augmented = letters[n].Scripts.Concat(letters[n].Scripts.SelectMany(script => Writing.GetValueOrDefault(script, [])));
            if (n == 0) common.UnionWith(augmented);
            else common.IntersectWith(augmented);
        }

        // Of nothing there is nothing that could be mixed.
        if (letters.Count == 0) common.Add("Common");
        return common;
    }

    // Empty of what is of every script, or of none.
    private static string[] Of(Rune rune)
    {
        var ranges = Ranges.Value;
        var (from, to) = (0, ranges.Count - 1);
        while (from <= to)
        {
            var middle = (from + to) / 2;
            if (ranges[middle].First > rune.Value) to = middle - 1;
            else if (ranges[middle].Last < rune.Value) from = middle + 1;
            else return ranges[middle].Scripts;
        }

        return [];
    }

    private static List<ScriptRange> Read()
    {
        var ranges = new List<ScriptRange>();
        using var reader = new StreamReader(typeof(NameScripts).Assembly.GetManifestResourceStream(typeof(NameScripts), "NameScripts.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            var mark = line.IndexOf('=', StringComparison.Ordinal);
            var range = line[..mark].Split('-');
            ranges.Add(new ScriptRange(Hexadecimal(range[0]), Hexadecimal(range[^1]), line[(mark + 1)..].Split(' ')));
        }

        return ranges;
    }

    private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private sealed record ScriptRange(int First, int Last, string[] Scripts);
}
