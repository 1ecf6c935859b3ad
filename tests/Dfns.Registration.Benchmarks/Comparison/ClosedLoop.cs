using System.Diagnostics;
using System.Net.Sockets;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>Callers of which each does one thing after the other, on a connection of its own, and all of them on one thread.</summary>
internal static class ClosedLoop
{
    // A guard against waiting for good; nothing is measured by it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs until everything is done.</summary>
    /// <param name="port">Of the server, on loopback.</param>
    /// <param name="connections">How many callers there are.</param>
    /// <param name="leadIn">So many are done before the clock starts, so that every caller is at work then.</param>
    /// <param name="count">So many are measured.</param>
    /// <param name="act">Does the thing of a number.</param>
    /// <param name="clockStarts">Called when the measured part begins.</param>
    /// <param name="ct">Ends the run.</param>
    public static async Task<LoopResult> RunAsync(
        int port, int connections, int leadIn, int count, Func<Connection, int, Task> act, Action clockStarts, CancellationToken ct)
    {
        var (next, ended, done, errors, firstError) = (0, 0, 0, 0, (string?)null);
        var (started, last) = (0L, 0L);
        var durations = new List<double>(count);
        var open = Enumerable.Range(0, connections).Select(_ => new Connection(port)).ToDictionary(connection => connection.Socket);
        try
        {
            if (leadIn == 0) Start();
            var callers = open.Values.Select(CallAsync).ToList();
            var readable = new List<Socket>(connections);
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                readable.Clear();
                foreach (var (socket, connection) in open)
                    if (connection.IsWaiting) readable.Add(socket);
                if (readable.Count == 0) break;
                Socket.Select(readable, null, null, Patience);
                if (readable.Count == 0) throw new TimeoutException($"No answer within {Patience}.");
                foreach (var socket in readable) open[socket].Receive();
            }

            await Task.WhenAll(callers);
        }
        finally
        {
            foreach (var connection in open.Values) connection.Dispose();
        }

        durations.Sort();
        return new LoopResult(done, Stopwatch.GetElapsedTime(started, last), durations, errors, firstError);

        void Start()
        {
            clockStarts();
            started = Stopwatch.GetTimestamp();
        }

        async Task CallAsync(Connection connection)
        {
            while (next < leadIn + count)
            {
                var number = next++;
                var began = Stopwatch.GetTimestamp();
                try
                {
                    await act(connection, number);
                    last = Stopwatch.GetTimestamp();
                    if (started != 0) done++;
                    // What was under way when the clock started has waited until its start was noted.
                    if (started != 0 && began >= started) durations.Add(Stopwatch.GetElapsedTime(began, last).TotalMilliseconds);
                }
                catch (Exception e) when (e is UnexpectedAnswerException or SocketException)
                {
                    errors++;
                    firstError ??= e.Message;
                    // Nobody is there any more.
                    if (e is SocketException) return;
                }

                if (++ended == leadIn) Start();
            }
        }
    }
}

/// <summary>What came of a run.</summary>
/// <param name="Done">How many things were done after the clock had started.</param>
/// <param name="Time">From then to the last of them.</param>
/// <param name="Milliseconds">How long those took that also began after it, shortest first.</param>
/// <param name="Errors">How many were not done, before or after the clock started.</param>
/// <param name="FirstError">The answer that kept the first of them from it; null if none was.</param>
internal sealed record LoopResult(int Done, TimeSpan Time, IReadOnlyList<double> Milliseconds, int Errors, string? FirstError)
{
    public double PerSecond => Done == 0 ? 0 : Done / Time.TotalSeconds;

    /// <param name="share">Such as 0.5 for the median.</param>
    public double Quantile(double share) => Milliseconds.Count == 0 ? double.NaN : Milliseconds[(int)(share * (Milliseconds.Count - 1))];
}
