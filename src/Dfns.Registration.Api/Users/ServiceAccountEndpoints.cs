using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Users;

/// <summary>The routes by which an administrator manages the programs of the organisation, with every outcome each can have.</summary>
internal static class ServiceAccountEndpoints
{
    public static void MapServiceAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Service accounts");

        group.MapPost("/service-accounts", CreateServiceAccount.CreateAsync)
            .WithName("createServiceAccount")
            .WithSummary("Create a service account")
            .WithDescription("A program of the organisation, with a public key that the caller vouches for. The answer alone tells its token. With a permissionId the caller must hold each operation of that permission. Needs Auth:ServiceAccounts:Create.")
            .Accepts<CreateServiceAccountRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(
                ErrorCatalog.ServiceAccountLimitReached, ErrorCatalog.UserAlreadyExists, ErrorCatalog.InvitationEnded, ErrorCatalog.ExternalIdTaken, ErrorCatalog.PublicKeyAlreadyRegistered,
                ErrorCatalog.PermissionUnknown, ErrorCatalog.PermissionArchived, ErrorCatalog.OperationNotHeld)
            .Errors([.. RefusalErrors.OfPublicKeys])
            .BodyErrors().EdgeErrors();

        group.MapGet("/service-accounts", ReadServiceAccounts.ListAsync)
            .WithName("listServiceAccounts")
            .AuditsReads(AuditActions.ServiceAccountsRead)
            .WithSummary("List the service accounts")
            .WithDescription("Those of the caller's organisation in the order in which they were created, a page at a time; deleted ones are not among them. Needs Auth:ServiceAccounts:Read.")
            .WithMetadata(
                new QueryParameter("limit", "How many a page has at most: 1 to 200; 100 when it is left out."),
                new QueryParameter("paginationToken", "The nextPageToken of the page before."))
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid)
            .EdgeErrors();

        group.MapGet("/service-accounts/{serviceAccountId}", ReadServiceAccounts.GetAsync)
            .WithName("getServiceAccount")
            .AuditsFailures(AuditActions.CallRefused)
            .AuditsReads(AuditActions.ServiceAccountsRead)
            .WithSummary("Look at a service account")
            .WithDescription("Needs Auth:ServiceAccounts:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.ServiceAccountUnknown)
            .EdgeErrors();

        group.MapPut("/service-accounts/{serviceAccountId}", ChangeServiceAccount.UpdateAsync)
            .WithName("updateServiceAccount")
            .WithSummary("Update a service account")
            .WithDescription("Another name, or another external id; what it may do and its key stay. Needs Auth:ServiceAccounts:Update.")
            .Accepts<UpdateServiceAccountRequest>("application/json")
            .ChangesServiceAccount().Errors(ErrorCatalog.UserAlreadyExists, ErrorCatalog.InvitationEnded, ErrorCatalog.ExternalIdTaken);

        group.MapPut("/service-accounts/{serviceAccountId}/activate", ChangeServiceAccount.ActivateAsync)
            .WithName("activateServiceAccount")
            .WithSummary("Activate a service account")
            .WithDescription("Its token counts again, until it expires; what it had signed and vouched for stays ended. Needs Auth:ServiceAccounts:Activate.")
            .ChangesServiceAccount();

        group.MapPut("/service-accounts/{serviceAccountId}/deactivate", ChangeServiceAccount.DeactivateAsync)
            .WithName("deactivateServiceAccount")
            .WithSummary("Deactivate a service account")
            .WithDescription("Its token counts no longer until it is activated, and what is open on its word ends: the calls that it signed, sessions, registrations and recoveries of users. There is no approval to bypass: force means nothing here. Needs Auth:ServiceAccounts:Deactivate.")
            .ChangesServiceAccount().Errors(ErrorCatalog.OwnAccount);

        group.MapDelete("/service-accounts/{serviceAccountId}", ChangeServiceAccount.DeleteAsync)
            .WithName("deleteServiceAccount")
            .WithSummary("Delete a service account")
            .WithDescription("Ends it for good: its token, its key, and what is open on its word. Its name and its external id are free again. The audit trail stays. There is no approval to bypass: force means nothing here. Needs Auth:ServiceAccounts:Delete.")
            .WithMetadata(new QueryParameter("force", "Of no meaning here."))
            .ChangesServiceAccount().Errors(ErrorCatalog.OwnAccount);
    }

    private static RouteHandlerBuilder ChangesServiceAccount(this RouteHandlerBuilder endpoint) =>
        endpoint.Permitted().RequireUserAction().Errors(ErrorCatalog.ServiceAccountUnknown).BodyErrors().EdgeErrors();
}
