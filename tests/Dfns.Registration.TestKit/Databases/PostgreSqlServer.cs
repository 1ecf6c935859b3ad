using Npgsql;
using Xunit;

namespace Dfns.Registration.TestKit.Databases;

/// <summary>
/// The PostgreSQL server of this test process. The first test that asks finds or starts it, the rest share it, and what was started
/// ends with the process. In this order: the server named by <c>DFNS_TEST_POSTGRES</c> (a connection string whose user may create
/// databases), a container, locally installed binaries. <c>DFNS_TEST_POSTGRES_KIND</c> = <c>connection</c>, <c>container</c> or
/// <c>local</c> allows only that one.
/// </summary>
public sealed class PostgreSqlServer
{
    /// <summary>Connections that a test server allows.</summary>
    internal const int MaxConnections = 200;

    /// <summary>Below this, three tests at once fit into <see cref="MaxConnections"/>: what comes on top waits in the pool.</summary>
    private const int MaxPoolSize = 60;

    private static readonly (string Kind, Func<Task<Search>> Look)[] Kinds =
    [
        ("connection", LookForConnectionString),
        ("container", PostgreSqlContainer.LookAsync),
        ("local", LocalPostgreSql.LookAsync),
    ];

    private static readonly Lazy<Task<(PostgreSqlServer? Server, string Absences)>> Shared = new(FindAsync);

    private readonly string connectionString;

    private PostgreSqlServer(string connectionString, string description)
    {
        this.connectionString = connectionString;
        Description = description;
    }

    /// <summary>Of a user who may create databases.</summary>
    internal string ConnectionString => connectionString;

    /// <summary>Which server it is, for the output of a test: <c>PostgreSQL 17.2 (container, image postgres:17-alpine)</c>.</summary>
    public string Description { get; }

    /// <summary>The server; where there is none, the running test ends with a sentence saying what was looked for.</summary>
    public static async Task<PostgreSqlServer> SharedAsync()
    {
        var (server, absences) = await Shared.Value;
        if (server is null)
            Prerequisite.IsMissing($"No PostgreSQL server for this test: {absences}.");
        TestContext.Current.TestOutputHelper?.WriteLine(server.Description);
        return server;
    }

    /// <param name="name">Of the new database.</param>
    /// <param name="copyOf">What it is a copy of, open in no session; the empty one, which nobody can connect to, where none is named.</param>
    /// <returns>The connection string of the new database.</returns>
    internal async Task<string> CreateDatabaseAsync(string name, string copyOf = "template0")
    {
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {copyOf} ENCODING 'UTF8'");
        return new NpgsqlConnectionStringBuilder(connectionString) { Database = name, Pooling = true, MaxPoolSize = MaxPoolSize }.ConnectionString;
    }

    /// <summary>Makes the two roles of a database by <c>roles.sql</c>, as an operator does, and gives them passwords.</summary>
    /// <param name="database">Whose roles they are.</param>
    /// <param name="owner">Who may change its schema.</param>
    /// <param name="service">Who may read and write its rows.</param>
    /// <param name="exist">Whether there are these roles already, of the database that this one is a copy of: a copy has what is granted in the database, and not what is granted on it.</param>
    internal async Task MakeRolesAsync(string database, string owner, string service, bool exist)
    {
        using var script = new StreamReader(typeof(PostgreSqlServer).Assembly.GetManifestResourceStream("roles.sql")!);
        var lines = (await script.ReadToEndAsync()).Split('\n').Where(line => !exist || !line.StartsWith("CREATE ROLE", StringComparison.Ordinal));
        var statements = string.Join('\n', lines)
            .Replace(":\"owner\"", owner, StringComparison.Ordinal).Replace(":\"service\"", service, StringComparison.Ordinal).Replace(":\"DBNAME\"", database, StringComparison.Ordinal);
        // Of several copies at once only one could change a role.
        var passwords = exist ? "" : string.Concat(new[] { owner, service }.Select(role => $"ALTER ROLE {role} PASSWORD '{PasswordOf(role)}';"));
        await ExecuteAsync(statements + passwords, new NpgsqlConnectionStringBuilder(connectionString) { Database = database, Pooling = false }.ConnectionString);
    }

    internal static string PasswordOf(string role) => $"password of {role}";

    internal Task DropRoleAsync(string name) => ExecuteAsync($"DROP ROLE {name}");

    /// <summary>Drops the database and whatever is still connected to it.</summary>
    internal Task DropDatabaseAsync(string name) => ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private static async Task<(PostgreSqlServer? Server, string Absences)> FindAsync()
    {
        var only = Environment.GetEnvironmentVariable("DFNS_TEST_POSTGRES_KIND");
        var allowed = string.IsNullOrEmpty(only) ? Kinds : [.. Kinds.Where(kind => string.Equals(kind.Kind, only, StringComparison.Ordinal))];
        if (allowed.Length == 0)
            throw new InvalidOperationException($"DFNS_TEST_POSTGRES_KIND is '{only}'; it may be connection, container or local.");

        var absences = new List<string>();
        foreach (var (kind, look) in allowed)
        {
            var search = await look();
            if (search.ConnectionString is null)
            {
                absences.Add(search.Detail);
                continue;
            }

            await using var connection = new NpgsqlConnection(search.ConnectionString);
            await connection.OpenAsync();
            var description = $"PostgreSQL {connection.PostgreSqlVersion} ({kind}, {search.Detail})";
            TestContext.Current.SendDiagnosticMessage(description);
            return (new PostgreSqlServer(search.ConnectionString, description), "");
        }

        return (null, string.Join("; ", absences));
    }

    private static Task<Search> LookForConnectionString()
    {
        var given = Environment.GetEnvironmentVariable("DFNS_TEST_POSTGRES");
        return Task.FromResult(string.IsNullOrEmpty(given)
            ? Search.Failed("DFNS_TEST_POSTGRES is not set")
            : Search.Succeeded(given, "as DFNS_TEST_POSTGRES says"));
    }

    private Task ExecuteAsync(string statement) => ExecuteAsync(statement, connectionString);

    private static async Task ExecuteAsync(string statement, string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>What one kind of server came to.</summary>
    /// <param name="ConnectionString">Of a user who may create databases, or null where there is no such server.</param>
    /// <param name="Detail">Which server it is, or what was not found and how to install it.</param>
    internal sealed record Search(string? ConnectionString, string Detail)
    {
        public static Search Succeeded(string connectionString, string which) => new(connectionString, which);

        public static Search Failed(string whatIsMissing) => new(null, whatIsMissing);
    }
}
