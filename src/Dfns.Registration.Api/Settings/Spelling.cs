namespace Dfns.Registration.Api.Settings;

/// <summary>Finds what somebody meant who mistyped a word.</summary>
internal static class Spelling
{
    /// <summary>Words that differ by more than this were not mistyped, they are others.</summary>
    private const int MostEdits = 3;

    /// <summary>The word that is nearest to a mistyped one.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="words">Those there are.</param>
    /// <param name="mostEdits">What differs by more is another.</param>
    /// <returns>The word as it is spelled, or null where none is near.</returns>
    public static string? Nearest(string typed, IEnumerable<string> words, int mostEdits = MostEdits) => words
        .Select(word => (Word: word, Edits: Edits(typed.ToUpperInvariant(), word.ToUpperInvariant())))
        .Where(near => near.Edits <= Math.Min(mostEdits, near.Word.Length / 2))
        .OrderBy(near => near.Edits)
        .Select(near => near.Word)
        .FirstOrDefault();

    /// <summary>
    /// The option that was meant by another: one that is spelled much like it, or the only one whose name the other begins or ends with, or that begins or ends with the other's, as
    /// <c>--username</c> does with <c>--user</c>. The dashes, which all have, make none more like another.
    /// </summary>
    /// <param name="typed">With its dashes.</param>
    /// <param name="options">Those there are, with theirs.</param>
    /// <returns>The option as it is spelled, or null where none is near, or several are.</returns>
    public static string? NearestOption(string typed, IReadOnlyCollection<string> options)
    {
        var name = typed.TrimStart('-');
        var names = options.Select(option => option.TrimStart('-')).ToList();
        var meant = Nearest(name, names) ?? (names.Where(option => IsEndOf(name, option) || IsEndOf(option, name)).ToList() is [var only] ? only : null);
        return meant is null ? null : $"--{meant}";
    }

    // Two letters are the beginning of too much.
    private static bool IsEndOf(string part, string whole) => part.Length > 2 && (whole.StartsWith(part, StringComparison.OrdinalIgnoreCase) || whole.EndsWith(part, StringComparison.OrdinalIgnoreCase));

    /// <summary>A half sentence for the end of a refusal: which word was probably meant, or which there are.</summary>
    public static string Hint(string typed, IReadOnlyCollection<string> words) =>
        Nearest(typed, words) is { } meant ? $"did you mean '{meant}'?" : $"use one of {string.Join(", ", words)}.";

    // Levenshtein's distance, a row of the table at a time.
    private static int Edits(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
