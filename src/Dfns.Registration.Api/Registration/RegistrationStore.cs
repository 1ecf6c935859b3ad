using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dfns.Registration.Api.Registration;

/// <summary>The queries of registration, and its one transaction.</summary>
internal sealed class RegistrationStore(
    RegistrationDbContext db, Changes changes, Audit audit, CodeStore codes, Guesses guesses, SocialStore social, CeremonyStore ceremonies, ChallengeStore challenges, SessionStore sessions, Sessions signIns, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<RegistrationOptions> options)
{
    /// <summary>Checks a registration code and opens a session for its user. The code is spent at completion, not here.</summary>
    /// <param name="http">Whose address counts.</param>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="code">As typed.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>
    /// The session; or: too many attempts; the code is wrong, locked, nobody's, or of an invitation that has ended (one error for all four); the
    /// code is right, and expired; or right, and its user registered already or deactivated.
    /// </returns>
    public async Task<Checked<OpenedRegistration>> OpenAsync(HttpContext http, string organisationId, string username, string code, CancellationToken ct)
    {
        if ((await guesses.GuessAsync(http, CodePurpose.Registration, organisationId, username, code, ct)).Failed(out var error, out var guess)) return error;
        if (Fault(guess.User, guess.IsSpent, guess.IsExpired) is { } fault)
        {
            await guesses.ReturnAsync(guess);
            return fault;
        }

        var now = clock.GetUtcNow();
        var ceremony = Ceremony.Open(
            entropy, organisationId, CeremonyPurpose.Registration, guess.User.Id, now, guess.User.WithinInvitation(options.Value.ChallengeLifetime, now), guess.RelyingParty.ChooseId(http.Request.Headers.Origin), Ceremony.ByInvitation);
        return await challenges.OpenAsync(ceremony, options.Value.MaxOpenChallenges - 1, guess.Counted, CancellationToken.None)
            ? new OpenedRegistration(ceremony, guess.User, guess.RelyingParty)
            // A registration completed since, or another code was sent: it is neither good any more nor open.
            : await OpenAsync(http, organisationId, username, code, ct);
    }

    /// <summary>Opens a session for a user for whom no code is asked.</summary>
    /// <param name="organisationId">Of a user who exists.</param>
    /// <param name="userId">That user.</param>
    /// <param name="identity">Who an OpenID provider says it is: the user then still has to be its. Null in the demonstration.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>The session, or: the user is registered already, deactivated, continued by a service account since, or everything issued until then was ended, or the provider is believed no more.</returns>
    public Task<Checked<OpenedRegistration>> OpenWithoutCodeAsync(string organisationId, string userId, SocialIdentity? identity, CancellationToken ct) =>
        db.OnceAsync<OpenedRegistration>(
            async () =>
            {
                // The row stays locked until the commit, which queues the sessions a user opens at once; and whoever continues the user another
                // way at the same time sees this session, or fails by the version.
                if (identity is not null && await social.NoLongerTakenAsync(identity, ct) is { } untaken) return untaken;
                await db.Users.Where(u => u.OrganisationId == organisationId && u.Id == userId).ExecuteUpdateAsync(u => u.SetProperty(x => x.CredentialsVersion, x => x.CredentialsVersion + 1), ct);
                var user = await db.Users.Include(u => u.Organisation!.RelyingParty).SingleAsync(u => u.OrganisationId == organisationId && u.Id == userId, ct);
                if (identity is not null && !await db.SocialAccounts.AnyAsync(a => a.OrganisationId == organisationId && a.UserId == userId, ct)) return ErrorCatalog.UserAlreadyExists with { Reason = "continued by a service account" };
                if ((Fault(user) ?? identity?.FaultOf(user)) is { } fault) return fault;
                return await AddSessionAsync(user, user.Organisation!.RelyingParty!, identity?.Voucher, ct);
            },
            ct);

    /// <summary>
    /// Adds a session of a user whom a service account vouches for, and ends what was begun before, in whatever way: else whoever began it
    /// would share the user with whoever completes it. An invitation lasts from now, ended or not. The caller saves, with the signed action.
    /// </summary>
    /// <param name="user">Tracked; new or stored.</param>
    /// <param name="relyingParty">Of the user's organisation.</param>
    /// <param name="actor">The service account.</param>
    /// <param name="remoteAddress">For the audit row.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The session, or: the user is registered already, or deactivated.</returns>
    public async Task<Checked<OpenedRegistration>> DelegateAsync(User user, RelyingParty relyingParty, string actor, string? remoteAddress, CancellationToken ct)
    {
        if (Fault(user) is { } fault) return fault;
        if (db.Entry(user).State != EntityState.Added)
        {
            // Who was invited comes on the service account's word from here on: else whoever reads the mailbox could have a code sent again.
            changes.EndAll(user, withInvitation: true);
            await EndOtherWayAsync(user, actor, remoteAddress, ct);
        }

        user.InvitationEndsAt = clock.GetUtcNow() + options.Value.InvitationLifetime;
        return await AddSessionAsync(user, relyingParty, new Voucher(actor), ct);
    }

    // An invitation that is not used up, and ends with everything else; or an identity at a provider.
    private async Task EndOtherWayAsync(User user, string actor, string? remoteAddress, CancellationToken ct)
    {
        var invitation = await codes.FindAsync(user.OrganisationId, user.Id, CodePurpose.Registration, ct);
        var identities = await db.SocialAccounts.Where(a => a.OrganisationId == user.OrganisationId && a.UserId == user.Id).ToListAsync(ct);
        if (invitation is not { ConsumedAt: null } && identities.Count == 0) return;

        db.SocialAccounts.RemoveRange(identities);
        audit.AddChange(
            user.OrganisationId, AuditActions.RegistrationTakenOver, actor, user.Id, remoteAddress, "An earlier beginning was ended",
            identities.Select(a => new ChangedValue("Identity", $"{a.Subject} at {a.Issuer}", null)));
    }

    private async Task<OpenedRegistration> AddSessionAsync(User user, RelyingParty relyingParty, Voucher? voucher, CancellationToken ct)
    {
        var ceremony = await ceremonies.OpenAsync(CeremonyPurpose.Registration, user, relyingParty, user.WithinInvitation(options.Value.ChallengeLifetime, clock.GetUtcNow()), boundTo: null, voucher, ct);
        return new OpenedRegistration(ceremony, user, relyingParty);
    }

    /// <summary>Finds the session a bearer token names, completed or not, with everything that completing it touches.</summary>
    /// <returns>The session, nothing of it tracked; or null when there is none or its time is over.</returns>
    public Task<RegistrationSession?> FindAsync(TokenReference reference, CancellationToken ct) => sessions.FindAsync(reference, ct);

    /// <summary>
    /// Registers the user: spends challenge and code, closes the user's other sessions, stores user, credentials and audit rows; all of
    /// it or none of it. The concurrency tokens decide between two at once; the loser looks again at what the winner left.
    /// </summary>
    /// <param name="session">As found before the proofs.</param>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="proven">The credentials, verified, in slot order.</param>
    /// <param name="opensSession">Whether the first factor opens a session with it.</param>
    /// <param name="wallets">What is wished for, for the organisation's own back end to make.</param>
    /// <param name="remoteAddress">For the audit row.</param>
    /// <param name="ct">Ends the waiting before the commit.</param>
    /// <returns>The answer: new, or the one already given to the same body; or the error that another request left for this one.</returns>
    public async Task<Checked<CompletedRegistration>> CommitAsync(
        RegistrationSession session, byte[] digest, IReadOnlyList<ProvenCredential> proven, bool opensSession, IReadOnlyList<WishedWallet> wallets, string? remoteAddress, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (session.Answer(digest, clock.GetUtcNow()) is { } settled) return settled;
            var answer = Apply(session, digest, proven, opensSession, wallets, remoteAddress);
            try
            {
                await changes.SaveAsync(ct);
                return answer;
            }
            catch (DbUpdateException e) when (attempt < Changes.Attempts && IsLostRace(e))
            {
                changes.Forget();
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

    private CompletedRegistration Apply(
        RegistrationSession session, byte[] digest, IReadOnlyList<ProvenCredential> proven, bool opensSession, IReadOnlyList<WishedWallet> wallets, string? remoteAddress)
    {
        var now = clock.GetUtcNow();
        var user = session.User;
        IEnumerable<object?> touched = [user, session.Ceremony, session.Code, .. session.OtherOpen];
        foreach (var row in touched.OfType<object>()) changes.Watch(row);

        var credentials = proven.Select(p => p.ToRow(user, session.RelyingParty.IdOf(session.Ceremony), entropy.Id("cr"), now)).ToList();
        user.RegisteredAt = now;
        var signedIn = opensSession
            ? signIns.Open(user, new SessionProof(credentials[0].Uuid, credentials.Find(c => c.Slot == CredentialSlot.SecondFactor)?.Uuid, ByLoginCode: false), remoteAddress, credentials[0].Kind.ToString())
            : null;
        var (credential, registered) = RegistrationResponse.Of(user, credentials[0]);
        var answer = new CompletedRegistration(credential, registered, signedIn?.Token.Id);

        session.Ceremony.Complete(now, digest, answer);
        session.OtherOpen.ForEach(other => other.ConsumedAt = now);
        session.Code?.Consume(now);
        foreach (var row in NobodysCredentials.ToStore(masterKey, credentials).Concat<object>(codes.NotIssued(user))) changes.Add(row);
        audit.Know(session.RelyingParty);
        audit.Add(
            user.OrganisationId, AuditActions.UserRegistered, user.Id, user.Id, remoteAddress, AuditNotes.Of(credentials),
            told: EventData.Of(user, credentials).And("wallets", new JsonArray([.. wallets.Select(w => w.ToJson())])));
        if (user.Kind == UserKind.EndUser && credentials.TrueForAll(c => c.Slot != CredentialSlot.Recovery))
        {
            audit.Add(
                user.OrganisationId, AuditActions.RegisteredWithoutRecovery, user.Id, user.Id, remoteAddress, "An end user who loses every credential cannot recover the account.");
        }

        return answer;
    }

    private static ApiError? Fault(User user, bool isSpent = false, bool isExpired = false) =>
        user.RegisteredAt is not null ? ErrorCatalog.UserAlreadyExists
        : !user.IsActive ? ErrorCatalog.UserDeactivated
        : isSpent ? ErrorCatalog.UserAlreadyExists
        : isExpired ? ErrorCatalog.RegistrationCodeExpired
        : null;
}

/// <summary>An open challenge of a registration, and whose it is.</summary>
internal sealed record OpenedRegistration(Ceremony Ceremony, User User, RelyingParty RelyingParty);
