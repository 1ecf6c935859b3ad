using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Users;

/// <summary>The routes by which a back end or an administrator manages users, with every outcome each can have.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Users");

        group.MapPost("/users", CreateUser.CreateAsync)
            .WithName("createUser")
            .WithSummary("Invite an employee")
            .WithDescription("Creates an unregistered user without permissions and mails a registration code. Needs Auth:Users:Create.")
            .Accepts<CreateUserRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.UserAlreadyExists, ErrorCatalog.InvitationEnded, ErrorCatalog.UsernameMixesScripts, ErrorCatalog.ExternalIdTaken, ErrorCatalog.MailBusy)
            .BodyErrors().EdgeErrors();

        group.MapGet("/users", ReadUsers.ListAsync)
            .WithName("listUsers")
            .AuditsReads(AuditActions.UsersRead)
            .WithSummary("List the users")
            .WithDescription("The users of the caller's organisation in the order in which they were created, a page at a time; deleted users and service accounts are not among them. Needs Auth:Users:Read.")
            .WithMetadata(
                new QueryParameter("limit", "How many users a page has at most: 1 to 200; 100 when it is left out."),
                new QueryParameter("paginationToken", "The nextPageToken of the page before."),
                new QueryParameter("kind", "CustomerEmployee or EndUser; both when it is left out."))
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid)
            .EdgeErrors();

        group.MapGet("/users/{userId}", ReadUsers.GetAsync)
            .WithName("getUser")
            .AuditsFailures(AuditActions.CallRefused)
            .AuditsReads(AuditActions.UserRead)
            .WithSummary("Look at a user")
            .WithDescription("Needs Auth:Users:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.UserUnknown)
            .EdgeErrors();

        group.MapPut("/users/{userId}", ChangeUser.UpdateAsync)
            .WithName("updateUser")
            .WithSummary("Update a user")
            .WithDescription("Takes isSSORequired, which can only be false: nobody is bound to single sign-on here. Needs Auth:Users:Update.")
            .Accepts<UpdateUserRequest>("application/json")
            .ChangesUser();

        group.MapPut("/users/{userId}/activate", ChangeUser.ActivateAsync)
            .WithName("activateUser")
            .WithSummary("Activate a user")
            .WithDescription("The user can register and sign in again; everything that was open before stays ended, a registration code included. Needs Auth:Users:Activate.")
            .ChangesUser();

        group.MapPut("/users/{userId}/deactivate", ChangeUser.DeactivateAsync)
            .WithName("deactivateUser")
            .WithSummary("Deactivate a user")
            .WithDescription("Ends everything that is open of the user: sessions, signed calls, challenges, codes. The user can neither register nor sign in until activated. Needs Auth:Users:Deactivate.")
            .ChangesUser().Errors(ErrorCatalog.OwnAccount);

        group.MapDelete("/users/{userId}", ChangeUser.DeleteAsync)
            .WithName("deleteUser")
            .WithSummary("Delete a user")
            .WithDescription("Ends everything that is open and archives the credentials of the user for good; the name and the external id are free again. The audit trail stays. Needs Auth:Users:Delete.")
            .ChangesUser().Errors(ErrorCatalog.OwnAccount);
    }

    private static RouteHandlerBuilder ChangesUser(this RouteHandlerBuilder endpoint) =>
        endpoint.Permitted().RequireUserAction().Errors(ErrorCatalog.UserUnknown).BodyErrors().EdgeErrors();
}
