using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Applications;

/// <summary>
/// <c>GET /auth/apps</c> and <c>GET /auth/apps/{appId}</c>: programs of the hosted service were registered each with its origin, and older ones still ask. Here the origins
/// are the relying party's, and there are no applications.
/// </summary>
internal static class ApplicationEndpoints
{
    public static void MapApplications(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Users");

        group.MapGet("/apps", ListAsync)
            .WithName("listApplications")
            .AuditsReads(AuditActions.ApplicationsRead)
            .WithSummary("List the applications")
            .WithDescription("There are none: the origins of an organisation are those of its relying party, which the operator sets. Needs Auth:Apps:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized)
            .EdgeErrors();

        group.MapGet("/apps/{appId}", GetAsync)
            .WithName("getApplication")
            .AuditsReads(AuditActions.ApplicationsRead)
            .WithSummary("Look at an application")
            .WithDescription("There are none. Needs Auth:Apps:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.ApplicationUnknown)
            .EdgeErrors();
    }

    private static async Task<Results<Ok<ApplicationListResponse>, ErrorResult>> ListAsync(HttpRequest http, CallerReader callers, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        return caller.Lacking(Permission.ReadApplications) is { } lacking ? (ErrorResult)lacking : TypedResults.Ok(new ApplicationListResponse([]));
    }

    private static async Task<ErrorResult> GetAsync(HttpRequest http, CallerReader callers, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return ErrorCatalog.NotAuthorized;
        return caller.Lacking(Permission.ReadApplications) ?? ErrorCatalog.ApplicationUnknown;
    }
}

/// <summary>Answer of <c>GET /auth/apps</c>.</summary>
/// <param name="Items">Always empty.</param>
public sealed record ApplicationListResponse(IReadOnlyList<Application> Items);

/// <summary>An application; there are none.</summary>
public sealed record Application(string AppId, string Kind, string OrgId, string Name, bool IsActive);
