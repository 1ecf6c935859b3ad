using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Looks up who calls together with what else a call needs, for all who call at once.</summary>
internal sealed class CallerStore(SharedQueries queries) : IAsyncDisposable
{
    /// <summary>The token that is asked for, with whom it names: as <see cref="AccessTokenStore.FindLiveAsync"/> finds it.</summary>
    /// <param name="asked">The table in which it is asked for.</param>
    public static string Live(string asked = "asked") =>
        $"""
        FROM {asked} AS a
        JOIN access_tokens AS t ON t.organisation_id = a.organisation_id AND t.id = a.token_id AND t.revoked_at IS NULL AND t.expires_at > a.now
        JOIN users AS u ON u.organisation_id = t.organisation_id AND u.id = t.user_id AND u.is_active
        JOIN relying_parties AS r ON r.organisation_id = u.organisation_id
        LEFT JOIN credentials AS opener ON opener.organisation_id = t.organisation_id AND opener.uuid = t.credential_uuid
        LEFT JOIN credentials AS second_opener ON second_opener.organisation_id = t.organisation_id AND second_opener.uuid = t.second_credential_uuid
        """;

    /// <summary>What is left to ask of it.</summary>
    public const string WhileLive = "(t.credential_uuid IS NULL OR opener.status = 'Active') AND (t.second_credential_uuid IS NULL OR second_opener.status = 'Active')";

    private readonly SharedQuery<Asked, CallerWithCredentials> signing = new(
        "caller",
        queries,
        [
            AskedColumn<Asked>.Of("organisation_id", a => a.Token.OrganisationId),
            AskedColumn<Asked>.Of("token_id", a => a.Token.Id),
            AskedColumn<Asked>.Of("now", a => a.Now),
        ],
        tables =>
            $"""
            , signing AS ({SigningCredential.Query("(SELECT a.n, t.organisation_id, t.user_id FROM asked AS a JOIN access_tokens AS t ON t.organisation_id = a.organisation_id AND t.id = a.token_id)")})
            SELECT a.n, {Columns(tables)}, {SigningCredential.ColumnsWithPrivateKeys}
            {Live()}
            LEFT JOIN signing AS s ON s.n = a.n AND {SigningCredential.IsNamed}
            {SigningCredential.PrivateKeys}
                AND (t.by_login_code OR s.uuid = t.credential_uuid OR s.uuid = t.second_credential_uuid)
            WHERE {WhileLive}
            ORDER BY a.n, {SigningCredential.Order}
            """,
        (row, read) =>
        {
            if (read is null) read = new CallerWithCredentials(Read(row), []);
            else Skip(row);
            if (SigningCredential.Read(row) is { } credential) read.Signing.Add(credential);
            return read;
        });

    private readonly SharedQuery<AskedAbout, List<Caller>> about = new(
        "token",
        queries,
        [
            AskedColumn<AskedAbout>.Of("organisation_id", a => a.Token.OrganisationId),
            AskedColumn<AskedAbout>.Of("token_id", a => a.Token.Id),
            AskedColumn<AskedAbout>.Of("about_id", a => a.AboutId),
            AskedColumn<AskedAbout>.Of("now", a => a.Now),
        ],
        tables =>
            $"""
            , every AS (SELECT n, organisation_id, token_id, now FROM asked UNION ALL SELECT n, organisation_id, about_id, now FROM asked)
            SELECT a.n, {Columns(tables)}, {tables.Columns<PermissionSet>("p")}
            {Live("every")}
            LEFT JOIN permission_set_assignments AS m ON m.organisation_id = t.organisation_id AND m.user_id = t.user_id
            LEFT JOIN permission_sets AS p ON p.organisation_id = m.organisation_id AND p.id = m.permission_set_id AND NOT p.is_archived
            WHERE {WhileLive}
            """,
        (row, read) =>
        {
            var (caller, operations) = (Read(row), row.Next<PermissionSet>()?.Operations ?? []);
            read ??= [];
            var known = read.FindIndex(c => c.Token.Id == caller.Token.Id);
            if (known < 0) read.Add(caller with { Assigned = operations });
            else read[known] = read[known] with { Assigned = [.. read[known].Assigned, .. operations] };
            return read;
        });

    /// <summary>The columns of a caller.</summary>
    public static string Columns(TableColumns tables) => $"{tables.Columns<AccessToken>("t")}, {tables.Columns<User>("u")}, {tables.Columns<RelyingParty>("r")}";

    /// <summary>Reads the columns of a caller.</summary>
    public static Caller Read(AnswerRow row)
    {
        var token = row.Next<AccessToken>()!;
        return new Caller(row.Next<User>()!, token, row.Next<RelyingParty>()!);
    }

    /// <summary>Leaves out the columns of a caller.</summary>
    public static void Skip(AnswerRow row)
    {
        row.Skip<AccessToken>();
        row.Skip<User>();
        row.Skip<RelyingParty>();
    }

    /// <summary>Finds a token that is good now, with whom it names and the credentials that whoever that is can sign with.</summary>
    /// <param name="reference">The token.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>
    /// The caller, not tracked, and the credentials; of those that opened the session with their encrypted private keys, and of all where a
    /// login code did. Null where the token is good no longer.
    /// </returns>
    public Task<CallerWithCredentials?> FindSigningAsync(TokenReference reference, DateTimeOffset now, CancellationToken ct) => signing.AskAsync(new Asked(reference, now), ct);

    /// <summary>Finds a token that is good now, together with another one that the first one's caller asks about.</summary>
    /// <param name="reference">The caller's token.</param>
    /// <param name="about">The other one; null for one that is none of ours. Of another organisation it is not looked for.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Whom each names, nothing tracked; null for one that is good no longer.</returns>
    public async Task<(Caller? Caller, Caller? About)> FindAboutAsync(TokenReference reference, TokenReference? about, DateTimeOffset now, CancellationToken ct)
    {
        var aboutId = about?.OrganisationId == reference.OrganisationId ? about.Id : null;
        var found = await this.about.AskAsync(new AskedAbout(reference, aboutId, now), ct) ?? [];
        return (found.Find(c => c.Token.Id == reference.Id), found.Find(c => c.Token.Id == aboutId));
    }

    public async ValueTask DisposeAsync()
    {
        await signing.DisposeAsync();
        await about.DisposeAsync();
    }

    private sealed record Asked(TokenReference Token, DateTimeOffset Now);

    private sealed record AskedAbout(TokenReference Token, string? AboutId, DateTimeOffset Now);
}

/// <summary>A caller, and the credentials that it can sign with.</summary>
internal sealed record CallerWithCredentials(Caller Caller, List<SigningCredential> Signing);
