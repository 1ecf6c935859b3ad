using Microsoft.Extensions.Options;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// How the service uses sessions of PostgreSQL. Statements stay prepared in them, which halves the cost of a registration, but where a pooler
/// stands in between. Nothing else is left in a session.
/// </summary>
internal sealed partial class PostgreSqlSessions(IOptions<DatabaseOptions> options, ILogger<PostgreSqlSessions> logger)
{
    private const int MostPrepared = 50;

    // For a connection, a new one or one of the pool.
    private const int ConnectSeconds = 5;

    private const int KeepAliveSeconds = 15;

    // How soon a server among several is looked at again that was a standby, or away: the driver's ten seconds would be added to each failover.
    private const int RecheckSeconds = 1;

    private readonly Lock turn = new();
    private string? settled;

    /// <summary>The operator's connection string, with what it leaves open; for that the server is asked once.</summary>
    /// <exception cref="NpgsqlException">It does not answer. Nothing is settled, and it is asked again the next time.</exception>
    public string ConnectionString()
    {
        lock (turn) return settled ??= Settle();
    }

    private string Settle()
    {
        var builder = new NpgsqlConnectionStringBuilder(options.Value.ConnectionString);
        // There is nothing to clear, and it would come with every use of a connection. ContainsKey would only tell that there is such a setting.
        if (!builder.ShouldSerialize("No Reset On Close")) builder.NoResetOnClose = true;
        if (!builder.ShouldSerialize("Auto Prepare Min Usages")) builder.AutoPrepareMinUsages = 2;
        // Given up in seconds: a server that is paused, or gone without a word. Of a connection that is open and silent the system finds it out.
        if (!builder.ShouldSerialize("Timeout")) builder.Timeout = ConnectSeconds;
        if (!builder.ShouldSerialize("Command Timeout")) builder.CommandTimeout = DatabaseOptions.StatementSeconds;
        if (builder.Host!.Contains(',', StringComparison.Ordinal) && !builder.ShouldSerialize("Host Recheck Seconds")) builder.HostRecheckSeconds = RecheckSeconds;
        if (!builder.ShouldSerialize("Tcp Keepalive") && !builder.ShouldSerialize("Tcp Keepalive Time"))
        {
            builder.TcpKeepAlive = true;
            (builder.TcpKeepAliveTime, builder.TcpKeepAliveInterval) = (KeepAliveSeconds, KeepAliveSeconds / 3);
        }

        if (!builder.ShouldSerialize("Max Auto Prepare")) builder.MaxAutoPrepare = IsPooled(builder) ? 0 : MostPrepared;
        return builder.ConnectionString;
    }

    // A pooler that hands each transaction to another session loses what is prepared in one. PgBouncer brings it along from 1.21 on, and closes the
    // connection where a statement's name comes again, as it does after whatever failed before it: here that is every lost race.
    private bool IsPooled(NpgsqlConnectionStringBuilder builder)
    {
        // Whoever makes a DbContext cannot wait otherwise; it is once, before anybody is served.
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(builder.ConnectionString) { Pooling = false, Multiplexing = false }.ConnectionString);
        connection.Open();
        using var session = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        // A pooler answers for the server, under a number of its own.
        var isPooled = (int)session.ExecuteScalar()! != connection.ProcessID;
        if (isPooled) Log.Pooled(logger);
        return isPooled;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "A pooler stands between the service and PostgreSQL: no statement is prepared, unless Max Auto Prepare in the connection string says so")]
        public static partial void Pooled(ILogger logger);
    }
}
