using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>
/// What <c>/console.html</c> shows: organisations, users, the audit trail, and invitations. Nobody signs in for it, so it exists in
/// Development only, and <see cref="ConsoleGuard"/> keeps other pages of the developer's browser out.
/// </summary>
internal static class ConsoleEndpoints
{
    private const int MostItems = 200;

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
            .Errors(ErrorCatalog.ConsoleForeign, ErrorCatalog.OrganisationUnknown, ErrorCatalog.UserAlreadyExists).BodyErrors().EdgeErrors();
        group.MapPost("/organisations/{organisationId}/users/{userId}/invitation", InviteAgainAsync)
            .Errors(ErrorCatalog.ConsoleForeign, ErrorCatalog.UserNotFound).EdgeErrors();
    }

    private static async Task<Ok<ConsoleItems<ConsoleOrganisation>>> ListOrganisationsAsync(RegistrationDbContext db, CancellationToken ct) =>
        Items(await db.Organisations.AsNoTracking().Where(o => o.RelyingParty != null).OrderByDescending(o => o.CreatedAt).Take(MostItems)
            .Select(o => new ConsoleOrganisation(
                o.Id,
                o.Name,
                o.CreatedAt,
                o.RelyingParty!.RelyingPartyId,
                o.RelyingParty.Origins,
                db.Users.Count(u => u.OrganisationId == o.Id),
                db.Users.Count(u => u.OrganisationId == o.Id && u.RegisteredAt != null)))
            .ToListAsync(ct));

    private static async Task<Ok<ConsoleItems<ConsoleUser>>> ListUsersAsync(string organisationId, RegistrationDbContext db, CancellationToken ct)
    {
        var users = await db.Users.AsNoTracking().Where(u => u.OrganisationId == organisationId).OrderByDescending(u => u.CreatedAt).Take(MostItems).ToListAsync(ct);
        var ids = users.ConvertAll(u => u.Id);
        var credentials = (await db.Credentials.AsNoTracking().Where(c => c.OrganisationId == organisationId && ids.Contains(c.UserId)).ToListAsync(ct)).ToLookup(c => c.UserId);
        var invited = (await db.Codes.AsNoTracking().Where(c => c.OrganisationId == organisationId && c.Purpose == CodePurpose.Registration && ids.Contains(c.UserId)).Select(c => c.UserId).ToListAsync(ct)).ToHashSet(StringComparer.Ordinal);
        return Items(users.ConvertAll(u => new ConsoleUser(
            u.Id,
            u.Username,
            u.Kind.ToString(),
            u.IsServiceAccount,
            u.IsActive,
            u.CreatedAt,
            u.RegisteredAt,
            invited.Contains(u.Id) && u.RegisteredAt is null && u.IsActive,
            [
                .. credentials[u.Id].OrderBy(c => c.Status).ThenBy(c => c.CreatedAt).ThenBy(c => c.Slot)
                    .Select(c => new ConsoleCredential(c.Uuid, c.Name, c.Kind.ToString(), c.Slot.ToString(), c.Status.ToString(), c.CreatedAt, c.UsedAt)),
            ])));
    }

    private static async Task<Ok<ConsoleItems<ConsoleEvent>>> ListEventsAsync(string organisationId, string? userId, RegistrationDbContext db, CancellationToken ct)
    {
        var events = db.AuditEvents.AsNoTracking().Where(e => e.OrganisationId == organisationId);
        if (userId is not null)
        {
            // Of a user: what was done to it or to a credential of it, and what it did itself.
            events = events.Where(e => e.SubjectId == userId || e.Actor == userId
                || db.Credentials.Any(c => c.OrganisationId == organisationId && c.UserId == userId && c.Uuid == e.SubjectId));
        }

        return Items(await events.OrderByDescending(e => e.At).ThenByDescending(e => e.Id).Take(MostItems)
            .Select(e => new ConsoleEvent(e.Id, e.At, e.Action, e.Actor, e.SubjectId, e.RemoteAddress, e.Note)).ToListAsync(ct));
    }

    private static async Task<Results<Ok<ConsoleInvitation>, ErrorResult>> InviteAsync(
        string organisationId, HttpRequest http, RegistrationDbContext db, UserStore users, Audit audit, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<ConsoleInvitationRequest>(http, RegistrationOptions.SmallBodySizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        if (Member.Text(request.Username, "$.username", Limits.UsernameLength).Failed(out error, out var username)) return (ErrorResult)error;
        if (UserStore.NameFault(username) is { } fault) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying(fault).At("$.username");
        if (request.Kind is not (nameof(UserKind.EndUser) or nameof(UserKind.CustomerEmployee))) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Use EndUser or CustomerEmployee.").At("$.kind");
        if (!await db.Organisations.AnyAsync(o => o.Id == organisationId, ct)) return (ErrorResult)ErrorCatalog.OrganisationUnknown;

        var invited = users.Invite(organisationId, username, Enum.Parse<UserKind>(request.Kind));
        audit.ByOperator(organisationId, AuditActions.UserInvited, invited.UserId);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException e) when (UniqueViolation.Of(e) is { } taken)
        {
            // The name, that is: an invitation from here carries no external id.
            return (ErrorResult)taken.At("$.username");
        }

        return TypedResults.Ok(Invitation(http, username, invited));
    }

    private static async Task<Results<Ok<ConsoleInvitation>, ErrorResult>> InviteAgainAsync(
        string organisationId, string userId, HttpRequest http, RegistrationDbContext db, UserStore users, Audit audit, CancellationToken ct)
    {
        if (await db.Users.SingleOrDefaultAsync(u => u.OrganisationId == organisationId && u.Id == userId, ct) is not { } user) return (ErrorResult)ErrorCatalog.UserNotFound;
        // The page offers it for nobody else.
        if (await users.InviteAgainAsync(user, ct) is not { } invited) return (ErrorResult)ErrorCatalog.UserNotFound;
        audit.ByOperator(organisationId, AuditActions.UserInvited, user.Id, note: "again");
        await db.SaveChangesAsync(ct);
        return TypedResults.Ok(Invitation(http, user.Username, invited));
    }

    private static ConsoleInvitation Invitation(HttpRequest http, string username, IssuedCode invited) => new(
        invited.UserId, username, DemonstrationSetup.RegistrationLink(DemonstrationSetup.PageOrigin(http.HttpContext.RequestServices), username, invited), invited.ExpiresAt);

    private static Ok<ConsoleItems<T>> Items<T>(IReadOnlyList<T> items) => TypedResults.Ok(new ConsoleItems<T>(items));
}
