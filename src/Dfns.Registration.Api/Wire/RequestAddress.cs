namespace Dfns.Registration.Api.Wire;

/// <summary>Where a request came from.</summary>
internal static class RequestAddress
{
    /// <summary>The peer's IP address, or what a configured proxy says it is; null where there is none. For the audit trail.</summary>
    public static string? RemoteAddress(this HttpRequest request) => request.HttpContext.Connection.RemoteIpAddress?.ToString();
}
