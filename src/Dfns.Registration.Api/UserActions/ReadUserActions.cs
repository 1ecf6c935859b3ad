using System.Globalization;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.UserActions;

/// <summary><c>GET /auth/action/logs</c> and <c>GET /auth/action/logs/{id}</c>: what was signed in the organisation, and what proves it.</summary>
internal static class ReadUserActions
{
    /// <summary>Rows of an export at most.</summary>
    public const int Most = 100_000;

    private const string Truncated = "X-Dfns-Result-Truncated";
    private static readonly string[] Title = ["Date Performed", "Audit Log ID", "User ID", "Username", "Primary Credential ID", "Action Path", "Summary"];
    private static readonly string[] Rfc3339 = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    internal static async Task<Results<PushStreamHttpResult, ErrorResult>> ListAsync(HttpRequest http, CallerReader callers, SignedActionStore actions, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadLogs) is { } lacking) return (ErrorResult)lacking;
        if (QueryNames.Fault(http) is { } fault) return (ErrorResult)fault;
        if (Instant(http, "startTime").Failed(out var error, out var start)) return (ErrorResult)error;
        if (Instant(http, "endTime").Failed(out error, out var end)) return (ErrorResult)error;
        if (end <= start) return (ErrorResult)ErrorCatalog.QueryInvalid.Saying("Use one that is later than startTime.").At("endTime");
        var user = http.Query["userId"] is { Count: > 0 } id ? id.ToString() : null;
        if (user?.Length is 0 or > Limits.IdLength) return (ErrorResult)ErrorCatalog.QueryInvalid.Saying("Use the id of a user, such as us-….").At("userId");

        var query = new SignedActionsQuery(caller.OrganisationId, start, end, user);
        var isTruncated = await actions.IsMoreAsync(query, Most, ct);
        if (isTruncated) http.HttpContext.Response.Headers[Truncated] = "true";
        return CsvExport.Ok(http, Title, CellsAsync(actions.ListAsync(query, Most, ct)), isTruncated ? $"# TRUNCATED after {Most} rows; use a shorter range" : null, ct);
    }

    internal static async Task<Results<Ok<SignedActionResponse>, ErrorResult>> GetAsync(
        HttpRequest http, string id, CallerReader callers, SignedActionStore actions, RequestFacts facts, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadLogs) is { } lacking) return (ErrorResult)lacking;
        if (await actions.FindAsync(caller.OrganisationId, id, ct) is not { } action) return (ErrorResult)ErrorCatalog.LogUnknown;
        facts.SubjectId = action.SignerId;
        return TypedResults.Ok(SignedActionResponse.Of(action));
    }

    private static Checked<DateTimeOffset> Instant(HttpRequest http, string name) =>
        DateTimeOffset.TryParseExact(http.Query[name].ToString(), Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at.ToUniversalTime()
            : ErrorCatalog.QueryInvalid.Saying("Use a moment as RFC 3339 writes it, such as 2026-11-23T12:00:00Z.").At(name);

    private static async IAsyncEnumerable<string[]> CellsAsync(IAsyncEnumerable<ListedAction> actions)
    {
        await foreach (var action in actions)
        {
            yield return
            [
                WireTime.Of(action.PerformedAt ?? action.SignedAt), action.Id, action.SignerId, action.Username, action.CredentialUuid, action.Path,
                $"{action.Method} {action.Path}{(action.PerformedAt is null ? ": signed and not done" : "")}",
            ];
        }
    }
}
