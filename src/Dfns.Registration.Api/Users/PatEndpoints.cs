using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Users;

/// <summary>The routes by which an employee lets programs in, with every outcome each can have.</summary>
internal static class PatEndpoints
{
    public static void MapPats(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Personal access tokens");

        group.MapPost("/pats", ManagePats.CreateAsync)
            .WithName("createPersonalAccessToken")
            .WithSummary("Create a personal access token")
            .WithDescription("For a program of the caller's, which signs its calls with the key whose public half is sent. It may do what both the caller and the permissions that are assigned to it permit, at each call. The answer alone tells the token. Needs Auth:Pats:Create.")
            .Accepts<CreatePatRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.EmployeeRequired, ErrorCatalog.LimitReached, ErrorCatalog.ExternalIdTaken, ErrorCatalog.PublicKeyAlreadyRegistered, ErrorCatalog.PermissionUnknown, ErrorCatalog.PermissionArchived, ErrorCatalog.OperationNotHeld)
            .Errors([.. RefusalErrors.OfPublicKeys])
            .BodyErrors().EdgeErrors();

        group.MapGet("/pats", ManagePats.ListAsync)
            .WithName("listPersonalAccessTokens")
            .AuditsReads(AuditActions.PatsRead)
            .WithSummary("List one's personal access tokens")
            .WithDescription("Those of the caller, the oldest first; deleted ones are not among them.")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.EmployeeRequired)
            .EdgeErrors();

        group.MapGet("/pats/{tokenId}", ManagePats.GetAsync)
            .WithName("getPersonalAccessToken")
            .AuditsReads(AuditActions.PatsRead)
            .WithSummary("Look at a personal access token")
            .WithDescription("One of the caller's own.")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.EmployeeRequired, ErrorCatalog.PatUnknown)
            .EdgeErrors();

        group.MapPut("/pats/{tokenId}", ManagePats.UpdateAsync)
            .WithName("updatePersonalAccessToken")
            .WithSummary("Update a personal access token")
            .WithDescription("Another name, or another external id; what it may do and its key stay.")
            .Accepts<UpdatePatRequest>("application/json")
            .ChangesPat().Errors(ErrorCatalog.ExternalIdTaken);

        group.MapPut("/pats/{tokenId}/activate", ManagePats.ActivateAsync)
            .WithName("activatePersonalAccessToken")
            .WithSummary("Activate a personal access token")
            .WithDescription("It counts again, until it expires; what it had signed stays ended.")
            .ChangesPat();

        group.MapPut("/pats/{tokenId}/deactivate", ManagePats.DeactivateAsync)
            .WithName("deactivatePersonalAccessToken")
            .WithSummary("Deactivate a personal access token")
            .WithDescription("It counts no longer until it is activated, nor do the calls that it has signed.")
            .ChangesPat();

        group.MapDelete("/pats/{tokenId}", ManagePats.DeleteAsync)
            .WithName("deletePersonalAccessToken")
            .WithSummary("Delete a personal access token")
            .WithDescription("Ends it for good, with its key.")
            .ChangesPat();
    }

    private static RouteHandlerBuilder ChangesPat(this RouteHandlerBuilder endpoint) =>
        endpoint.RequireUserAction().Errors(ErrorCatalog.EmployeeRequired, ErrorCatalog.PatUnknown).BodyErrors().EdgeErrors();
}
