using System.Globalization;
using Dfns.Registration.Api.Errors;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Wire;

/// <summary>
/// Writes the wire shape of an error; the only place that does:
/// <c>{"error":{"status":400,"code":"…","message":"…","help":"…","path":"$.…"},"message":"…"}</c>. Clients differ in whether they read
/// the message inside or at the top, so it stands in both.
/// </summary>
internal sealed class ErrorResult(ApiError error) : IResult
{
    public ApiError Error => error;

    public static implicit operator ErrorResult(ApiError error) => new(error);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = error.Status;
        response.Headers.CacheControl = "no-store";
        if (error.Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        if (error.RetryAfterSeconds is { } seconds) response.Headers[HeaderNames.RetryAfter] = seconds.ToString(CultureInfo.InvariantCulture);
        httpContext.Features.Set(new OutcomeFeature(error.Code, error.Reason));
        await response.WriteAsJsonAsync(ErrorBody.Of(error), Wire.WireJson.Options, httpContext.RequestAborted);
    }
}

/// <summary>The outcome code of a request, and the reason behind it, for its log line and its metric.</summary>
internal sealed record OutcomeFeature(string Code, string? Reason);

/// <summary>The wire shape of every error.</summary>
public sealed record ErrorBody(ErrorDetail Error, string Message)
{
    public static ErrorBody Of(ApiError error) =>
        new(new ErrorDetail(error.Status, error.Code, error.Message, error.Help, error.Path), error.Message);
}

/// <summary>What is wrong, for a program (<c>code</c>, <c>path</c>) and for a person (<c>message</c>, <c>help</c>).</summary>
public sealed record ErrorDetail(int Status, string Code, string Message, string? Help, string? Path);
