using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>The rows that have had their time: challenges, sessions, and the codes for other devices.</summary>
internal sealed class ExpiredRows(RegistrationDbContext db)
{
    /// <summary>Deletes them.</summary>
    /// <param name="now">UTC; sign-ins that nobody completed, which anybody can begin, go when they have ended.</param>
    /// <param name="before">UTC; everything else goes that has ended before.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>How many rows.</returns>
    public async Task<int> DeleteAsync(DateTimeOffset now, DateTimeOffset before, CancellationToken ct) =>
        await db.Ceremonies.Where(c => c.ExpiresAt < before).ExecuteDeleteAsync(ct)
        + await db.Ceremonies.Where(c => c.ExpiresAt < now && c.ConsumedAt == null && (c.Purpose == CeremonyPurpose.Login || c.Purpose == CeremonyPurpose.LoginOfNobody))
            .ExecuteDeleteAsync(ct)
        + await db.AccessTokens.Where(t => t.ExpiresAt < before).ExecuteDeleteAsync(ct)
        + await db.CredentialCodes.Where(c => c.ExpiresAt < before).ExecuteDeleteAsync(ct);
}
