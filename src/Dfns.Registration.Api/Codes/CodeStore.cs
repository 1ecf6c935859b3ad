using System.Buffers.Binary;
using System.Security.Cryptography;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Codes;

/// <summary>The mailed codes: issued, guessed at, used. Whether there is such a user shows neither in an answer nor in the work done.</summary>
internal sealed class CodeStore(
    RegistrationDbContext db,
    Changes changes,
    MasterKey masterKey,
    Entropy entropy,
    TimeProvider clock,
    Mails mails,
    IOptions<CodeOptions> options)
{
    /// <summary>So many codes are sent at the short interval, none of them used; every further one of a day waits for the pause.</summary>
    private const int CodesAtOnce = 3;

    // An instant as ticks: of what is no row of a table, EF Core does not know how the databases keep one.
    private const string SubjectOnSqlite = SubjectStart + "u.invitation_ends_at" + SubjectEnd;
    private const string SubjectOnPostgreSql = SubjectStart + "CAST(EXTRACT(EPOCH FROM u.invitation_ends_at) * 10000000 AS bigint) + 621355968000000000" + SubjectEnd;
    private const string SubjectStart = "SELECT u.id, u.is_active, u.registered_at IS NOT NULL AS is_registered, ";
    private const string SubjectEnd =
        """
         AS invitation_ends_at_ticks, c.user_id AS holder_of_code,
            EXISTS (SELECT 1 FROM relying_parties WHERE organisation_id = {0}) AS is_set_up
        FROM (SELECT 1 AS one) AS asked
        LEFT JOIN users AS u ON u.organisation_id = {0} AND u.username_folded = {1}
        LEFT JOIN codes AS c ON c.organisation_id = COALESCE(u.organisation_id, {2}) AND c.user_id = COALESCE(u.id, {3}) AND c.purpose = {4}
        """;

    // Of two codes of which neither is known to have arrived the first stays, with what was counted against it, as long as it is good. One
    // statement that writes the row in any case: what it writes depends on whether another code may be sent yet.
    private const string MaySend = "(next_send_at IS NULL OR next_send_at <= {4})";
    private const string Replace =
        $$"""
        UPDATE codes SET
            code_hash = CASE WHEN {{MaySend}} THEN {3} ELSE code_hash END,
            earlier_code_hash = CASE WHEN NOT {{MaySend}} THEN earlier_code_hash WHEN consumed_at IS NOT NULL THEN NULL
                WHEN earlier_expires_at > {4} THEN earlier_code_hash WHEN expires_at > {4} THEN code_hash END,
            earlier_expires_at = CASE WHEN NOT {{MaySend}} THEN earlier_expires_at WHEN consumed_at IS NOT NULL THEN NULL
                WHEN earlier_expires_at > {4} THEN earlier_expires_at WHEN expires_at > {4} THEN expires_at END,
            earlier_failed_attempts = CASE WHEN NOT {{MaySend}} THEN earlier_failed_attempts
                WHEN earlier_expires_at > {4} THEN earlier_failed_attempts + failed_attempts ELSE failed_attempts END,
            created_at = CASE WHEN {{MaySend}} THEN {4} ELSE created_at END,
            expires_at = CASE WHEN {{MaySend}} THEN {5} ELSE expires_at END,
            failed_attempts = CASE WHEN {{MaySend}} THEN 0 ELSE failed_attempts END,
            consumed_at = CASE WHEN {{MaySend}} THEN NULL ELSE consumed_at END,
            sent_at = CASE WHEN {{MaySend}} THEN {4} ELSE sent_at END,
            sent_in_succession = CASE WHEN NOT {{MaySend}} THEN sent_in_succession WHEN sent_at <= {6} THEN 1 ELSE sent_in_succession + 1 END,
            next_send_at = CASE WHEN NOT {{MaySend}} THEN next_send_at WHEN sent_at > {6} AND sent_in_succession >= {9} THEN {8} ELSE {7} END
        WHERE organisation_id = {0} AND user_id = {1} AND purpose = {2}
        """;

    // With the code, in one transaction; whether it is anybody's shows in neither. Again where the answer to the first was lost: it is there already.
    private const string Queue = "INSERT INTO outbox (organisation_id, id, kind, subject_id, content, created_at, due_at, ends_at, attempts, lease) SELECT {0}, {10}, {11}, {1}, {12}, {4}, {13}, {5}, 0, NULL";
    private const string QueueOnSqlite = Queue + " FROM codes WHERE organisation_id = {0} AND user_id = {1} AND purpose = {2} AND code_hash = {3} ON CONFLICT DO NOTHING";

    private static readonly string ReplaceOnPostgreSql = Statements.ByPosition(
        $"WITH replaced AS ({Replace} RETURNING code_hash), queued AS ({Queue} FROM replaced WHERE code_hash = {{3}} ON CONFLICT DO NOTHING) SELECT code_hash FROM replaced", 14);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <summary>Does what a right guess opens, and takes its count back, in one transaction.</summary>
    /// <typeparam name="T">What it opens.</typeparam>
    /// <param name="guess">The guess.</param>
    /// <param name="then">Adds what it opens to the tracked rows.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>What <paramref name="then"/> returns; or the error of a wrong code, for one that was spent or replaced since.</returns>
    public Task<Checked<T>> OpenAsync<T>(RightGuess guess, Func<Task<T>> then, CancellationToken ct)
        where T : notnull =>
        db.OnceAsync<T>(
            async () =>
            {
                // First of all: the row stays locked until the commit, which queues what a user opens at once and what ends it.
                if (!await db.ReturnAsync(guess.Counted, ct)) return ErrorCatalog.InvalidCode with { Reason = "spent or replaced meanwhile" };
                return await then();
            },
            ct);

    /// <summary>
    /// Issues a new code to a user whom the purpose concerns, unless the earlier one is recent. For anybody else the same work is done
    /// for nothing. The earlier code is good until the mail server has taken the new one, and what it opened stays open: else whoever knows a
    /// username could keep its owner from ever completing it.
    /// </summary>
    /// <param name="purpose">What the code is for.</param>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="remoteAddress">Of whoever asks for it, for the audit trail.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>What was stored.</returns>
    public async Task<ReplacedCode> ReplaceAsync(CodePurpose purpose, string organisationId, string username, string? remoteAddress, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var found = await FindSubjectAsync(purpose, organisationId, username, now, ct);
        var subject = found.MayReceive ? found : CodeSubject.Decoy(masterKey, organisationId, username);
        var code = CodeText.New(entropy);
        var hash = Hash(masterKey, purpose, subject.OrganisationId, subject.UserId, code);
        var expires = now + Lifetime(purpose);
        if (subject.EndsAt < expires) expires = subject.EndsAt.Value;
        var issued = new IssuedCode(subject.OrganisationId, subject.UserId, purpose, code, hash, expires) { RemoteAddress = remoteAddress };
        var mail = mails.Waiting(issued);
        var stored = await ReplaceAsync(issued, mail, now, ct);
        if (!CryptographicOperations.FixedTimeEquals(hash, stored ?? [])) return new ReplacedCode(Issued: null, Mail: null);
        return new ReplacedCode(subject.IsDecoy ? null : issued, mail);
    }

    /// <summary>Adds the mail with a code to what the caller saves; once that is saved it is the caller's to wake the <see cref="MailSender"/>.</summary>
    public OutboxMessage Mail(IssuedCode code)
    {
        var mail = mails.Waiting(code);
        db.Outbox.Add(mail);
        return mail;
    }

    /// <summary>Adds the registration code of a user who is new: an invitation, which ends with its time. The caller saves.</summary>
    /// <returns>The code to hand over.</returns>
    public IssuedCode Issue(User user)
    {
        user.InvitationEndsAt = clock.GetUtcNow() + options.Value.InvitationLifetime;
        var (issued, hash) = NewCode(user);
        db.Codes.Add(new OneTimeCode
        {
            OrganisationId = user.OrganisationId,
            UserId = user.Id,
            Purpose = CodePurpose.Registration,
            CodeHash = hash,
            CreatedAt = clock.GetUtcNow(),
            ExpiresAt = issued.ExpiresAt,
        });
        return issued;
    }

    /// <summary>
    /// Invites a user anew at an operator's word: with another code, however recent the earlier one is, which it ends with everything that was
    /// opened with it: it may be in the wrong hands. The invitation lasts from now, ended or not. The caller saves.
    /// </summary>
    /// <returns>The code to hand over; null for a user who is registered or deactivated, or began otherwise than with a code.</returns>
    public async Task<IssuedCode?> IssueAgainAsync(User user, CancellationToken ct)
    {
        var code = await FindAsync(user.OrganisationId, user.Id, CodePurpose.Registration, ct);
        if (code is null || user.RegisteredAt is not null || !user.IsActive) return null;
        user.InvitationEndsAt = clock.GetUtcNow() + options.Value.InvitationLifetime;
        var (issued, hash) = NewCode(user);
        changes.EndAll(user);
        code.Replace(hash, clock.GetUtcNow(), issued.ExpiresAt);
        // Null as it was read, and not as it is once everything has ended, nor as whoever asks for a code at this moment has left it.
        db.Entry(code).Property(c => c.ConsumedAt).IsModified = true;
        db.Entry(code).Property(c => c.EarlierCodeHash).IsModified = true;
        db.Entry(code).Property(c => c.EarlierExpiresAt).IsModified = true;
        return issued;
    }

    /// <summary>The code of a purpose that a user has, good or not, tracked; null where none was ever issued.</summary>
    public Task<OneTimeCode?> FindAsync(string organisationId, string userId, CodePurpose purpose, CancellationToken ct) =>
        db.Codes.SingleOrDefaultAsync(c => c.OrganisationId == organisationId && c.UserId == userId && c.Purpose == purpose, ct);

    /// <summary>The rows that a user has from registration on, to be added then. A user without them would be answered faster than one who does not exist.</summary>
    public IEnumerable<OneTimeCode> NotIssued(User user)
    {
        var now = clock.GetUtcNow();
        return [OneTimeCode.NotIssued(user, CodePurpose.Login, now), OneTimeCode.NotIssued(user, CodePurpose.Recovery, now)];
    }

    // The hash that stands there afterwards.
    private async Task<byte[]?> ReplaceAsync(IssuedCode code, OutboxMessage mail, DateTimeOffset now, CancellationToken ct)
    {
        object[] values =
        [
            code.OrganisationId, code.UserId, code.Purpose.ToString(), code.Hash, db.Stored(now), db.Stored(code.ExpiresAt), db.Stored(now - TimeSpan.FromDays(1)),
            db.Stored(now + options.Value.ResendInterval), db.Stored(now + Pause(code.Purpose)), CodesAtOnce - 1,
            mail.Id, mail.Kind.ToString(), mail.Content, db.Stored(mail.DueAt),
        ];
        if (db.Database.IsNpgsql()) return (await db.ReadAsync(ReplaceOnPostgreSql, values, row => row.GetFieldValue<byte[]>(0))).SingleOrDefault();

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.Database.ExecuteSqlRawAsync(Replace, values, ct);
        await db.Database.ExecuteSqlRawAsync(QueueOnSqlite, values, ct);
        var stored = await db.Codes.Where(c => c.OrganisationId == code.OrganisationId && c.UserId == code.UserId && c.Purpose == code.Purpose).Select(c => c.CodeHash).SingleOrDefaultAsync(ct);
        await transaction.CommitAsync(ct);
        return stored;
    }

    private (IssuedCode Issued, byte[] Hash) NewCode(User user)
    {
        var code = CodeText.New(entropy);
        var hash = Hash(masterKey, CodePurpose.Registration, user.OrganisationId, user.Id, code);
        var now = clock.GetUtcNow();
        return (new IssuedCode(user.OrganisationId, user.Id, CodePurpose.Registration, code, hash, now + user.WithinInvitation(Lifetime(CodePurpose.Registration), now)), hash);
    }

    private TimeSpan Lifetime(CodePurpose purpose) => options.Value.Lifetimes[purpose];

    // Longer than the interval, so that whoever knows a username cannot flood a mailbox with it; never longer than a code is good, so that
    // its owner always has one that is.
    private TimeSpan Pause(CodePurpose purpose)
    {
        var (interval, lifetime) = (options.Value.ResendInterval, Lifetime(purpose));
        var pause = lifetime < LongestPause ? lifetime : LongestPause;
        return interval > pause ? interval : pause;
    }

    // One row comes back for anybody: for nobody, the decoy's code is looked up in place of the user's, so that the database does not do
    // more for a user who exists.
    private async Task<CodeSubject> FindSubjectAsync(CodePurpose purpose, string organisationId, string username, DateTimeOffset now, CancellationToken ct)
    {
        var decoy = CodeSubject.Decoy(masterKey, organisationId, username);
        var found = (await db.Database.SqlQueryRaw<FoundUser>(
            db.Database.IsSqlite() ? SubjectOnSqlite : SubjectOnPostgreSql,
            organisationId, User.Fold(username), decoy.OrganisationId, decoy.UserId, purpose.ToString()).ToListAsync(ct)).Single();

        // An organisation that is not set up to the end has no users yet. Whoever has no code of the purpose is nobody to whom one is sent: a
        // service account; for a login or a recovery code a user who is not registered yet; and for a registration code a user who came
        // without one, else whoever reads the mail of an address could take over what its owner began at a provider, or one whose invitation is
        // over.
        if (found is not { Id: { } id, HolderOfCode: not null, IsSetUp: true }) return decoy;
        DateTimeOffset? endsAt = found is { IsRegistered: false, InvitationEndsAtTicks: { } ticks } ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
        return new CodeSubject(organisationId, id, MayReceive: found.IsActive == true && found.IsRegistered == (purpose != CodePurpose.Registration) && !(endsAt <= now), IsDecoy: false, endsAt);
    }

    /// <summary>What is kept of a code: good for its user and its purpose alone, wherever somebody puts it who can write rows.</summary>
    /// <param name="masterKey">What keys it.</param>
    /// <param name="purpose">What the code is for.</param>
    /// <param name="organisationId">Of its user; empty for a decoy.</param>
    /// <param name="userId">Its user, or a decoy.</param>
    /// <param name="code">As issued or as typed.</param>
    public static byte[] Hash(MasterKey masterKey, CodePurpose purpose, string organisationId, string userId, string code) =>
        // A registration code as it always was, so that invitations outlive an upgrade.
        masterKey.HashCode(organisationId, purpose == CodePurpose.Registration ? userId : $"{userId} {purpose}", CodeText.Normalise(code));

    /// <summary>On whose code it counts that nobody's is guessed at; which decoy stands for a name is stable, and not to be computed without the key.</summary>
    public static string DecoyId(MasterKey masterKey, string organisationId, string username) =>
        OneTimeCode.DecoyName(BinaryPrimitives.ReadUInt16BigEndian(masterKey.HashCode(organisationId, User.Fold(username), "")));

    /// <summary>What is known of a name; <c>Id</c> and <c>IsActive</c> are null when it is nobody's.</summary>
    private sealed record FoundUser(string? Id, bool? IsActive, bool IsRegistered, long? InvitationEndsAtTicks, string? HolderOfCode, bool IsSetUp);

    /// <summary>On whose row a guess is counted; what is sent lasts no longer than until <c>EndsAt</c>, where there is one.</summary>
    private sealed record CodeSubject(string OrganisationId, string UserId, bool MayReceive, bool IsDecoy, DateTimeOffset? EndsAt = null)
    {
        public static CodeSubject Decoy(MasterKey masterKey, string organisationId, string username) =>
            new("", DecoyId(masterKey, organisationId, username), MayReceive: false, IsDecoy: true);
    }
}

/// <summary>What asking for a code has stored.</summary>
/// <param name="Issued">The code; null where there is nobody to send it to, or the one before is too recent.</param>
/// <param name="Mail">What is to be sent, to somebody or to nobody; null where the code before is too recent.</param>
internal sealed record ReplacedCode(IssuedCode? Issued, OutboxMessage? Mail);
