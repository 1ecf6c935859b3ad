namespace Dfns.Registration.Api.CommandLine;

/// <summary>Says of a file that was named, and could not be read, why.</summary>
internal static class FileFault
{
    /// <param name="file">As it was named.</param>
    /// <param name="thrown">By the attempt to read it.</param>
    /// <returns>A sentence.</returns>
    public static string Of(FileInfo file, Exception thrown) => thrown switch
    {
        _ when Directory.Exists(file.FullName) => $"{file.FullName} is a folder; name a file.",
        FileNotFoundException or DirectoryNotFoundException => $"There is no file {file.FullName}.",
        UnauthorizedAccessException => $"The user of this process may not read {file.FullName}.",
        _ => $"{file.FullName} cannot be read.",
    };
}
