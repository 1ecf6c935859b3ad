using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using Dfns.Registration.Api.Settings;
using Typed = System.CommandLine.Parsing.CommandResult;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>What is wrong with a command as it was typed, in sentences of ours: all of it, and what to type instead.</summary>
internal static class Mistyped
{
    /// <summary>Reads what is wrong.</summary>
    /// <param name="root">Every command.</param>
    /// <param name="args">As typed.</param>
    /// <param name="parsed">What they were read as.</param>
    /// <returns>The sentences; none where nothing is wrong.</returns>
    public static IReadOnlyList<string> Faults(RootCommand root, string[] args, ParseResult parsed)
    {
        var result = parsed.CommandResult;
        List<Option> taken = [.. result.Command.Options, .. root.Options.Where(option => option.Recursive || result.Command == root)];
        if ((Swallowed(args, result) ?? NeitherTrueNorFalse(args, taken)) is { } wrong) return [wrong];
        // A file of that name may be meant: it is named './--name'.
        var dashed = result.Command.Arguments.SelectMany(argument => result.GetResult(argument)?.Tokens ?? []).Where(token => token.Value.StartsWith('-')).Select(token => token.Value).ToList();
        if (parsed.Action is not ParseErrorAction && dashed is []) return [];

        var options = taken.ConvertAll(option => option.Name);
        var verbs = result.Command.Subcommands.Select(verb => verb.Name).ToList();
        var help = $"'{string.Join(' ', Path(result).Append("--help"))}' tells what it takes.";
        if (verbs.Count > 0)
        {
            // What stands behind a verb that there is not is of none: it is not told to be mistyped.
            return parsed.UnmatchedTokens.FirstOrDefault(typed => !typed.StartsWith('-')) is { } unknown
                // A verb that nobody found stands in front of what it belongs behind.
                ? [verbs.Contains(unknown, StringComparer.Ordinal) ? $"'{unknown}' stands in front of '{result.Command.Name}'; write '{string.Join(' ', Path(result).Append(unknown))}'." : $"There is no '{unknown}' here; {Spelling.Hint(unknown, verbs)}", help]
                : [.. Unknown([.. dashed, .. parsed.UnmatchedTokens], options), $"Nothing was done: name what to do{(result.Command == root ? "" : $" behind '{string.Join(' ', Path(result))}'")}; use one of {string.Join(", ", verbs)}."];
        }

        List<string> ofValues = [.. result.Command.Options.Select(result.GetResult).OfType<OptionResult>().Select(option => Fault(option, parsed)).OfType<string>()];
        List<string> ofOthers =
        [
            .. Unknown([.. dashed, .. parsed.UnmatchedTokens], options),
            .. result.Command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0 && result.GetResult(argument) is null or { Tokens: [] }).Select(argument => $"<{argument.Name}> is missing."),
            .. result.Command.Options.Where(option => option.Required && result.GetResult(option) is null or { Implicit: true }).Select(option => $"{option.Name} is missing."),
            .. parsed.Errors.Where(error => error.SymbolResult is Typed && IsOurs(error)).Select(error => error.Message),
        ];
        // What is wrong with a value is told whole.
        return ofOthers.Count > 0 || ofValues.Exists(fault => fault.EndsWith(HasNoValue, StringComparison.Ordinal)) ? [.. ofValues, .. ofOthers, help] : ofValues is [] ? [help] : ofValues;
    }

    private const string HasNoValue = "has no value.";

    // What a variable of a shell leaves that was not set: the next option would be taken for the value of the one before. And so would '-h' of whoever asks what the value may be.
    private static string? Swallowed(string[] args, Typed result)
    {
        var valued = result.Command.Options.Where(option => option.ValueType != typeof(bool) && option.Arity.MinimumNumberOfValues > 0).Select(option => option.Name).ToList();
        for (var at = 0; at + 1 < args.Length; at++)
        {
            if (valued.Contains(args[at], StringComparer.Ordinal) && args[at + 1] is ['-', not (>= '0' and <= '9'), ..])
                return $"Nothing was done: '{args[at]}' has no value, '{args[at + 1].Split('=')[0]}' follows it. A value that begins so is written '{args[at]}={args[at + 1].Split('=')[0]}'.";
        }

        return null;
    }

    // With an equals sign it is a value in any case; without, the framework takes the next word for one if it can be.
    private static string? NeitherTrueNorFalse(string[] args, IReadOnlyList<Option> options)
    {
        foreach (var (name, value) in args.Where(arg => arg.Contains('=', StringComparison.Ordinal)).Select(arg => (arg[..arg.IndexOf('=', StringComparison.Ordinal)], arg[(arg.IndexOf('=', StringComparison.Ordinal) + 1)..])))
        {
            if (options.Any(option => option.Name == name && option.ValueType == typeof(bool)) && !bool.TryParse(value, out _)) return $"'{value}' is neither true nor false; {name} takes one of them, or stands alone.";
        }

        return null;
    }

    private static IEnumerable<string> Unknown(IReadOnlyList<string> unmatched, IReadOnlyCollection<string> options)
    {
        // What stands behind an option that there is not was meant as its value.
        var unknown = unmatched.Where(typed => typed.StartsWith('-')).ToList();
        return (unknown is [] ? unmatched : unknown).Select(typed => !typed.StartsWith('-') ? $"'{typed}' belongs to no option."
            : ServiceArguments.SettingOf(typed) is { } setting ? $"'--{setting}' is a setting, and a command is told none on its own line: set the environment variable {setting.Replace(":", "__", StringComparison.Ordinal)}."
            : Spelling.NearestOption(Name(typed), options) is { } meant ? $"There is no '{Name(typed)}' here; did you mean '{meant}'?" : $"There is no '{Name(typed)}' here.");

        static string Name(string typed) => typed.Split('=', ':')[0];
    }

    private static string? Fault(OptionResult result, ParseResult parsed)
    {
        var option = result.Option;
        var values = result.Tokens.Select(token => token.Value).ToList();
        if (result.Implicit) return null;
        if (values.Count < option.Arity.MinimumNumberOfValues) return $"{option.Name} {HasNoValue}";
        if (values.Count > option.Arity.MaximumNumberOfValues) return $"{option.Name} takes one value, and {values.Count} are named.";
        if ((option.ValueType == typeof(int) || option.ValueType == typeof(int[])) && values.Find(value => !int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)) is { } value)
            return $"'{value}' is no number; {option.Name} takes one{(option.ValueType == typeof(int[]) ? ", and may be repeated" : "")}.";
        // The options' own readers speak as we do.
        return parsed.Errors.FirstOrDefault(error => error.SymbolResult == result)?.Message;
    }

    // Of a command the framework says with quotation marks what is missing and what is unknown, which is told above.
    private static bool IsOurs(ParseError error) => !error.Message.Contains('\'', StringComparison.Ordinal);

    // As typed behind the name of the executable.
    private static IEnumerable<string> Path(Typed result) => result.Parent is Typed above ? Path(above).Append(result.Command.Name) : [];
}
