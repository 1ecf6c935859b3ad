using System.Data.Common;
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
            // SQLite: busy, locked, read-only, I/O error, full, cannot open, no database. PostgreSQL: it answers, but not to this user, or has no
            // such database.
            if (e is RetryLimitExceededException or DbException { IsTransient: true } or SqliteException { SqliteErrorCode: 5 or 6 or 8 or 10 or 13 or 14 or 26 }
                or PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether PostgreSQL does not let this role do it.</summary>
    public static bool IsForbidden(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege }) return true;
        }

        return false;
    }

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
