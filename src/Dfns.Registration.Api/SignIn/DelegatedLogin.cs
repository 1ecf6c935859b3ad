using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.SignIn;

/// <summary><c>POST /auth/login/delegated</c>: a session of an end user, for whom a service account vouches.</summary>
internal static class DelegatedLogin
{
    internal static async Task<Results<Ok<LoginResponse>, ErrorResult>> LoginAsync(
        HttpRequest http, SignedCalls calls, UserStore users, Sessions sessions, RequestFacts facts, CancellationToken ct)
    {
        if ((await calls.ReadDelegatedAsync(http, Permission.LoginDelegated, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<DelegatedLoginRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;

        // End users alone: an employee's session could do what the service account may not.
        if ((await users.FindVouchedForAsync(call.Caller.OrganisationId, request.Username, facts, ct)).Failed(out error, out var user)) return (ErrorResult)error;

        var session = sessions.Open(user, SessionProof.On(new Voucher(call.Caller.User.Id)), http.RemoteAddress(), "delegated", call.Caller.User.Id);
        if (await calls.CommitDelegatedAsync(call, Permission.LoginDelegated, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(new LoginResponse(await sessions.TokenAsync(session, ct)));
    }
}
