using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What comes before and after the opening of a SQLite file. A file that is not there yet is made its owner's alone: names are in it, and encrypted
/// private keys. SQLite makes those beside it like it.
/// </summary>
/// <remarks>
/// Then SQLite itself waits for another writer, as long as a command may take. The driver waits for one too, but not where another has
/// written between a statement's first look and its right to write (SQLITE_BUSY_SNAPSHOT): SQLite looks again, if it may wait.
/// </remarks>
internal sealed class SqliteOpening : DbConnectionInterceptor
{
    private const UnixFileMode OthersMay = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>The file of a connection string; null where there is none, or no file to make.</summary>
    public static string? FileOf(string connectionString)
    {
        var parts = new SqliteConnectionStringBuilder(connectionString);
        return parts.Mode == SqliteOpenMode.ReadWriteCreate && parts.DataSource is { Length: > 0 } file && file != ":memory:" && !file.StartsWith("file:", StringComparison.OrdinalIgnoreCase) ? file : null;
    }

    /// <summary>Whether a file is there that others on this machine can read or write.</summary>
    public static bool IsOpenToOthers(string file) => !OperatingSystem.IsWindows() && File.Exists(file) && (File.GetUnixFileMode(file) & OthersMay) != UnixFileMode.None;

    public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        MakeOwn(connection.ConnectionString);
        return result;
    }

    public override ValueTask<InterceptionResult> ConnectionOpeningAsync(DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        MakeOwn(connection.ConnectionString);
        return new(result);
    }

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Set((SqliteConnection)connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Set((SqliteConnection)connection);
        return Task.CompletedTask;
    }

    private static void MakeOwn(string connectionString)
    {
        if (OperatingSystem.IsWindows() || FileOf(connectionString) is not { } file || File.Exists(file)) return;
        try
        {
            using var made = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else was quicker; or it cannot be made, which SQLite tells in its own words.
        }
    }

    private static void Set(SqliteConnection connection) => SQLitePCL.raw.sqlite3_busy_timeout(connection.Handle, connection.DefaultTimeout * 1000);
}
