using System.Globalization;
using System.Text.RegularExpressions;

namespace Dfns.Registration.Api.Settings;

/// <summary>
/// Holds the settings to what they look like, before they are bound. The binder passes over a section that is mistyped, reads <c>30</c> as
/// thirty days and <c>24:00:00</c> as 24 of them, and takes a number for a word of a closed list; whoever wrote it meant something else.
/// </summary>
internal static partial class SettingTexts
{
    private const int MatchTimeoutMilliseconds = 1000;

    private static readonly string[] OthersSections = ["Serilog", "Kestrel", "OpenTelemetry"];

    private static readonly string[] Certificate = ["Path", "KeyPath", "Password", "Subject", "Store", "Location", "AllowInvalid"];

    // What the host and the exporter read that stands in no section; beside them a file may name its schema.
    private static readonly string[] HostKeys =
        ["urls", "http_ports", "https_ports", "environment", "applicationName", "contentRoot", "webRoot", "AllowedHosts", "preferHostingUrls", "shutdownTimeoutSeconds", "startupTimeoutSeconds", "$schema"];

    private static readonly string[] HostNumbers = ["shutdownTimeoutSeconds", "startupTimeoutSeconds"];

    private static readonly string[] HostSwitches =
        ["preferHostingUrls", "captureStartupErrors", "detailedErrors", "suppressStatusMessages", "preventHostingStartup", "servicesStartConcurrently", "servicesStopConcurrently"];

    private static readonly string[] Signals = ["", "TRACES_", "METRICS_", "LOGS_"];

    private static readonly string[] ExportProtocols = ["grpc", "http/protobuf"];

    // What libraries read of their sections: what else stands there sets nothing, and nobody would be told.
    private static readonly Dictionary<string, string[]> OthersKeys = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Kestrel"] = ["Endpoints", "EndpointDefaults", "Certificates"],
        ["Kestrel:Endpoints:*"] = ["Url", "Protocols", "SslProtocols", "ClientCertificateMode", "Certificate", "Sni"],
        ["Kestrel:Endpoints:*:Certificate"] = Certificate,
        ["Kestrel:Endpoints:*:Sni:*"] = ["Protocols", "SslProtocols", "ClientCertificateMode", "Certificate"],
        ["Kestrel:Endpoints:*:Sni:*:Certificate"] = Certificate,
        ["Kestrel:Certificates:*"] = Certificate,
        ["Kestrel:EndpointDefaults"] = ["Protocols", "SslProtocols", "ClientCertificateMode"],
        ["Serilog"] = ["Using", "MinimumLevel", "WriteTo", "AuditTo", "Enrich", "Filter", "Destructure", "Properties", "LevelSwitches", "FilterSwitches"],
        ["Serilog:MinimumLevel"] = ["Default", "Override", "ControlledBy"],
        ["Serilog:WriteTo:*"] = ["Name", "Args"],
        ["Serilog:AuditTo:*"] = ["Name", "Args"],
        ["Serilog:Enrich:*"] = ["Name", "Args"],
        ["Serilog:Filter:*"] = ["Name", "Args"],
        ["Serilog:Destructure:*"] = ["Name", "Args"],
    };

    private static readonly string[] Levels = ["Verbose", "Debug", "Information", "Warning", "Error", "Fatal"];
    private static readonly string[] Protocols = ["Http1", "Http2", "Http1AndHttp2", "Http3", "Http1AndHttp2AndHttp3", "None"];

    // What the service holds; others are named in Serilog:Using.
    private static readonly string[] Sinks = ["Console", "File", "Debug", "Async", "Logger", "Conditional"];

    // What these take; an argument that none has is passed over.
    private static readonly Dictionary<string, string[]> SinkArguments = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Console"] = ["formatter", "restrictedToMinimumLevel", "outputTemplate", "formatProvider", "levelSwitch", "standardErrorFromLevel", "theme", "applyThemeToRedirectedOutput", "syncRoot"],
        ["File"] =
        [
            "path", "formatter", "restrictedToMinimumLevel", "outputTemplate", "formatProvider", "fileSizeLimitBytes", "levelSwitch", "buffered", "shared", "flushToDiskInterval",
            "rollingInterval", "rollOnFileSizeLimit", "retainedFileCountLimit", "encoding", "hooks", "retainedFileTimeLimit",
        ],
    };

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
            if (section.Key.Equals("Logging", StringComparison.OrdinalIgnoreCase))
            {
                yield return "The section 'Logging' sets nothing here; levels are set with 'Serilog:MinimumLevel:Default' and 'Serilog:MinimumLevel:Override:…'.";
                continue;
            }

            // The environment holds what is others'.
            if (Spelling.Nearest(section.Key, BoundSection.All.Select(known => known.Name)) is { } meant) yield return $"There is no section '{section.Key}' in the settings; did you mean '{meant}'?";
        }

        foreach (var fault in FileFaults(configuration).Concat(HostFaults(configuration)).Concat(ExportFaults(configuration)).Concat(OthersFaults(configuration))) yield return fault;
        foreach (var fault in BoundSection.All.SelectMany(section => Faults(configuration.GetSection(section.Name), section))) yield return fault;
    }

    // A file of settings is the service's alone: what stands there and is nobody's, nobody reads.
    private static IEnumerable<string> FileFaults(IConfiguration configuration)
    {
        if (configuration is not IConfigurationRoot root) yield break;
        string[] known = [.. BoundSection.All.Select(section => section.Name), .. OthersSections, "Logging", .. HostKeys];
        foreach (var key in root.Providers.OfType<FileConfigurationProvider>().SelectMany(file => file.GetChildKeys([], parentPath: null)).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (known.Contains(key, StringComparer.OrdinalIgnoreCase) || key.StartsWith("OTEL_", StringComparison.Ordinal)) continue;
            // Told already where one of the service's was meant.
            if (Meant(key) is null && Spelling.Nearest(key, BoundSection.All.Select(section => section.Name)) is null) yield return $"There is no setting '{key}', which stands in a file; {Spelling.Hint(key, known)}";
        }
    }

    // The host takes what is no number for one that was not set, and what is no switch for one that is off.
    private static IEnumerable<string> HostFaults(IConfiguration configuration)
    {
        foreach (var key in HostNumbers.Where(key => configuration[key] is { } text && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))))
            yield return $"{key} must be a number of seconds in digits, such as 30; '{configuration[key]}' is none.";
        foreach (var key in HostSwitches.Where(key => configuration[key] is { Length: > 0 } text && !bool.TryParse(text, out _)))
            yield return $"{key} must be true or false; '{configuration[key]}' is neither.";
        if (configuration["AllowedHosts"] is { Length: > 0 } hosts && !hosts.Split(';').All(host => Host().IsMatch(host)))
            yield return $"AllowedHosts must be names of hosts with ';' between them, such as 'auth.example.co;*.example.co', or '*'; '{hosts}' would refuse every request.";
        if (bool.TryParse(configuration["ForwardedHeaders_Enabled"], out var forwarded) && forwarded)
            yield return "ForwardedHeaders_Enabled has no effect: it would believe whatever address anybody writes. Name your proxies in Network:TrustedProxies, such as 'Network__TrustedProxies__0=10.0.0.0/8'.";
    }

    // The exporter passes over what it cannot read, and sends elsewhere or nothing.
    private static IEnumerable<string> ExportFaults(IConfiguration configuration)
    {
        foreach (var start in Signals.Select(signal => $"OTEL_EXPORTER_OTLP_{signal}"))
        {
            if (configuration[$"{start}ENDPOINT"] is { Length: > 0 } address && !(Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
                yield return $"{start}ENDPOINT must be an address, such as 'http://collector:4317'; '{address}' is none.";
            if (configuration[$"{start}PROTOCOL"] is { Length: > 0 } protocol && !ExportProtocols.Contains(protocol))
                yield return $"{start}PROTOCOL must be one of {string.Join(", ", ExportProtocols)}; '{protocol}' is none of them.";
            if (configuration[$"{start}HEADERS"] is { Length: > 0 } headers && !headers.Split(',').All(header => header.IndexOf('=', StringComparison.Ordinal) > 0))
                yield return $"{start}HEADERS must be names with values, such as 'authorization=Bearer%20…,x-tenant=1'; what is set is not.";
            if (configuration[$"{start}TIMEOUT"] is { Length: > 0 } timeout && !Number().IsMatch(timeout))
                yield return $"{start}TIMEOUT must be a number of milliseconds in digits, such as 10000; '{timeout}' is none.";
        }
    }

    private static IEnumerable<IConfigurationSection> Sections(IConfiguration configuration, string path) => path.Split(':').Aggregate<string, IEnumerable<IConfiguration>>(
        [configuration], (sections, name) => name == "*" ? sections.SelectMany(section => section.GetChildren()) : sections.Select(section => section.GetSection(name))).OfType<IConfigurationSection>();

    private static IEnumerable<string> OthersFaults(IConfiguration configuration)
    {
        foreach (var (path, known) in OthersKeys)
        {
            foreach (var strange in Sections(configuration, path).SelectMany(section => section.GetChildren()).Where(key => !known.Contains(key.Key, StringComparer.OrdinalIgnoreCase)))
                yield return $"There is no setting '{strange.Path}'; {Spelling.Hint(strange.Key, known)}";
        }

        var level = configuration.GetSection("Serilog:MinimumLevel");
        foreach (var told in level.GetSection("Override").GetChildren().Append(level).Append(level.GetSection("Default")))
        {
            if (told.Value is { Length: > 0 } text && !text.StartsWith('$') && !Levels.Contains(text, StringComparer.OrdinalIgnoreCase)) yield return $"{told.Path} must be one of {string.Join(", ", Levels)}; '{text}' is none of them.";
        }

        if (!configuration.GetSection("Serilog:Using").GetChildren().Any())
        {
            foreach (var sink in configuration.GetSection("Serilog:WriteTo").GetChildren().Select(sink => sink.GetSection("Name")).Where(name => name.Value is { } text && !Sinks.Contains(text, StringComparer.OrdinalIgnoreCase)))
                yield return $"{sink.Path} must be one of {string.Join(", ", Sinks)}, or its assembly be named in Serilog:Using; '{sink.Value}' is none of them.";
        }

        foreach (var sink in configuration.GetSection("Serilog:WriteTo").GetChildren())
        {
            if (!SinkArguments.TryGetValue(sink["Name"] ?? "", out var known)) continue;
            foreach (var strange in sink.GetSection("Args").GetChildren().Where(argument => !known.Contains(argument.Key, StringComparer.OrdinalIgnoreCase)))
                yield return $"There is no setting '{strange.Path}' of {sink["Name"]}; {Spelling.Hint(strange.Key, known)}";
        }

        foreach (var protocols in configuration.GetSection("Kestrel:Endpoints").GetChildren().Append(configuration.GetSection("Kestrel:EndpointDefaults")).Select(endpoint => endpoint.GetSection("Protocols")))
        {
            if (protocols.Value is { Length: > 0 } text && !Protocols.Contains(text, StringComparer.OrdinalIgnoreCase)) yield return $"{protocols.Path} must be one of {string.Join(", ", Protocols)}; '{text}' is none of them.";
        }

        foreach (var fault in ListenAddresses.Of(configuration).Select(address => address.Fault()).OfType<string>()) yield return fault;
    }

    // Such as Database_Migrate, Database.Migrate, DatabaseMigrate and Network_TrustedProxies_0, which set nothing.
    private static string? Meant(string key) => key.Contains(':', StringComparison.Ordinal) ? null : BoundSection.All
        .Where(section => key.StartsWith(section.Name, StringComparison.OrdinalIgnoreCase))
        .SelectMany(section => section.Keys.Select(known => Meant(key[section.Name.Length..].TrimStart('_', '.', '-'), known.Name) is { } name ? $"{section.Name}:{name}" : null))
        .FirstOrDefault(meant => meant is not null);

    private static string? Meant(string rest, string known)
    {
        if (rest.Equals(known, StringComparison.OrdinalIgnoreCase)) return known;
        var number = rest.StartsWith(known, StringComparison.OrdinalIgnoreCase) ? rest[known.Length..].TrimStart('_', '.', '-') : "";
        return number.Length > 0 && number.All(char.IsAsciiDigit) ? $"{known}:{number}" : null;
    }

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

            foreach (var strange in value.AsEnumerable(makePathsRelative: true).Select(below => below.Key).Where(path => path.Length > 0 && !BoundSection.Holds(known, path.Split(':'))))
                yield return $"There is no setting '{section.Path(known)}:{strange}'; '{section.Path(known)}' holds {(BoundSection.IsList(known) ? "a list, numbered from 0" : "one value")}.";
            if (BoundSection.IsList(known))
            {
                // The binder passes over one text, and nobody is told.
                if (value.Value is { Length: > 0 } all) yield return $"{section.Path(known)} holds a list, write its first as '{section.Path(known)}:0' (in the environment {section.Name}__{known.Name}__0), such as '{all.Split(',')[0].Trim()}'.";
                continue;
            }

            if (value.Value is "" && IsSpelled(known.PropertyType)) yield return $"{section.Path(known)} is empty; leave it out, or give it a value.";
            if (value.Value is { Length: > 0 } text && Fault(text, known.PropertyType) is { } fault) yield return $"{section.Path(known)} {fault}";
            if (section.Secrets.Contains(known)) continue;
            // Compared and mailed as they are, by programs that would not see the blank.
            if (value.GetChildren().Prepend(value).Any(v => v.Value is { } shown && (shown.Trim() != shown || shown.Any(char.IsControl)))) yield return $"{section.Path(known)} must not begin or end with a blank, nor hold a control character.";
        }
    }

    // As compose writes a variable that is not set; of a text, nothing is a value.
    private static bool IsSpelled(Type type) => type != typeof(string);

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

    [GeneratedRegex(@"\A(\*|(\*\.)?[\p{L}0-9]([\p{L}0-9.-]{0,251}[\p{L}0-9])?|\[[0-9A-Fa-f:.]{2,45}\])\z", RegexOptions.ExplicitCapture, MatchTimeoutMilliseconds)]
    private static partial Regex Host();

    [GeneratedRegex(@"\A-?[0-9]{1,9}\z", RegexOptions.ExplicitCapture, MatchTimeoutMilliseconds)]
    private static partial Regex Number();
}
