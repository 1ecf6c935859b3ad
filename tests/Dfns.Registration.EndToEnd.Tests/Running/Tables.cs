using System.Data.Common;
using System.Globalization;
using Dfns.Registration.TestKit.Databases;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>Reads the tables of a service past the service, with plain SQL.</summary>
internal sealed class Tables(string provider, string connectionString)
{
    private static readonly string[] All = ["organisations", "relying_parties", "users", "codes", "ceremonies", "credentials", "audit_events"];

    public static Tables Of(TestDatabase database) => new(database.Provider, database.ConnectionString);

    /// <summary>Number of rows of a table.</summary>
    /// <param name="table">Its name.</param>
    /// <param name="where">A condition in SQL.</param>
    /// <param name="parameters">Values of the condition, by name without the <c>@</c>.</param>
    public async Task<long> CountAsync(string table, string where = "1 = 1", params (string Name, object Value)[] parameters)
    {
        var rows = await RowsAsync($"SELECT count(*) AS n FROM {table} WHERE {where}", parameters);
        return Convert.ToInt64(rows[0]["n"], CultureInfo.InvariantCulture);
    }

    /// <summary>The credentials of a user, in slot order, every column by its name.</summary>
    public Task<IReadOnlyList<Row>> CredentialsAsync(string username) => RowsAsync(
        """
        SELECT c.* FROM credentials c JOIN users u ON u.organisation_id = c.organisation_id AND u.id = c.user_id
        WHERE u.username = @username ORDER BY CASE c.slot WHEN 'FirstFactor' THEN 1 WHEN 'SecondFactor' THEN 2 ELSE 3 END
        """,
        ("username", username));

    public async Task<Row> UserAsync(string username) => (await RowsAsync("SELECT * FROM users WHERE username = @username", ("username", username))).Single();

    /// <summary>The actions recorded about a user, oldest first.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync(string username) =>
        [.. (await RowsAsync(
            """
            SELECT a.action FROM audit_events a JOIN users u ON u.organisation_id = a.organisation_id AND u.id = a.subject_id
            WHERE u.username = @username ORDER BY a.at, a.action
            """,
            ("username", username))).Select(row => row.Text("action")!)];

    /// <summary>How many rows each table has, and how many of them a registration has touched.</summary>
    public async Task<IReadOnlyDictionary<string, long>> CountsAsync()
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in All) counts[table] = await CountAsync(table);
        counts["users registered"] = await CountAsync("users", "registered_at IS NOT NULL");
        counts["codes spent"] = await CountAsync("codes", "consumed_at IS NOT NULL");
        counts["ceremonies spent"] = await CountAsync("ceremonies", "consumed_at IS NOT NULL");
        return counts;
    }

    /// <summary>Changes what no request can change, or cannot change yet.</summary>
    public Task RunAsync(string sql, params (string Name, object Value)[] parameters) => RowsAsync(sql, parameters);

    public async Task<IReadOnlyList<Row>> RowsAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = provider == "Sqlite" ? new SqliteConnection(connectionString) : new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is written in a test.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        var rows = new List<Row>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(new Row(Enumerable.Range(0, reader.FieldCount).ToDictionary(
                reader.GetName, i => reader.IsDBNull(i) ? null : reader.GetValue(i), StringComparer.Ordinal)));
        }

        return rows;
    }
}

/// <summary>A row by column name.</summary>
internal sealed record Row(IReadOnlyDictionary<string, object?> Columns)
{
    public object? this[string column] => Columns[column];

    public string? Text(string column) => (string?)Columns[column];

    public byte[] Bytes(string column) => (byte[])Columns[column]!;
}
