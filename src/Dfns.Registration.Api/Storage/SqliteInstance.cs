namespace Dfns.Registration.Api.Storage;

/// <summary>
/// That this process serves a file of SQLite, and no other does: a lock on a file beside it, which the system takes from a process that ends,
/// however it ends. Whoever only runs a command takes none.
/// </summary>
internal sealed class SqliteInstance : IDisposable
{
    // What the systems say where another has the file locked: Linux and macOS as they number it, Windows in its own way.
    private const int LockedOnLinux = 11;
    private const int LockedOnMacOs = 35;
    private const int LockedOnWindows = unchecked((int)0x80070020);

    private static readonly Lock Turn = new();

    // A process has one lock, however many services it hosts.
    private static readonly Dictionary<string, (FileStream Lock, int Services)> OfThisProcess = new(StringComparer.Ordinal);

    private string? taken;

    /// <summary>Takes the file, until this is disposed of.</summary>
    /// <param name="file">By the one path that leads to it without a link: beside a link, the lock would be another.</param>
    /// <returns>False where another process serves it. Where no lock can be made there is no room or no right, which SQLite tells in its own words.</returns>
    public bool TryTake(string file)
    {
        lock (Turn)
        {
            if (taken is not null) return true;
            try
            {
                OfThisProcess[file] = OfThisProcess.TryGetValue(file, out var held) ? held with { Services = held.Services + 1 } : (Open($"{file}-lock"), 1);
                taken = file;
            }
            catch (IOException e) when (e.HResult is LockedOnLinux or LockedOnMacOs or LockedOnWindows)
            {
                return false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return true;
            }

            return true;
        }
    }

    public void Dispose()
    {
        lock (Turn)
        {
            if (taken is null) return;
            var held = OfThisProcess[taken];
            if (held.Services > 1)
            {
                OfThisProcess[taken] = held with { Services = held.Services - 1 };
            }
            else
            {
                OfThisProcess.Remove(taken);
                // The file stays: whoever deleted it would delete it from under another who has just opened it.
                held.Lock.Dispose();
            }

            taken = null;
        }
    }

    private static FileStream Open(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }
}
