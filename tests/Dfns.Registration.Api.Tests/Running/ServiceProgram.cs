using System.Diagnostics;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>
/// What the service's executable does with arguments and settings, until it ends: in this process, as <c>Program.cs</c> does it; or, where it
/// is the executable itself that is looked at, as a process of its own.
/// </summary>
internal static class ServiceProgram
{
    /// <summary>Runs a command with settings and nothing else configured.</summary>
    public static async Task<Run> RunAsync(string[] arguments, params IEnumerable<(string Key, string Value)> settings)
    {
        Assert.True(OperatorCommandLine.IsAsked(arguments), "These are settings: the service itself would start.");
        await using StringWriter output = new(), error = new();
        return new Run(await OperatorCommandLine.RunAsync(arguments, new CommandHost(() => Builder(settings)) { Output = output, Error = error }), output.ToString(), error.ToString());
    }

    /// <summary>Starts the service with settings at fault, and nothing else configured.</summary>
    public static async Task<Run> StartAsync(params IEnumerable<(string Key, string Value)> settings)
    {
        var builder = Builder(settings);
        builder.AddService();
        builder.AddWeb();
        await using var app = builder.Build();
        await using var error = new StringWriter();
        return new Run(await app.RunServiceAsync(error), "", error.ToString());
    }

    /// <summary>Runs the executable with an environment and nothing else configured.</summary>
    public static Task<Run> RunProcessAsync(string[] arguments, params IEnumerable<(string Key, string Value)> settings) => RunProcessInAsync(AppContext.BaseDirectory, arguments, settings);

    /// <summary>The same, started in a folder.</summary>
    public static async Task<Run> RunProcessInAsync(string folder, string[] arguments, params IEnumerable<(string Key, string Value)> settings)
    {
        using var process = StartProcess(folder, arguments, settings);
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new Run(process.ExitCode, output[0], output[1]);
    }

    /// <summary>Starts the executable with an environment and nothing else configured.</summary>
    public static Process StartProcess(string[] arguments, params IEnumerable<(string Key, string Value)> settings) => StartProcess(AppContext.BaseDirectory, arguments, settings);

    private static Process StartProcess(string folder, string[] arguments, IEnumerable<(string Key, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Dfns.Registration.Api.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs a command against a database, as an operator does: what changes the schema, as its owner.</summary>
    public static Task<Run> OperateAsync(TestDatabase database, params string[] arguments) => Operating(database, arguments, RunAsync);

    /// <summary>Runs the executable with a command against a database.</summary>
    public static Task<Run> OperateProcessAsync(TestDatabase database, params string[] arguments) => Operating(database, arguments, RunProcessAsync);

    /// <summary>Runs a command that prints one row.</summary>
    public static async Task<JsonNode> RowAsync(TestDatabase database, params string[] arguments) => (await OperateAsync(database, [.. arguments, "--json"])).Row;

    private static Task<Run> Operating(TestDatabase database, string[] arguments, Func<string[], IEnumerable<(string Key, string Value)>, Task<Run>> run)
    {
        var (used, more) = database.ServiceRole is { } role && arguments[0] == "migrate" ? (database.Owner, ["--grant-to", role]) : (database, Array.Empty<string>());
        return run([.. arguments, .. more], [.. Service.Settings(used).Select(s => (s.Key, s.Value)), .. TrustSettings.Value]);
    }

    // Of a service that knows of models: a command fetches nothing.
    private static readonly Lazy<(string Key, string Value)[]> TrustSettings = new(() =>
    {
        var roots = Path.Combine(Directory.CreateTempSubdirectory("dfns-roots-").FullName, "roots.pem");
        File.WriteAllText(roots, MetadataDraft.Root.Pem);
        return [("Trust:MetadataSource", "https://mds3.fidoalliance.org/"), ("Trust:MetadataRoots", roots)];
    });

    // As the executable's: settings go before its appsettings.json, as those of an environment do.
    private static WebApplicationBuilder Builder(IEnumerable<(string Key, string Value)> settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        // As in Development: whatever a command might ask for is there, without the web too.
        builder.Host.UseDefaultServiceProvider(services => (services.ValidateOnBuild, services.ValidateScopes) = (true, true));
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create<string, string?>(s.Key, s.Value)));
        return builder;
    }

    /// <param name="ExitCode">Of the command or the process.</param>
    /// <param name="Output">Its standard output.</param>
    /// <param name="Faults">Its standard error.</param>
    internal sealed record Run(int ExitCode, string Output, string Faults)
    {
        public string Everything => Output + Faults;

        /// <summary>The one row that it printed as JSON.</summary>
        public JsonNode Row
        {
            get
            {
                Assert.True(ExitCode == 0, Everything);
                return Assert.Single(JsonNode.Parse(Output)!.AsArray())!;
            }
        }
    }
}
