using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>Tells a database that is away, or that cannot be used as it is, from a fault of our own.</summary>
internal static class StorageFailure
{
    /// <summary>Whether this is one: it shows as a driver's exception, wrapped by EF Core once it has given up repeating.</summary>
    public static bool Is(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            // SQLite: not permitted, busy, locked, out of memory, read-only, I/O error, corrupt, full, cannot open, locks that do not work, changed
            // meanwhile, no database.
            if (e is RetryLimitExceededException or DbException { IsTransient: true } or SqliteException { SqliteErrorCode: 3 or 5 or 6 or 7 or 8 or 10 or 11 or 13 or 14 or 15 or 17 or 26 }
                || (e is PostgresException { SqlState: { } state } && IsState(state))
                || IsOfConnection(e) || IsOutOfStep(e))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether the driver has lost step with the server, and has given the connection up for that. Npgsql takes a statement as prepared, and as one without rows, when whoever asked
    /// goes away, or the server refuses, between its being parsed and its being described: the next one to use it on that connection finds rows there. It says so by words alone.
    /// </summary>
    public static bool IsOutOfStep(Exception exception) =>
        exception.GetType() == typeof(Exception) && exception.Message.StartsWith("Received unexpected backend message", StringComparison.Ordinal);

    /// <summary>Whether it has been waited for already: a server that does not answer, a connection while all are in use. To try again would be to wait again.</summary>
    public static bool IsOutOfTime(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is TimeoutException) return true;
        }

        return false;
    }

    /// <summary>Whether PostgreSQL does not let this role do it; not that it does not let it in.</summary>
    public static bool IsForbidden(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is PostgresException answered) return answered is { SqlState: PostgresErrorCodes.InsufficientPrivilege, InvariantSeverity: not "FATAL" };
        }

        return false;
    }

    /// <summary>Whether waiting does not mend it: a role, a password, a database, a host or a file that is not there, or not for this service.</summary>
    public static bool IsFinal(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } or SqliteException { SqliteErrorCode: 3 or 8 or 10 or 11 or 13 or 14 or 26 }
                || (e is PostgresException { SqlState: { } state } && (state[..2] is "28" or "3D" || state == PostgresErrorCodes.InsufficientPrivilege))
                || (IsOfConnection(e) && e is NpgsqlException { IsTransient: false } && !IsOfSeveralHosts(e)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What PostgreSQL calls it (its SQLSTATE); null where it did not answer.</summary>
    public static string? SqlState(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is PostgresException { SqlState: var state }) return state;
        }

        return null;
    }

    /// <summary>What the server said, or the system of reaching it: for an operator. Neither repeats a value of a row.</summary>
    public static string Words(Exception exception)
    {
        string? words = null;
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            words = e switch
            {
                PostgresException answered => $"{answered.MessageText} (SQLSTATE {answered.SqlState})",
                SqliteException file => file.Message.TrimEnd('.'),
                SocketException system => system.Message,
                AuthenticationException tls => tls.Message,
                TimeoutException when IsPoolUsedUp(exception) => "all connections of the pool are in use (Maximum Pool Size)",
                TimeoutException => "it did not answer in time",
                NpgsqlException driver when IsOfConnection(e) => driver.Message,
                _ when IsOutOfStep(e!) => "it answered what was not expected on this connection, which has been closed",
                _ => words,
            };
        }

        return words ?? exception.GetType().Name;
    }

    /// <summary>The same in a sentence that says where to look.</summary>
    public static string Explain(Exception exception) =>
        $"the database {(IsFinal(exception) ? "cannot be used" : HasAnswered(exception) ? "cannot be used as it is now" : "does not answer")}: {Words(exception)}. Look at Database:Provider and Database:ConnectionString.";

    private static bool HasAnswered(Exception exception) => SqlState(exception) is not null || exception is SqliteException || exception.InnerException is SqliteException;

    // The driver tells it by its words alone.
    private static bool IsPoolUsedUp(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (IsOfConnection(e) && e.Message.Contains("connection pool", StringComparison.Ordinal)) return true;
        }

        return false;
    }

    // Of several hosts none is the primary: one may be about to become it. The driver tells it by its words alone, with what each host said behind it.
    private static bool IsOfSeveralHosts(Exception exception) => exception.Message.Contains("suitable host", StringComparison.Ordinal);

    // What the driver says itself, of reaching the server and of what they have to agree on: no password where one is asked for, no TLS, all
    // connections in use. Not that one connection was used for two things at once, which would be our fault.
    private static bool IsOfConnection(Exception exception) => exception is NpgsqlException and not PostgresException and not NpgsqlOperationInProgressException;

    // By their classes (PostgreSQL, appendix A), so that one which a failover, a pooler, an overload or an operator brings is not missing from a
    // list: connection, statement that a pooler does not know, authorisation, no such database, rollback, resources, not in the state needed, an
    // operator's intervention, the system, its configuration, and its own faults. Beside them: a plan of before a migration, a server that
    // only reads, a transaction that was open too long, a role without the right, a statement that a pooler knows already.
    private static bool IsState(string state) => state is
        ['0', '8', ..] or ['2', '6', ..] or ['2', '8', ..] or ['3', 'D', ..] or ['4', '0', ..] or ['5', '3', ..] or ['5', '5', ..] or ['5', '7', ..] or ['5', '8', ..] or ['F', '0', ..] or ['X', 'X', ..]
        or PostgresErrorCodes.FeatureNotSupported or PostgresErrorCodes.ReadOnlySqlTransaction or "25P03" or "25P04" or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.DuplicatePreparedStatement;

    /// <summary>Whether something ended because it was cancelled, or what it read from did: drivers wrap that in exceptions of their own.</summary>
    public static bool IsCutOff(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is OperationCanceledException or IOException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }) return true;
        }

        return false;
    }
}
