using System.Globalization;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.SignIn;

/// <summary>Reads what a sign-in by name needs, for all who sign in at once.</summary>
internal sealed class NameStore(SharedQueries queries) : IAsyncDisposable
{
    // For nobody the rows of some other user are read. Not of one with many: whoever added them would see by the time which names they are
    // read for, and so which are nobody's.
    private readonly SharedQuery<Asked, NamedCredentials> names = new(
        "name",
        queries,
        [
            AskedColumn<Asked>.Of("organisation_id", a => a.OrganisationId),
            AskedColumn<Asked>.Of("username_folded", a => a.Folded),
            AskedColumn<Asked>.Of("stand_in", a => a.StandIn),
        ],
        tables =>
            $"""
            , found AS MATERIALIZED (
                SELECT a.n, a.organisation_id, a.username_folded, COALESCE(
                    (SELECT u.id FROM users AS u WHERE u.organisation_id = a.organisation_id AND u.username_folded = a.username_folded AND NOT u.is_service_account AND {Registered}),
                    (SELECT u.id FROM users AS u WHERE u.organisation_id = a.organisation_id AND u.id >= a.stand_in AND {Registered} AND {HasFew} ORDER BY u.id LIMIT 1),
                    (SELECT u.id FROM users AS u WHERE u.organisation_id = a.organisation_id AND {Registered} AND {HasFew} ORDER BY u.id LIMIT 1)) AS user_id
                FROM asked AS a)
            SELECT f.n, {tables.Columns<RelyingParty>("r")}, {tables.Columns<Credential>("k")}, u.username_folded = f.username_folded AND NOT u.is_service_account
            FROM found AS f
            JOIN relying_parties AS r ON r.organisation_id = f.organisation_id
            LEFT JOIN credentials AS k ON k.organisation_id = f.organisation_id AND k.user_id = f.user_id AND k.status = 'Active' AND k.slot <> 'Recovery'
            LEFT JOIN users AS u ON u.organisation_id = k.organisation_id AND u.id = k.user_id
            """,
        (row, read) =>
        {
            if (read is null) read = new NamedCredentials(row.Next<RelyingParty>()!, []);
            else row.Skip<RelyingParty>();
            if (row.Next<Credential>() is { } credential) read.Credentials.Add(new ReadCredential(credential, row.Value<bool?>() is true));
            return read;
        });

    private static readonly string HasFew =
        string.Create(
            CultureInfo.InvariantCulture,
            $"(SELECT count(*) FROM (SELECT 1 FROM credentials AS c WHERE c.organisation_id = u.organisation_id AND c.user_id = u.id AND c.status <> 'Archived' LIMIT {NobodysCredentials.MostOfStandIn + 1}) AS few) <= {NobodysCredentials.MostOfStandIn}");

    private const string Registered = "u.registered_at IS NOT NULL AND u.archived_at IS NULL";

    /// <summary>
    /// Reads the credentials of whoever has a name; for nobody those of some other user, which are to be left alone, so that the database
    /// does the same for both.
    /// </summary>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="folded">The username in the form to compare.</param>
    /// <param name="standIn">The user id from which to look for another user.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>
    /// The relying party, and the active credentials that sign in, not tracked, each with whether its user is the one who was named; null
    /// where there is no organisation, or it is not set up to the end.
    /// </returns>
    public Task<NamedCredentials?> ReadAsync(string organisationId, string folded, string standIn, CancellationToken ct) =>
        names.AskAsync(new Asked(organisationId, folded, standIn), ct);

    public ValueTask DisposeAsync() => names.DisposeAsync();

    private sealed record Asked(string OrganisationId, string Folded, string StandIn);
}

/// <summary>What was read for a name.</summary>
internal sealed record NamedCredentials(RelyingParty RelyingParty, List<ReadCredential> Credentials);

/// <summary>A credential that was read for a name.</summary>
/// <param name="Credential">Active.</param>
/// <param name="IsNamed">Whether its user is the one who was named; else it is somebody else's, read in nobody's place.</param>
internal sealed record ReadCredential(Credential Credential, bool IsNamed);
