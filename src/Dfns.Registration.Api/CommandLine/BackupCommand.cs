using System.CommandLine;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>backup</c>: copies the file of SQLite while the service runs.</summary>
internal static class BackupCommand
{
    public static Command Make()
    {
        var file = new Argument<string>("file") { Description = "Where the copy is written; nothing may be there yet." };
        var command = new Command("backup", "Copy the database file of SQLite as it is at this moment, while the service runs; the master key is not in it. PostgreSQL has pg_dump for that.\n\nExample: backup /var/backups/registration.db") { file };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(parsed, (services, _) => Task.FromResult(Copy(services.GetRequiredService<SqliteBackup>(), parsed.GetValue(file)!)), ct, onAnySchema: true));
        return command;
    }

    private static CommandResult Copy(SqliteBackup backup, string file)
    {
        if (!backup.HasFile) return CommandResult.Fault("Nothing was done: this copies a file of SQLite. PostgreSQL copies a database while it is used with pg_dump, such as: pg_dump -Fc -f registration.dump registration");
        if (string.IsNullOrWhiteSpace(file)) return CommandResult.Fault("Nothing was done: name the file that the copy is written to.");
        var path = Path.GetFullPath(file);
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path)) return CommandResult.Fault($"Nothing was done: {path} is a folder; name a file in it, such as {Path.Combine(path, "registration.db")}.");
        try
        {
            var (bytes, fault) = backup.Write(path);
            return fault is null ? CommandResult.Row(new { File = path, Bytes = bytes }) : CommandResult.Fault($"Nothing was kept: the copy is not whole, and so the database file is not either: {fault}");
        }
        catch (DirectoryNotFoundException)
        {
            return CommandResult.Fault($"Nothing was done: there is no folder {Path.GetDirectoryName(path)}.");
        }
        catch (UnauthorizedAccessException)
        {
            return CommandResult.Fault($"Nothing was done: the user of this process may not write to {Path.GetDirectoryName(path)}.");
        }
        catch (IOException e)
        {
            return CommandResult.Fault($"Nothing was done: {e.Message}");
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            return CommandResult.Fault($"Nothing was kept: {StorageFailure.Words(e)}. Either the database file cannot be read, or the copy cannot be written.");
        }
    }
}
