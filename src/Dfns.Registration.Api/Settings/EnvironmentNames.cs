namespace Dfns.Registration.Api.Settings;

/// <summary>
/// Holds the names of environment variables to those that the host and the libraries read. A mistyped one sets nothing, and nobody is told; since the environment
/// holds what is others' too, one is refused only where it is nearly one of these.
/// </summary>
internal static class EnvironmentNames
{
    // More than a letter or two, and it was another's.
    private const int MostEdits = 2;

    private static readonly string[] Hosts = ["ASPNETCORE_", "DOTNET_"];

    private static readonly string[] OfHost =
    [
        "URLS", "HTTP_PORTS", "HTTPS_PORTS", "ENVIRONMENT", "CONTENTROOT", "WEBROOT", "APPLICATIONNAME", "PREFERHOSTINGURLS", "SHUTDOWNTIMEOUTSECONDS",
        "CAPTURESTARTUPERRORS", "DETAILEDERRORS", "SUPPRESSSTATUSMESSAGES", "HOSTINGSTARTUPASSEMBLIES", "HOSTINGSTARTUPEXCLUDEASSEMBLIES", "PREVENTHOSTINGSTARTUP",
        "FORWARDEDHEADERS_ENABLED", "ALLOWEDHOSTS", "Kestrel__Certificates__Default__Path", "Kestrel__Certificates__Default__Password",
    ];

    // OpenTelemetry's specifications of the SDK's and of the OTLP exporter's environment variables.
    private static readonly string[] OfExport =
    [
        "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SDK_DISABLED", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER", "OTEL_PROPAGATORS",
        "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT", "OTEL_METRICS_EXEMPLAR_FILTER", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        .. new[] { "", "TRACES_", "METRICS_", "LOGS_" }.SelectMany(signal => new[] { "ENDPOINT", "PROTOCOL", "TIMEOUT", "HEADERS", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE", "COMPRESSION", "INSECURE", "METRICS_TEMPORALITY_PREFERENCE", "METRICS_DEFAULT_HISTOGRAM_AGGREGATION" }
            .Select(key => $"OTEL_EXPORTER_OTLP_{signal}{key}")),
    ];

    private static readonly string[] Sections = ["Kestrel", "Serilog"];

    /// <summary>Every fault of the names.</summary>
    /// <param name="names">Of all variables of the process.</param>
    public static IEnumerable<string> Faults(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (Meant(name) is { } meant) yield return $"There is no environment variable '{name}' that sets anything; did you mean '{meant}'?";
        }
    }

    /// <summary>The environment that was probably meant by the name of another.</summary>
    /// <returns>One of those that the host knows by name; null where none is near, or it is one of them.</returns>
    public static string? MeantBy(string environment) => Near(environment, [Environments.Development, Environments.Production, Environments.Staging]);

    private static string? Meant(string name)
    {
        if (name.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase)) return Near(name, OfExport);
        if (Array.Find(Hosts, host => name.StartsWith(host, StringComparison.OrdinalIgnoreCase)) is { } prefix) return Near(name[prefix.Length..], OfHost) is { } meant ? prefix + meant : null;
        if (name.Split("__") is [var section, _, ..]) return Near(section, Sections) is { } near ? $"{near}{name[section.Length..]}" : null;
        return Near(name, ["AllowedHosts"]);
    }

    private static string? Near(string name, IReadOnlyCollection<string> known) =>
        known.Contains(name, StringComparer.OrdinalIgnoreCase) ? null : Spelling.Nearest(name, known, MostEdits);
}
