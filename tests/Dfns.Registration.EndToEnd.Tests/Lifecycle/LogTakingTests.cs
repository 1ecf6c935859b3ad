using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Lifecycle;

/// <summary>Whoever is to take the log, the metrics and the traces keeps no request waiting.</summary>
public sealed class LogTakingTests
{
    // More than a pipe and the queue before it hold.
    private const int Requests = 14_000;

    // A guard against hanging for good; nothing is measured by it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("a log that nobody reads")]
    [InlineData("a collector that takes connections and answers nothing")]
    public async Task Requests_are_answered_and_the_end_is_orderly_whoever_does_not_take(string what)
    {
        // Whoever connects is connected by the system, and never heard.
        using var collector = new TcpListener(IPAddress.Loopback, 0);
        collector.Start();
        await using var database = await TestDatabase.SqliteAsync();
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString);
        var start = ServiceProcess.StartInfo(
            "Production", "http://127.0.0.1:0", [.. settings, ("OTEL_EXPORTER_OTLP_ENDPOINT", what.StartsWith("a log", StringComparison.Ordinal) ? null : $"http://{collector.LocalEndpoint}")]);
        (start.UseShellExecute, start.RedirectStandardOutput, start.RedirectStandardError) = (false, true, true);
        using var process = Process.Start(start)!;
        try
        {
            // Read to the line that tells the address, and no further.
            string? line;
            do line = await process.StandardOutput.ReadLineAsync();
            while (line?.Contains("Now listening on", StringComparison.Ordinal) == false);
            var address = line!.Split('"').Select(part => Uri.TryCreate(part.Split(' ')[^1], UriKind.Absolute, out var uri) && uri.Scheme == "http" ? uri : null).OfType<Uri>().First();
            using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 16 }) { BaseAddress = address, Timeout = Patience };

            var answers = new int[600];
            await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, ct) =>
            {
                using var answer = await http.GetAsync(new Uri("/auth/credentials", UriKind.Relative), ct);
                Interlocked.Increment(ref answers[(int)answer.StatusCode]);
            });
            Assert.Equal(Requests, answers[(int)HttpStatusCode.Unauthorized]);

            using var kill = Process.Start("/bin/sh", ["-c", "kill -TERM \"$1\"", "sh", $"{process.Id}"]);
            using var patience = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(patience.Token);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
