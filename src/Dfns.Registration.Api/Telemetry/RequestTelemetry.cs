using System.Diagnostics;
using System.Diagnostics.Metrics;
using Dfns.Registration.Api.Wire;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Serilog;

namespace Dfns.Registration.Api.Telemetry;

/// <summary>One log line and one count a request, both with the outcome code; traces and metrics leave by OTLP when an endpoint is set.</summary>
internal static class RequestTelemetry
{
    public const string MeterName = "Dfns.Registration";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Outcomes = Meter.CreateCounter<long>(
        "dfns.registration.outcomes", unit: "{request}", description: "Requests to the API by route and outcome code.");

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        // No request body, header, path or query ever becomes a property of an event; the framework's own request lines, which repeat the
        // query, stay off whatever the configuration says.
        builder.Services.AddSingleton<LogQueue>().AddSerilog(
            (services, logger) => services.GetRequiredService<LogQueue>().Configure(logger, builder.Configuration)
                .ReadFrom.Services(services)
                .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", Serilog.Events.LogEventLevel.Warning)
                .Enrich.FromLogContext()
                .Enrich.With<WithoutClientText>()
                .Filter.ByExcluding(IsDrainOfGoneClient)
                .Filter.ByExcluding(IsFailedStart),
            // Each host logs to its own logger, not to the one that started last in the process.
            preserveStaticLogger: true);
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return;
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(MeterName).AddAspNetCoreInstrumentation().AddRuntimeInstrumentation())
            .WithTracing(traces => traces
                .AddAspNetCoreInstrumentation(http => http.EnrichWithHttpResponse = (activity, _) => activity.SetTag("url.path", null).SetTag("url.query", null).SetTag("user_agent.original", null))
                .AddNpgsql())
            .UseOtlpExporter();
    }

    public static void UseRequestTelemetry(this WebApplication app)
    {
        app.UseSerilogRequestLogging(logging =>
        {
            logging.Logger = app.Services.GetRequiredService<Serilog.ILogger>();
            logging.MessageTemplate = "{RequestMethod} {Route} answered {StatusCode} {Outcome} in {Elapsed:0.0} ms";
            logging.IncludeQueryInRequestPath = false;
            // A visit to Swagger UI is a dozen files; the log is about the API.
            logging.GetLevel = (context, _, exception) =>
                exception is null && context.Request.Path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase) ? Serilog.Events.LogEventLevel.Debug : Serilog.Events.LogEventLevel.Information;
            // The route, not the path: what a client writes into a path is not for the log.
            logging.GetMessageTemplateProperties = (context, _, elapsed, status) =>
            [
                new("OrganisationId", new Serilog.Events.ScalarValue(Facts(context).OrganisationId)),
                new("Caller", new Serilog.Events.ScalarValue(Facts(context).CallerId)),
                new("RequestMethod", new Serilog.Events.ScalarValue(Method(context))),
                new("Route", new Serilog.Events.ScalarValue(Route(context))),
                new("StatusCode", new Serilog.Events.ScalarValue(status)),
                new("Outcome", new Serilog.Events.ScalarValue(Outcome(context))),
                new("Reason", new Serilog.Events.ScalarValue(context.Features.Get<OutcomeFeature>()?.Reason)),
                new("Elapsed", new Serilog.Events.ScalarValue(elapsed)),
                new("RequestId", new Serilog.Events.ScalarValue(context.TraceIdentifier)),
                new("RemoteAddress", new Serilog.Events.ScalarValue(context.Connection.RemoteIpAddress?.ToString())),
            ];
        });
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            finally
            {
                Outcomes.Add(1, new TagList { { "http.route", Route(context) }, { "outcome", Outcome(context) }, { "reason", context.Features.Get<OutcomeFeature>()?.Reason } });
            }
        });
    }

    // The framework adds the path to everything it logs within a request; what a client writes there is not for the log.
    private sealed class WithoutClientText : Serilog.Core.ILogEventEnricher
    {
        public void Enrich(Serilog.Events.LogEvent logEvent, Serilog.Core.ILogEventPropertyFactory propertyFactory) => logEvent.RemovePropertyIfPresent("RequestPath");
    }

    // That the service does not start, and why, is told in a sentence.
    private static bool IsFailedStart(Serilog.Events.LogEvent told) => told.MessageTemplate.Text is "Hosting failed to start" or "Unable to start Kestrel.";

    // The server looks for the rest of a body after its client has gone, if that goes just then, and tells as an error that it cannot read on.
    private static bool IsDrainOfGoneClient(Serilog.Events.LogEvent logEvent) =>
        logEvent.Level == Serilog.Events.LogEventLevel.Error && logEvent.Properties.TryGetValue("EventId", out var id)
        && id is Serilog.Events.StructureValue { Properties: var parts } && parts.Any(p => p is { Name: "Name", Value: Serilog.Events.ScalarValue { Value: "RequestBodyDrainBodyReaderInvalidState" } });

    private static string Outcome(HttpContext context) =>
        context.Features.Get<OutcomeFeature>()?.Code ?? (context.Response.StatusCode < StatusCodes.Status400BadRequest ? "ok" : "failed");

    private static RequestFacts Facts(HttpContext context) => context.RequestServices.GetRequiredService<RequestFacts>();

    private static string Route(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    // A client can invent methods; one it invented is not for the log.
    private static string Method(HttpContext context) =>
        HttpMethods.GetCanonicalizedValue(context.Request.Method) is var method
        && (HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method)
            || HttpMethods.IsOptions(method) || HttpMethods.IsHead(method) || HttpMethods.IsPatch(method))
            ? method
            : "(other)";
}
