using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dfns.Registration.Api.Hosting;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: its database answers, is migrated, by no later version beyond what this one serves, and takes changes.</summary>
internal static class Health
{
    private const string Ready = "ready";

    public static void AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddDatabase(Ready);
        services.AddSingleton<Readiness>();
    }

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => Answer(isHealthy: true, clock: null)).ForProbes().ExcludeFromDescription();
        // Each asker waits for as long as it likes; the question is everybody's.
        routes.MapGet("/health/ready", async (Readiness readiness, DatabaseWatch watch, CancellationToken ct) => Answer(await readiness.AskAsync(ct), watch.ClockFault)).ForProbes().ExcludeFromDescription();
    }

    private static Results<Ok<HealthResponse>, ErrorResult> Answer(bool isHealthy, string? clock) => isHealthy
        ? TypedResults.Ok(new HealthResponse("ok", ServiceVersion.Text, clock))
        : (ErrorResult)ErrorCatalog.StorageUnavailable;

    /// <summary>The answer of a service that is well.</summary>
    /// <param name="Status">Always <c>ok</c>.</param>
    /// <param name="Version">Of the service.</param>
    /// <param name="Clock">How far its clock is off; left out where it is not. It is ready all the same: to take it out would not set it.</param>
    private sealed record HealthResponse(string Status, string Version, string? Clock);

    /// <summary>Whether the service is ready, asked at most once in a second however many ask, and by whatever spelling of its path.</summary>
    private sealed class Readiness(HealthCheckService checks, TimeProvider clock) : IAsyncDisposable
    {
        private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);

        // A database that takes longer is none that a request should wait for.
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

        private readonly Lock turn = new();
        private Task<bool>? asked;
        private long since;

        public async Task<bool> AskAsync(CancellationToken ct)
        {
            try
            {
                return await Asked().WaitAsync(Patience, clock, ct);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        /// <summary>Waits for what is under way, so that nothing is read any more once the service has ended.</summary>
        public async ValueTask DisposeAsync()
        {
            Task? last;
            lock (turn) last = asked;
            if (last is not null) await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private Task<bool> Asked()
        {
            lock (turn)
            {
                // One that is not ready is asked again at once.
                if (asked is null || (asked.IsCompleted && (!asked.IsCompletedSuccessfully || !asked.Result || clock.GetElapsedTime(since) >= Kept)))
                {
                    since = clock.GetTimestamp();
                    using (ExecutionContext.SuppressFlow()) asked = Task.Run(CheckAsync, CancellationToken.None);
                }

                return asked;
            }
        }

        private async Task<bool> CheckAsync() =>
            (await checks.CheckHealthAsync(check => check.Tags.Contains(Ready), CancellationToken.None)).Status != HealthStatus.Unhealthy;
    }
}
