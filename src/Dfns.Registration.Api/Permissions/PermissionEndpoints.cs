using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Permissions;

/// <summary>The routes of named sets of operations and of whose they are, with every outcome each can have.</summary>
internal static class PermissionEndpoints
{
    private static readonly QueryParameter Limit = new("limit", "How many a page has at most: 1 to 200; 100 when it is left out.");
    private static readonly QueryParameter PaginationToken = new("paginationToken", "The nextPageToken of the page before.");

    public static void MapPermissions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Permissions");

        group.MapPost("/permissions", ManagePermissions.CreateAsync)
            .WithName("createPermission")
            .WithSummary("Create a permission")
            .WithDescription($"A named set of operations, each of which the caller must hold. Those that there are: {string.Join(", ", Permission.All)}. Needs Permissions:Create.")
            .Accepts<CreatePermissionRequest>("application/json")
            .Permitted().RequireUserAction().Grants()
            .Errors(ErrorCatalog.OperationUnknown, ErrorCatalog.OperationNotServed, ErrorCatalog.PermissionLimitReached)
            .BodyErrors().EdgeErrors();

        group.MapGet("/permissions", ManagePermissions.ListAsync)
            .WithName("listPermissions")
            .AuditsReads(AuditActions.PermissionsRead)
            .WithSummary("List the permissions")
            .WithDescription("Those of the caller's organisation in the order in which they were created, archived ones among them, a page at a time. Needs Permissions:Read.")
            .WithMetadata(Limit, PaginationToken)
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid)
            .EdgeErrors();

        group.MapGet("/permissions/{permissionId}", ManagePermissions.GetAsync)
            .WithName("getPermission")
            .AuditsReads(AuditActions.PermissionsRead)
            .WithSummary("Look at a permission")
            .WithDescription("Needs Permissions:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.PermissionUnknown)
            .EdgeErrors();

        group.MapPut("/permissions/{permissionId}", ManagePermissions.UpdateAsync)
            .WithName("updatePermission")
            .WithSummary("Update a permission")
            .WithDescription("Another name, or just these operations; the caller must hold each that is new. It counts from the next call of whomever it is assigned to. Needs Permissions:Update.")
            .Accepts<UpdatePermissionRequest>("application/json")
            .Permitted().RequireUserAction().Grants()
            .Errors(ErrorCatalog.PermissionUnknown, ErrorCatalog.PermissionArchived, ErrorCatalog.OperationUnknown, ErrorCatalog.OperationNotServed)
            .BodyErrors().EdgeErrors();

        group.MapPut("/permissions/{permissionId}/archive", ManagePermissions.ArchiveAsync)
            .WithName("archivePermission")
            .WithSummary("Archive a permission, or take it back")
            .WithDescription("An archived permission permits nothing to anybody, and keeps its assignments; whoever takes it back must hold each of its operations. Needs Permissions:Archive.")
            .Accepts<ArchivePermissionRequest>("application/json")
            .Permitted().RequireUserAction().Grants()
            .Errors(ErrorCatalog.PermissionUnknown)
            .BodyErrors().EdgeErrors();

        group.MapPost("/permissions/{permissionId}/assignments", AssignPermissions.AssignAsync)
            .WithName("createAssignment")
            .WithSummary("Assign a permission")
            .WithDescription("To an employee or a service account; the caller must hold each of its operations. It counts from the next call. Needs Permissions:Assign.")
            .Accepts<CreateAssignmentRequest>("application/json")
            .Permitted().RequireUserAction().Grants()
            .Errors(ErrorCatalog.PermissionUnknown, ErrorCatalog.PermissionArchived, ErrorCatalog.UserUnknown, ErrorCatalog.PermissionAlreadyAssigned, ErrorCatalog.LimitReached)
            .BodyErrors().EdgeErrors();

        group.MapGet("/permissions/{permissionId}/assignments", AssignPermissions.ListAsync)
            .WithName("listAssignments")
            .AuditsReads(AuditActions.PermissionsRead)
            .WithSummary("List whose a permission is")
            .WithDescription("In the order in which it was assigned, a page at a time. Needs Permissions:Assignments:Read.")
            .WithMetadata(Limit, PaginationToken)
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid, ErrorCatalog.PermissionUnknown)
            .EdgeErrors();

        group.MapDelete("/permissions/{permissionId}/assignments/{assignmentId}", AssignPermissions.RevokeAsync)
            .WithName("deleteAssignment")
            .WithSummary("Revoke a permission")
            .WithDescription("It counts from the next call of whoever had it. Needs Permissions:Revoke. There is no approval to bypass: force means nothing here.")
            .WithMetadata(new QueryParameter("force", "Of no meaning here."))
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.PermissionUnknown, ErrorCatalog.AssignmentUnknown)
            .BodyErrors().EdgeErrors();
    }

    // What is handed on has to be the caller's own.
    private static RouteHandlerBuilder Grants(this RouteHandlerBuilder endpoint) => endpoint.Errors(ErrorCatalog.OperationNotHeld);
}
