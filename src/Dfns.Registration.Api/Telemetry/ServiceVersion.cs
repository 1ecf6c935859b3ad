using System.Reflection;

namespace Dfns.Registration.Api.Telemetry;

/// <summary>Which version of the service this is, as anybody may know.</summary>
internal static class ServiceVersion
{
    /// <summary>
    /// SemVer 2.0 without build metadata: that of the last tag with the commits since, such as <c>1.2.1-alpha.0.3</c>; what the build was
    /// told; or <c>0.0.0-unversioned</c>. The very commit is told to the operator alone, by <c>--version</c>.
    /// </summary>
    public static string Text { get; } = typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
