using System.CommandLine;
using Dfns.Registration.Api.Hosting;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>healthcheck</c>: what a container runs to learn whether its service is ready.</summary>
internal static class HealthCheckCommand
{
    // Of the first process of a container, which is the service or what starts it.
    private const string FirstProcess = "/proc/1/cmdline";

    public static Command Make()
    {
        var urls = new Option<string?>("--urls") { Description = "Where the service listens, if it was told so on a command line that is not that of the container." };
        var command = new Command("healthcheck", "Ask the service in this container whether it is ready, where its settings have it listen; exit code 0 when it is.\n\nExample: healthcheck") { urls };
        command.SetAction((parsed, ct) =>
        {
            var builder = ((CommandHost)parsed.InvocationConfiguration).MakeBuilder();
            builder.Configuration.AddCommandLine(parsed.GetValue(urls) is { } told ? [$"--urls={told}"] : ServiceArgumentsIn(FirstCommandLine()));
            return HealthCheck.AskAsync(builder.Configuration, parsed.InvocationConfiguration.Error, ct);
        });
        return command;
    }

    /// <summary>The settings that a service was started with.</summary>
    /// <param name="commandLine">Of its process, or of one that started it: words that each end in NUL.</param>
    /// <returns>None where it is another program's, or that of a command.</returns>
    internal static string[] ServiceArgumentsIn(string commandLine)
    {
        var words = commandLine.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var name = typeof(HealthCheckCommand).Assembly.GetName().Name!;
        var program = Array.FindIndex(words, word => Path.GetFileName(word) is var file && (file == name || file == $"{name}.dll"));
        return program >= 0 && words[(program + 1)..] is var arguments && ServiceArguments.Fault(arguments, []) is null ? arguments : [];
    }

    private static string FirstCommandLine()
    {
        try
        {
            return File.ReadAllText(FirstProcess);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
