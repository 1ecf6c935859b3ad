using System.Diagnostics;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using static Dfns.Registration.Benchmarks.Party;

namespace Dfns.Registration.Benchmarks;

/// <summary>What the verifier takes to refuse each hostile size: time, memory allocated, and what the process has grown by at the end.</summary>
internal static class Hostile
{
    private const int Runs = 101;
    private const double Kibibyte = 1024;

    public static void Measure()
    {
        List<HostileSize> sizes = [.. HostileSizes.All(Challenge, RpId, Origin)];
        // Compiled and loaded before anything is measured.
        foreach (var size in sizes) Verify(size);
        var residentBefore = Resident();

        Console.WriteLine();
        Console.WriteLine($"Hostile sizes                                      sent KiB   median ms   slowest ms   allocated KiB   refused for ({Runs} runs each)");
        foreach (var size in sizes)
        {
            var durations = new TimeSpan[Runs];
            var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            for (var run = 0; run < Runs; run++)
            {
                var began = Stopwatch.GetTimestamp();
                Verify(size);
                durations[run] = Stopwatch.GetElapsedTime(began);
            }

            var allocated = (GC.GetAllocatedBytesForCurrentThread() - allocatedBefore) / Runs;
            Array.Sort(durations);
            Console.WriteLine(
                $"{size.Name,-48}   {size.Length / Kibibyte,8:0}   {durations[Runs / 2].TotalMilliseconds,9:0.00}   {durations[^1].TotalMilliseconds,10:0.00}   {allocated / Kibibyte,13:0}   {Verify(size)}");
        }

        Console.WriteLine($"resident before {Start.Mebibytes(residentBefore):0} MiB, after {Start.Mebibytes(Resident()):0} MiB");
    }

    private static RefusalReason Verify(HostileSize size)
    {
        var refused = CredentialVerifiers.Verify(size.Credential.ToVerify(), Expected).Refused(out var why, out _);
        return refused && why!.Reason == size.Reason ? size.Reason : throw new InvalidOperationException($"{size}: {why}");
    }

    private static long Resident()
    {
        GC.Collect();
        return Process.GetCurrentProcess().WorkingSet64;
    }
}
