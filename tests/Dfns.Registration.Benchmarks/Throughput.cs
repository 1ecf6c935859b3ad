using System.Collections.Concurrent;
using System.Diagnostics;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Benchmarks;

/// <summary>Registrations a second, each a challenge and a completion with a key and a recovery key, by one caller and by several at once.</summary>
internal static class Throughput
{
    private const int Users = 10_000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);
    private static readonly int[] CallerCounts = [1, 8, 32];

    public static async Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase)
    {
        Console.WriteLine();
        Console.WriteLine($"Registrations on {name}");
        Console.WriteLine("callers   a second   median ms   95 % within ms   service CPU ms each   resident");
        foreach (var callers in CallerCounts)
        {
            await using var database = await makeDatabase();
            await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
            var seed = Seed.In(database);
            var invitations = await seed.InviteAsync(await seed.OrganisationAsync("example.co", "https://app.example.co"), [.. Enumerable.Range(0, Users).Select(n => $"user-{n}@example.co")]);
            var waiting = new ConcurrentQueue<Invitation>(invitations);

            // Until the service has been compiled for good; that costs it more than the registrations do.
            await RunAsync(service, waiting, callers: 8, WarmUp);
            var (started, busyBefore) = (Stopwatch.GetTimestamp(), service.ProcessorTime);
            var durations = await RunAsync(service, waiting, callers, Duration);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var busy = service.ProcessorTime - busyBefore;
            Console.WriteLine(
                $"{callers,7}   {durations.Count / seconds,8:0}   {Milliseconds(durations, 0.5),9:0.0}   {Milliseconds(durations, 0.95),14:0.0}   {busy.TotalMilliseconds / durations.Count,19:0.0}   {Start.Mebibytes(service.ResidentBytes),4:0} MiB");
            await service.StopAsync();
        }
    }

    private static double Milliseconds(IReadOnlyList<TimeSpan> sorted, double share) => sorted[(int)(sorted.Count * share)].TotalMilliseconds;

    /// <returns>How long each registration took, shortest first.</returns>
    private static async Task<IReadOnlyList<TimeSpan>> RunAsync(ServiceProcess service, ConcurrentQueue<Invitation> waiting, int callers, TimeSpan duration)
    {
        var durations = new ConcurrentBag<TimeSpan>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < duration && waiting.TryDequeue(out var invitation))
            {
                // A public key registers once. Making keys is the client's work, and is not in the time a registration takes.
                var (first, recovery) = (SoftwareKey.P256(), SoftwareKey.P256());
                var began = Stopwatch.GetTimestamp();
                var outcome = await Callers.RegisterAsync(service.Http, invitation, first, recovery);
                if (outcome != Callers.Registered) throw new InvalidOperationException(outcome);
                durations.Add(Stopwatch.GetElapsedTime(began));
            }
        })));
        return [.. durations.Order()];
    }
}
