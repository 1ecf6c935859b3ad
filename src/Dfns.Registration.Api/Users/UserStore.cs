using System.Globalization;
using System.Text;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Users;

/// <summary>Brings users into being.</summary>
internal sealed class UserStore(
    RegistrationDbContext db, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<RegistrationOptions> options)
{
    /// <summary>What a username must be: 1 to 320 characters that are not all white space, and none that does not show.</summary>
    /// <returns>The fault, or null.</returns>
    public static string? NameFault(string username) =>
        string.IsNullOrWhiteSpace(username) || username.Length > Limits.UsernameLength || username.EnumerateRunes().Any(IsInvisible)
            ? $"A username has 1 to {Limits.UsernameLength} characters, and none that does not show, such as 'jane@example.co'."
            : null;

    // Two names that look alike would be two users.
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
        || rune == Rune.ReplacementChar;

    /// <summary>Adds an unregistered user who gets no code: to the calls that take one, there is no such user. The caller saves.</summary>
    public User Add(string organisationId, string username, UserKind kind, string? externalId = null)
    {
        var user = new User
        {
            OrganisationId = organisationId,
            Id = entropy.Id("us"),
            Username = username,
            UsernameFolded = User.Fold(username),
            Kind = kind,
            ExternalId = externalId,
            CreatedAt = clock.GetUtcNow(),
        };
        db.Users.Add(user);
        return user;
    }

    /// <summary>
    /// Adds an unregistered user together with the row of its registration code: a user without one would answer faster than one who
    /// does not exist. The caller saves.
    /// </summary>
    /// <returns>The code to hand over.</returns>
    public IssuedCode Invite(string organisationId, string username, UserKind kind, string? externalId = null)
    {
        var now = clock.GetUtcNow();
        var user = Add(organisationId, username, kind, externalId);
        var code = CodeText.New(entropy);
        db.RegistrationCodes.Add(new RegistrationCode
        {
            OrganisationId = organisationId,
            UserId = user.Id,
            CodeHash = masterKey.HashCode(organisationId, user.Id, CodeText.Normalise(code)),
            CreatedAt = now,
            ExpiresAt = now + options.Value.CodeLifetime,
        });
        return new IssuedCode(organisationId, user.Id, code, now + options.Value.CodeLifetime);
    }
}
