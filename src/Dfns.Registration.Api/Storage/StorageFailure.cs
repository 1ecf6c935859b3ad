using System.Data.Common;
using System.Net.Sockets;
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
            // SQLite: busy, locked, read-only, I/O error, full, cannot open, no database.
            if (e is RetryLimitExceededException or DbException { IsTransient: true } or SqliteException { SqliteErrorCode: 5 or 6 or 8 or 10 or 13 or 14 or 26 }
                || (e is PostgresException { SqlState: { } state } && IsState(state)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether PostgreSQL does not let this role do it.</summary>
    public static bool IsForbidden(Exception exception) => SqlState(exception) == PostgresErrorCodes.InsufficientPrivilege;

    /// <summary>Whether waiting does not mend it: a role, a password, a database, a host or a file that is not there, or not for this service.</summary>
    public static bool IsFinal(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } or SqliteException { SqliteErrorCode: 8 or 14 or 26 }
                || (e is PostgresException { SqlState: { } state } && (state[..2] is "28" or "3D" || state == PostgresErrorCodes.InsufficientPrivilege)))
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
                SqliteException file => file.Message,
                SocketException system => system.Message,
                TimeoutException => "it did not answer in time",
                _ => words,
            };
        }

        return words ?? exception.GetType().Name;
    }

    /// <summary>The same in a sentence that says where to look.</summary>
    public static string Explain(Exception exception) =>
        $"the database {(IsFinal(exception) ? "cannot be used" : "does not answer")}: {Words(exception)}. Look at Database:Provider and Database:ConnectionString.";

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
