using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Finds users, brings them into being, and ends what they can do. Nothing here is saved: the caller does, together with its line in the audit trail.</summary>
internal sealed class UserStore(RegistrationDbContext db, Changes changes, Entropy entropy, TimeProvider clock)
{
    // Characters that show as nothing, or as a blank, and are neither white space nor left out when names are compared: Braille without a dot,
    // the filler of Khitan, a note without a head, what stands for an object; and the one white space that is no blank when names are compared.
    private static readonly Rune[] Blank = [new(0x2800), new(0x16FE4), new(0x1D159), new(0xFFFC), new(0x1680)];

    /// <summary>
    /// What a username must be: 1 to 320 characters that are not all white space, no two white spaces side by side, and none that does not
    /// show, or is newer than what names are compared by (<see cref="NameFolding"/>).
    /// </summary>
    /// <param name="username">As it was typed or sent.</param>
    /// <param name="what">What it is to whoever typed it.</param>
    /// <returns>The fault, or null.</returns>
    public static string? NameFault(string username, string what = "username") =>
        string.IsNullOrWhiteSpace(username) || username.Length > Limits.UsernameLength || username.EnumerateRunes().Any(IsInvisible) || User.Fold(username).Length == 0 || HasGap(username) || NameScripts.HasStrayMark(username)
            ? $"A {what} has 1 to {Limits.UsernameLength} characters, none that does not show or is newer than Unicode 15, and no two blanks side by side, such as '{(what == "username" ? "jane@example.co" : "Back end")}'."
            : null;

    // Two names that look alike would be two users.
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
        || rune == Rune.ReplacementChar || Blank.Contains(rune) || !NameFolding.Knows(rune);

    // As compared: what does not count between two blanks keeps them no further apart.
    private static bool HasGap(string username)
    {
        var folded = User.Fold(username);
        return Enumerable.Range(1, Math.Max(0, folded.Length - 1)).Any(i => char.IsWhiteSpace(folded[i - 1]) && char.IsWhiteSpace(folded[i]));
    }

    /// <summary>Whether <see cref="RefoldAsync"/> has anything to do, or has left anything.</summary>
    public async Task<bool> AreNamesOutdatedAsync(CancellationToken ct) => await OutdatedNames(ct).AnyAsync(ct);

    /// <summary>
    /// Brings the names up to date that an earlier version folded otherwise. Of two that are one by now, who registered first keeps the name;
    /// the other's stays as it was, where no name leads any more. At once.
    /// </summary>
    /// <returns>Those that lost their name to somebody.</returns>
    public async Task<IReadOnlyList<LostName>> RefoldAsync(CancellationToken ct)
    {
        var outdated = await OutdatedNames(ct).ToListAsync(ct);
        var lost = new List<LostName>();
        foreach (var (organisationId, id, old, folded, _, _) in outdated.OrderBy(u => u.RegisteredAt ?? DateTimeOffset.MaxValue).ThenBy(u => u.CreatedAt).ThenBy(u => u.Id, StringComparer.Ordinal))
        {
            var holder = await db.Users.Where(u => u.OrganisationId == organisationId && u.UsernameFolded == folded).Select(u => u.Id).SingleOrDefaultAsync(ct);
            if (holder is not null) lost.Add(new LostName(organisationId, id, holder));
            else await db.Users.Where(u => u.OrganisationId == organisationId && u.Id == id && u.UsernameFolded == old).ExecuteUpdateAsync(u => u.SetProperty(x => x.UsernameFolded, folded), ct);
        }

        return lost;
    }

    // As they stand, and as they would be folded now.
    private async IAsyncEnumerable<(string OrganisationId, string Id, string Old, string New, DateTimeOffset? RegisteredAt, DateTimeOffset CreatedAt)> OutdatedNames([EnumeratorCancellation] CancellationToken ct)
    {
        // Names of ASCII alone are folded as they always were, but for domains.
        var bytes = db.Database.IsSqlite() ? "length(CAST(username AS BLOB))" : "octet_length(username)";
        var beyondAscii = $"SELECT * FROM users WHERE username_folded IS NOT NULL AND ({bytes} <> length(username) OR username LIKE '%@%.' OR lower(username) LIKE '%@%xn--%')";
        await foreach (var u in db.Users.FromSqlRaw(beyondAscii)
            .Select(u => new { u.OrganisationId, u.Id, u.Username, u.UsernameFolded, u.RegisteredAt, u.CreatedAt }).AsAsyncEnumerable().WithCancellation(ct))
        {
            if (User.Fold(u.Username) is var folded && folded != u.UsernameFolded) yield return (u.OrganisationId, u.Id, u.UsernameFolded!, folded, u.RegisteredAt, u.CreatedAt);
        }
    }

    /// <summary>Finds one person, or one service account.</summary>
    /// <returns>The user, tracked; or null: unknown, deleted, of another organisation, or not what was asked for.</returns>
    public Task<FoundUser?> FindAsync(string organisationId, string userId, bool isServiceAccount, CancellationToken ct) =>
        WithFirstFactor(db.Users.Where(u => u.OrganisationId == organisationId && u.Id == userId && u.IsServiceAccount == isServiceAccount && u.OwnerId == null && u.ArchivedAt == null))
            .SingleOrDefaultAsync(ct);

    /// <summary>Finds one person by name.</summary>
    /// <returns>The user, tracked; or null: unknown, deleted, or of another organisation.</returns>
    public Task<FoundUser?> FindPersonAsync(string organisationId, string username, CancellationToken ct)
    {
        var folded = User.Fold(username);
        return WithFirstFactor(db.Users.Where(u => u.OrganisationId == organisationId && u.UsernameFolded == folded && !u.IsServiceAccount && u.ArchivedAt == null))
            .SingleOrDefaultAsync(ct);
    }

    /// <summary>One page of the persons, in the order in which they were created.</summary>
    /// <param name="organisationId">Whose users.</param>
    /// <param name="kind">Only users of this kind; null for all.</param>
    /// <param name="page">Which page.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The users, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<FoundUser> Users, PagePosition? Next)> ListAsync(
        string organisationId, UserKind? kind, PageQuery page, CancellationToken ct)
    {
        // One more than is wanted tells whether there is a next page.
        var wanted = page.Limit + 1;
        object[] parameters = [organisationId, wanted, .. page.After is not { } after ? [] : new object[] { db.Database.IsSqlite() ? (object)after.CreatedAt.UtcTicks : after.CreatedAt, after.Id }];
        var users = db.Users.FromSqlRaw(PageOf(kind is { } only ? [only] : Enum.GetValues<UserKind>(), isFirst: page.After is null), parameters).AsNoTracking();
        var found = await WithFirstFactor(users.OrderBy(u => u.CreatedAt).ThenBy(u => u.Id).Take(wanted)).ToListAsync(ct);
        return page.Of(found, u => new PagePosition(u.User.CreatedAt, u.User.Id));
    }

    /// <summary>The service accounts that are not deleted, whether they are active or not: no more than a few hundred.</summary>
    public IQueryable<User> ServiceAccounts(string organisationId) => db.Users.Where(u => u.OrganisationId == organisationId && u.IsServiceAccount && u.OwnerId == null && u.ArchivedAt == null);

    /// <summary>The personal access tokens of somebody that are not deleted, each as the program that it is; the oldest first.</summary>
    public Task<List<FoundUser>> ListOwnedAsync(User owner, CancellationToken ct) =>
        // There are no more; and without a bound SQLite would go through the sets of all organisations.
        WithFirstFactor(Owned(owner).OrderBy(u => u.CreatedAt).ThenBy(u => u.Id).Take(UserRows.Most)).ToListAsync(ct);

    /// <summary>Finds a personal access token of somebody, as the program that it is.</summary>
    /// <returns>The program, tracked; or null: unknown, deleted, or another's.</returns>
    public Task<FoundUser?> FindOwnedAsync(User owner, string id, CancellationToken ct) => WithFirstFactor(Owned(owner).Where(u => u.Id == id)).SingleOrDefaultAsync(ct);

    private IQueryable<User> Owned(User owner) => db.Users.Where(u => u.OrganisationId == owner.OrganisationId && u.OwnerId == owner.Id && u.ArchivedAt == null);

    /// <summary>One page of the service accounts, in the order in which they were created.</summary>
    /// <param name="organisationId">Whose.</param>
    /// <param name="page">Which page.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The accounts, not tracked, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<FoundUser> Accounts, PagePosition? Next)> ListServiceAccountsAsync(string organisationId, PageQuery page, CancellationToken ct)
    {
        var accounts = ServiceAccounts(organisationId).AsNoTracking();
        if (page.After is { } after) accounts = accounts.Where(u => u.CreatedAt > after.CreatedAt || (u.CreatedAt == after.CreatedAt && string.Compare(u.Id, after.Id) > 0));
        var found = await WithFirstFactor(accounts.OrderBy(u => u.CreatedAt).ThenBy(u => u.Id).Take(page.Limit + 1)).ToListAsync(ct);
        return page.Of(found, u => new PagePosition(u.User.CreatedAt, u.User.Id));
    }

    // Each kind along its index, from where the page before ended: whoever is deleted, or of the other kind, is not looked at.
    private static string PageOf(UserKind[] kinds, bool isFirst) => string.Join(
        " UNION ALL ",
        kinds.Select(kind =>
            $$"""
            SELECT * FROM (
                SELECT * FROM users WHERE organisation_id = {0} AND kind = '{{kind}}' AND NOT is_service_account AND archived_at IS NULL{{(isFirst ? "" : " AND (created_at, id) > ({2}, {3})")}}
                ORDER BY created_at, id LIMIT {1}) AS of_kind
            """));

    /// <summary>Finds an end user by name: whom a service account may speak for. Who could vouch for an employee could become one.</summary>
    /// <param name="organisationId">Of the caller.</param>
    /// <param name="username">As sent.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The user, tracked and held: see below; registered or not, active or not. Null for a name that is nobody's or another's.</returns>
    public async Task<User?> FindEndUserAsync(string organisationId, string username, CancellationToken ct)
    {
        var folded = User.Fold(username);
        return Held(await db.Users.SingleOrDefaultAsync(u => u.OrganisationId == organisationId && u.UsernameFolded == folded && u.Kind == UserKind.EndUser && !u.IsServiceAccount, ct));
    }

    /// <summary>Finds a registered end user by name, whom a service account vouches for.</summary>
    /// <param name="organisationId">Of the caller.</param>
    /// <param name="username">As sent.</param>
    /// <param name="facts">Told whose it is.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>
    /// The user, tracked and held; or that there is none, that it is deactivated, or that it is a provider's: whoever had an account of that name there would be
    /// whoever the service account knows by that name.
    /// </returns>
    public async Task<Checked<User>> FindVouchedForAsync(string organisationId, string username, RequestFacts facts, CancellationToken ct)
    {
        var user = await FindEndUserAsync(organisationId, username, ct);
        facts.SubjectId = user?.Id;
        if (user?.RegisteredAt is null) return ErrorCatalog.UserNotFound.At("$.username");
        if (!user.IsActive) return ErrorCatalog.UserDeactivated;
        return await db.SocialAccounts.AnyAsync(a => a.OrganisationId == organisationId && a.UserId == user.Id, ct) ? ErrorCatalog.UserOfProvider.At("$.username") : user;
    }

    /// <summary>Finds a user who is registered by id.</summary>
    /// <param name="organisationId">Whose user it is.</param>
    /// <param name="userId">The user; null for nobody.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The user, tracked and held: see below; active or not. Or null.</returns>
    public async Task<User?> FindRegisteredAsync(string organisationId, string? userId, CancellationToken ct) =>
        Held(await db.Users.SingleOrDefaultAsync(u => u.OrganisationId == organisationId && u.Id == userId && u.RegisteredAt != null && u.ArchivedAt == null, ct));

    // Somebody else's word opens something for the user. The user's row is written with it, though it stays as it was: the write finds out
    // that everything of the user was ended meanwhile, or makes that wait and find what was opened.
    private User? Held(User? user)
    {
        if (user is not null) db.Entry(user).Property(u => u.EndedAt).IsModified = true;
        return user;
    }

    /// <summary>Every person of an organisation who is not deleted, as the operator lists them.</summary>
    public Task<List<ListedUser>> ListAllAsync(string organisationId, CancellationToken ct) =>
        db.Users.AsNoTracking().Where(u => u.OrganisationId == organisationId && !u.IsServiceAccount && u.ArchivedAt == null).OrderBy(u => u.CreatedAt)
            .Select(u => new ListedUser(
                u.Id,
                u.Username,
                u.Kind.ToString(),
                u.IsActive,
                u.RegisteredAt,
                u.RegisteredAt == null ? u.InvitationEndsAt : null,
                string.Join(' ', u.Permissions),
                db.PermissionSetAssignments.Count(a => a.OrganisationId == organisationId && a.UserId == u.Id),
                db.Credentials.Count(c => c.OrganisationId == organisationId && c.UserId == u.Id && c.Status == CredentialStatus.Active)))
            .ToListAsync(ct);

    /// <summary>Adds a person who gets no code: to the calls that take one, there is no such user.</summary>
    /// <param name="relyingParty">Of the organisation: what it asks of the names of new users.</param>
    /// <param name="username">Without a <see cref="NameFault"/>.</param>
    /// <param name="kind">Employee or end user.</param>
    /// <param name="externalId">The caller's own id of the user.</param>
    /// <returns>The user, or <see cref="ErrorCatalog.UsernameMixesScripts"/>.</returns>
    public Checked<User> Add(RelyingParty relyingParty, string username, UserKind kind, string? externalId = null) =>
        NameScripts.Fault(relyingParty, username) is { } mixed ? mixed : Add(relyingParty.OrganisationId, username, kind, externalId, isServiceAccount: false);

    /// <summary>Adds a service account. It is known by a token, not by its name.</summary>
    public User AddServiceAccount(string organisationId, string name, string? externalId) => Add(organisationId, name, UserKind.CustomerEmployee, externalId, isServiceAccount: true);

    /// <summary>Adds the program that a personal access token lets in. It is known by its token, not by its name, which others may have.</summary>
    /// <param name="owner">Tracked: the row is written with it, so that whatever ends everything of the person comes first, or ends this too; and so does another token.</param>
    /// <param name="id">That of its token.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="externalId">The caller's own id of it.</param>
    public User AddOwned(User owner, string id, string name, string? externalId)
    {
        owner.CredentialsVersion++;
        var now = clock.GetUtcNow();
        var user = new User
        {
            OrganisationId = owner.OrganisationId,
            Id = id,
            OwnerId = owner.Id,
            Username = name,
            UsernameFolded = null,
            Kind = owner.Kind,
            ExternalId = externalId,
            IsServiceAccount = true,
            CreatedAt = now,
            // Its key is there already: no code registers it.
            RegisteredAt = now,
        };
        db.Users.Add(user);
        return user;
    }

    private User Add(string organisationId, string username, UserKind kind, string? externalId, bool isServiceAccount)
    {
        var user = new User
        {
            OrganisationId = organisationId,
            Id = entropy.Id("us"),
            Username = username,
            UsernameFolded = User.Fold(username),
            Kind = kind,
            ExternalId = externalId,
            IsServiceAccount = isServiceAccount,
            CreatedAt = clock.GetUtcNow(),
        };
        db.Users.Add(user);
        return user;
    }

    /// <summary>
    /// What to answer when a new user met another: where the name is taken as well as the external id, that the name is. Clients start
    /// again on that, and which of the two the database noticed is chance. Of a name whose invitation has ended, that it has: nobody signs in by it.
    /// </summary>
    public async Task<ApiError> ConflictAsync(User user, ApiError noticed, CancellationToken ct)
    {
        if (noticed != ErrorCatalog.UserAlreadyExists && noticed != ErrorCatalog.ExternalIdTaken) return noticed;
        var holder = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.OrganisationId == user.OrganisationId && u.UsernameFolded == user.UsernameFolded && u.Id != user.Id, ct);
        return holder is null ? noticed
            : holder.IsActive && holder.IsInvitationOver(clock.GetUtcNow()) ? ErrorCatalog.InvitationEnded
            : ErrorCatalog.UserAlreadyExists;
    }

    /// <summary>Activates or deactivates a user. Either ends everything that is open: what was opened while the user was being deactivated does not come to life again.</summary>
    /// <returns>False where the user is so already; then nothing changes.</returns>
    public bool SetActive(User user, bool active)
    {
        if (user.IsActive == active) return false;
        user.IsActive = active;
        changes.EndAll(user);
        return true;
    }

    /// <summary>
    /// Deletes a user: ends everything that is open, archives its credentials, and frees its name, its external id and its keys; no set of permissions is its own any more. Its accounts at
    /// OpenID providers are free for whoever shows an ID token that was issued later. The row stays, as a record of who did what.
    /// </summary>
    public async Task ArchiveAsync(User user, CancellationToken ct)
    {
        changes.EndAll(user);
        var now = clock.GetUtcNow();
        user.IsActive = false;
        user.ArchivedAt = now;
        user.UsernameFolded = null;
        user.ExternalId = null;
        user.Permissions = [];
        db.PermissionSetAssignments.RemoveRange(await db.PermissionSetAssignments.Where(a => a.OrganisationId == user.OrganisationId && a.UserId == user.Id).ToListAsync(ct));
        var kept = db.Credentials.Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Status != CredentialStatus.Archived);
        foreach (var credential in await kept.Select(Credential.WithoutPrivateKey).ToListAsync(ct))
        {
            changes.Watch(credential);
            credential.Status = CredentialStatus.Archived;
            credential.ArchivedAt = now;
        }
    }

    // The sets by a statement of their own: joined, SQLite would go through those of all organisations.
    private IQueryable<FoundUser> WithFirstFactor(IQueryable<User> users) => users.AsSplitQuery().Select(u => new FoundUser(
        u,
        db.Credentials.Where(c => c.OrganisationId == u.OrganisationId && c.UserId == u.Id && c.Slot == CredentialSlot.FirstFactor && c.Status == CredentialStatus.Active)
            .OrderBy(c => c.CreatedAt).Select(c => c.Uuid).FirstOrDefault(),
        db.PermissionSetAssignments.Where(a => a.OrganisationId == u.OrganisationId && a.UserId == u.Id && !a.PermissionSet!.IsArchived)
            .OrderBy(a => a.CreatedAt).ThenBy(a => a.Id).Select(a => new AssignedSet(a.Id, a.PermissionSetId, a.PermissionSet!.Name, a.PermissionSet.Operations)).ToList()));
}

/// <summary>A user, the uuid of the first factor where there is one, and the sets of permissions that are assigned to the user and not archived.</summary>
internal sealed record FoundUser(User User, string? CredentialUuid, List<AssignedSet> Assigned);

/// <summary>A set of permissions that is somebody's.</summary>
internal sealed record AssignedSet(string AssignmentId, string Id, string Name, List<string> Operations);

/// <summary>A person as the operator lists it.</summary>
/// <param name="Id">The user.</param>
/// <param name="Username">As given.</param>
/// <param name="Kind">CustomerEmployee or EndUser.</param>
/// <param name="IsActive">Whether the user may register and sign in.</param>
/// <param name="RegisteredAt">UTC; null until then.</param>
/// <param name="InvitationEndsAt">UTC; until when the user can register. Null once registered, and where there is no end.</param>
/// <param name="Permissions">With spaces between them.</param>
/// <param name="PermissionSets">How many sets of permissions are assigned beside them; 'user permit' tells them.</param>
/// <param name="Credentials">How many are active.</param>
internal sealed record ListedUser(string Id, string Username, string Kind, bool IsActive, DateTimeOffset? RegisteredAt, DateTimeOffset? InvitationEndsAt, string Permissions, int PermissionSets, int Credentials);

/// <summary>A user whose name is by now another's.</summary>
internal sealed record LostName(string OrganisationId, string UserId, string HolderId);
