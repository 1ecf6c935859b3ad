using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>
/// What <c>/console.html</c> shows: organisations, users, the audit trail, and invitations. Nobody signs in for it, so it exists in
/// Development only, and <see cref="ConsoleGuard"/> keeps other pages of the developer's browser out.
/// </summary>
internal static class ConsoleEndpoints
{
    /// <summary>Adds the guard and the endpoints behind it. Comes before CORS, which would let the pages of every organisation in.</summary>
    public static void UseConsole(this WebApplication app)
    {
        app.UseConsoleGuard();

        // In no document: it is no part of the API.
        var group = app.MapGroup(ConsoleGuard.Path).ExcludeFromDescription();

        group.MapGet("/organisations", ListOrganisationsAsync)
            .Errors(ErrorCatalog.ConsoleForeign).EdgeErrors();
        group.MapGet("/organisations/{organisationId}/users", ListUsersAsync)
            .Errors(ErrorCatalog.ConsoleForeign).EdgeErrors();
        group.MapGet("/organisations/{organisationId}/audit", ListEventsAsync)
            .Errors(ErrorCatalog.ConsoleForeign).EdgeErrors();
        group.MapPost("/organisations/{organisationId}/users", InviteAsync)
            .Errors(ErrorCatalog.ConsoleForeign, ErrorCatalog.OrganisationUnknown, ErrorCatalog.UserAlreadyExists, ErrorCatalog.UsernameMixesScripts, ErrorCatalog.ChangedMeanwhile).BodyErrors().EdgeErrors();
        group.MapPost("/organisations/{organisationId}/users/{userId}/invitation", InviteAgainAsync)
            .Errors(ErrorCatalog.ConsoleForeign, ErrorCatalog.UserNotFound).EdgeErrors();
    }

    private static async Task<Ok<ConsoleItems<ConsoleOrganisation>>> ListOrganisationsAsync(ConsoleStore store, CancellationToken ct) =>
        Items(await store.ListOrganisationsAsync(ct));

    private static async Task<Ok<ConsoleItems<ConsoleUser>>> ListUsersAsync(string organisationId, ConsoleStore store, CancellationToken ct) =>
        Items(await store.ListUsersAsync(organisationId, ct));

    private static async Task<Ok<ConsoleItems<ConsoleEvent>>> ListEventsAsync(string organisationId, string? userId, ConsoleStore store, CancellationToken ct) =>
        Items(await store.ListEventsAsync(organisationId, userId, ct));

    private static async Task<Results<Ok<ConsoleInvitation>, ErrorResult>> InviteAsync(
        string organisationId, HttpRequest http, OrganisationStore organisations, UserStore users, CodeStore codes, Changes changes, Audit audit, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<ConsoleInvitationRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        var username = request.Username;
        if (UserStore.NameFault(username) is { } fault) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying(fault).At("$.username");
        if (request.Kind is not (nameof(UserKind.EndUser) or nameof(UserKind.CustomerEmployee))) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Use EndUser or CustomerEmployee.").At("$.kind");
        if (await organisations.FindRelyingPartyAsync(organisationId, ct) is not { } relyingParty) return (ErrorResult)ErrorCatalog.OrganisationUnknown;

        if (users.Add(relyingParty, username, Enum.Parse<UserKind>(request.Kind)).Failed(out error, out var user)) return (ErrorResult)error.At("$.username");
        var invited = codes.Issue(user);
        audit.ByOperator(user, AuditActions.UserInvited);
        // The name was taken, that is: an invitation from here carries no external id.
        if (await changes.TrySaveAsync(ct) is { } lost) return (ErrorResult)(lost.Taken ?? ErrorCatalog.ChangedMeanwhile).At("$.username");
        return TypedResults.Ok(Invitation(http, username, invited));
    }

    private static async Task<Results<Ok<ConsoleInvitation>, ErrorResult>> InviteAgainAsync(
        string organisationId, string userId, HttpRequest http, ConsoleStore store, CodeStore codes, Changes changes, Audit audit, CancellationToken ct)
    {
        if (await store.FindUserAsync(organisationId, userId, ct) is not { } user) return (ErrorResult)ErrorCatalog.UserNotFound;
        // The page offers it for nobody else.
        if (await codes.IssueAgainAsync(user, ct) is not { } invited) return (ErrorResult)ErrorCatalog.UserNotFound;
        audit.ByOperator(user, AuditActions.UserInvited, note: "again");
        await changes.SaveAsync(ct);
        return TypedResults.Ok(Invitation(http, user.Username, invited));
    }

    private static ConsoleInvitation Invitation(HttpRequest http, string username, IssuedCode invited) => new(
        invited.UserId, username, DemonstrationSetup.RegistrationLink(http.HttpContext.RequestServices, username, invited), invited.ExpiresAt);

    private static Ok<ConsoleItems<T>> Items<T>(IReadOnlyList<T> items) => TypedResults.Ok(new ConsoleItems<T>(items));
}
