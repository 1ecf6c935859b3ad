using System.Globalization;
using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.EndToEnd.Tests.Fire;

/// <summary>Holds the tables to what everybody was told.</summary>
internal static class FireAudit
{
    /// <returns>What is lost, doubled, or there without having been asked for: a sentence each.</returns>
    public static async Task<IReadOnlyList<string>> AuditAsync(Tables tables, IReadOnlyList<Ledger> ledgers)
    {
        var users = (await tables.RowsAsync("SELECT id, username, registered_at FROM users")).ToLookup(row => row.Text("username")!, StringComparer.Ordinal);
        var credentials = (await tables.RowsAsync("SELECT u.username, c.credential_id_text, c.status FROM credentials c JOIN users u ON u.organisation_id = c.organisation_id AND u.id = c.user_id"))
            .ToLookup(row => row.Text("username")!, StringComparer.Ordinal);
        var events = (await tables.RowsAsync("SELECT u.username, a.action, count(*) AS n FROM audit_events a JOIN users u ON u.organisation_id = a.organisation_id AND u.id = a.subject_id GROUP BY u.username, a.action"))
            .ToDictionary(row => (row.Text("username")!, row.Text("action")!), row => Convert.ToInt32(row["n"], CultureInfo.InvariantCulture));
        var found = ledgers.SelectMany(ledger => Audit(ledger, [.. users[ledger.Username]], [.. credentials[ledger.Username]], action => events.GetValueOrDefault((ledger.Username, action)))
            .Select(words => $"{ledger.Username}: {words}")).ToList();
        var known = ledgers.Select(l => l.Username).ToHashSet(StringComparer.Ordinal);
        found.AddRange(users.Where(user => !known.Contains(user.Key)).Select(user => $"{user.Key}: nobody of this name was invited"));
        return found;
    }

    private static IEnumerable<string> Audit(Ledger ledger, IReadOnlyList<Row> users, IReadOnlyList<Row> rows, Func<string, int> events)
    {
        if (users is not [var user])
        {
            yield return $"there are {users.Count} users";
            yield break;
        }

        var isRegistered = user["registered_at"] is not null;
        if (ledger.IsRegistered != isRegistered) yield return isRegistered ? "registered, and was not told so" : "was told to be registered, and is not";
        if (events("user.registered") != (isRegistered ? 1 : 0)) yield return $"registered {events("user.registered")} times by the audit trail";
        if (events("user.recovered") != ledger.Recoveries) yield return $"recovered {events("user.recovered")} times by the audit trail, and was told so {ledger.Recoveries} times";

        var stored = rows.ToLookup(row => row.Text("credential_id_text")!, row => row.Text("status")!, StringComparer.Ordinal);
        foreach (var (id, told) in ledger.Credentials)
        {
            List<string> statuses = [.. stored[id]];
            if (statuses.Count > 1) yield return $"{id} is there {statuses.Count} times";
            var status = statuses.FirstOrDefault();
            var isRight = told switch
            {
                Told.Nothing => true,
                Told.Stored => status == "Active",
                Told.Refused => status is null,
                Told.PerhapsEnded => status is not null,
                Told.Ended => status is null or "Archived",
                _ => false,
            };
            if (!isRight) yield return $"{id} is {status ?? "not there"}, and was told: {told}";
        }

        foreach (var id in stored.Select(s => s.Key).Where(id => !ledger.Credentials.ContainsKey(id))) yield return $"{id} was never sent";
        foreach (var (first, recovery) in ledger.Pairs.Where(pair => stored.Contains(pair.First) != stored.Contains(pair.Recovery))) yield return $"of {first} and {recovery} one is there alone";
        // Each credential beyond those of the registration and of recoveries tells of its making.
        var alone = stored.Count - (2 * ledger.Pairs.Count(pair => stored.Contains(pair.First)));
        if (events("credential.created") != alone) yield return $"{alone} credentials were added, {events("credential.created")} by the audit trail";
    }
}
