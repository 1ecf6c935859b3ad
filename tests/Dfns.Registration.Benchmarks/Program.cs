using Dfns.Registration.Benchmarks;
using Dfns.Registration.TestKit.Databases;
using Xunit.Sdk;

// Measures; it asserts nothing and 'dotnet test' does not run it:
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks              all of it
//   dotnet run -c Release --project tests/Dfns.Registration.Benchmarks -- hostile   what hostile sizes cost
Console.WriteLine($"{Environment.ProcessorCount} processors, shared by service, database and callers; .NET {Environment.Version}");

Hostile.Measure();
if (args is ["hostile"]) return;

await Start.MeasureAsync();

await Throughput.MeasureAsync("SQLite", TestDatabase.SqliteAsync);
try
{
    var server = await PostgreSqlServer.SharedAsync();
    await Throughput.MeasureAsync(server.Description, TestDatabase.PostgreSqlAsync);
    Console.WriteLine("PostgreSQL that was started for this run does without fsync; name a real one with DFNS_TEST_POSTGRES.");
}
catch (SkipException e)
{
    Console.WriteLine(e.Message);
}
