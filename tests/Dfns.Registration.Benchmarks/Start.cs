using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Benchmarks;

/// <summary>From the start of the process to the first 200 of <c>/health/ready</c>, and what the process then holds in memory.</summary>
internal static class Start
{
    private const int Runs = 5;

    public static async Task MeasureAsync()
    {
        await using var database = await TestDatabase.SqliteAsync();
        var first = await RunAsync(database);
        var later = new List<(TimeSpan Ready, TimeSpan Busy, long ResidentBytes)>();
        for (var run = 0; run < Runs; run++) later.Add(await RunAsync(database));

        Console.WriteLine();
        Console.WriteLine("Start on SQLite, Production                     ready after   CPU until then   resident when idle");
        Print("first start, empty database", first);
        Print($"later starts, median of {Runs}", later.OrderBy(run => run.Ready).ElementAt(Runs / 2));
    }

    public static double Mebibytes(long bytes) => bytes / 1024.0 / 1024.0;

    private static void Print(string name, (TimeSpan Ready, TimeSpan Busy, long ResidentBytes) run) =>
        Console.WriteLine($"{name,-44}   {run.Ready.TotalMilliseconds,8:0} ms   {run.Busy.TotalMilliseconds,11:0} ms   {Mebibytes(run.ResidentBytes),14:0} MiB");

    private static async Task<(TimeSpan Ready, TimeSpan Busy, long ResidentBytes)> RunAsync(TestDatabase database)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = ServiceProcess.StartInfo("Production", address.GetLeftPart(UriPartial.Authority), ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString));
        using var http = new HttpClient { BaseAddress = address };
        var started = Stopwatch.GetTimestamp();
        await using var process = RunningProcess.Start(start);
        while (!await IsReadyAsync(http)) await Task.Delay(TimeSpan.FromMilliseconds(2));
        var ready = Stopwatch.GetElapsedTime(started);
        var (busy, resident) = (process.ProcessorTime, process.ResidentBytes);
        await process.TerminateAsync();
        await process.ExitAsync();
        return (ready, busy, resident);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Nobody listens yet.
            return false;
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
