using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dfns.Registration.Api.Hosting;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: its database answers and is migrated.</summary>
internal static class Health
{
    private const string Ready = "ready";

    public static void AddHealth(this IServiceCollection services) => services.AddHealthChecks().AddDatabase(Ready);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapHealthChecks("/health/live", Options(_ => false));
        routes.MapHealthChecks("/health/ready", Options(check => check.Tags.Contains(Ready)));
    }

    /// <summary>What a container's health check runs, for images without curl: asks the service in this container whether it is ready.</summary>
    /// <returns>The exit code: 0 when it is.</returns>
    public static async Task<int> AskAsync()
    {
        var port = Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS")?.Split(';')[0] ?? "8080";
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"));
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static HealthCheckOptions Options(Func<HealthCheckRegistration, bool> predicate) => new()
    {
        Predicate = predicate,
        ResponseWriter = (context, report) => report.Status == HealthStatus.Unhealthy
            ? new ErrorResult(ErrorCatalog.StorageUnavailable with { RetryAfterSeconds = 1 }).ExecuteAsync(context)
            : TypedResults.Ok(new { status = "ok", version = ServiceVersion.Text }).ExecuteAsync(context),
    };
}
