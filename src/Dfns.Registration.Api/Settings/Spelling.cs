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

    /// <summary>The option that was meant by another: one that is spelled much like it, or whose name is the beginning or the end of it, as <c>--user</c> is of <c>--username</c>.</summary>
    /// <param name="typed">With its dashes.</param>
    /// <param name="options">Those there are, with theirs.</param>
    /// <returns>The option as it is spelled, or null where none is near.</returns>
    public static string? NearestOption(string typed, IReadOnlyCollection<string> options) =>
        Nearest(typed, options) ?? options.FirstOrDefault(option => option.Length > "--org".Length && (typed.StartsWith(option, StringComparison.Ordinal) || typed.EndsWith(option[1..], StringComparison.Ordinal)));

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
