using System.Globalization;
using Dfns.Registration.Api.Secrets;

namespace Dfns.Registration.Api.Codes;

/// <summary>How a code is written for people: 80 random bits as four groups of four characters of Crockford's base 32.</summary>
internal static class CodeText
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 16;

    /// <summary>A new code, such as <c>7K2M-00XW-9QRT-B4ZC</c>.</summary>
    public static string New(Entropy entropy)
    {
        var text = entropy.Text(Alphabet, Length);
        return $"{text[..4]}-{text[4..8]}-{text[8..12]}-{text[12..]}";
    }

    /// <summary>
    /// What a person may have typed or pasted, as it was meant: only letters and digits count, whatever stands between them; not their case nor
    /// their width, nor the script of a digit; O is 0, I and L are 1.
    /// </summary>
    public static string Normalise(string typed)
    {
        Span<char> text = stackalloc char[Length];
        var length = 0;
        foreach (var raw in typed)
        {
            // The full-width forms of ASCII stand in its order.
            var c = raw is >= '\uFF01' and <= '\uFF5E' ? (char)(raw - 0xFEE0) : raw;
            if (!char.IsLetterOrDigit(c)) continue;
            if (CharUnicodeInfo.GetDecimalDigitValue(c) is >= 0 and var digit) c = (char)('0' + digit);
            // Longer than any code: not one, and not worth reading on.
            if (length == Length) return "";
            text[length++] = char.ToUpperInvariant(c) switch
            {
                'O' => '0',
                'I' or 'L' => '1',
                var other => other,
            };
        }

        return new string(text[..length]);
    }
}
