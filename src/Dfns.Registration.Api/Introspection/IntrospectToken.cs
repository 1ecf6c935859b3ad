using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Introspection;

/// <summary>
/// <c>POST /auth/introspect</c> (RFC 7662): a back end asks whether an access token still counts. It is told of its own organisation's alone,
/// and of everything else the one thing that it is not active.
/// </summary>
internal static class IntrospectToken
{
    internal static async Task<Results<Ok<IntrospectionResponse>, ErrorResult>> IntrospectAsync(
        HttpRequest http, TokenService tokens, CallerReader callers, CancellationToken ct)
    {
        // Who calls is looked up together with what is asked about; what is wrong with the body is told to callers alone.
        if (await callers.ReadTokenAsync(http, ct) is not { } reference) return (ErrorResult)ErrorCatalog.NotAuthorized;
        var isMissing = ReadToken(await FormBody.ReadAsync(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var token);
        if (isMissing && error!.Code == ErrorCatalog.ServiceBusy.Code) return (ErrorResult)error;
        var about = isMissing ? null : await tokens.ReadAsync(token, TokenPurpose.Access, ct);
        var (caller, holder) = await callers.ReadAboutAsync(reference, about, ct);
        if (caller is null) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.LackingAsServiceAccount(Permission.IntrospectTokens) is { } lacking) return (ErrorResult)lacking;
        if (isMissing) return (ErrorResult)error!;
        return TypedResults.Ok(holder is null ? IntrospectionResponse.Inactive : IntrospectionResponse.Of(holder, tokens.Issuer));
    }

    // §2.1: that the caller takes it for a token of some type helps nothing here, where there is one.
    private static Checked<string> ReadToken(Checked<FormBody> read) => read.Failed(out var error, out var form) ? error : form.Required("token");
}
