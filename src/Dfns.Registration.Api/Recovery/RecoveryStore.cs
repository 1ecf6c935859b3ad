using System.Buffers.Text;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Recovery;

/// <summary>The queries of recovery, and its one transaction.</summary>
internal sealed class RecoveryStore(
    RegistrationDbContext db, Audit audit, CodeStore codes, Guesses guesses, CeremonyStore ceremonies, Mails mails, MailSender sender, MasterKey masterKey, Entropy entropy, TimeProvider clock,
    IOptions<RecoveryOptions> options)
{
    /// <summary>Checks a recovery code and starts a recovery. The code is spent at completion, not here.</summary>
    /// <param name="http">Whose address counts.</param>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="username">As sent; need not exist.</param>
    /// <param name="code">As typed.</param>
    /// <param name="credentialId">The id of the recovery key, decoded.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The recovery; or too many attempts, one error for whatever is wrong with the code, or the user deactivated.</returns>
    public async Task<Checked<StartedRecovery>> StartAsync(HttpContext http, string organisationId, string username, string code, ReadOnlyMemory<byte> credentialId, CancellationToken ct)
    {
        if ((await guesses.GuessAsync(http, CodePurpose.Recovery, organisationId, username, code, ct)).Failed(out var error, out var guess)) return error;
        if (!guess.User.IsActive)
        {
            await guesses.ReturnAsync(guess);
            return ErrorCatalog.UserDeactivated;
        }

        TalliedEvent? untold = null;
        var started = await codes.OpenAsync(
            guess,
            () =>
            {
                audit.Know(guess.RelyingParty);
                untold = audit.AddOften(organisationId, AuditActions.RecoveryStarted, guess.User.Id, guess.User.Id, http.Request.RemoteAddress(), "with a code", told: EventData.Of(guess.User));
                return StartAsync(guess.User, guess.RelyingParty, credentialId, voucher: null, CancellationToken.None);
            },
            CancellationToken.None);
        if (started.Failed(out _, out _)) return started;
        audit.Count(untold);
        audit.Saved();
        return started;
    }

    /// <summary>Starts a recovery of a user. The caller saves.</summary>
    /// <param name="user">Whose account it is.</param>
    /// <param name="relyingParty">Of the user's organisation.</param>
    /// <param name="credentialId">The id of the recovery key, decoded. One that is no recovery key of the user starts a recovery that nothing completes.</param>
    /// <param name="voucher">On whose word; null where a code starts it.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<StartedRecovery> StartAsync(User user, RelyingParty relyingParty, ReadOnlyMemory<byte> credentialId, Voucher? voucher, CancellationToken ct)
    {
        var ceremony = await ceremonies.OpenAsync(
            CeremonyPurpose.Recovery, user, relyingParty, options.Value.ChallengeLifetime, Base64Url.EncodeToString(credentialId.Span), voucher, ct);
        var id = credentialId.ToArray();
        var key = await db.Credentials.AsNoTracking().SingleOrDefaultAsync(
            c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.CredentialId == id && c.Kind == CredentialKind.RecoveryKey && c.Status == CredentialStatus.Active, ct);
        return new StartedRecovery(ceremony, user, relyingParty, key);
    }

    /// <summary>Finds the session a bearer token names, completed or not.</summary>
    /// <returns>The session, or null when there is none or its time is over.</returns>
    public async Task<RecoverySession?> FindAsync(TokenReference reference, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return await db.Ceremonies
            .Where(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.Purpose == CeremonyPurpose.Recovery && c.ExpiresAt > now)
            .Select(c => new RecoverySession
            {
                Ceremony = c,
                User = c.User!,
                RelyingParty = c.User!.Organisation!.RelyingParty!,
                // As many as a user may have in use. To take so many of them here would number those of everybody first.
                RecoveryKeys = db.Credentials.Where(k => k.OrganisationId == c.OrganisationId && k.UserId == c.UserId
                    && k.Kind == CredentialKind.RecoveryKey && k.Status == CredentialStatus.Active).Select(Credential.WithoutPrivateKey).ToList(),
            })
            .SingleOrDefaultAsync(ct);
    }

    /// <summary>
    /// Recovers the account: spends the challenge, the recovery key and the codes, archives every credential the user had, ends every
    /// session, closes every open challenge and every signed action, stores the new credentials, and has the user told by mail; all of it or none of it.
    /// </summary>
    /// <param name="reference">The session.</param>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="recoveryKey">As found before the proofs.</param>
    /// <param name="proven">The new credentials, verified, in slot order.</param>
    /// <param name="remoteAddress">For the audit rows.</param>
    /// <param name="ct">Ends the waiting before the commit.</param>
    /// <returns>The answer: new, or the one already given to the same body; or what another request left for this one.</returns>
    public Task<Checked<RegistrationResponse>> CommitAsync(
        TokenReference reference, byte[] digest, Credential recoveryKey, IReadOnlyList<ProvenCredential> proven, string? remoteAddress, CancellationToken ct) =>
        db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            db.ChangeTracker.Clear();
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            var (organisationId, userId) = (recoveryKey.OrganisationId, recoveryKey.UserId);
            var now = clock.GetUtcNow();

            // First of all, though it is undone where something is wrong below: another recovery waits here, and so does whatever else changes
            // the user's credentials, or it is seen below.
            await new Revocation(organisationId, userId).RunAsync(db, now, [reference.Id], ct);
            if (await FindAsync(reference, ct) is not { } session) return ErrorCatalog.NotAuthorized;
            if (session.Answer(digest, now) is { } settled) return settled;

            var earlier = db.Credentials.Where(c => c.OrganisationId == organisationId && c.UserId == userId);
            var kept = await earlier.Where(c => c.Status != CredentialStatus.Archived).Select(Credential.WithoutPrivateKey).ToListAsync(ct);
            if (!kept.Exists(c => c.Uuid == recoveryKey.Uuid && c.Status == CredentialStatus.Active)) return ErrorCatalog.NotARecoveryCredential.At("$.recovery");
            // A key that the user ever had would not be superseded, nor the recovery key spent.
            foreach (var credential in proven)
            {
                var publicKey = credential.Verified.SubjectPublicKeyInfo.ToArray();
                if (await earlier.AnyAsync(c => c.PublicKey == publicKey, ct)) return ErrorCatalog.PublicKeyAlreadyRegistered.At($"{credential.Sent.Path}.credentialInfo.attestationData");
            }

            audit.Know(session.RelyingParty);
            session.User.End(now);
            await ArchiveAllAsync(recoveryKey, now, ct);
            var created = proven.Select(p => p.ToRow(session.User, session.RelyingParty.IdOf(session.Ceremony), entropy.Id("cr"), now)).ToList();
            var answer = RegistrationResponse.Of(session.User, created[0]);
            session.Ceremony.Complete(now, digest, answer);
            db.Credentials.AddRange(NobodysCredentials.ToStore(masterKey, created));
            foreach (var credential in kept)
            {
                audit.Add(organisationId, AuditActions.CredentialArchived, userId, userId, remoteAddress, AuditNotes.Of(credential), told: EventData.Of(credential));
            }

            audit.Add(organisationId, AuditActions.Recovered, userId, userId, remoteAddress, $"With {recoveryKey.Uuid}: {AuditNotes.Of(created)}", told: EventData.Of(session.User, created));
            var notice = mails.Waiting(new RecoveryNotice(organisationId, userId, now));
            db.Outbox.Add(notice);
            try
            {
                await db.SaveChangesAsync(ct);
            }
            catch (DbUpdateException e) when (UniqueViolation.Of(e) is { } taken)
            {
                return taken;
            }
            catch (DbUpdateConcurrencyException)
            {
                // The one who started it is believed no more since it was looked at.
                return ErrorCatalog.NotAuthorized;
            }

            await UserRows.KeepAsync(db, [new KeptRows(UserRows.Credentials, organisationId, userId)], now, ct);
            await transaction.CommitAsync(ct);
            sender.Wake(notice);
            audit.Saved();
            return answer;
        });

    private Task<int> ArchiveAllAsync(Credential recoveryKey, DateTimeOffset now, CancellationToken ct) =>
        db.Credentials.Where(c => c.OrganisationId == recoveryKey.OrganisationId && c.UserId == recoveryKey.UserId && c.Status != CredentialStatus.Archived)
            .ExecuteUpdateAsync(
                c => c.SetProperty(x => x.Status, CredentialStatus.Archived)
                    .SetProperty(x => x.ArchivedAt, now)
                    .SetProperty(x => x.UsedAt, x => x.Uuid == recoveryKey.Uuid ? now : x.UsedAt),
                ct);
}
