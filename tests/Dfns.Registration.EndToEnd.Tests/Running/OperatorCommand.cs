using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>The operator's command line in Production, a process a command.</summary>
internal sealed class OperatorCommand(IEnumerable<(string Key, string? Value)> settings)
{
    /// <summary>Runs a command that has to succeed.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var start = ServiceProcess.StartInfo("Production", "http://127.0.0.1:0", settings);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        await using var command = RunningProcess.Start(start);
        Assert.True(await command.ExitAsync() == 0, command.Output.ToString());
        return command.Output.ToString();
    }

    /// <summary>Runs a command that prints one row.</summary>
    public async Task<JsonNode> RowAsync(params string[] arguments) => Assert.Single(JsonNode.Parse(await RunAsync([.. arguments, "--json"]))!.AsArray())!;
}
