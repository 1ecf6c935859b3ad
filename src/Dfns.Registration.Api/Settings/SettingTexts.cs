using System.Text.RegularExpressions;

namespace Dfns.Registration.Api.Settings;

/// <summary>
/// Holds the settings to what they look like, before they are bound. The binder passes over a section that is mistyped, reads <c>30</c> as
/// thirty days and <c>24:00:00</c> as 24 of them, and takes a number for a word of a closed list; whoever wrote it meant something else.
/// </summary>
internal static partial class SettingTexts
{
    private const int MatchTimeoutMilliseconds = 1000;

    private static readonly string[] OthersSections = ["Serilog", "Kestrel", "Logging", "OpenTelemetry"];

    /// <summary>Every fault of the texts, each with its key and what to write instead.</summary>
    public static IEnumerable<string> Faults(IConfiguration configuration)
    {
        foreach (var value in configuration.GetChildren())
        {
            if (Meant(value.Key) is { } meant && configuration[meant] is null)
                yield return $"There is no setting '{value.Key}'; an environment variable is written '{meant.Replace(":", "__", StringComparison.Ordinal)}', in a file or on the command line it is '{meant}'.";
        }

        foreach (var section in configuration.GetChildren().Where(s => BoundSection.Find(s.Key) is null && s.GetChildren().Any()))
        {
            if (OthersSections.Contains(section.Key, StringComparer.OrdinalIgnoreCase)) continue;
            // The environment holds what is others'.
            if (Spelling.Nearest(section.Key, BoundSection.All.Select(known => known.Name)) is { } meant) yield return $"There is no section '{section.Key}' in the settings; did you mean '{meant}'?";
        }

        foreach (var fault in BoundSection.All.SelectMany(section => Faults(configuration.GetSection(section.Name), section))) yield return fault;
    }

    // Such as Database_Migrate, Database.Migrate and DatabaseMigrate, which set nothing.
    private static string? Meant(string key) => key.Contains(':', StringComparison.Ordinal) ? null : BoundSection.All
        .Where(section => key.StartsWith(section.Name, StringComparison.OrdinalIgnoreCase))
        .SelectMany(section => section.Keys.Where(known => key[section.Name.Length..].TrimStart('_', '.', '-').Equals(known.Name, StringComparison.OrdinalIgnoreCase)).Select(section.Path))
        .FirstOrDefault();

    private static IEnumerable<string> Faults(IConfigurationSection values, BoundSection section)
    {
        var names = section.Keys.Select(key => key.Name).ToList();
        foreach (var value in values.GetChildren())
        {
            if (section.Keys.FirstOrDefault(key => key.Name.Equals(value.Key, StringComparison.OrdinalIgnoreCase)) is not { } known)
            {
                yield return $"There is no setting '{section.Name}:{value.Key}'; {Spelling.Hint(value.Key, names)}";
                continue;
            }

            if (value.Value is { Length: > 0 } text && Fault(text, known.PropertyType) is { } fault) yield return $"{section.Path(known)} {fault}";
            if (section.Secrets.Contains(known)) continue;
            // Compared and mailed as they are, by programs that would not see the blank.
            if (value.GetChildren().Prepend(value).Any(v => v.Value is { } shown && (shown.Trim() != shown || shown.Any(char.IsControl)))) yield return $"{section.Path(known)} must not begin or end with a blank, nor hold a control character.";
        }
    }

    private static string? Fault(string text, Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var time when time == typeof(TimeSpan) && !Duration().IsMatch(text) =>
            $"must be a time as [days.]hours:minutes:seconds with two digits each, such as '00:15:00' or '7.00:00:00'; '{text}' is none.",
        { IsEnum: true } words when !Enum.GetNames(words).Contains(text, StringComparer.OrdinalIgnoreCase) =>
            $"must be one of {string.Join(", ", Enum.GetNames(words))}; '{text}' is none of them.",
        var number when number == typeof(int) && !Number().IsMatch(text) => $"must be a number in digits; '{text}' is none.",
        var flag when flag == typeof(bool) && !bool.TryParse(text, out _) => $"must be true or false; '{text}' is neither.",
        _ => null,
    };

    [GeneratedRegex(@"\A-?([0-9]{1,7}\.)?([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?\z", RegexOptions.ExplicitCapture, MatchTimeoutMilliseconds)]
    private static partial Regex Duration();

    [GeneratedRegex(@"\A-?[0-9]{1,9}\z", RegexOptions.ExplicitCapture, MatchTimeoutMilliseconds)]
    private static partial Regex Number();
}
