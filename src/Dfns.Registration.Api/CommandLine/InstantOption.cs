using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>An option that takes a day or an instant.</summary>
internal static class InstantOption
{
    private static readonly string[] Forms = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK"];

    /// <summary>The option; null where it is left out.</summary>
    public static Option<DateTimeOffset?> Make(string name, string description) => new(name) { Description = description, CustomParser = Parse };

    // Nothing that could be read as another day: no bare time of today, no day and month in either order.
    // Without an offset it is UTC, wherever the command runs.
    private static DateTimeOffset? Parse(ArgumentResult argument)
    {
        if (DateTimeOffset.TryParseExact(argument.Tokens[0].Value, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)) return instant;
        argument.AddError($"'{argument.Tokens[0].Value}' is no date; use one such as 2027-06-30.");
        return null;
    }
}
