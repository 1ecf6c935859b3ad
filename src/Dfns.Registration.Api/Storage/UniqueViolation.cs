using Dfns.Registration.Api.Errors;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>Turns the loser of a race for a unique value into the typed error it should see.</summary>
internal static class UniqueViolation
{
    public const string UsernameIndex = "ix_users_organisation_id_username_folded";
    public const string ExternalIdIndex = "ix_users_organisation_id_external_id";
    public const string PublicKeyIndex = "ix_credentials_organisation_id_public_key";
    public const string CredentialIdIndex = "ix_credentials_organisation_id_credential_id";

    public const string AssignmentIndex = "ix_permission_set_assignments_identity";

    // SQLITE_CONSTRAINT and its extended codes.
    private const int SqliteConstraint = 19;
    private const int SqliteConstraintUnique = 2067;
    private const int SqliteConstraintPrimaryKey = 1555;

    /// <summary>Names the value that was taken.</summary>
    /// <param name="exception">What saving threw.</param>
    /// <returns>The error, or null when the exception is something else.</returns>
    public static ApiError? Of(DbUpdateException exception) => exception.InnerException switch
    {
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } e => For(e.ConstraintName ?? ""),

        // SQLite names the columns, not the index.
        SqliteException { SqliteErrorCode: SqliteConstraint, SqliteExtendedErrorCode: SqliteConstraintUnique } e =>
            e.Message.Contains("credentials.credential_id", StringComparison.Ordinal) ? For(CredentialIdIndex)
            : e.Message.Contains("credentials.public_key", StringComparison.Ordinal) ? For(PublicKeyIndex)
            : e.Message.Contains("users.username_folded", StringComparison.Ordinal) ? For(UsernameIndex)
            : e.Message.Contains("users.external_id", StringComparison.Ordinal) ? For(ExternalIdIndex)
            : e.Message.Contains("permission_set_assignments.user_id", StringComparison.Ordinal) ? For(AssignmentIndex)
            : null,
        _ => null,
    };

    /// <summary>Whether saving failed because some unique value, a primary key included, was there already.</summary>
    public static bool IsOne(DbUpdateException exception) => exception.InnerException
        is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }
        or SqliteException { SqliteErrorCode: SqliteConstraint, SqliteExtendedErrorCode: SqliteConstraintUnique or SqliteConstraintPrimaryKey };

    /// <summary>Whether somebody else was first: with a unique value, or with a row that is a concurrency token.</summary>
    public static bool IsLostRace(Exception exception) => exception is DbUpdateException e && (e is DbUpdateConcurrencyException || IsOne(e));

    private static ApiError? For(string index) => index switch
    {
        CredentialIdIndex => ErrorCatalog.CredentialAlreadyRegistered,
        PublicKeyIndex => ErrorCatalog.PublicKeyAlreadyRegistered,
        UsernameIndex => ErrorCatalog.UserAlreadyExists,
        ExternalIdIndex => ErrorCatalog.ExternalIdTaken,
        AssignmentIndex => ErrorCatalog.PermissionAlreadyAssigned,
        _ => null,
    };
}
