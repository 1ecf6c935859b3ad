using System.Data.Common;
using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>
/// The arguments of a start of the service: settings, and nothing else. What is mistyped is refused, lest somebody who wanted a command
/// start a second service on the live database.
/// </summary>
internal static class ServiceArguments
{
    // What the host and the web server read themselves, and sections of libraries, whose keys are theirs.
    private static readonly string[] HostKeys =
    [
        "urls", "http_ports", "https_ports", "environment", "contentRoot", "webroot", "applicationName", "AllowedHosts", "preferHostingUrls",
        "shutdownTimeoutSeconds", "captureStartupErrors", "detailedErrors", "suppressStatusMessages", "hostingStartupAssemblies",
        "hostingStartupExcludeAssemblies", "preventHostingStartup", "staticWebAssets", "startupAssembly", "forwardedHeaders_enabled",
    ];

    // Such as the password of a certificate of Kestrel.
    private static readonly string[] SecretNames = ["password", "passphrase", "secret", "apikey", "api_key", "masterkey", "connectionstring", "token"];

    private static readonly string[] OthersSections = ["Serilog", "Kestrel", "Logging"];

    /// <summary>What is wrong with the arguments.</summary>
    /// <param name="args">None of which names a command.</param>
    /// <param name="commands">The commands there are, for whoever meant one.</param>
    /// <returns>A sentence, or null: every one is a setting.</returns>
    public static string? Fault(IReadOnlyList<string> args, IReadOnlyCollection<string> commands)
    {
        for (var i = 0; i < args.Count; i++)
        {
            // The framework's reader passes over them, or throws.
            if (args[i].StartsWith('-') && !args[i].StartsWith("--", StringComparison.Ordinal))
                return "Nothing was started: an argument begins with one dash. A setting has two, such as '--urls=http://localhost:5081'; '--help' lists the commands.";
            if (Read(args, ref i) is not { } setting)
            {
                // What it is stays untold: it may be the value of a secret.
                return commands.Contains(args[i], StringComparer.Ordinal)
                    ? $"The command '{args[i]}' must come first; with settings in front of it the service itself would start."
                    : "Nothing was started: an argument is neither a command nor a setting. A setting is written '--Section:Key=value', such as '--urls=http://localhost:5081'; '--help' lists the commands.";
            }

            // A section without a value sets nothing; hosts that pass on what they were told write it so.
            if (setting.Value is "" && IsSection(setting.Key)) continue;
            if (UnknownKey(setting.Key) is { } unknown) return $"Nothing was started: {unknown}";
            if (setting.Value is null || (setting.Value is "" && HostKeys.Contains(setting.Key, StringComparer.OrdinalIgnoreCase))) return $"Nothing was started: '--{setting.Key}' has no value, write '--{setting.Key}=…'.";
        }

        return null;
    }

    /// <summary>Finds a secret in any arguments, those of a command included: every user of the machine can read them.</summary>
    /// <returns>A sentence that does not tell it, or null.</returns>
    public static string? SecretFault(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (Read(args, ref i) is not { } setting) continue;
            var written = setting.Key.Replace("__", ":", StringComparison.Ordinal);
            var known = BoundSection.All.SelectMany(section => section.Secrets.Select(key => (Path: section.Path(key), HasFile: true)))
                .FirstOrDefault(secret => secret.Path.Equals(written, StringComparison.OrdinalIgnoreCase));
            if (known.Path is null && !SoundsSecret(written) && !IsHeaders(written)) continue;
            if (known.Path is not null && setting.Value is { } text && IsConnectionStringWithoutSecret(text)) continue;
            var variable = (known.Path ?? written).Replace(":", "__", StringComparison.Ordinal);
            var file = known.HasFile ? $", or name a file that holds it with {known.Path}File" : "";
            return $"{known.Path ?? written} is a secret, and every user of this machine can read a command line: set the environment variable {variable}{file}.";
        }

        return null;
    }

    /// <summary>The setting that an argument of a command is meant for, such as <c>Mail:Port</c> of <c>--Mail:Port=25</c>; null where its section is none.</summary>
    /// <param name="typed">With its dashes.</param>
    public static string? SettingOf(string typed)
    {
        var key = typed.TrimStart('-').Split('=')[0];
        return key.Contains(':', StringComparison.Ordinal) && IsSection(key.Split(':')[0]) ? key : null;
    }

    // As the framework's reader of command lines takes them: '--key=value', '--key value', '/key=value', 'key=value'.
    private static (string Key, string? Value)? Read(IReadOnlyList<string> args, ref int i)
    {
        var text = args[i];
        var start = text.StartsWith("--", StringComparison.Ordinal) ? 2 : text.StartsWith('/') || text.StartsWith('-') ? 1 : 0;
        var end = text.IndexOf('=', StringComparison.Ordinal);
        if (end > start) return (text[start..end], text[(end + 1)..]);
        if (start == 0 || text.Length == start) return null;
        var isFollowed = i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
        return (text[start..], isFollowed ? args[++i] : null);
    }

    private static bool IsSection(string key) => BoundSection.Find(key) is not null || OthersSections.Contains(key, StringComparer.OrdinalIgnoreCase);

    private static string? UnknownKey(string key)
    {
        var parts = key.Split(':');
        if (parts.Length == 1 && HostKeys.Contains(key, StringComparer.OrdinalIgnoreCase)) return null;
        if (parts.Length > 1 && OthersSections.Contains(parts[0], StringComparer.OrdinalIgnoreCase)) return null;
        if (parts.Length > 1 && BoundSection.Find(parts[0]) is { } section && section.Keys.Any(known => known.Name.Equals(parts[1], StringComparison.OrdinalIgnoreCase) && BoundSection.Holds(known, parts[2..]))) return null;

        var written = BoundSection.All.SelectMany(known => known.Keys.Select(known.Path)).Concat(HostKeys);
        var hint = Spelling.Nearest(key, written) is { } meant ? $"did you mean '--{meant}'?" : "the operator's manual lists the settings, '--help' the commands.";
        return $"there is no setting '--{key}'; {hint}";
    }

    private static bool IsConnectionStringWithoutSecret(string text)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = text };
            return parts.Count > 0 && !parts.Keys.Cast<string>().Any(key => key.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant() is "PASSWORD" or "PWD" or "PSW" or "SSLPASSWORD");
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsHeaders(string key) => key.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase) && key.EndsWith("HEADERS", StringComparison.OrdinalIgnoreCase);

    private static bool SoundsSecret(string key) => key.Contains(':', StringComparison.Ordinal) && Array.Exists(SecretNames, name => key.EndsWith(name, StringComparison.OrdinalIgnoreCase));
}
