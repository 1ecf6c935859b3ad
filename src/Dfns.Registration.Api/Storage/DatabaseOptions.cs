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
}

public enum DatabaseProvider
{
    Sqlite,
    PostgreSql,
}
