using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Deletes challenges, sessions and the codes for other devices some time after their end: until then they explain what happened, afterwards
/// they are of no use to anybody. At their end already, sign-ins that nobody completed, which anybody can begin; and the budgets whose window
/// is over.
/// </summary>
internal sealed partial class Housekeeping(IServiceScopeFactory scopes, TimeProvider clock, ILogger<Housekeeping> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    public static readonly TimeSpan Keep = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CleanAsync(stoppingToken);
            }
            catch (Exception e) when (EdgeErrors.IsStorageFailure(e))
            {
                Log.Failed(logger, e.GetType().Name);
            }
        }
    }

    /// <summary>Deletes once.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> CleanAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = clock.GetUtcNow();
        var before = now - Keep;
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        return await db.Ceremonies.Where(c => c.ExpiresAt < before).ExecuteDeleteAsync(ct)
            + await db.Ceremonies.Where(c => c.ExpiresAt < now && c.ConsumedAt == null && (c.Purpose == CeremonyPurpose.Login || c.Purpose == CeremonyPurpose.LoginOfNobody))
                .ExecuteDeleteAsync(ct)
            + await db.AccessTokens.Where(t => t.ExpiresAt < before).ExecuteDeleteAsync(ct)
            + await db.CredentialCodes.Where(c => c.ExpiresAt < before).ExecuteDeleteAsync(ct)
            + await scope.ServiceProvider.GetRequiredService<AttemptBudgets>().CleanAsync(ct);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Old challenges, sessions, codes and budgets were not deleted: {Fault}")]
        public static partial void Failed(ILogger logger, string fault);
    }
}
