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
    }
}
