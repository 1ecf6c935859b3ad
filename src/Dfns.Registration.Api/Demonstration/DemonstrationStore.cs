using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>The organisation and the users a newcomer finds. Exists in Development only.</summary>
internal sealed class DemonstrationStore(RegistrationDbContext db, UserStore users, CodeStore codes, Entropy entropy, TimeProvider clock)
{
    public const string OrganisationId = "or-demos-local-0000000000000001";

    /// <summary>Makes the organisation, and has the origins first among its own at which the service listens now; what else it was given stays.</summary>
    /// <param name="origins">Origins of the page, such as <c>http://localhost:5080</c>.</param>
    public async Task PrepareOrganisationAsync(IReadOnlyList<string> origins, CancellationToken ct)
    {
        var relyingParty = await db.RelyingParties.SingleOrDefaultAsync(r => r.OrganisationId == OrganisationId, ct);
        if (relyingParty is null)
        {
            relyingParty = new RelyingParty
            {
                OrganisationId = OrganisationId,
                RelyingPartyId = "localhost",
                Name = "Demonstration",
                Origins = [],
                Attestation = "none",
                UserVerification = "required",
                Algorithms = [-7, -8, -257],
            };
            db.Organisations.Add(new Organisation { Id = OrganisationId, Name = "Demonstration", CreatedAt = clock.GetUtcNow(), RelyingParty = relyingParty });
        }

        relyingParty.Origins = [.. origins.Union(relyingParty.Origins, StringComparer.Ordinal)];
        await db.SaveChangesAsync(ct);
    }

    /// <summary>A fresh unregistered user, with its code.</summary>
    public async Task<(string Username, IssuedCode Code)> InviteAsync(CancellationToken ct)
    {
        var username = $"newcomer-{entropy.Text("0123456789abcdefghjkmnpqrstvwxyz", 6)}@example.co";
        var relyingParty = await db.RelyingParties.AsNoTracking().SingleAsync(r => r.OrganisationId == OrganisationId, ct);
        if (users.Add(relyingParty, username, UserKind.EndUser).Failed(out var error, out var user)) throw new InvalidOperationException($"The demonstration user cannot be invited: {error.Code}");
        var code = codes.Issue(user);
        await db.SaveChangesAsync(ct);
        return (username, code);
    }

    /// <summary>Whether the challenge of a demonstration user is open beyond a time, and the code that opened it is still the code.</summary>
    public Task<bool> IsOpenAsync(TokenReference session, DateTimeOffset until, CancellationToken ct) => db.Ceremonies.AnyAsync(
        c => c.OrganisationId == session.OrganisationId && c.Id == session.Id && c.ConsumedAt == null && c.ExpiresAt > until
            && db.Codes.Any(k => k.OrganisationId == c.OrganisationId && k.UserId == c.UserId && k.Purpose == CodePurpose.Registration && k.SentAt == null),
        ct);
}
