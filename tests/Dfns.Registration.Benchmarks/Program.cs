using System.Globalization;
using System.Security.Cryptography;
using Dfns.Registration.Benchmarks;
using Dfns.Registration.Benchmarks.Comparison;
using Dfns.Registration.EndToEnd.Tests.Fire;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Xunit.Sdk;

// Measures; it asserts nothing and 'dotnet test' does not run it:
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks              all of it but the service beside its reference
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- service   this service beside the Node reference, and the table of 'library'
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- library   what a verification costs, by format and beside a peer
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- hostile   what hostile sizes cost
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- names     whether answers or times tell who is a user
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- guesses   what becomes of 10,000 wrong codes
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- bystander what somebody who signs in notices of what others do to the service
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- deletions the same of what the service deletes alone
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- overload  what becomes of requests that come faster than they can be served
//   dotnet run --project tests/Dfns.Registration.Benchmarks -- fire [people [seed]] many lives under fire, and whether the tables hold what was told: 3,000 by default
//   dotnet run --project tests/Dfns.Registration.Benchmarks -- rooms [directory]    which folder of the service uses which
if (args is ["service", .. var options]) return await ServiceComparison.RunAsync(options);

if (args is ["fire", .. var howMany])
{
    const int OperationsAKill = 150;
    var people = howMany is [var first, ..] ? int.Parse(first, CultureInfo.InvariantCulture) : 3000;
    var number = howMany is [_, var second] ? int.Parse(second, CultureInfo.InvariantCulture) : RandomNumberGenerator.GetInt32(int.MaxValue);
    Console.WriteLine($"{people} people; everything that is drawn follows from {number}");
    var isWhole = true;
    foreach (var begin in new Func<int, int, Task<FireRun>>[] { FireRun.OnSqliteAsync, FireRun.OnPostgreSqlAsync })
    {
        await using var run = await begin(number, OperationsAKill);
        await run.RunAsync(people);
        var faults = await run.FaultsAsync();
        Console.WriteLine(run);
        Console.WriteLine(faults.Count == 0 ? "nothing lost, nothing doubled, nobody told of a fault" : string.Join(Environment.NewLine, faults));
        isWhole &= faults.Count == 0;
    }

    return isWhole ? 0 : 1;
}

if (args is ["rooms", ..])
{
    Rooms.Print(args is [_, var directory] ? directory : Path.Combine(Places.Repository, "src", "Dfns.Registration.Api"));
    return 0;
}

Console.WriteLine($"{Environment.ProcessorCount} processors, shared by service, database and callers; .NET {Environment.Version}");

if (args is [var one] && OnBoth(one) is { } measurement)
{
    await OnBothAsync(measurement);
    return 0;
}

if (args is not ["hostile"]) Library.Measure();
if (args is ["library"]) return 0;
Hostile.Measure();
if (args is ["hostile"]) return 0;

await Start.MeasureAsync();

await OnBothAsync(Enumeration.MeasureAsync, Guessing.MeasureAsync, Bystander.MeasureAsync);
return 0;

static Func<string, Func<Task<TestDatabase>>, Task>? OnBoth(string name) => name switch
{
    "names" => Enumeration.MeasureAsync,
    "guesses" => Guessing.MeasureAsync,
    "bystander" => Bystander.MeasureAsync,
    "deletions" => Bystander.MeasureDeletionsAsync,
    "overload" => Overload.MeasureAsync,
    _ => null,
};

static async Task OnBothAsync(params IReadOnlyList<Func<string, Func<Task<TestDatabase>>, Task>> measurements)
{
    foreach (var measure in measurements) await measure("SQLite", TestDatabase.SqliteAsync);
    try
    {
        var server = await PostgreSqlServer.SharedAsync();
        foreach (var measure in measurements) await measure(server.Description, TestDatabase.PostgreSqlAsync);
        Console.WriteLine("PostgreSQL that was started for this run does without fsync; name a real one with DFNS_TEST_POSTGRES.");
    }
    catch (SkipException e)
    {
        Console.WriteLine(e.Message);
    }
}
