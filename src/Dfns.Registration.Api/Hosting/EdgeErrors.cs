using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace Dfns.Registration.Api.Hosting;

/// <summary>Failures that no handler answers, in the shape of all others. The one place where an exception becomes an answer.</summary>
internal static partial class EdgeErrors
{
    public static void UseEdgeErrors(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = AnswerExceptionAsync,
            // The line of the request carries the outcome; only the unforeseen is logged with its exception, below.
            SuppressDiagnosticsCallback = _ => true,
        });
        app.UseStatusCodePages(context => AnswerStatusAsync(context.HttpContext));
    }

    private static async Task AnswerExceptionAsync(HttpContext context)
    {
        var failure = context.Features.GetRequiredFeature<IExceptionHandlerFeature>();
        var exception = failure.Error;
        // For the request's log line and metric, which name the route.
        context.SetEndpoint(failure.Endpoint);
        if (context.RequestAborted.IsCancellationRequested) return;

        var error = exception switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => ErrorCatalog.BodyTooLarge,
            BadHttpRequestException => ErrorCatalog.RequestInvalid,
            TooBusyException => ErrorCatalog.ServiceBusy with { RetryAfterSeconds = 1 },
            _ when StorageFailure.Is(exception) => ErrorCatalog.StorageUnavailable with { RetryAfterSeconds = 1 },
            _ => ErrorCatalog.Internal,
        };
        // That too many wait is told by a metric and by each request's line.
        if (error.Status >= StatusCodes.Status500InternalServerError && exception is not TooBusyException)
        {
            Log.Unforeseen(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(EdgeErrors)), exception, error.Code);
        }

        await new ErrorResult(error).ExecuteAsync(context);
    }

    private static async Task AnswerStatusAsync(HttpContext context)
    {
        var error = context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ErrorCatalog.NotFound,
            StatusCodes.Status405MethodNotAllowed => ErrorCatalog.MethodNotAllowed,
            StatusCodes.Status413PayloadTooLarge => ErrorCatalog.BodyTooLarge,
            StatusCodes.Status415UnsupportedMediaType => ErrorCatalog.ContentTypeUnsupported,
            < StatusCodes.Status500InternalServerError => ErrorCatalog.RequestInvalid,
            _ => ErrorCatalog.Internal,
        };
        await new ErrorResult(error).ExecuteAsync(context);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A request failed: {Outcome}")]
        public static partial void Unforeseen(ILogger logger, Exception exception, string outcome);
    }
}
