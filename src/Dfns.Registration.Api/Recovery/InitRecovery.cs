using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Recovery;

/// <summary><c>POST /auth/recover/user/init</c>: a recovery code for a challenge.</summary>
internal static class InitRecovery
{
    internal static async Task<Results<Ok<RecoveryChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, RecoveryStore store, TokenService tokens, RequestFacts facts, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<InitRecoveryRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        var (username, code, _, orgId, _) = request;
        if (ReadCredentialId(request.CredentialId).Failed(out error, out var credentialId)) return (ErrorResult)error;

        if ((await store.StartAsync(http.HttpContext, orgId, username, code, credentialId, ct)).Failed(out error, out var started)) return (ErrorResult)error;
        return TypedResults.Ok(await ChallengeAsync(started, tokens, facts, ct));
    }

    /// <summary>Reads the id of a recovery key.</summary>
    internal static Checked<ReadOnlyMemory<byte>> ReadCredentialId(string text) =>
        CredentialIds.Read(text, CredentialKind.RecoveryKey).Refused(out _, out var bytes) ? ErrorCatalog.MemberInvalid.Saying("Send it as it was registered.").At("$.credentialId") : bytes;

    /// <summary>The answer that every way of starting a recovery gets, the encrypted private key of the recovery key with it.</summary>
    internal static async Task<RecoveryChallengeResponse> ChallengeAsync(StartedRecovery started, TokenService tokens, RequestFacts facts, CancellationToken ct)
    {
        if (started.RecoveryKey?.EncryptedPrivateKey is not null) (facts.HandsOutKeys, facts.SubjectId) = (true, started.User.Id);
        return new RecoveryChallengeResponse(
            await RegistrationChallenge.OfAsync(started.Ceremony, started.User, started.RelyingParty, tokens, ct),
            started.RecoveryKey is { } key ? [new RecoveryKeyDescriptor(key.CredentialIdText, key.EncryptedPrivateKey ?? "")] : []);
    }
}
