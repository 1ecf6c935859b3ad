using System.CommandLine;
using System.Globalization;
using Dfns.Registration.EndToEnd.Tests.Running;
using Microsoft.Data.Sqlite;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>The command <c>service</c>: prepares what is measured, has it measured in turns, and prints the tables.</summary>
internal static class ServiceComparison
{
    /// <returns>0; 1 if anything was answered otherwise than it should be.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var rounds = new Option<int?>("--rounds") { Description = "How often each server is measured: 5, or 1 with --quick." };
        var count = new Option<int?>("--count") { Description = "Pairs of requests in one measurement: 4000, or 300 with --quick." };
        var warmUp = new Option<int?>("--warm-up") { Description = "Registrations, and as many sign-ins and actions, before the first of them: 5000, or 300 with --quick." };
        var connections = new Option<string>("--connections") { Description = "Numbers of connections.", DefaultValueFactory = _ => "1,16,64" };
        var databases = new Option<string>("--databases") { Description = "Databases of the service.", DefaultValueFactory = _ => "postgresql,sqlite" };
        var noPeer = new Option<bool>("--no-peer") { Description = "Measures this service alone." };
        var noLibrary = new Option<bool>("--no-library") { Description = "Leaves out what a verification costs." };
        var logFile = new Option<string>("--log")
        {
            Description = "Where each measurement is written, as a line of JSON.",
            DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "dfns-service-measurements.jsonl"),
        };
        var quick = new Option<bool>("--quick") { Description = "A short run to try it; its figures mean nothing." };
        connections.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>().Split(',').Any(text => Connections(text) is null)) result.AddError("--connections takes numbers from 1 to 1000, such as 1,16,64.");
        });
        databases.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>().Split(',').Except(["postgresql", "sqlite"], StringComparer.Ordinal).Any()) result.AddError("--databases takes postgresql, sqlite, or both with a comma between them.");
        });

        var command = new RootCommand("Measures the service beside the Node reference, in turns.") { rounds, count, warmUp, connections, databases, noPeer, noLibrary, logFile, quick };
        command.SetAction((asked, ct) =>
        {
            var isQuick = asked.GetValue(quick);
            List<int> callers = [.. asked.GetRequiredValue(connections).Split(',').Select(text => Connections(text)!.Value)];
            var plan = new ComparisonPlan(
                Math.Max(1, asked.GetValue(rounds) ?? (isQuick ? 1 : 5)),
                Math.Max(1, asked.GetValue(count) ?? (isQuick ? 300 : 4000)),
                // Somebody for each connection at least: nobody signs in twice at the same time.
                Math.Max(callers.Append(ComparisonPlan.UsualConnections).Max(), asked.GetValue(warmUp) ?? (isQuick ? 300 : 5000)),
                callers);
            return MeasureAsync(plan, asked.GetRequiredValue(databases).Split(','), withPeer: !asked.GetValue(noPeer), withLibrary: !asked.GetValue(noLibrary), asked.GetRequiredValue(logFile), ct);
        });
        // Interrupted, it first ends what it has started.
        return command.Parse(arguments).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
    }

    private static int? Connections(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1000 ? number : null;

    private static async Task<int> MeasureAsync(ComparisonPlan plan, IReadOnlyList<string> databases, bool withPeer, bool withLibrary, string logFile, CancellationToken ct)
    {
        var directory = Directory.CreateTempSubdirectory("dfns-benchmark-");
        try
        {
            var published = await PublishAsync(directory.FullName, ct);
            var peer = withPeer ? await NodeReference.InstallAsync(ct) : null;
            if (withPeer && peer is null) Console.WriteLine("Node.js and npm are not installed (apt-get install nodejs npm): this service is measured alone.");

            // From here on: what is started now shares a core with the callers.
            await Machine.PinThisProcessAsync(ct);
            var postgreSql = databases.Contains("postgresql") ? await DurablePostgreSql.StartAsync(ct) : null;
            if (databases.Contains("postgresql") && postgreSql is null) Console.WriteLine("No local PostgreSQL is installed (apt-get install postgresql): nothing is measured on it, nor the reference.");

            List<Contender> contenders = [];
            if (postgreSql is not null) contenders.Add(new ThisService(published, new SeededPostgreSql(postgreSql, "service")));
            if (postgreSql is not null && peer is not null) contenders.Add(new NodeReference(new SeededPostgreSql(postgreSql, "reference")));
            if (databases.Contains("sqlite")) contenders.Add(new ThisService(published, new SeededSqlite(directory.FullName)));
            if (contenders.Count == 0) return 1;

            await using var log = new StreamWriter(logFile) { AutoFlush = true };
            var comparison = new ComparisonRounds(plan, log);
            await comparison.RunAsync(contenders, ct);

            Console.WriteLine();
            Console.WriteLine($"- {Machine.Description}");
            Console.WriteLine($"- .NET {Environment.Version}; {postgreSql?.Description ?? "no PostgreSQL"}; SQLite {SqliteVersion()}; {peer ?? "no reference"}");
            Console.WriteLine($"- service {ThisService.VersionIn(published)}; {plan}");
            Console.WriteLine($"- each measurement: {Path.GetFullPath(logFile)}");
            Console.WriteLine();
            new ComparisonTable(comparison.Measurements, comparison.Memories).Print();
            if (withLibrary) Library.Measure();
            return comparison.Errors == 0 ? 0 : 1;
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            directory.Delete(recursive: true);
        }
    }

    private static async Task<string> PublishAsync(string directory, CancellationToken ct)
    {
        Console.WriteLine("Publishing the service …");
        var (project, published) = (Path.Combine(Places.Repository, "src", "Dfns.Registration.Api"), Path.Combine(directory, "service"));
        // Without servers of the compiler, which would stay and take their share of the machine.
        await Command.RunAsync(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["publish", project, "-c", "Release", "-o", published, "-v", "q", "--nologo", "--disable-build-servers"],
            directory,
            ct);
        return published;
    }

    private static string SqliteVersion()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        return connection.ServerVersion;
    }
}
