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

    /// <summary>What a person may have typed, as it was meant: case, dashes and spaces do not count, O is 0, I and L are 1.</summary>
    public static string Normalise(string typed)
    {
        Span<char> text = stackalloc char[Length];
        var length = 0;
        foreach (var c in typed)
        {
            if (c is '-' or ' ') continue;
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
