using System.Diagnostics;
using System.Text.Json.Nodes;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>The service's executable, run as a process of its own until it ends.</summary>
internal static class ServiceProgram
{
    /// <summary>Runs it with an environment and nothing else configured.</summary>
    public static async Task<Run> RunAsync(IEnumerable<string> arguments, params IEnumerable<(string Key, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Dfns.Registration.Api.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new Run(process.ExitCode, output[0], output[1]);
    }

    /// <summary>Runs a command against a database, as an operator does.</summary>
    public static Task<Run> OperateAsync(TestDatabase database, params string[] arguments) =>
        RunAsync(arguments, Service.Settings(database).Select(s => (s.Key, s.Value)));

    /// <summary>Runs a command that prints one row.</summary>
    public static async Task<JsonNode> RowAsync(TestDatabase database, params string[] arguments)
    {
        var run = await OperateAsync(database, [.. arguments, "--json"]);
        Assert.True(run.ExitCode == 0, run.Everything);
        return Assert.Single(JsonNode.Parse(run.Output)!.AsArray())!;
    }

    /// <param name="ExitCode">Of the process.</param>
    /// <param name="Output">Its standard output.</param>
    /// <param name="Faults">Its standard error.</param>
    internal sealed record Run(int ExitCode, string Output, string Faults)
    {
        public string Everything => Output + Faults;
    }
}
