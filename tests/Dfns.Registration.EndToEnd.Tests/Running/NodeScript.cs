using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>Runs a script of the <c>node</c> folder: one JSON text in, one JSON text out.</summary>
internal static class NodeScript
{
    private const string Executable = "node";

    /// <summary>Runs a script to its end.</summary>
    /// <param name="name">File name in the <c>node</c> folder.</param>
    /// <param name="input">What the script reads from its standard input.</param>
    /// <returns>The last line it wrote, as JSON.</returns>
    public static async Task<JsonNode> RunAsync(string name, object input) => (await TranscriptAsync(name, input)).Answer;

    /// <summary>Runs a script to its end that tells what it does.</summary>
    /// <param name="name">File name in the <c>node</c> folder.</param>
    /// <param name="input">What the script reads from its standard input.</param>
    /// <returns>The lines it wrote, without the last one, and that one, as JSON.</returns>
    public static async Task<(IReadOnlyList<string> Lines, JsonNode Answer)> TranscriptAsync(string name, object input)
    {
        await using var process = Start(name);
        await process.WriteLineAsync(JsonSerializer.Serialize(input, JsonSerializerOptions.Web));
        process.CloseInput();
        var code = await process.ExitAsync();
        Assert.True(code == 0, $"{name} ended with code {code}:{Environment.NewLine}{process.Output}");
        var lines = process.Output.Lines;
        return ([.. lines.SkipLast(1)], JsonNode.Parse(lines[^1])!);
    }

    /// <summary>Starts a script that runs until it is disposed of.</summary>
    public static RunningProcess Start(string name)
    {
        RequireNode();
        return RunningProcess.Start(new ProcessStartInfo(Executable, [Path.Combine(Places.Node, name)]) { WorkingDirectory = Places.Node });
    }

    /// <summary>The text of a file of an npm package, for a browser to run.</summary>
    /// <param name="path">Such as <c>axe-core/axe.min.js</c>.</param>
    public static Task<string> PackageFileAsync(string path)
    {
        RequirePackages();
        return File.ReadAllTextAsync(Path.Combine(Places.Node, "node_modules", path));
    }

    private static void RequireNode()
    {
        if (Installed.Find(Executable) is null) Prerequisite.IsMissing("Node.js is not installed (apt-get install nodejs npm).");
        RequirePackages();
    }

    private static void RequirePackages()
    {
        // What npm itself writes once it has installed all that the lock file names.
        if (!File.Exists(Path.Combine(Places.Node, "node_modules", ".package-lock.json")))
        {
            Prerequisite.IsMissing("The npm packages of the end-to-end tests are not installed (npm ci --prefix tests/Dfns.Registration.EndToEnd.Tests/node).");
        }
    }
}

/// <summary>Programs on the PATH.</summary>
internal static class Installed
{
    /// <returns>The path of the first of these programs that is there, or null.</returns>
    public static string? Find(params string[] names) => names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/bin").Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}
