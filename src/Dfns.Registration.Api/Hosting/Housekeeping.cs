using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;

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
            catch (Exception e) when (StorageFailure.Is(e))
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
        return await scope.ServiceProvider.GetRequiredService<ExpiredRows>().DeleteAsync(now, now - Keep, ct)
            + await scope.ServiceProvider.GetRequiredService<AttemptBudgets>().CleanAsync(ct);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Old challenges, sessions, codes and budgets were not deleted: {Fault}")]
        public static partial void Failed(ILogger logger, string fault);
    }
}
