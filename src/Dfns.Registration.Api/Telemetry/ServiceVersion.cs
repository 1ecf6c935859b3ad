using System.Reflection;

namespace Dfns.Registration.Api.Telemetry;

/// <summary>Which version of the service this is, wherever it is told.</summary>
internal static class ServiceVersion
{
    /// <summary>SemVer 2.0: that of the last tag with the commits since, and behind a plus sign the commit, such as <c>1.2.1-alpha.0.3+5e1f…</c>.</summary>
    public static string Text { get; } = typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
