using System.Globalization;
using System.Text;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Brings users into being, and ends what they can do. Nothing here is saved: the caller does, together with its line in the audit trail.</summary>
internal sealed class UserStore(
    RegistrationDbContext db, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<RegistrationOptions> options)
{
    /// <summary>What a username must be: 1 to 320 characters that are not all white space, and none that does not show.</summary>
    /// <returns>The fault, or null.</returns>
    public static string? NameFault(string username) =>
        string.IsNullOrWhiteSpace(username) || username.Length > Limits.UsernameLength || username.EnumerateRunes().Any(IsInvisible)
            ? $"A username has 1 to {Limits.UsernameLength} characters, and none that does not show, such as 'jane@example.co'."
            : null;

    /// <summary>Whether a username is an address that mail can be sent to, and nothing but an address: no display name, no comment, no local mailbox.</summary>
    public static bool IsMailable(string username) =>
        MailboxAddress.TryParse(username, out var address) && string.Equals(address.Address, username, StringComparison.Ordinal) && address.Domain.Length > 0;

    // Two names that look alike would be two users.
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
        || rune == Rune.ReplacementChar;

    /// <summary>Adds a user who gets no code: to the calls that take one, there is no such user.</summary>
    public User Add(string organisationId, string username, UserKind kind, string? externalId = null, bool isServiceAccount = false)
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

    /// <summary>Adds an unregistered user who is invited: <see cref="Add"/>, then <see cref="IssueCode"/>.</summary>
    public IssuedCode Invite(string organisationId, string username, UserKind kind, string? externalId = null) => IssueCode(Add(organisationId, username, kind, externalId));

    /// <summary>Adds the registration code of a user who is new.</summary>
    /// <returns>The code to hand over.</returns>
    public IssuedCode IssueCode(User user)
    {
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
    /// Gives an invited user another code at an operator's word, however recent the earlier one is, which it ends. The caller saves.
    /// </summary>
    /// <returns>The code to hand over; null for a user who is registered or deactivated, or began otherwise than with a code.</returns>
    public async Task<IssuedCode?> InviteAgainAsync(User user, CancellationToken ct)
    {
        var code = await db.Codes.SingleOrDefaultAsync(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Purpose == CodePurpose.Registration, ct);
        if (code is null || user.RegisteredAt is not null || !user.IsActive) return null;
        var (issued, hash) = NewCode(user);
        code.Replace(hash, clock.GetUtcNow(), issued.ExpiresAt);
        return issued;
    }

    private (IssuedCode Issued, byte[] Hash) NewCode(User user)
    {
        var code = CodeText.New(entropy);
        return (
            new IssuedCode(user.OrganisationId, user.Id, CodePurpose.Registration, code, clock.GetUtcNow() + options.Value.CodeLifetime),
            masterKey.HashCode(user.OrganisationId, user.Id, CodeText.Normalise(code)));
    }

    /// <summary>
    /// What to answer when a new user met another: where the name is taken as well as the external id, that the name is. Clients start
    /// again on that, and which of the two the database noticed is chance.
    /// </summary>
    public async Task<ApiError> ConflictAsync(User user, ApiError noticed, CancellationToken ct) =>
        noticed == ErrorCatalog.ExternalIdTaken && await db.Users.AnyAsync(u => u.OrganisationId == user.OrganisationId && u.UsernameFolded == user.UsernameFolded, ct)
            ? ErrorCatalog.UserAlreadyExists
            : noticed;

    /// <summary>
    /// Activates or deactivates a user. Either ends every session: also one that was opened while the user was being deactivated does not
    /// come to life again.
    /// </summary>
    public async Task SetActiveAsync(User user, bool active, CancellationToken ct)
    {
        user.IsActive = active;
        await EndTokensAsync(user, ct);
    }

    /// <summary>
    /// Deletes a user: ends its tokens, archives its credentials, and frees its name, its external id, its keys and its accounts at OpenID
    /// providers. The row stays, as a record of who did what.
    /// </summary>
    public async Task ArchiveAsync(User user, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        user.IsActive = false;
        user.ArchivedAt = now;
        user.UsernameFolded = null;
        user.ExternalId = null;
        user.Permissions = [];
        await EndTokensAsync(user, ct);
        foreach (var credential in await db.Credentials.Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Status != CredentialStatus.Archived).ToListAsync(ct))
        {
            credential.Status = CredentialStatus.Archived;
            credential.ArchivedAt = now;
        }

        db.SocialAccounts.RemoveRange(await db.SocialAccounts.Where(a => a.OrganisationId == user.OrganisationId && a.UserId == user.Id).ToListAsync(ct));
    }

    /// <summary>Ends every token of a user.</summary>
    public async Task EndTokensAsync(User user, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var tokens = await db.AccessTokens.Where(t => t.OrganisationId == user.OrganisationId && t.UserId == user.Id && t.RevokedAt == null).ToListAsync(ct);
        tokens.ForEach(token => token.RevokedAt = now);
    }
}
