using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dfns.Registration.Api.Registration;

/// <summary>The queries of registration, and its one transaction.</summary>
internal sealed class RegistrationStore(
    RegistrationDbContext db, Audit audit, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<RegistrationOptions> options)
{
    private const int CommitAttempts = 5;

    /// <summary>Checks a registration code and opens a session for its user. The code is spent at completion, not here.</summary>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="code">As typed.</param>
    /// <param name="isFirstAttempt">
    /// Whether the caller's address has not guessed wrong at this user lately. Then a right code counts even when others have locked it: a
    /// code has 80 bits, and a first guess from every address there is finds none (NIST SP 800-63B asks for a limit below 64).
    /// </param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>
    /// The session, or: the code is wrong, locked, or nobody's (one error for all three); the code is right, and expired; or right, and
    /// its user registered already or deactivated.
    /// </returns>
    public Task<Checked<RegistrationSession>> OpenAsync(string organisationId, string username, string code, bool isFirstAttempt, CancellationToken ct) =>
        db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            db.ChangeTracker.Clear();
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            var now = clock.GetUtcNow();
            var subject = await FindSubjectAsync(organisationId, username, ct);

            // Counted before it is compared, so that guesses at once cannot share one count. The row stays locked until the commit, which
            // also queues the sessions a user opens at once.
            var stored = (await db.RegistrationCodes.FromSql(
                $"UPDATE registration_codes SET failed_attempts = failed_attempts + 1 WHERE organisation_id = {subject.OrganisationId} AND user_id = {subject.UserId} RETURNING *")
                .ToListAsync(ct)).SingleOrDefault();
            var hash = masterKey.HashCode(subject.OrganisationId, subject.UserId, CodeText.Normalise(code));
            var right = CryptographicOperations.FixedTimeEquals(hash, stored?.CodeHash ?? []);

            var locked = stored?.FailedAttempts > options.Value.MaxCodeFailures && !isFirstAttempt;
            if (subject.IsDecoy || stored is null || !right || locked)
            {
                await transaction.CommitAsync(ct);
                return ErrorCatalog.InvalidCode with { Reason = subject.IsDecoy ? "no such user" : right ? "locked" : "wrong code" };
            }

            // From here on the caller has proven to hold the code, and may know.
            stored.FailedAttempts--;
            var opened = await OpenForAsync(subject.OrganisationId, subject.UserId, stored, now, ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            return opened;
        });

    /// <summary>Opens a session for a user whom an OpenID provider vouches for.</summary>
    /// <param name="organisationId">Of a user who exists.</param>
    /// <param name="userId">That user.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>The session, or: the user is registered already or deactivated.</returns>
    public Task<Checked<RegistrationSession>> OpenWithoutCodeAsync(string organisationId, string userId, CancellationToken ct) =>
        db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            db.ChangeTracker.Clear();
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            // Changes nothing: the row stays locked until the commit, which queues the sessions a user opens at once.
            await db.Users.Where(u => u.OrganisationId == organisationId && u.Id == userId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, x => x.IsActive), ct);
            var opened = await OpenForAsync(organisationId, userId, code: null, clock.GetUtcNow(), ct);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            return opened;
        });

    /// <summary>Adds a session of a user whom a service account vouches for. The caller saves, with the signed action.</summary>
    /// <param name="user">Tracked; new or stored.</param>
    /// <param name="relyingParty">Of the user's organisation.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The session, or: the user is registered already, or deactivated.</returns>
    public Task<Checked<RegistrationSession>> AddSessionAsync(User user, RelyingParty relyingParty, CancellationToken ct) =>
        AddSessionAsync(user, relyingParty, code: null, clock.GetUtcNow(), ct);

    /// <summary>
    /// Issues a new code to an unregistered user, which ends the earlier one, unless that is very recent. For anybody else the same work
    /// is done for nothing. Sessions that the earlier code opened stay open: else whoever knows a username could keep its owner from
    /// ever completing one.
    /// </summary>
    /// <returns>The code to mail, or null when there is nobody to mail it to, or nothing new to mail.</returns>
    public async Task<IssuedCode?> ReplaceCodeAsync(string organisationId, string username, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var found = await FindSubjectAsync(organisationId, username, ct);
        var subject = found.MayRegister ? found : CodeSubject.Decoy(masterKey, organisationId, username);
        var code = CodeText.New(entropy);
        var hash = masterKey.HashCode(subject.OrganisationId, subject.UserId, CodeText.Normalise(code));
        var expires = now + options.Value.CodeLifetime;

        // One statement that writes the row in any case: what it writes depends on how old the code is.
        var oldEnough = now - options.Value.ResendInterval;
        var row = db.RegistrationCodes.Where(c => c.OrganisationId == subject.OrganisationId && c.UserId == subject.UserId);
        await row.ExecuteUpdateAsync(
            c => c.SetProperty(x => x.CodeHash, x => x.SentAt == null || x.SentAt <= oldEnough ? hash : x.CodeHash)
                .SetProperty(x => x.CreatedAt, x => x.SentAt == null || x.SentAt <= oldEnough ? now : x.CreatedAt)
                .SetProperty(x => x.ExpiresAt, x => x.SentAt == null || x.SentAt <= oldEnough ? expires : x.ExpiresAt)
                .SetProperty(x => x.FailedAttempts, x => x.SentAt == null || x.SentAt <= oldEnough ? 0 : x.FailedAttempts)
                .SetProperty(x => x.SentAt, x => x.SentAt == null || x.SentAt <= oldEnough ? now : x.SentAt),
            ct);
        var stored = await row.Select(c => c.CodeHash).SingleOrDefaultAsync(ct);
        var replaced = CryptographicOperations.FixedTimeEquals(hash, stored ?? []);
        return subject.IsDecoy || !replaced ? null : new IssuedCode(subject.OrganisationId, subject.UserId, code, expires);
    }

    /// <summary>Finds the session a bearer token names, completed or not, with everything that completing it touches.</summary>
    /// <returns>The session, or null when there is none or its time is over.</returns>
    public async Task<RegistrationSession?> FindAsync(TokenReference reference, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return await db.Ceremonies
            .Where(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id
                && c.Purpose == CeremonyPurpose.Registration && c.ExpiresAt > now)
            // Joined by its key: asked for as the first of a sub-query, it would have every user's code numbered before one is taken.
            .LeftJoin(db.RegistrationCodes, c => new { c.OrganisationId, UserId = c.UserId! }, k => new { k.OrganisationId, k.UserId }, (c, code) => new RegistrationSession
            {
                Ceremony = c,
                User = c.User!,
                RelyingParty = c.User!.Organisation!.RelyingParty!,
                Code = code,
                OtherOpen = db.Ceremonies.Where(o => o.OrganisationId == c.OrganisationId && o.UserId == c.UserId && o.Id != c.Id
                    && o.Purpose == CeremonyPurpose.Registration && o.ConsumedAt == null).ToList(),
            })
            .SingleOrDefaultAsync(ct);
    }

    /// <summary>
    /// Registers the user: spends challenge and code, closes the user's other sessions, stores user, credentials and audit rows; all of
    /// it or none of it. The concurrency tokens decide between two at once; the loser looks again at what the winner left.
    /// </summary>
    /// <param name="session">As found before the proofs.</param>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="proven">The credentials, verified, in slot order.</param>
    /// <param name="remoteAddress">For the audit row.</param>
    /// <param name="ct">Ends the waiting before the commit.</param>
    /// <returns>The answer: new, or the one already given to the same body; or the error that another request left for this one.</returns>
    public async Task<Checked<RegistrationResponse>> CommitAsync(
        RegistrationSession session, byte[] digest, IReadOnlyList<ProvenCredential> proven, string? remoteAddress, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (session.Answer(digest, clock.GetUtcNow()) is { } settled) return settled;
            var answer = Apply(session, digest, proven, remoteAddress);
            try
            {
                await db.SaveChangesAsync(ct);
                return answer;
            }
            catch (DbUpdateException e) when (attempt < CommitAttempts && IsLostRace(e))
            {
                db.ChangeTracker.Clear();
                var reference = new TokenReference(session.Ceremony.OrganisationId, session.Ceremony.Id);
                if (await FindAsync(reference, ct) is not { } again) return ErrorCatalog.NotAuthorized;

                // A value is taken by somebody else, unless it was this very session that took it: at once with another request, or in a
                // commit whose answer was lost on the way, which the database driver has then sent again.
                if (UniqueViolation.Of(e) is { } taken && again.Answer(digest, clock.GetUtcNow()) is null) return taken;
                session = again;
            }
        }
    }

    private static bool IsLostRace(DbUpdateException exception) =>
        exception is DbUpdateConcurrencyException
        || UniqueViolation.IsOne(exception)
        || exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    private RegistrationResponse Apply(RegistrationSession session, byte[] digest, IReadOnlyList<ProvenCredential> proven, string? remoteAddress)
    {
        var now = clock.GetUtcNow();
        var user = session.User;
        var credentials = proven.Select(p => p.ToRow(user, session.RelyingParty, entropy.Id("cr"), now)).ToList();
        var first = credentials[0];
        var answer = new RegistrationResponse(
            new RegisteredCredential(first.Uuid, first.Kind.ToString(), first.Name),
            new RegisteredUser(user.Id, user.Username, user.OrganisationId));

        user.RegisteredAt = now;
        session.Ceremony.ConsumedAt = now;
        session.Ceremony.ResultDigest = digest;
        session.Ceremony.Result = JsonSerializer.Serialize(answer, WireJson.Options);
        session.OtherOpen.ForEach(other => other.ConsumedAt = now);
        if (session.Code is { } code) code.ConsumedAt = now;
        db.Credentials.AddRange(credentials);
        audit.Add(user.OrganisationId, AuditActions.UserRegistered, user.Id, user.Id, remoteAddress, string.Join(", ", credentials.Select(c => $"{c.Slot} {c.Kind} {c.Uuid}")));
        if (user.Kind == UserKind.EndUser && credentials.TrueForAll(c => c.Slot != CredentialSlot.Recovery))
        {
            audit.Add(
                user.OrganisationId, AuditActions.RegisteredWithoutRecovery, user.Id, user.Id, remoteAddress, "An end user who loses every credential cannot recover the account.");
        }

        return answer;
    }

    // Asks for no more than tells a user from nobody, so that both take the same time.
    private async Task<CodeSubject> FindSubjectAsync(string organisationId, string username, CancellationToken ct)
    {
        var folded = User.Fold(username);
        var decoy = CodeSubject.Decoy(masterKey, organisationId, username);
        // An organisation that is not set up to the end has no users yet; and a user who came without a code is nobody to whom one is sent,
        // else whoever reads the mail of an address could take over what its owner began at a provider.
        var found = await db.Users.Where(u => u.OrganisationId == organisationId && u.UsernameFolded == folded && u.Organisation!.RelyingParty != null
                && db.RegistrationCodes.Any(c => c.OrganisationId == u.OrganisationId && c.UserId == u.Id))
            .Select(u => new { u.Id, MayRegister = u.IsActive && u.RegisteredAt == null })
            .SingleOrDefaultAsync(ct);
        return found is null ? decoy : new CodeSubject(organisationId, found.Id, found.MayRegister, IsDecoy: false);
    }

    private async Task<Checked<RegistrationSession>> OpenForAsync(string organisationId, string userId, RegistrationCode? code, DateTimeOffset now, CancellationToken ct)
    {
        var user = await db.Users.Include(u => u.Organisation!.RelyingParty)
            .SingleAsync(u => u.OrganisationId == organisationId && u.Id == userId, ct);
        return await AddSessionAsync(user, user.Organisation!.RelyingParty!, code, now, ct);
    }

    private async Task<Checked<RegistrationSession>> AddSessionAsync(User user, RelyingParty relyingParty, RegistrationCode? code, DateTimeOffset now, CancellationToken ct)
    {
        if (user.RegisteredAt is not null || code?.ConsumedAt is not null) return ErrorCatalog.UserAlreadyExists;
        if (!user.IsActive) return ErrorCatalog.UserDeactivated;
        if (code?.ExpiresAt <= now) return ErrorCatalog.RegistrationCodeExpired;

        var open = await db.Ceremonies
            .Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Purpose == CeremonyPurpose.Registration && c.ConsumedAt == null)
            .OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Id)
            .ToListAsync(ct);
        var kept = open.Where(c => c.ExpiresAt > now).Take(options.Value.MaxOpenChallenges - 1).ToList();
        db.Ceremonies.RemoveRange(open.Except(kept));

        var ceremony = Ceremony.Open(entropy, user.OrganisationId, CeremonyPurpose.Registration, user.Id, now, options.Value.ChallengeLifetime);
        db.Ceremonies.Add(ceremony);
        return new RegistrationSession { Ceremony = ceremony, User = user, RelyingParty = relyingParty, Code = code, OtherOpen = kept };
    }

    /// <summary>On whose row a guess is counted.</summary>
    private sealed record CodeSubject(string OrganisationId, string UserId, bool MayRegister, bool IsDecoy)
    {
        // Which decoy stands for a name is stable, and not to be computed without the key.
        public static CodeSubject Decoy(MasterKey masterKey, string organisationId, string username) =>
            new("", RegistrationCode.DecoyName(BinaryPrimitives.ReadUInt16BigEndian(masterKey.HashCode(organisationId, User.Fold(username), ""))), MayRegister: false, IsDecoy: true);
    }
}
