using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>A database that is filled once, and of which every run gets a fresh copy.</summary>
internal abstract class SeededDatabase
{
    /// <summary><c>PostgreSql</c> or <c>Sqlite</c>, as the setting <c>Database:Provider</c> spells it.</summary>
    public abstract string Provider { get; }

    /// <summary>As a table shows it.</summary>
    public abstract string Name { get; }

    /// <summary>The process that does the database's work; null where that is the server itself.</summary>
    public abstract int? ProcessId { get; }

    /// <summary>Makes the database to be copied.</summary>
    /// <returns>Its connection string.</returns>
    public abstract Task<string> CreateAsync(CancellationToken ct);

    /// <summary>Replaces the copy of the run before.</summary>
    /// <returns>Its connection string.</returns>
    public abstract Task<string> CopyAsync(CancellationToken ct);
}

/// <summary>Databases of a server that was started for the measurement.</summary>
/// <param name="server">The server.</param>
/// <param name="prefix">Of the names of its two databases.</param>
internal sealed class SeededPostgreSql(DurablePostgreSql server, string prefix) : SeededDatabase
{
    public override string Provider => "PostgreSql";

    public override string Name => "PostgreSQL";

    public override int? ProcessId => server.ProcessId;

    public override async Task<string> CreateAsync(CancellationToken ct)
    {
        await server.ExecuteAsync($"CREATE DATABASE {prefix}_seeded TEMPLATE template0", ct);
        return server.ConnectionTo($"{prefix}_seeded");
    }

    public override async Task<string> CopyAsync(CancellationToken ct)
    {
        // A database that somebody is connected to cannot be copied.
        NpgsqlConnection.ClearAllPools();
        await server.ExecuteAsync($"DROP DATABASE IF EXISTS {prefix} WITH (FORCE)", ct);
        await server.ExecuteAsync($"CREATE DATABASE {prefix} TEMPLATE {prefix}_seeded", ct);
        // Nothing of the copy is left to be written while somebody is measured.
        await server.ExecuteAsync("CHECKPOINT", ct);
        return server.ConnectionTo(prefix);
    }
}

/// <summary>A file.</summary>
/// <param name="directory">Where it and its copy are.</param>
internal sealed class SeededSqlite(string directory) : SeededDatabase
{
    private string SeededFile => Path.Combine(directory, "seeded.db");

    private string CopiedFile => Path.Combine(directory, "run.db");

    public override string Provider => "Sqlite";

    public override string Name => "SQLite";

    public override int? ProcessId => null;

    public override Task<string> CreateAsync(CancellationToken ct) => Task.FromResult($"Data Source={SeededFile}");

    public override Task<string> CopyAsync(CancellationToken ct)
    {
        // The last connection to close brings into the file what is beside it.
        SqliteConnection.ClearAllPools();
        foreach (var left in Directory.EnumerateFiles(directory, Path.GetFileName(CopiedFile) + "*")) File.Delete(left);
        File.Copy(SeededFile, CopiedFile);
        return Task.FromResult($"Data Source={CopiedFile}");
    }
}
