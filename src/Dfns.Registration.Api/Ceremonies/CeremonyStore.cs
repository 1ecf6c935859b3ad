using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Opens the challenges that a new set of credentials answers: a user may have a few of each purpose, and one more drops the oldest.</summary>
internal sealed class CeremonyStore(RegistrationDbContext db, Entropy entropy, TimeProvider clock, IOptions<RegistrationOptions> options)
{
    /// <summary>Opens a challenge. The caller saves; the number is kept exactly where a user's are opened one after the other.</summary>
    /// <param name="purpose">What it is issued for.</param>
    /// <param name="user">Whose it is.</param>
    /// <param name="lifetime">How long it may be answered.</param>
    /// <param name="boundTo">What it is bound to beyond its user.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The new one, and those of the user that stay open beside it.</returns>
    public async Task<(Ceremony Opened, List<Ceremony> Others)> OpenAsync(CeremonyPurpose purpose, User user, TimeSpan lifetime, string? boundTo, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var open = await db.Ceremonies
            .Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Purpose == purpose && c.ConsumedAt == null)
            .OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Id)
            .ToListAsync(ct);
        var kept = open.Where(c => c.ExpiresAt > now).Take(options.Value.MaxOpenChallenges - 1).ToList();
        db.Ceremonies.RemoveRange(open.Except(kept));

        var ceremony = Ceremony.Open(entropy, user.OrganisationId, purpose, user.Id, now, lifetime, boundTo);
        db.Ceremonies.Add(ceremony);
        return (ceremony, kept);
    }
}
