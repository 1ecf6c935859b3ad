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
    /// <summary>
    /// Adds an unregistered user together with the row of its registration code: a user without one would answer faster than one who
    /// does not exist. The caller saves.
    /// </summary>
    /// <returns>The code to hand over.</returns>
    public IssuedCode Invite(string organisationId, string username, UserKind kind)
    {
        var now = clock.GetUtcNow();
        var user = new User
        {
            OrganisationId = organisationId,
            Id = entropy.Id("us"),
            Username = username,
            UsernameFolded = User.Fold(username),
            Kind = kind,
            CreatedAt = now,
        };
        var code = CodeText.New(entropy);
        db.Users.Add(user);
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
