using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// The form of a name to compare: NFKC_Casefold (Unicode Standard Annex 44), which leaves out case, width, normalisation form and what does not
/// show, with white space around it cut off. By tables of its own, since the runtime normalises nothing without its globalisation data, and
/// the form in the database is to be the same wherever it was made. It stays decomposed, which compares alike; and the letters of ASCII are
/// upper-case, as they always were here.
/// </summary>
internal static class NameFolding
{
    // The iota that is written below a letter is a mark and ordered as one; only then is it a letter (Unicode Standard, D147).
    private const int IotaBelow = 0x345;
    private const int Iota = 0x3B9;

    private const string Punycode = "xn--";
    private const string FullStops = "\u3002\uFF0E\uFF61";
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true, UseStd3AsciiRules = false };

    private static readonly Lazy<Tables> Unicode = new(Tables.Read);

    /// <summary>Whether the tables know a character: of a newer one they do not know what it looks like.</summary>
    public static bool Knows(Rune rune) => rune.IsAscii || Unicode.Value.Assigned.Exists(range => range.First <= rune.Value && rune.Value <= range.Last);

    /// <summary>Folds a name.</summary>
    /// <param name="name">As typed.</param>
    /// <returns>What to compare, ordinally; at most <see cref="Limits.UsernameLength"/> characters.</returns>
    public static string Fold(string name)
    {
        name = WithDomain(name);
        if (Ascii.IsValid(name)) return name.Trim().ToUpperInvariant();

        var text = Map(name);
        text = string.Create(text.Length, text, (upper, folding) =>
        {
            for (var i = 0; i < upper.Length; i++) upper[i] = char.IsAsciiLetterLower(folding[i]) ? (char)(folding[i] - 'a' + 'A') : folding[i];
        });
        // One character can become eighteen. In lower case, which no other form has.
        return text.Length <= Limits.UsernameLength ? text : $"sha256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
    }

    // A domain is one however it is spelled: in Punycode (RFC 5890 §2.3.2.1), with other full stops (RFC 3490 §3.1), with the root's at the end.
    private static string WithDomain(string name)
    {
        var at = name.LastIndexOf('@');
        var domain = name.AsSpan(at + 1).TrimEnd();
        if (at < 0 || !(domain.EndsWith('.') || domain.IndexOfAny(FullStops) >= 0 || domain.Contains(Punycode, StringComparison.OrdinalIgnoreCase))) return name;

        var labels = domain.ToString().Split(['.', .. FullStops]);
        for (var n = 0; n < labels.Length; n++)
        {
            if (!labels[n].StartsWith(Punycode, StringComparison.OrdinalIgnoreCase)) continue;
            try
            {
                labels[n] = Idn.GetUnicode(labels[n]);
            }
            catch (ArgumentException)
            {
                // No Punycode after all: it stays what it is.
            }
        }

        return name[..(at + 1)] + string.Join('.', labels).TrimEnd('.');
    }

    /// <summary>The characters that are compared, in lower case and however many they are.</summary>
    /// <param name="name">As typed.</param>
    public static string Map(string name)
    {
        var tables = Unicode.Value;
        var runes = new List<(int Rune, byte Class)>(name.Length);
        foreach (var rune in name.Trim().EnumerateRunes())
        {
            foreach (var part in tables.Map(rune.Value)) runes.Add((part, tables.Classes.GetValueOrDefault(part)));
        }

        Order(runes);
        var folded = new StringBuilder(runes.Count);
        foreach (var (rune, _) in runes) folded.Append(new Rune(rune == IotaBelow ? Iota : rune).ToString());
        return folded.ToString().Trim();
    }

    // The Canonical Ordering Algorithm (Unicode Standard, D109): marks that do not meet stand in one order.
    private static void Order(List<(int Rune, byte Class)> runes)
    {
        for (var i = 1; i < runes.Count; i++)
        {
            var mark = runes[i];
            if (mark.Class == 0) continue;
            var at = i;
            for (; at > 0 && runes[at - 1].Class > mark.Class; at--) runes[at] = runes[at - 1];
            runes[at] = mark;
        }
    }

    /// <summary>What <c>NameFolding.txt</c> says.</summary>
    private sealed record Tables(Dictionary<int, int[]> Mappings, Dictionary<int, byte> Classes, List<(int First, int Last)> Assigned)
    {
        // Hangul syllables are composed by rule (Unicode Standard, 3.12).
        private const int FirstSyllable = 0xAC00;
        private const int Syllables = 11172;
        private const int Medials = 21;
        private const int Finals = 28;

        public int[] Map(int rune)
        {
            var syllable = rune - FirstSyllable;
            if (syllable is >= 0 and < Syllables)
            {
                var (initial, medial, final) = (0x1100 + (syllable / (Medials * Finals)), 0x1161 + (syllable % (Medials * Finals) / Finals), 0x11A7 + (syllable % Finals));
                return final == 0x11A7 ? [initial, medial] : [initial, medial, final];
            }

            return Mappings.TryGetValue(rune, out var mapped) ? mapped : [rune];
        }

        public static Tables Read()
        {
            var tables = new Tables([], [], []);
            using var reader = new StreamReader(typeof(NameFolding).Assembly.GetManifestResourceStream(typeof(NameFolding), "NameFolding.txt")!);
            while (reader.ReadLine() is { } line)
            {
                if (line.StartsWith('#')) continue;
                var mark = line.AsSpan().IndexOfAny('=', ':', '+');
                var range = line[..mark].Split('-');
                if (line[mark] == '+')
                {
                    tables.Assigned.Add((Hexadecimal(range[0]), Hexadecimal(range[^1])));
                    continue;
                }

                int[] mapped = line[mark] == '=' ? [.. line[(mark + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Hexadecimal)] : [];
                for (var rune = Hexadecimal(range[0]); rune <= Hexadecimal(range[^1]); rune++)
                {
                    if (line[mark] == '=') tables.Mappings[rune] = mapped;
                    else tables.Classes[rune] = byte.Parse(line.AsSpan(mark + 1), CultureInfo.InvariantCulture);
                }
            }

            return tables;
        }

        private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
