using System.CommandLine;
using Dfns.Registration.Api.Hosting;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>What surrounds a command: the two streams that it writes to, the console's unless told otherwise, and the settings that it reads.</summary>
/// <param name="makeBuilder">A builder with the settings; asked once by each command that needs them.</param>
internal sealed class CommandHost(Func<WebApplicationBuilder> makeBuilder) : InvocationConfiguration
{
    /// <summary>A builder with the settings, and nothing else.</summary>
    public WebApplicationBuilder MakeBuilder() => makeBuilder();

    /// <summary>What a command runs on: every room of the service but those that only HTTP needs, and no log.</summary>
    public WebApplication Build()
    {
        var builder = makeBuilder();
        builder.Logging.ClearProviders();
        builder.AddService();
        return builder.Build();
    }
}
