using System.Globalization;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.SignIn;

/// <summary>Reads what a sign-in by name needs, for all who sign in at once.</summary>
internal sealed class NameStore(SharedQueries queries) : IAsyncDisposable
{
    // For nobody the rows of some other user are read. Not of one with many: whoever added them would see by the time which names they are
    // read for, and so which are nobody's. A few are looked at, along an index of those who are registered: however many are not, and however many
    // have many, it takes no longer.
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
                    {StandIn(" AND u.id >= a.stand_in")},
                    {StandIn("")}) AS user_id
                FROM asked AS a)
            , signing AS ({SigningCredential.Query("found")})
            SELECT f.n, {tables.Columns<RelyingParty>("r")}, s.user_id, u.username_folded = f.username_folded AND NOT u.is_service_account, {SigningCredential.Columns}
            FROM found AS f
            JOIN relying_parties AS r ON r.organisation_id = f.organisation_id
            LEFT JOIN signing AS s ON s.n = f.n AND {SigningCredential.IsNamed}
            LEFT JOIN users AS u ON u.organisation_id = s.organisation_id AND u.id = s.user_id
            ORDER BY f.n, {SigningCredential.Order}
            """,
        (row, read) =>
        {
            if (read is null) read = new NamedCredentials(row.Next<RelyingParty>()!, row.Value<string>(), row.Value<bool?>() is true, []);
            else
            {
                row.Skip<RelyingParty>();
                row.Skip(2);
            }

            if (SigningCredential.Read(row) is { } credential) read.Credentials.Add(credential);
            return read;
        });

    private static readonly string HasFew =
        string.Create(
            CultureInfo.InvariantCulture,
            $"(SELECT count(*) FROM (SELECT 1 FROM credentials AS c WHERE c.organisation_id = near.organisation_id AND c.user_id = near.id AND c.status <> 'Archived' LIMIT {NobodysCredentials.MostOfStandIn + 1}) AS few) <= {NobodysCredentials.MostOfStandIn}");

    private const string Registered = "u.registered_at IS NOT NULL AND u.archived_at IS NULL";

    /// <summary>Users who are looked at, one after the other, whether they have few credentials.</summary>
    private const int MostLookedAt = 4;

    /// <summary>The first user with few credentials from an id on, or null: SQL of both databases, about a row <c>a</c>.</summary>
    /// <param name="from">From which id on: a further condition on <c>u</c>.</param>
    internal static string StandIn(string from) => string.Create(
        CultureInfo.InvariantCulture,
        $"(SELECT near.id FROM (SELECT u.organisation_id, u.id FROM users AS u WHERE u.organisation_id = a.organisation_id{from} AND {Registered} ORDER BY u.organisation_id, u.id LIMIT {MostLookedAt}) AS near WHERE {HasFew} ORDER BY near.id LIMIT 1)");

    /// <summary>
    /// Reads the credentials of whoever has a name; for nobody those of some other user, which are to be left alone, so that the database
    /// does the same for both.
    /// </summary>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="folded">The username in the form to compare.</param>
    /// <param name="standIn">The user id from which to look for another user.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The relying party, and whose credentials were read; null where there is no organisation, or it is not set up to the end.</returns>
    public Task<NamedCredentials?> ReadAsync(string organisationId, string folded, string standIn, CancellationToken ct) =>
        names.AskAsync(new Asked(organisationId, folded, standIn), ct);

    public ValueTask DisposeAsync() => names.DisposeAsync();

    private sealed record Asked(string OrganisationId, string Folded, string StandIn);
}

/// <summary>What was read for a name.</summary>
/// <param name="RelyingParty">Of the organisation.</param>
/// <param name="UserId">Whose credentials they are; null where there are none.</param>
/// <param name="IsNamed">Whether that user is the one who was named; else it is somebody else, read in nobody's place.</param>
/// <param name="Credentials">Those that sign in.</param>
internal sealed record NamedCredentials(RelyingParty RelyingParty, string? UserId, bool IsNamed, List<SigningCredential> Credentials);
