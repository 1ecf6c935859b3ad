using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Registration;

/// <summary>
/// <c>POST /auth/registration/delegated</c> and <c>…/restart</c>: a service account vouches for an end user, whose device completes the
/// registration. No code, no mail.
/// </summary>
internal static class DelegatedRegistration
{
    internal static async Task<Results<Ok<RegistrationChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, SignedCalls calls, UserStore users, RegistrationStore store, Audit audit, TokenService tokens, CancellationToken ct)
    {
        if ((await ReadAsync(http, calls, ct)).Failed(out var error, out var asked)) return (ErrorResult)error;

        if (users.Add(asked.Call.Caller.RelyingParty, asked.Username, UserKind.EndUser, asked.ExternalId).Failed(out error, out var user)) return (ErrorResult)error.At("$.email");
        return await OpenAsync(http, asked.Call, user, calls, users, store, audit, tokens, ct);
    }

    internal static async Task<Results<Ok<RegistrationChallengeResponse>, ErrorResult>> RestartAsync(
        HttpRequest http, SignedCalls calls, UserStore users, RegistrationStore store, Audit audit, TokenService tokens, CancellationToken ct)
    {
        if ((await ReadAsync(http, calls, ct)).Failed(out var error, out var asked)) return (ErrorResult)error;

        var user = await users.FindEndUserAsync(asked.Call.Caller.OrganisationId, asked.Username, ct);
        if (user is null) return (ErrorResult)ErrorCatalog.UserNotFound.At("$.email");
        return await OpenAsync(http, asked.Call, user, calls, users, store, audit, tokens, ct);
    }

    private static async Task<Checked<Delegation>> ReadAsync(HttpRequest http, SignedCalls calls, CancellationToken ct)
    {
        if ((await calls.ReadDelegatedAsync(http, Permission.RegisterDelegated, ct)).Failed(out var error, out var call)) return error;
        if (JsonBody.Parse<DelegatedRegistrationRequest>(call.Body).Failed(out error, out var request)) return error;
        if (UserStore.NameFault(request.Email) is { } fault) return ErrorCatalog.MemberInvalid.Saying(fault).At("$.email");
        if (string.IsNullOrEmpty(request.Kind)) return ErrorCatalog.MemberRequired.At("$.kind");
        if (request.Kind != nameof(UserKind.EndUser)) return ErrorCatalog.MemberInvalid.Saying("Use EndUser; employees are invited with POST /auth/users.").At("$.kind");
        return new Delegation(call, request.Email, request.ExternalId);
    }

    private static async Task<Results<Ok<RegistrationChallengeResponse>, ErrorResult>> OpenAsync(
        HttpRequest http, SignedCall call, User user, SignedCalls calls, UserStore users, RegistrationStore store, Audit audit, TokenService tokens, CancellationToken ct)
    {
        if ((await store.DelegateAsync(user, call.Caller.RelyingParty, call.Caller.User.Id, http.RemoteAddress(), ct)).Failed(out var error, out var session)) return (ErrorResult)error;
        audit.Add(user.OrganisationId, AuditActions.RegistrationDelegated, call.Caller.User.Id, user.Id, http.RemoteAddress(), told: EventData.Of(user));
        if (await calls.CommitDelegatedAsync(call, Permission.RegisterDelegated, ct) is { } conflict) return (ErrorResult)await users.ConflictAsync(user, conflict, ct);
        return TypedResults.Ok(await RegistrationChallenge.OfAsync(session.Ceremony, session.User, session.RelyingParty, tokens, ct));
    }

    /// <summary>What was asked for, and by whom.</summary>
    private sealed record Delegation(SignedCall Call, string Username, string? ExternalId);
}
