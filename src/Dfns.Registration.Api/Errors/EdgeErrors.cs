using System.Data.Common;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Dfns.Registration.Api.Errors;

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
            _ when IsStorageFailure(exception) => ErrorCatalog.StorageUnavailable with { RetryAfterSeconds = 1 },
            _ => ErrorCatalog.Internal,
        };
        if (error.Status >= StatusCodes.Status500InternalServerError)
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

    // A database that is away shows as a driver's exception, wrapped by EF Core once it has given up repeating.
    internal static bool IsStorageFailure(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            // SQLite: busy, locked, read-only, I/O error, full, cannot open, no database. PostgreSQL: it answers, but not to this user, or has no
            // such database.
            if (e is RetryLimitExceededException or DbException { IsTransient: true } or SqliteException { SqliteErrorCode: 5 or 6 or 8 or 10 or 13 or 14 or 26 }
                or PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege })
            {
                return true;
            }
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A request failed: {Outcome}")]
        public static partial void Unforeseen(ILogger logger, Exception exception, string outcome);
    }
}
