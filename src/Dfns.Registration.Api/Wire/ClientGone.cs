using Microsoft.AspNetCore.Connections;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Wire;

/// <summary>A client that hung up before it had its answer: nobody's fault, and nothing to be answered.</summary>
internal static class ClientGone
{
    /// <summary>The outcome of such a request in log and metrics.</summary>
    public const string Outcome = "client_gone";

    /// <summary>The status in the log, which nobody is sent.</summary>
    public const int Status = StatusCodes.Status499ClientClosedRequest;

    /// <summary>Whether that is why something failed. The connection may be known to be reset, or a body to have ended with it, a moment before the request is.</summary>
    public static bool Is(HttpContext context, Exception exception)
    {
        if (context.RequestAborted.IsCancellationRequested || IsCutShort(context.Request, exception)) return true;
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is ConnectionResetException or ConnectionAbortedException) return true;
        }

        return false;
    }

    // Of a body whose length was told nothing can be malformed but its end.
    private static bool IsCutShort(HttpRequest request, Exception exception) =>
        exception is BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } && request.ContentLength is not null && !request.Headers.ContainsKey(HeaderNames.TransferEncoding);
}
