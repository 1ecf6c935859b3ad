using System.Diagnostics;
using System.Globalization;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A file system of its own that is soon full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string ballast;

    private SmallDisk(string folder) => (Folder, ballast) = (folder, Path.Combine(folder, "ballast"));

    public string Folder { get; }

    public static SmallDisk Make(int sizeBytes)
    {
        var folder = Directory.CreateTempSubdirectory("dfns-small-").FullName;
        if (!Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={sizeBytes}"), "tmpfs", folder))
        {
            Directory.Delete(folder);
            Prerequisite.IsMissing("No file system of its own could be mounted: these tests want to be root (sudo -E dotnet test).");
        }

        return new SmallDisk(folder);
    }

    /// <summary>Leaves no room, or little.</summary>
    public void Fill(int leaving = 0)
    {
        using var file = File.OpenWrite(ballast);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
                file.Flush();
            }
        }
        catch (IOException)
        {
            file.SetLength(Math.Max(0, file.Length - leaving));
        }
    }

    /// <summary>Has nothing written to it any more.</summary>
    public void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", Folder));

    /// <summary>Gives the room back.</summary>
    public void Empty() => File.Delete(ballast);

    public void Dispose()
    {
        // What still has a file open there does not keep it.
        Run("umount", "-l", Folder);
        Directory.Delete(Folder);
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
