using System.Collections.Concurrent;
using System.Diagnostics;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A process of a test, its output captured. None outlives the tests, however they end.</summary>
internal sealed class RunningProcess : IAsyncDisposable
{
    // A guard against hanging for good; nothing is measured by it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly ConcurrentDictionary<RunningProcess, bool> Alive = new();

    private readonly Process process;
    private readonly Task ended;

    static RunningProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var left in Alive.Keys) left.process.Kill(entireProcessTree: true);
    };

    private RunningProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Alive.TryAdd(this, true);
        ended = EndAsync();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public ProcessOutput Output { get; } = new();

    /// <summary>Bytes of memory that are the process's own and in RAM now.</summary>
    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>Time that processors have spent on it.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <param name="start">What to start; its streams are redirected here.</param>
    public static RunningProcess Start(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return new RunningProcess(Process.Start(start)!);
    }

    public async Task WriteLineAsync(string line)
    {
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
    }

    public void CloseInput() => process.StandardInput.Close();

    /// <summary>Asks the process to end, as an operator's tools do.</summary>
    public async Task TerminateAsync()
    {
        // The framework's own Kill is SIGKILL, which no process can answer.
        using var kill = Process.Start("/bin/sh", ["-c", "kill -TERM \"$1\"", "sh", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Ends the process without asking it.</summary>
    public void Kill() => process.Kill(entireProcessTree: true);

    /// <summary>Waits until the process has ended by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> ExitAsync()
    {
        await ended.WaitAsync(Patience);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await ended;
        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null) Output.Add(line);
    }

    private async Task EndAsync()
    {
        await process.WaitForExitAsync();
        Alive.TryRemove(this, out _);
        Output.End();
    }
}
