using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Mail;

/// <summary>Whom a mail is for, and that it was sent.</summary>
internal sealed class MailStore(RegistrationDbContext db, Audit audit)
{
    /// <summary>Finds whom a mail is for, as of now.</summary>
    public Task<Recipient> FindAsync(WaitingMail mail) => db.Users.AsNoTracking()
        .Where(u => u.OrganisationId == mail.OrganisationId && u.Id == mail.UserId)
        .Select(u => new Recipient(u.Username, u.Organisation!.Name))
        .SingleAsync();

    /// <summary>Notes in the audit trail that a code was sent.</summary>
    public Task NoteSentAsync(IssuedCode code)
    {
        audit.Add(code.OrganisationId, AuditActions.CodeSent(code.Purpose), AuditActors.Service, code.UserId);
        return db.SaveChangesAsync();
    }
}

/// <summary>A user to whom something is mailed.</summary>
/// <param name="Username">The address, if it is one.</param>
/// <param name="OrganisationName">As the mail names it.</param>
internal sealed record Recipient(string Username, string OrganisationName);
