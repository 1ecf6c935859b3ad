using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Everything that the answer to a challenge is held against, in one look-up that those who answer at once share.</summary>
internal sealed class AnswerStore(SharedQueries queries) : IAsyncDisposable
{
    // Of an answer those credentials are read whose ids it names, and what would make it a second one short. Nothing of them that no answer is
    // held against.
    private static readonly string[] LeftOut = [nameof(Credential.EncryptedPrivateKey), nameof(Credential.CoseKey), nameof(Credential.PublicKeyPem)];

    // The active credentials of the challenge's user, or else of the user of the first factor. In nobody's place those that somebody else had
    // at first: whoever adds to them would see by the time whose place it is. Then the login code that opened the challenge, where one
    // did, and the other open challenges that it opened. What the index of ids has left out is named, since SQLite does not conclude it.
    private readonly SharedQuery<AskedAnswer, AnswerableChallenge> anybodys = new(
        "answer",
        queries,
        [
            AskedColumn<AskedAnswer>.Of("organisation_id", a => a.Challenge.OrganisationId),
            AskedColumn<AskedAnswer>.Of("id", a => a.Challenge.Id),
            AskedColumn<AskedAnswer>.Of("first_id", a => a.Named.First),
            AskedColumn<AskedAnswer>.Of("second_id", a => a.Named.Second),
            AskedColumn<AskedAnswer>.Of("first_uuid", a => a.Named.FirstUuid),
            AskedColumn<AskedAnswer>.Of("second_uuid", a => a.Named.SecondUuid),
            AskedColumn<AskedAnswer>.Of("now", a => a.Now),
        ],
        tables =>
            $"""
            , open AS MATERIALIZED (
                SELECT a.n, a.first_id, a.second_id, a.first_uuid, a.second_uuid, c.*, COALESCE(c.user_id, (
                    SELECT o.user_id FROM credentials AS o WHERE o.organisation_id = a.organisation_id AND o.credential_id = a.first_id AND o.status <> 'Archived' AND o.status = 'Active')) AS answered_by
                FROM asked AS a JOIN ceremonies AS c ON c.organisation_id = a.organisation_id AND c.id = a.id
                WHERE c.consumed_at IS NULL AND c.expires_at > a.now)
            SELECT c.n, {tables.Columns<Ceremony>("c")}, {tables.Columns<RelyingParty>("r")}, {tables.Columns<OneTimeCode>("m")}, {tables.Columns<Credential>("k", LeftOut)}, {tables.Columns<User>("u")}, {tables.Columns<Ceremony>("o")}
            FROM open AS c
            JOIN relying_parties AS r ON r.organisation_id = c.organisation_id
            LEFT JOIN codes AS m ON m.organisation_id = c.organisation_id AND m.user_id = c.user_id AND m.purpose = 'Login' AND c.bound_to = '{Ceremony.ByLoginCode}'
            LEFT JOIN credentials AS k ON k.organisation_id = c.organisation_id AND k.user_id = c.answered_by AND k.status = 'Active'
                AND (k.credential_id = c.first_id OR k.credential_id = c.second_id OR k.uuid = c.first_uuid OR k.uuid = c.second_uuid OR k.slot = 'SecondFactor' OR (c.purpose = 'LoginOfNobody' AND k.created_at <= c.created_at))
            LEFT JOIN users AS u ON u.organisation_id = k.organisation_id AND u.id = k.user_id
            LEFT JOIN ceremonies AS o ON o.organisation_id = c.organisation_id AND o.user_id = CASE WHEN c.bound_to = '{Ceremony.ByLoginCode}' THEN c.user_id END
                AND o.id <> c.id AND o.purpose = c.purpose AND o.bound_to = c.bound_to AND o.consumed_at IS NULL
            """,
        (row, read) =>
        {
            if (read is null) read = new AnswerableChallenge(row.Next<Ceremony>()!, row.Next<RelyingParty>()!, [], User: null, row.Next<OneTimeCode>(), []);
            else Skip(row);
            var (credential, user, other) = (row.Next<Credential>(), row.Next<User>(), row.Next<Ceremony>());
            if (credential is not null && !read.Credentials.Exists(k => string.Equals(k.Uuid, credential.Uuid, StringComparison.Ordinal))) read.Credentials.Add(credential);
            if (other is not null && !read.Alike.Exists(o => string.Equals(o.Id, other.Id, StringComparison.Ordinal))) read.Alike.Add(other);
            return read.User is null && user is not null ? read with { User = user } : read;

            static void Skip(AnswerRow row)
            {
                row.Skip<Ceremony>();
                row.Skip<RelyingParty>();
                row.Skip<OneTimeCode>();
            }
        });

    private readonly SharedQuery<CallersAnswer, CallersChallenge> callers = new(
        "signed answer",
        queries,
        [
            AskedColumn<CallersAnswer>.Of("organisation_id", a => a.Token.OrganisationId),
            AskedColumn<CallersAnswer>.Of("token_id", a => a.Token.Id),
            AskedColumn<CallersAnswer>.Of("challenge_organisation_id", a => a.Challenge.OrganisationId),
            AskedColumn<CallersAnswer>.Of("id", a => a.Challenge.Id),
            AskedColumn<CallersAnswer>.Of("first_id", a => a.Named.First),
            AskedColumn<CallersAnswer>.Of("second_id", a => a.Named.Second),
            AskedColumn<CallersAnswer>.Of("first_uuid", a => a.Named.FirstUuid),
            AskedColumn<CallersAnswer>.Of("second_uuid", a => a.Named.SecondUuid),
            AskedColumn<CallersAnswer>.Of("now", a => a.Now),
        ],
        tables =>
            $"""
            SELECT a.n, {CallerStore.Columns(tables)}, {tables.Columns<Ceremony>("c")}, {tables.Columns<Credential>("k", LeftOut)}
            {CallerStore.Live()}
            LEFT JOIN ceremonies AS c ON a.challenge_organisation_id = a.organisation_id AND c.organisation_id = a.organisation_id AND c.id = a.id
                AND c.consumed_at IS NULL AND c.expires_at > a.now
            LEFT JOIN credentials AS k ON k.organisation_id = c.organisation_id AND k.user_id = c.user_id AND k.status = 'Active'
                AND (k.credential_id = a.first_id OR k.credential_id = a.second_id OR k.uuid = a.first_uuid OR k.uuid = a.second_uuid OR k.slot = 'SecondFactor')
            WHERE {CallerStore.WhileLive}
            """,
        (row, read) =>
        {
            if (read is null)
            {
                var caller = CallerStore.Read(row);
                read = new CallersChallenge(caller, row.Next<Ceremony>() is { } open ? new AnswerableChallenge(open, caller.RelyingParty, [], caller.User, Code: null, []) : null);
            }
            else
            {
                CallerStore.Skip(row);
                row.Skip<Ceremony>();
            }

            if (row.Next<Credential>() is { } credential) read.Challenge!.Credentials.Add(credential);
            return read;
        });

    /// <summary>Finds a challenge that may be answered now, and with what.</summary>
    /// <param name="reference">The challenge.</param>
    /// <param name="named">The ids of the factors, as sent: that of the first tells whose answer it is where the challenge does not.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The challenge, nothing of it tracked; or null.</returns>
    public Task<AnswerableChallenge?> FindAsync(TokenReference reference, NamedFactors named, DateTimeOffset now, CancellationToken ct) =>
        anybodys.AskAsync(new AskedAnswer(reference, named, now), ct);

    /// <summary>The same for a challenge of a caller, together with the caller.</summary>
    /// <param name="token">The caller's token.</param>
    /// <param name="reference">The challenge.</param>
    /// <param name="named">The ids of the factors, as sent.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The caller, and the challenge or null, nothing of it tracked; or null where the token is good no longer.</returns>
    public Task<CallersChallenge?> FindAsync(TokenReference token, TokenReference reference, NamedFactors named, DateTimeOffset now, CancellationToken ct) =>
        callers.AskAsync(new CallersAnswer(token, reference, named, now), ct);

    public async ValueTask DisposeAsync()
    {
        await anybodys.DisposeAsync();
        await callers.DisposeAsync();
    }

    private sealed record AskedAnswer(TokenReference Challenge, NamedFactors Named, DateTimeOffset Now);

    private sealed record CallersAnswer(TokenReference Token, TokenReference Challenge, NamedFactors Named, DateTimeOffset Now);
}

/// <summary>The credentials that an answer names: by their ids, and keys possibly by the name that the service has given them.</summary>
internal sealed record NamedFactors(byte[] First, byte[]? Second, string? FirstUuid = null, string? SecondUuid = null);

/// <summary>A caller, and the challenge of theirs that may be answered, if it may.</summary>
internal sealed record CallersChallenge(Caller Caller, AnswerableChallenge? Challenge);

/// <summary>A challenge that may be answered, as it is stored.</summary>
/// <param name="Ceremony">The challenge.</param>
/// <param name="RelyingParty">Of its organisation: what it demands of the answer.</param>
/// <param name="Credentials">The active ones of whoever may answer that the answer names, and the second factor there is; of a sign-in of nobody those of somebody else.</param>
/// <param name="User">Whose they are; null where there are none.</param>
/// <param name="Code">The login code that opened it, where one did.</param>
/// <param name="Alike">The other open challenges that it opened.</param>
internal sealed record AnswerableChallenge(
    Ceremony Ceremony, RelyingParty RelyingParty, List<Credential> Credentials, User? User, OneTimeCode? Code, List<Ceremony> Alike)
{
    /// <summary>Spends the code that opened it, if one did, and closes the other challenges that it opened. The caller saves.</summary>
    public void SpendCode(DateTimeOffset now)
    {
        Code?.Consume(now);
        foreach (var other in Alike) other.ConsumedAt = now;
    }
}
