using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// <c>POST /auth/login/social</c>: an ID token of the organisation's provider for a session of the user it belongs to. A token signs in once:
/// unlike a registration, which completes once however often it is started, each sign-in would be another session.
/// </summary>
internal static class SocialLogin
{
    internal static async Task<Results<Ok<LoginResponse>, ErrorResult>> LoginAsync(
        HttpRequest http, AttemptBudgets budgets, IdTokenValidator validator, ProviderSignIn signIn, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<SocialRequest>(http, SocialOptions.BodySizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        if (request.KindFault() is { } badKind) return (ErrorResult)badKind;

        if (await budgets.TakeAsync(http.HttpContext, request.OrgId, ct) is { } tooMany) return (ErrorResult)tooMany;
        if ((await validator.ValidateAsync(request.OrgId, request.IdToken, request.Nonce, ct)).Failed(out error, out var identity)) return (ErrorResult)error;
        return (await signIn.OpenAsync(http, identity, request.IdToken, ct)).Failed(out error, out var session) ? (ErrorResult)error : TypedResults.Ok(session);
    }
}
