using Dfns.Registration.Api.Errors;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Saves what a request has added and changed: everything, or nothing of it; in one commit with what others save at the same time. What EF
/// Core tracks is saved too; a row that is named here costs a tenth of that.
/// </summary>
internal sealed class Changes(RegistrationDbContext db, GroupCommit commits, SqliteWriter writer, Events events, TimeProvider clock)
{
    /// <summary>How often a request that lost is tried: each time somebody else's was saved, and a user may send as many at once.</summary>
    public const int Attempts = 32;

    private readonly List<ChangedRow> rows = [];
    private readonly List<KeptRows> kept = [];
    private readonly List<Revocation> revocations = [];
    private readonly List<VoucherRevocation> vouchers = [];
    private readonly List<PasskeyRevocation> passkeys = [];

    /// <summary>Adds a row.</summary>
    public void Add(object row) => rows.Add(ChangedRow.Added(TypeOf(row), row));

    /// <summary>Names a row, as it was read and is not tracked, that may be changed from here on. A list or an array is not to be altered, but replaced.</summary>
    /// <param name="row">The row.</param>
    /// <param name="written">A property that is written even if it stays the same, since the write is what finds somebody else's change; null for none.</param>
    public void Watch(object row, string? written = null) => rows.Add(ChangedRow.Watched(TypeOf(row), row, written));

    /// <summary>Lets what is too much of a user's rows of a kind go, with the next save.</summary>
    public void Keep(UserRows kind, string organisationId, string userId) => kept.Add(new KeptRows(kind, organisationId, userId));

    /// <summary>
    /// Has everything that is open of a user end with what is saved next: sessions, signed calls, challenges, codes, and what a provider has issued;
    /// of a service account also what it vouched for.
    /// </summary>
    /// <param name="user">Tracked.</param>
    /// <param name="withInvitation">Whether nobody can have another code sent to the user from then on, but an operator who invites anew.</param>
    /// <param name="butStanding">Whether the token that was handed over with a service account is kept: it counts while the account is active, and can be handed over no second time.</param>
    public void EndAll(User user, bool withInvitation = false, bool butStanding = false)
    {
        user.End(clock.GetUtcNow());
        revocations.Add(new Revocation(user.OrganisationId, user.Id, WithInvitation: withInvitation, ButStanding: butStanding));
        if (user.IsServiceAccount) EndVouched(user, Vouched.Everything);
    }

    /// <summary>Has end with what is saved next what is open on the word of a service account, and the calls that it signed. The caller changes what it may.</summary>
    public void EndVouched(User account, Vouched what) => vouchers.Add(new VoucherRevocation(account.OrganisationId, account.Id, what));

    /// <summary>Has end with what is saved next what is open on the word of a provider. The caller changes what is taken of it.</summary>
    /// <param name="provider">Tracked.</param>
    /// <param name="client">Only what its tokens for this client opened; null for all.</param>
    public void EndVouched(SocialProvider provider, string? client) => vouchers.Add(new VoucherRevocation(provider.OrganisationId, provider.Issuer, Vouched.Everything, client) { IsProvider = true });

    /// <summary>Has end with what is saved next what passkeys have opened and signed that were made for RP IDs which are an organisation's no longer. The caller changes the relying party.</summary>
    public void End(PasskeyRevocation voided) => passkeys.Add(voided);

    /// <summary>Has end with what is saved next what a credential opened or may have signed. The caller changes the credential, and counts <see cref="User.CredentialsVersion"/> on.</summary>
    public void End(Credential credential) => revocations.Add(new Revocation(credential.OrganisationId, credential.UserId, credential));

    /// <summary>Has a session end with what is saved next, and what it opened.</summary>
    public void End(AccessToken session) => revocations.Add(new Revocation(session.OrganisationId, session.UserId, SessionId: session.Id));

    /// <summary>Saves; that somebody else was first is thrown, for whoever told the caller to save.</summary>
    public async Task SaveAsync(CancellationToken ct)
    {
        if (revocations.Count + vouchers.Count + passkeys.Count > 0)
        {
            await SaveAndEndAsync(ct);
            return;
        }

        var tracked = db.ChangeTracker.Entries().Where(e => e.State is EntityState.Added or EntityState.Modified or EntityState.Deleted).Select(ChangedRow.Of).ToList();
        await commits.SaveAsync([.. tracked, .. rows.Where(r => r.Compared().State != EntityState.Unchanged)], [.. kept], ct);
        rows.Clear();
        kept.Clear();
        if (tracked.Count > 0) db.ChangeTracker.AcceptAllChanges();
        events.Wake();
    }

    /// <summary>Saves where somebody else may have been first.</summary>
    /// <returns>Null; or that somebody was. Then nothing was saved, and nothing is tracked any more.</returns>
    public async Task<LostRace?> TrySaveAsync(CancellationToken ct)
    {
        try
        {
            await SaveAsync(ct);
            return null;
        }
        catch (DbUpdateException e) when (UniqueViolation.IsLostRace(e))
        {
            Forget();
            return new LostRace(UniqueViolation.Of(e));
        }
    }

    /// <summary>Leaves everything as it was stored.</summary>
    public void Forget()
    {
        rows.Clear();
        kept.Clear();
        revocations.Clear();
        vouchers.Clear();
        passkeys.Clear();
        events.Forget();
        db.ChangeTracker.Clear();
    }

    // Rows change that nobody has read: in a transaction of its own. What is added here comes after what ends, and so does not end with it.
    private async Task SaveAndEndAsync(CancellationToken ct)
    {
        foreach (var row in rows.Where(r => r.Compared().State != EntityState.Unchanged)) row.TrackIn(db);
        // What the act itself uses up or removes: its own save finds whether it still is as it was read.
        var used = db.ChangeTracker.Entries<Ceremony>().Where(e => e.State is EntityState.Modified or EntityState.Deleted).Select(e => e.Entity.Id).ToList();
        await db.SaveOnceAsync(
            () => db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
            {
                using var turn = await writer.TurnAsync();
                await using var transaction = await db.Database.BeginTransactionAsync(ct);
                var now = clock.GetUtcNow();
                foreach (var revocation in revocations) await revocation.RunAsync(db, now, used, ct);
                foreach (var voucher in vouchers) await voucher.RunAsync(db, now, used, ct);
                foreach (var voided in passkeys) await voided.RunAsync(db, now, ct);
                await UserRows.LockAsync(db, kept);
                await db.SaveChangesAsync(acceptAllChangesOnSuccess: false, ct);
                await UserRows.KeepAsync(db, kept, now, ct);
                await transaction.CommitAsync(ct);
            }),
            ct);
        rows.Clear();
        revocations.Clear();
        vouchers.Clear();
        passkeys.Clear();
        kept.Clear();
        db.ChangeTracker.AcceptAllChanges();
        events.Wake();
    }

    private RowType TypeOf(object row) => RowType.Of(db.Model.FindEntityType(row.GetType())!);
}

/// <summary>Somebody else was first.</summary>
/// <param name="Taken">The error for the value that they took; null where they changed a row, or added one whose key is no value of the caller's.</param>
internal sealed record LostRace(ApiError? Taken);
