using System.Reflection;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>Where this build lies.</summary>
internal static class Places
{
    /// <summary>The service's own build output, of the configuration that the tests were built in.</summary>
    public static string ServiceAssembly { get; } = Path.GetFullPath(Metadata("ServiceAssembly"));

    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Metadata("ProjectDirectory"), "..", ".."));

    public static string Node { get; } = Path.Combine(Metadata("ProjectDirectory"), "node");

    /// <summary>Pictures for a person to look at; ignored by git.</summary>
    public static string Screenshots { get; } = Path.Combine(Metadata("ProjectDirectory"), "TestResults", "screenshots");

    private static string Metadata(string key) =>
        typeof(Places).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
