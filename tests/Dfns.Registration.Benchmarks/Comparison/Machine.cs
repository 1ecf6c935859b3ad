using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>The machine that is measured on: what it is, which core does what, and the CPU time that its processes have used.</summary>
internal static class Machine
{
    private const string ServerCore = "0";
    private const string OtherCore = "1";

    // Of the times in /proc, on every Linux.
    private const double TicksPerSecond = 100;

    private static readonly bool IsPinned = OperatingSystem.IsLinux() && Environment.ProcessorCount >= 2 && File.Exists("/usr/bin/taskset");

    public static string Description
    {
        get
        {
            var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024.0 / 1024 / 1024;
            var pinned = IsPinned ? $"the server on core {ServerCore}, database and callers on core {OtherCore}" : "no process kept to a core";
            return string.Create(CultureInfo.InvariantCulture, $"{Processor()}, {Environment.ProcessorCount} cores, {memory:0} GiB; {RuntimeInformation.OSDescription}; {pinned}");
        }
    }

    /// <summary>Keeps this process, and whatever it starts from now on, to the core of callers and database.</summary>
    public static async Task PinThisProcessAsync(CancellationToken ct)
    {
        if (IsPinned) await Command.RunAsync("taskset", ["-acp", OtherCore, $"{Environment.ProcessId}"], "/", ct);
    }

    /// <summary>Has a process start on the core of the server, and keep to it.</summary>
    public static void PinServer(ProcessStartInfo start)
    {
        if (!IsPinned) return;
        // By the time a process could be pinned from outside, its runtime would have counted the cores, and started threads on them.
        string[] command = ["-c", ServerCore, start.FileName, .. start.ArgumentList];
        start.FileName = "taskset";
        start.ArgumentList.Clear();
        foreach (var argument in command) start.ArgumentList.Add(argument);
    }

    /// <summary>The CPU time that a process has used, and with it the children that it has or had.</summary>
    public static TimeSpan ProcessorTimeOfTree(int processId)
    {
        var ticks = 0L;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id) || Stat(id) is not { } stat) continue;
            // proc(5), counted from the state on: parent 1, user and system time 11 and 12, those of children that have ended 13 and 14.
            if (id == processId || stat[1] == $"{processId}") ticks += stat[11..15].Sum(text => long.Parse(text, CultureInfo.InvariantCulture));
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    private static string[]? Stat(int processId)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{processId}/stat");
            // The name, in parentheses, may hold blanks.
            return line[(line.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It has ended since it was listed.
            return null;
        }
    }

    private static string Processor() => OperatingSystem.IsLinux()
        && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':') + 1)..].Trim()
            : RuntimeInformation.ProcessArchitecture.ToString();
}
