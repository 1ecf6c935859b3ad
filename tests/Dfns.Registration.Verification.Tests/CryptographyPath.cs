using System.Runtime.CompilerServices;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.Tests;

/// <summary>
/// Which cryptography the run verifies signatures by: <c>DFNS_TEST_CRYPTO=framework</c> keeps all of it to the framework, as on a platform
/// without libcrypto.
/// </summary>
internal static class CryptographyPath
{
    private const string Variable = "DFNS_TEST_CRYPTO";

    /// <summary>Whether this run is to stay with the framework.</summary>
    public static bool IsFrameworkOnly { get; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => false,
        "framework" => true,
        var unknown => throw new InvalidOperationException($"{Variable} is framework or not set, but not {unknown}"),
    };

    /// <summary>Does something with the framework alone, or with libcrypto where it is bound; tests that call it run alone.</summary>
    public static T With<T>(bool frameworkOnly, Func<T> ask)
    {
        AppContext.SetSwitch(Libcrypto.FrameworkOnly, frameworkOnly);
        try
        {
            return ask();
        }
        finally
        {
            AppContext.SetSwitch(Libcrypto.FrameworkOnly, IsFrameworkOnly);
        }
    }

    [ModuleInitializer]
    internal static void Choose() => AppContext.SetSwitch(Libcrypto.FrameworkOnly, IsFrameworkOnly);
}

/// <summary>Tests that change which cryptography the process verifies by, or count what it does: they run when no other does.</summary>
[CollectionDefinition(nameof(RunAlone), DisableParallelization = true)]
public sealed class RunAlone;
