using System.Diagnostics;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>Runs programs that have to succeed.</summary>
internal static class Command
{
    /// <returns>What the program wrote.</returns>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string directory, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            return process.ExitCode == 0
                ? (await output).Trim()
                : throw new InvalidOperationException($"{program} {string.Join(' ', process.StartInfo.ArgumentList)} ended with code {process.ExitCode}: {await output}{await errors}");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
