using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// How many rows of a kind one user may have, whoever adds them. Those that are over make room for what is new. For one more in use the
/// oldest is ended; or it is refused (<see cref="Errors.ErrorCatalog.LimitReached"/>) by whoever adds it.
/// </summary>
/// <param name="table">Where they are.</param>
/// <param name="key">The column that, behind the organisation, names one.</param>
/// <param name="inUse">What holds of one that is in use: SQL of both databases.</param>
/// <param name="first">Which stay the longest: SQL of an order.</param>
internal sealed class UserRows(string table, string key, string inUse, string first)
{
    /// <summary>In use at a time.</summary>
    public const int MostInUse = 20;

    /// <summary>In all, those that are over included.</summary>
    public const int Most = 100;

    // Stands for the instant in the SQL of a kind.
    private const string Now = "{now}";

    /// <summary>Sessions of a person, and tokens of a service account. To refuse one more would lock out whoever signs in; so the oldest ends.</summary>
    public static readonly UserRows Sessions = new("access_tokens", "id", $"revoked_at IS NULL AND expires_at > {Now}", "created_at DESC, id DESC") { End = $"revoked_at = {Now}" };

    /// <summary>Credentials. Of those that are archived, recovery keys are remembered the longest: none comes back.</summary>
    public static readonly UserRows Credentials = new("credentials", "uuid", "status <> 'Archived'", "kind = 'RecoveryKey' DESC, archived_at DESC, uuid")
    {
        Unless = "EXISTS (SELECT 1 FROM access_tokens AS s WHERE s.organisation_id = credentials.organisation_id AND s.credential_uuid = credentials.uuid)",
    };

    /// <summary>Codes by which another device adds a credential.</summary>
    public static readonly UserRows CredentialCodes = new("credential_codes", "code_hash", $"consumed_at IS NULL AND expires_at > {Now}", "created_at DESC, code_hash");

    /// <summary>All kinds.</summary>
    public static readonly IReadOnlyList<UserRows> All = [Sessions, Credentials, CredentialCodes];

    // Each is a row of a, in a way that PostgreSQL plans once.
    private const string UsersOnPostgreSql = "SELECT * FROM unnest($1, $2) WITH ORDINALITY AS a (organisation_id, user_id, n) WHERE n BETWEEN 1 AND 1000000";
    private const string UserOnSqlite = "SELECT $1 AS organisation_id, $2 AS user_id";

    // The statements after it see what whoever held it has added.
    private const string LockUsers =
        $"""
        SELECT 1 FROM ({UsersOnPostgreSql}) AS a JOIN users AS u ON u.organisation_id = a.organisation_id AND u.id = a.user_id
        ORDER BY u.organisation_id, u.id FOR NO KEY UPDATE OF u
        """;

    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> statements = new(StringComparer.Ordinal);

    /// <summary>Where they are.</summary>
    public string Table => table;

    /// <summary>What ends the oldest of those in use; null where one more is refused.</summary>
    public string? End { get; private init; }

    /// <summary>What keeps one that is over.</summary>
    public string? Unless { get; private init; }

    /// <summary>What is run on PostgreSQL before rows of users are stored, so that what others have added is seen behind them.</summary>
    public static IReadOnlyList<(string Statement, IReadOnlyList<object> Values)> Lock(IReadOnlyList<KeptRows> kept) => kept.Count == 0 ? [] : [(LockUsers, Users(kept))];

    /// <summary>What is run there behind them, in the same transaction.</summary>
    public static IReadOnlyList<(string Statement, IReadOnlyList<object> Values)> Keep(IReadOnlyList<KeptRows> kept, DateTimeOffset now) =>
        [.. kept.GroupBy(k => k.Kind).SelectMany(kind => kind.Key.Statements(UsersOnPostgreSql).Select(s => (s, (IReadOnlyList<object>)[.. Users([.. kind]), now])))];

    /// <summary>The same on SQLite, where nobody else writes meanwhile.</summary>
    public static void Keep(SqliteStatements transaction, IReadOnlyList<KeptRows> kept, DateTimeOffset now)
    {
        foreach (var (statement, values) in OnSqlite(kept, now)) transaction.Run(statement, values);
    }

    /// <summary>The first of it beside EF Core, in its transaction.</summary>
    public static Task LockAsync(RegistrationDbContext db, IReadOnlyList<KeptRows> kept) => RunAsync(db, db.Database.IsSqlite() ? [] : Lock(kept), CancellationToken.None);

    /// <summary>The second of it beside EF Core.</summary>
    public static Task KeepAsync(RegistrationDbContext db, IReadOnlyList<KeptRows> kept, DateTimeOffset now, CancellationToken ct) =>
        RunAsync(db, db.Database.IsSqlite() ? OnSqlite(kept, now) : Keep(kept, now), ct);

    private static IReadOnlyList<object> Users(IReadOnlyList<KeptRows> kept) => [kept.Select(k => k.OrganisationId).ToArray(), kept.Select(k => k.UserId).ToArray()];

    private static IReadOnlyList<(string Statement, IReadOnlyList<object> Values)> OnSqlite(IReadOnlyList<KeptRows> kept, DateTimeOffset now) =>
        [.. kept.SelectMany(k => k.Kind.Statements(UserOnSqlite).Select(s => (s, (IReadOnlyList<object>)[k.OrganisationId, k.UserId, now.UtcTicks])))];

    private static async Task RunAsync(RegistrationDbContext db, IReadOnlyList<(string Statement, IReadOnlyList<object> Values)> statements, CancellationToken ct)
    {
        foreach (var (statement, values) in statements)
        {
            await using var command = db.Database.GetDbConnection().CreateCommand();
            (command.CommandText, command.Transaction) = (statement, db.Database.CurrentTransaction!.GetDbTransaction());
            for (var n = 0; n < values.Count; n++)
            {
                var parameter = command.CreateParameter();
                // By name on SQLite, by position on PostgreSQL.
                if (db.Database.IsSqlite()) parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"${n + 1}");
                parameter.Value = values[n];
                command.Parameters.Add(parameter);
            }

            await command.ExecuteNonQueryAsync(ct);
        }
    }

    private IReadOnlyList<string> Statements(string users) => statements.GetOrAdd(users, _ => [.. Make(users)]);

    private IEnumerable<string> Make(string users)
    {
        var ranked =
            $"""
            (organisation_id, {key}) IN (
                SELECT organisation_id, {key} FROM (
                    SELECT r.organisation_id, r.{key}, ({inUse}) AS in_use, row_number() OVER (PARTITION BY r.organisation_id, r.user_id ORDER BY ({inUse}) DESC, {first}) AS place
                    FROM ({users}) AS a JOIN {table} AS r ON r.organisation_id = a.organisation_id AND r.user_id = a.user_id) AS ranked
                WHERE
            """;
        if (End is not null) yield return AsOf(string.Create(CultureInfo.InvariantCulture, $"UPDATE {table} SET {End} WHERE {ranked} in_use AND place > {MostInUse})"));
        yield return AsOf(string.Create(CultureInfo.InvariantCulture, $"DELETE FROM {table} WHERE {ranked} NOT in_use AND place > {Most}){(Unless is null ? "" : $" AND NOT {Unless}")}"));

        static string AsOf(string sql) => sql.Replace(Now, "$3", StringComparison.Ordinal);
    }
}

/// <summary>The rows of one user, of which there are to be no more than may be.</summary>
internal sealed record KeptRows(UserRows Kind, string OrganisationId, string UserId);
