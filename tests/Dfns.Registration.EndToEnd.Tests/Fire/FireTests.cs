using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.EndToEnd.Tests.Fire;

/// <summary>
/// Nothing that was answered is lost, nothing happens twice, nobody is told of a fault of the service, however instances and the database
/// end. Short; <c>-- fire</c> of the benchmarks does it at length.
/// </summary>
public sealed class FireTests
{
    private const int People = 30;
    private const int Number = 1;
    private const int OperationsAKill = 25;

    /// <summary>What somebody with a hand in the tables does, and what is then found.</summary>
    private static readonly Dictionary<string, (string Found, string Sql)> Damages = new(StringComparer.Ordinal)
    {
        ["a user loses the registration"] = ("was told to be registered, and is not", $"UPDATE users SET registered_at = NULL WHERE id = {OneUser}"),
        ["a user is gone"] = ("there are 0 users", "UPDATE users SET username = 'x' || username WHERE id = " + OneUser),
        ["a credential is gone"] = ("is not there, and was told: Stored", $"DELETE FROM credentials WHERE uuid = {OneCredential}"),
        ["a credential that was ended is back"] = ("is Active, and was told: Ended", "UPDATE credentials SET status = 'Active' WHERE uuid = (SELECT min(uuid) FROM credentials WHERE status = 'Archived')"),
        ["a credential is ended"] = ("is Archived, and was told: Stored", $"UPDATE credentials SET status = 'Archived' WHERE uuid = {OneCredential}"),
        ["a credential is another's"] = ("was never sent", $"UPDATE credentials SET user_id = (SELECT max(id) FROM users WHERE registered_at IS NOT NULL) WHERE uuid = (SELECT min(uuid) FROM credentials WHERE user_id = {OneUser})"),
        ["a credential is another one"] = ("was never sent", $"UPDATE credentials SET credential_id_text = 'x' || credential_id_text WHERE uuid = {OneCredential}"),
        ["half a registration"] = ("one is there alone", $"DELETE FROM credentials WHERE uuid = (SELECT min(uuid) FROM credentials WHERE slot = 'Recovery')"),
        ["a registration happened twice"] = ("registered 2 times by the audit trail", $"UPDATE audit_events SET action = 'user.registered' WHERE id = (SELECT min(id) FROM audit_events WHERE action = 'user.signed_in' AND subject_id = {OneUser})"),
        ["a recovery happened twice"] = ("recovered 1 times by the audit trail, and was told so 0 times", $"UPDATE audit_events SET action = 'user.recovered' WHERE id = (SELECT min(id) FROM audit_events WHERE action = 'user.signed_in' AND subject_id = (SELECT min(id) FROM users WHERE id NOT IN (SELECT subject_id FROM audit_events WHERE action = 'user.recovered') AND registered_at IS NOT NULL))"),
        ["the trail of a new credential is gone"] = ("credentials were added, ", "UPDATE audit_events SET action = 'x' WHERE id = (SELECT min(id) FROM audit_events WHERE action = 'credential.created')"),
    };

    private const string OneUser = "(SELECT min(id) FROM users WHERE registered_at IS NOT NULL)";
    private const string OneCredential = "(SELECT min(uuid) FROM credentials WHERE status = 'Active' AND slot = 'FirstFactor')";

    [Fact]
    public async Task On_SQLite_nothing_that_was_answered_is_lost_and_whatever_is_damaged_is_found()
    {
        await using var run = await FireRun.OnSqliteAsync(Number, OperationsAKill);

        await run.RunAsync(People);

        Assert.Empty(await run.FaultsAsync());
        Assert.True(run.Ground.Kills >= 5, run.ToString());
        // An audit that finds nothing has to be one that would.
        var folder = Directory.CreateTempSubdirectory("dfns-fire-");
        foreach (var (n, (what, (found, sql))) in Damages.Index())
        {
            var copy = Path.Combine(folder.FullName, $"{n}.db");
            await run.Tables.RunAsync("VACUUM INTO @copy", ("copy", copy));
            var damaged = new Tables("Sqlite", $"Data Source={copy};Foreign Keys=False;Pooling=False");
            Assert.Empty(await FireAudit.AuditAsync(damaged, run.Ledgers));
            await damaged.RunAsync(sql);
            var words = await FireAudit.AuditAsync(damaged, run.Ledgers);
            Assert.True(words.Any(w => w.Contains(found, StringComparison.Ordinal)), $"{what}: {string.Join('\n', words)}");
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task On_PostgreSQL_with_two_instances_and_a_database_that_crashes_nothing_that_was_answered_is_lost()
    {
        await using var run = await FireRun.OnPostgreSqlAsync(Number, OperationsAKill);

        await run.RunAsync(People);

        Assert.Empty(await run.FaultsAsync());
        Assert.True(run.Ground is { Kills: >= 5, Crashes: >= 2 }, run.ToString());
    }
}
