using System.CommandLine;
using Dfns.Registration.Api.Hosting;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>healthcheck</c>: what a container runs to learn whether its service is ready.</summary>
internal static class HealthCheckCommand
{
    public static Command Make()
    {
        var command = new Command("healthcheck", "Ask the service in this container whether it is ready; exit code 0 when it is.\n\nExample: healthcheck");
        command.SetAction((parsed, _) => Health.AskAsync(parsed.InvocationConfiguration.Error));
        return command;
    }
}
