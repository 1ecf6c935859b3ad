using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.UserActions;

/// <summary>The routes of user action signing, with every outcome each can have.</summary>
internal static class UserActionEndpoints
{
    public static void MapUserActions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("User actions");

        group.MapPost("/action/init", InitUserAction.InitAsync)
            .WithName("createUserActionChallenge")
            .WithSummary("Start signing a call")
            .WithDescription("A challenge for one call that changes something, bound to the caller, its method, its path and its body.")
            .Accepts<InitUserActionRequest>("application/json")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.PayloadNotJson)
            .BodyErrors().EdgeErrors();

        group.MapPost("/action", CompleteUserAction.CompleteAsync)
            .WithName("signUserActionChallenge")
            .AuditsFailures(AuditActions.CallRefused)
            .WithSummary("Complete signing a call")
            .WithDescription("Answers with the userAction to send in the header X-DFNS-USERACTION of that one call.")
            .Accepts<AnswerRequest>("application/json")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized)
            .AnswerErrors()
            .BodyErrors().EdgeErrors();

        group.MapGet("/action/logs", ReadUserActions.ListAsync)
            .WithName("listAuditLogs")
            .AuditsReads(AuditActions.SignedActionsRead)
            .WithSummary("Export what was signed")
            .WithDescription($"Every call that was signed in a range of time, as CSV, the earliest first; to a client of the SDK, or one that accepts application/json alone, the same text as a JSON string. Of more than {ReadUserActions.Most} rows the rest is left out, which the header X-Dfns-Result-Truncated and the last line tell. Needs Auth:Logs:Read.")
            .WithMetadata(
                new QueryParameter("startTime", "From when on, such as 2026-11-23T12:00:00Z."),
                new QueryParameter("endTime", "Before when."),
                new QueryParameter("userId", "Of this user alone; of everybody when it is left out."))
            .Produces<string>(StatusCodes.Status200OK, "text/csv")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid)
            .EdgeErrors();

        group.MapGet("/action/logs/{id}", ReadUserActions.GetAsync)
            .WithName("getAuditLog")
            .AuditsReads(AuditActions.SignedActionsRead)
            .WithSummary("Look at what proves a signed call")
            .WithDescription("With the key as it was: it can be verified after the credential is gone. Needs Auth:Logs:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.LogUnknown)
            .EdgeErrors();
    }
}
