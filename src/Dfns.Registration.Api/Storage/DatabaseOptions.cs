using System.Data.Common;
using Dfns.Registration.Api.Settings;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>Section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary><c>Sqlite</c> (default outside Production) or <c>PostgreSql</c>.</summary>
    public DatabaseProvider Provider { get; set; } = DatabaseProvider.Sqlite;

    /// <summary>For Npgsql or Microsoft.Data.Sqlite. For SQLite the default is a file in the data directory.</summary>
    [Secret]
    public string? ConnectionString { get; set; }

    /// <summary>A file that holds it, in place of <see cref="ConnectionString"/>.</summary>
    public string? ConnectionStringFile { get; set; }

    /// <summary>
    /// Whether a starting service brings the schema up to date itself. <see langword="false"/>: it refuses to start on one that is behind, and
    /// its role may do without the right to change the schema.
    /// </summary>
    public bool Migrate { get; set; } = true;

    /// <summary>How long a starting service waits for its database; default 30 seconds.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a statement may take, unless the connection string says otherwise: longer than any of a request does, and no longer than one waits for.</summary>
    internal const int StatementSeconds = 10;

    /// <summary>The connection string for Microsoft.Data.Sqlite, with what it leaves open.</summary>
    /// <param name="pooled">False for a connection that is shared with nobody.</param>
    internal string SqliteConnectionString(bool pooled = true)
    {
        var builder = new SqliteConnectionStringBuilder(ConnectionString);
        // So long another process that writes is waited for.
        if (!builder.ShouldSerialize("Default Timeout")) builder.DefaultTimeout = StatementSeconds;
        if (!pooled) builder.Pooling = false;
        return builder.ConnectionString;
    }

    /// <summary>Whether the provider's driver can read <see cref="ConnectionString"/>; no connection is made.</summary>
    internal bool IsConnectionString()
    {
        try
        {
            DbConnectionStringBuilder builder = Provider == DatabaseProvider.PostgreSql ? new NpgsqlConnectionStringBuilder() : new SqliteConnectionStringBuilder();
            builder.ConnectionString = ConnectionString;
            return true;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether what it names for SQLite is no folder, which would be told as an I/O error.</summary>
    internal bool IsNoFolder() => Provider == DatabaseProvider.PostgreSql || string.IsNullOrWhiteSpace(ConnectionString) || !IsConnectionString() || !Directory.Exists(new SqliteConnectionStringBuilder(ConnectionString).DataSource);

    /// <summary>Whether it asks for no encryption of the file, which SQLite as it is here has not.</summary>
    internal bool HasNoFilePassword() => Provider == DatabaseProvider.PostgreSql || string.IsNullOrWhiteSpace(ConnectionString) || !IsConnectionString() || new SqliteConnectionStringBuilder(ConnectionString).Password.Length == 0;

    /// <summary>Whether what it names for SQLite is a file by its whole path: one in memory ends with the service, and each folder that a command is run in has another.</summary>
    internal bool IsKept()
    {
        if (Provider == DatabaseProvider.PostgreSql || string.IsNullOrWhiteSpace(ConnectionString) || !IsConnectionString()) return true;
        var builder = new SqliteConnectionStringBuilder(ConnectionString);
        var (source, address) = (builder.DataSource, "file:");
        if (builder.Mode == SqliteOpenMode.Memory || source.Contains("mode=memory", StringComparison.OrdinalIgnoreCase) || source.Contains(":memory:", StringComparison.OrdinalIgnoreCase)) return false;
        return Path.IsPathFullyQualified(source.StartsWith(address, StringComparison.OrdinalIgnoreCase) ? source[address.Length..].Split('?')[0] : source);
    }

    /// <summary>Whether it names a server of PostgreSQL, and no file that is not there. Where it cannot be read, that is the fault.</summary>
    internal bool IsWhole()
    {
        if (Provider != DatabaseProvider.PostgreSql || string.IsNullOrWhiteSpace(ConnectionString) || !IsConnectionString()) return true;
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString);
        return !string.IsNullOrWhiteSpace(builder.Host) && Array.TrueForAll([builder.RootCertificate, builder.SslCertificate, builder.SslKey, builder.Passfile], file => string.IsNullOrEmpty(file) || File.Exists(file));
    }
}

public enum DatabaseProvider
{
    Sqlite,
    PostgreSql,
}
