using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Storage;

/// <summary>Copies the file of SQLite as it is at one moment, whoever writes to it meanwhile: nobody waits, and what is committed later is not in it.</summary>
internal sealed class SqliteBackup(IOptions<DatabaseOptions> options)
{
    /// <summary>Whether there is a file to copy.</summary>
    public bool HasFile => options.Value.Provider == DatabaseProvider.Sqlite;

    /// <summary>Writes the copy, for its owner alone, and reads it once from end to end.</summary>
    /// <param name="file">Where nothing is yet.</param>
    /// <returns>How many bytes; or what is wrong with the copy, which is then deleted.</returns>
    /// <exception cref="IOException">There is something, or no such folder, or no room.</exception>
    /// <exception cref="UnauthorizedAccessException">Nothing may be written there.</exception>
    /// <exception cref="SqliteException">The file cannot be read, or the copy cannot be written.</exception>
    public (long Bytes, string? Fault) Write(string file)
    {
        // Until it is whole it has another name: one that is broken off is not taken for a backup.
        var part = $"{file}.part";
        if (File.Exists(file)) throw new IOException($"'{file}' is there already, and nothing is written over it.");
        Make(part);
        try
        {
            if (Copy(part) is { } fault) return (0, fault);
            File.Move(part, file, overwrite: false);
            return (new FileInfo(file).Length, null);
        }
        finally
        {
            foreach (var rest in new[] { part, $"{part}-journal", $"{part}-wal", $"{part}-shm" }) File.Delete(rest);
        }
    }

    private string? Copy(string part)
    {
        // One that is not there is not to be made.
        var from = new SqliteConnectionStringBuilder(options.Value.SqliteConnectionString(pooled: false));
        if (from.Mode == SqliteOpenMode.ReadWriteCreate) from.Mode = SqliteOpenMode.ReadWrite;
        using var source = new SqliteConnection(from.ConnectionString);
        source.Open();
        SQLitePCL.raw.sqlite3_busy_timeout(source.Handle, source.DefaultTimeout * 1000);
        using var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = part, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ConnectionString);
        copy.Open();
        source.BackupDatabase(copy);
        using var check = copy.CreateCommand();
        check.CommandText = "PRAGMA integrity_check(1)";
        return (string)check.ExecuteScalar()! is var said && said != "ok" ? said : null;
    }

    private static void Make(string file)
    {
        var made = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) made.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, made);
    }
}
