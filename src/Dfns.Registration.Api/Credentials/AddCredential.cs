using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Credentials;

/// <summary><c>POST /auth/credentials/init</c> and <c>POST /auth/credentials</c>: one more credential, for a caller with a session.</summary>
internal static class AddCredential
{
    internal static async Task<Results<Ok<CredentialChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, CredentialCallers callers, NewCredentials credentials, CancellationToken ct)
    {
        if ((await callers.ReadAsync(http, () => JsonBody.ReadAsync<InitCredentialRequest>(http, BodyLimits.SmallSizeBytes, ct), ct)).Failed(out var error, out var called)) return (ErrorResult)error;
        var (caller, request) = called;
        if (CredentialSlots.ReadKind(request.Kind, "$.kind", CredentialSlots.AllKinds).Failed(out error, out var kind)) return (ErrorResult)error;
        var binding = new NewCredentials.Binding(kind, CodeHash: null, caller.Token.Id);
        return (await credentials.OpenAsync(caller.User, caller.RelyingParty, binding, DateTimeOffset.MaxValue, ct)).Failed(out error, out var challenge) ? (ErrorResult)error : TypedResults.Ok(challenge);
    }

    internal static async Task<Results<Ok<CredentialResponse>, ErrorResult>> CreateAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, NewCredentials credentials, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<CreateCredentialRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;

        // The caller's own open challenge, of this very session; and not one that a code opened: that one is answered where the code is spent.
        if ((await credentials.FindAsync(request.ChallengeIdentifier, ct)).Failed(out error, out var issued)) return (ErrorResult)error;
        if (issued.Ceremony.ConsumedAt is not null || issued.User != call.Caller.User || issued.Binding.SessionId != call.Caller.Token.Id)
        {
            return (ErrorResult)ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");
        }

        if ((await credentials.AddAsync(issued, request, http.RemoteAddress(), ct)).Failed(out error, out var credential)) return (ErrorResult)error;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(CredentialResponse.Of(credential));
    }
}
