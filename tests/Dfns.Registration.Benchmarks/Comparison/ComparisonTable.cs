using System.Globalization;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>
/// What was measured, as Markdown: medians over the rounds, and medians of the ratios that the rounds have each by itself, since a shared
/// machine is not the same in all of them.
/// </summary>
internal sealed class ComparisonTable(IReadOnlyList<Measurement> measurements, IReadOnlyList<Memory> memories)
{
    public void Print()
    {
        Console.WriteLine("| flow | connections | server | a second | lowest … highest | × reference | p50 ms | p99 ms | CPU µs server | CPU µs database | CPU × reference | allocated KiB | CPU µs callers | errors |");
        Console.WriteLine("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        foreach (var row in measurements.GroupBy(m => (m.Flow, m.Connections, m.Contender)).OrderBy(row => row.Key.Connections).GroupBy(row => row.Key.Flow).SelectMany(flow => flow)) Print([.. row]);
        Console.WriteLine();
        Console.WriteLine("| server | resident when idle, MiB | resident after the load, MiB |");
        Console.WriteLine("|---|--:|--:|");
        foreach (var of in memories.GroupBy(m => m.Contender))
            Console.WriteLine($"| {of.Key} | {Text(Median(of.Select(m => Start.Mebibytes(m.IdleBytes))), "0")} | {Text(Median(of.Select(m => Start.Mebibytes(m.LoadedBytes))), "0")} |");
    }

    private void Print(IReadOnlyList<Measurement> rounds)
    {
        var first = rounds[0];
        var reference = measurements
            .Where(m => m.Flow == first.Flow && m.Connections == first.Connections && m.Contender.StartsWith(NodeReference.ShownName, StringComparison.Ordinal))
            .ToDictionary(m => m.Round);
        var pairs = rounds.Where(m => reference.ContainsKey(m.Round)).Select(m => (Of: m, Reference: reference[m.Round])).ToList();
        string[] cells =
        [
            first.Flow,
            Text(first.Connections, "0"),
            first.Contender,
            Text(Median(rounds.Select(m => m.PerSecond)), "0"),
            $"{Text(rounds.Min(m => m.PerSecond), "0")} … {Text(rounds.Max(m => m.PerSecond), "0")}",
            Text(Median(pairs.Select(p => p.Of.PerSecond / p.Reference.PerSecond)), "0.00"),
            Text(Median(rounds.Select(m => m.MedianMilliseconds)), "0.0"),
            Text(Median(rounds.Select(m => m.P99Milliseconds)), "0.0"),
            Text(Median(rounds.Select(m => m.Used.ServerMicroseconds)), "0"),
            Text(Median(rounds.Select(m => m.Used.DatabaseMicroseconds ?? double.NaN)), "0"),
            Text(Median(pairs.Select(p => Cpu(p.Of) / Cpu(p.Reference))), "0.00"),
            Text(Median(rounds.Select(m => m.Used.AllocatedBytes / 1024 ?? double.NaN)), "0.0"),
            Text(Median(rounds.Select(m => m.Used.CallersMicroseconds)), "0"),
            Text(rounds.Sum(m => m.Errors), "0"),
        ];
        Console.WriteLine($"| {string.Join(" | ", cells)} |");
    }

    private static double Cpu(Measurement of) => of.Used.ServerMicroseconds + (of.Used.DatabaseMicroseconds ?? 0);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Text(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "–";
}
