using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Mail;

/// <summary>Whom a mail is for, and that it was sent.</summary>
internal sealed class MailStore(RegistrationDbContext db, Audit audit)
{
    /// <summary>Finds whom a mail is for, as of now.</summary>
    /// <returns>Null for nobody; and where there is nothing to mail any more: a code that was used or ended, or that another has replaced.</returns>
    public Task<Recipient?> FindAsync(WaitingMail mail, CancellationToken ct)
    {
        var users = db.Users.AsNoTracking().Where(u => u.OrganisationId == mail.OrganisationId && u.Id == mail.UserId);
        if (mail is IssuedCode code)
        {
            users = users.Where(u => db.Codes.Any(c => c.OrganisationId == code.OrganisationId && c.UserId == code.UserId && c.Purpose == code.Purpose && c.CodeHash == code.Hash && c.ConsumedAt == null));
        }

        return users.Select(u => new Recipient(u.Username, u.Organisation!.Name)).SingleOrDefaultAsync(ct);
    }

    /// <summary>How an organisation is named in a mail.</summary>
    public Task<string> OrganisationNameAsync(string organisationId, CancellationToken ct) => db.Organisations.Where(o => o.Id == organisationId).Select(o => o.Name).SingleAsync(ct);

    /// <summary>Ends the code before one that the mail server has taken, and notes in the audit trail that it was sent. The caller saves.</summary>
    public async Task NoteSentAsync(IssuedCode code)
    {
        // Of one that has been replaced since, the code before is that of its successor too.
        await db.Codes.Where(c => c.OrganisationId == code.OrganisationId && c.UserId == code.UserId && c.Purpose == code.Purpose && c.CodeHash == code.Hash)
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.EarlierCodeHash, (byte[]?)null).SetProperty(x => x.EarlierExpiresAt, (DateTimeOffset?)null).SetProperty(x => x.EarlierFailedAttempts, 0));
        audit.Add(code.OrganisationId, AuditActions.CodeSent(code.Purpose), AuditActors.Service, code.UserId, code.RemoteAddress);
    }
}

/// <summary>A user to whom something is mailed.</summary>
/// <param name="Username">The address, if it is one.</param>
/// <param name="OrganisationName">As the mail names it.</param>
internal sealed record Recipient(string Username, string OrganisationName);
