using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>What the service's own role may do to which table of PostgreSQL: <c>grants.sql</c>, which an operator may run as well.</summary>
internal sealed partial class DatabaseGrants(RegistrationDbContext db)
{
    /// <summary>In the script, as psql writes it: the name of the service's role.</summary>
    private const string Service = ":\"service\"";

    private static readonly string Script = Read();

    /// <summary>Each table with what may be done to it, such as <c>SELECT</c>.</summary>
    public static IReadOnlyList<(string Table, string Privilege)> All { get; } =
    [
        .. GrantOfTable().Matches(Script).SelectMany(grant => grant.Groups["privileges"].Value.Split(", ").Select(privilege => (grant.Groups["table"].Value, privilege))),
    ];

    /// <summary>Whether a role is there that may be given less than all: another than that which migrates, who would lose its own.</summary>
    public async Task<bool> IsOtherRoleAsync(string role, CancellationToken ct) => db.Database.IsNpgsql()
        && await db.Database.SqlQuery<bool>($"""SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = {role} AND rolname <> current_user) AS "Value" """).SingleAsync(ct);

    /// <summary>What a role may do to the service's tables beyond what the service needs, such as <c>DELETE on audit_events</c>: to give it just that takes this away.</summary>
    public Task<List<string>> BeyondAsync(string role, CancellationToken ct) => HeldAsync(role, isNeeded: false, ct);

    /// <summary>What a role may do of what the service needs.</summary>
    public Task<List<string>> NeededAsync(string role, CancellationToken ct) => HeldAsync(role, isNeeded: true, ct);

    private async Task<List<string>> HeldAsync(string role, bool isNeeded, CancellationToken ct)
    {
        List<string> tables = [.. All.Select(grant => grant.Table)], privileges = [.. All.Select(grant => grant.Privilege)], every = [.. tables.Distinct(StringComparer.Ordinal)];
        return await db.Database.SqlQuery<string>(
            $"""
            SELECT held.privilege_type || ' on ' || relation AS "Value"
            FROM unnest({every}) AS known (relation)
            JOIN pg_class AS c ON c.oid = to_regclass(relation)
            CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS held
            WHERE held.grantee = (SELECT oid FROM pg_roles WHERE rolname = {role})
                AND {isNeeded} = EXISTS (SELECT 1 FROM unnest({tables}, {privileges}) AS needed (relation, privilege) WHERE needed.relation = known.relation AND needed.privilege = held.privilege_type)
            ORDER BY 1
            """).ToListAsync(ct);
    }

    /// <summary>Gives a role just what the service needs, within <see cref="DatabaseSchema.InTurnAsync"/>: of two at once PostgreSQL fails one.</summary>
    public async Task GrantAsync(string role, CancellationToken ct)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = Script.Replace(Service, $"\"{role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", StringComparison.Ordinal);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>What the service may not do that it needs, such as <c>INSERT on codes</c>; of a table that is not there yet, nothing.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(CancellationToken ct)
    {
        if (!db.Database.IsNpgsql()) return [];
        List<string> tables = [.. All.Select(grant => grant.Table)], privileges = [.. All.Select(grant => grant.Privilege)];
        return await db.Database.SqlQuery<string>(
            $"""
            SELECT privilege || ' on ' || relation AS "Value" FROM unnest({tables}, {privileges}) AS needed (relation, privilege)
            WHERE NOT has_table_privilege(to_regclass(relation), privilege)
            """).ToListAsync(ct);
    }

    /// <summary>Whether the service's role deletes from a table, as that of the owner may.</summary>
    public async Task<bool> MayDeleteAsync(string table, CancellationToken ct) => !db.Database.IsNpgsql()
        || await db.Database.SqlQuery<bool>($"""SELECT has_table_privilege({table}, 'DELETE') AND has_table_privilege({table}, 'UPDATE') AS "Value" """).SingleAsync(ct);

    private static string Read()
    {
        using var script = new StreamReader(typeof(DatabaseGrants).Assembly.GetManifestResourceStream(typeof(DatabaseGrants), "grants.sql")!);
        return script.ReadToEnd();
    }

    [GeneratedRegex("""^GRANT (?<privileges>[A-Z, ]+) ON (?<table>\S+) TO :"service";""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex GrantOfTable();
}
