using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Deletes challenges, sessions and the codes for other devices some time after their end: until then they explain what happened, afterwards
/// they are of no use to anybody. At their end already, sign-ins that nobody completed, which anybody can begin; and the budgets whose window
/// is over. Each kind by itself and each organisation by itself: what fails for one keeps no other from its turn.
/// </summary>
internal sealed partial class Housekeeping(
    IServiceScopeFactory scopes, Entropy entropy, TimeProvider clock, IOptions<HousekeepingOptions> options, IMeterFactory meters, ILogger<Housekeeping> logger) : BackgroundService
{
    public static readonly TimeSpan Keep = TimeSpan.FromDays(1);

    /// <summary>Organisations that fail one after the other before a kind is left to the next time: each may have waited for its whole timeout.</summary>
    private const int MostFailures = 3;

    private readonly Numbers numbers = new(meters);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await CleanAsync(stoppingToken);
    }

    /// <summary>Deletes once.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> CleanAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var times = new ExpiryTimes(now, now - Keep, now - options.Value.KeepAuditEvents, now - options.Value.KeepSignedActions);
        var organisations = await TryAsync("organisations", rows => rows.OrganisationsAsync(ct), ct) ?? [];
        // Not always in the same order: if one fails for good, those after it have their turn all the same.
        var first = (int)(entropy.Fraction() * organisations.Count);

        var deleted = 0;
        foreach (var kind in ExpiredRows.Kinds)
        {
            var (failures, isWhole) = (0, true);
            foreach (var organisation in kind.LedByOrganisation ? [.. organisations[first..], .. organisations[..first]] : new List<string?> { null })
            {
                var isDone = await TryAsync(
                    kind.Name,
                    async rows =>
                    {
                        await rows.DeleteAsync(kind, organisation, times, Count, ct);
                        return true;
                    },
                    ct);
                (failures, isWhole) = (isDone ? 0 : failures + 1, isWhole && isDone);
                if (failures == MostFailures) break;
            }

            // What has been looked through to its end has nothing left.
            long? left = isWhole && organisations.Count > 0 ? 0 : await TryAsync<long?>(kind.Name, async rows => await rows.CountAsync(kind, times, ct), ct);
            if (left is { } known) numbers.Left[kind.Name] = known;

            void Count(int rows)
            {
                deleted += rows;
                numbers.Deleted.Add(rows, new KeyValuePair<string, object?>("kind", kind.Name));
            }
        }

        return deleted;
    }

    // Whatever goes wrong with one kind, even a fault of ours, the next has its turn, and the service goes on.
    private async Task<T?> TryAsync<T>(string kind, Func<ExpiredRows, Task<T>> work, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            return await work(scope.ServiceProvider.GetRequiredService<ExpiredRows>());
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            Log.Failed(logger, kind, e.GetType().Name, (e as System.Data.Common.DbException)?.SqlState);
            numbers.Failures.Add(1, new KeyValuePair<string, object?>("kind", kind));
            return default;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Housekeeping did not delete all {Kind}: {Fault} {SqlState}")]
        public static partial void Failed(ILogger logger, string kind, string fault, string? sqlState);
    }

    private sealed class Numbers
    {
        public Numbers(IMeterFactory meters)
        {
            var meter = meters.Create(RequestTelemetry.MeterName);
            Deleted = meter.CreateCounter<long>("dfns.registration.housekeeping.deleted", unit: "{row}", description: "Rows that were deleted after their time.");
            Failures = meter.CreateCounter<long>("dfns.registration.housekeeping.failures", unit: "{failure}", description: "Deletions that did not come to their end.");
            // Counted where a deletion failed; at most as many as ExpiredRows counts.
            meter.CreateObservableGauge(
                "dfns.registration.housekeeping.left",
                () => Left.Select(kind => new Measurement<long>(kind.Value, new KeyValuePair<string, object?>("kind", kind.Key))),
                unit: "{row}",
                description: "Rows whose time is over and that the last housekeeping left.");
        }

        public ConcurrentDictionary<string, long> Left { get; } = new(StringComparer.Ordinal);

        public Counter<long> Deleted { get; }

        public Counter<long> Failures { get; }
    }
}
