using System.Runtime.ExceptionServices;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace Dfns.Registration.Api.Hosting;

/// <summary>Failures that no handler answers, in the shape of all others. The one place where an exception becomes an answer.</summary>
internal static partial class EdgeErrors
{
    /// <summary>
    /// Tells the server, outside of everything that logs an exception, that there is no more to be read of a client that has gone: else it
    /// would look for the rest of the body, and tell as a fault that there is none. As a filter of the start: what the framework itself puts
    /// around the service, as its page of exceptions in Development, logs exceptions too.
    /// </summary>
    public static void AddClientGone(this IServiceCollection services) => services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, ClientGoneFilter>());

    public static void UseEdgeErrors(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = AnswerExceptionAsync,
            // The line of the request carries the outcome; only the unforeseen is logged with its exception, below.
            SuppressDiagnosticsCallback = _ => true,
        });
        app.Use(EndQuietlyAsync);
        app.UseStatusCodePages(context => AnswerStatusAsync(context.HttpContext));
        app.Use(RefuseOtherCodingsAsync);
    }

    // The server reads whatever ends in chunked as chunked (RFC 9112 §6.1), and so may a proxy before it not: where the two do not agree on where a request
    // ends, the next one is somebody else's. No client of this service has a reason to send anything but just that.
    private static async Task RefuseOtherCodingsAsync(HttpContext context, RequestDelegate next)
    {
        var codings = context.Request.Headers.TransferEncoding;
        if (codings.Count == 0 || (codings is [{ } only] && only.Trim().Equals("chunked", StringComparison.OrdinalIgnoreCase) && !HttpProtocol.IsHttp10(context.Request.Protocol)))
        {
            await next(context);
            return;
        }

        context.Response.Headers.Connection = "close";
        await new ErrorResult(ErrorCatalog.RequestInvalid).ExecuteAsync(context);
    }

    // Whoever hung up is sent nothing, and whatever their request was cut off in is no fault. That something else went wrong as well is told, in
    // a line.
    private static async Task EndQuietlyAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (ClientGone.Is(context, e))
        {
            if (!StorageFailure.IsCutOff(e)) Log.FailedUnheard(Logger(context), e.GetType().Name);
            if (!context.Response.HasStarted)
            {
                context.Response.Clear();
                context.Response.StatusCode = ClientGone.Status;
            }

            // An answer that was decided, and not heard, is told as it was.
            if (context.Features.Get<OutcomeFeature>() is null) context.Features.Set(new OutcomeFeature(ClientGone.Outcome, Reason: null));
            if (e is BadHttpRequestException cutShort) context.Features.Set(new CutShort(cutShort));
        }
    }

    private static ILogger Logger(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(EdgeErrors));

    private static async Task AnswerExceptionAsync(HttpContext context)
    {
        var failure = context.Features.GetRequiredFeature<IExceptionHandlerFeature>();
        var exception = failure.Error;
        // For the request's log line and metric, which name the route.
        context.SetEndpoint(failure.Endpoint);
        var error = exception switch
        {
            BadHttpRequestException bad => JsonBody.Fault(bad),
            TooBusyException => ErrorCatalog.ServiceBusy,
            TooManyCallsException many => ErrorCatalog.TooManyRequests with { RetryAfterSeconds = (int)Math.Ceiling(many.Wait.TotalSeconds) },
            _ when StorageFailure.Is(exception) => ErrorCatalog.StorageUnavailable,
            _ => ErrorCatalog.Internal,
        };
        // That too many wait is told by a metric and by each request's line.
        if (error.Code == ErrorCatalog.StorageUnavailable.Code) Log.StorageFailed(Logger(context), StorageFailure.SqlState(exception), StorageFailure.Words(exception));
        else if (error.Status >= StatusCodes.Status500InternalServerError && exception is not TooBusyException) Log.Unforeseen(Logger(context), exception, error.Code);

        await new ErrorResult(error).ExecuteAsync(context);
    }

    private static async Task AnswerStatusAsync(HttpContext context)
    {
        var error = context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed when OtherCalls.Find(context.Request.Path) is { } other => other,
            StatusCodes.Status404NotFound => ErrorCatalog.NotFound,
            StatusCodes.Status405MethodNotAllowed => ErrorCatalog.MethodNotAllowed,
            StatusCodes.Status413PayloadTooLarge => ErrorCatalog.BodyTooLarge,
            StatusCodes.Status415UnsupportedMediaType => ErrorCatalog.ContentTypeUnsupported,
            < StatusCodes.Status500InternalServerError => ErrorCatalog.RequestInvalid,
            _ => ErrorCatalog.Internal,
        };
        await new ErrorResult(error).ExecuteAsync(context);
    }

    private sealed class ClientGoneFilter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(EndGoneAsync);
            next(app);
        };

        private static async Task EndGoneAsync(HttpContext context, RequestDelegate next)
        {
            await next(context);
            if (context.Features.Get<CutShort>() is { } cutShort) ExceptionDispatchInfo.Throw(cutShort.Exception);
            if (context.RequestAborted.IsCancellationRequested) throw new BadHttpRequestException("The client has gone.", ClientGone.Status);
        }
    }

    /// <summary>What reading a body threw that ended with its connection.</summary>
    private sealed record CutShort(BadHttpRequestException Exception);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A request failed: {Outcome}")]
        public static partial void Unforeseen(ILogger logger, Exception exception, string outcome);

        [LoggerMessage(Level = LogLevel.Error, Message = "A request failed by the database: {SqlState} {Words}")]
        public static partial void StorageFailed(ILogger logger, string? sqlState, string words);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A request failed whose client had gone: {Fault}")]
        public static partial void FailedUnheard(ILogger logger, string fault);
    }
}
