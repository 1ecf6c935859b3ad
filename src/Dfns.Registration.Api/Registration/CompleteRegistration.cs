using System.Security.Cryptography;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Registration;

/// <summary><c>POST /auth/registration</c>: up to three credentials, all over the one stored challenge, become a registered user.</summary>
internal static class CompleteRegistration
{
    internal static async Task<Results<Ok<RegistrationResponse>, ErrorResult>> CompleteAsync(
        HttpRequest http, BearerReader bearers, RequestFacts facts, RegistrationStore store, TrustSources trust, TimeProvider clock, IOptions<BodyLimits> limits, CancellationToken ct)
    {
        // Who: the token is ours, and names a session that is still open. The session is looked up after the body: a slow client may
        // outlast it.
        if (await bearers.ReadAsync(http, TokenPurpose.Registration, ct) is not { } reference) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if ((await JsonBody.ReceiveAsync(http, limits.Value.MaxSizeBytes, ct)).Failed(out var error, out var body)) return (ErrorResult)error;
        if (await store.FindAsync(reference, ct) is not { } session) return (ErrorResult)ErrorCatalog.NotAuthorized;
        facts.CallerId = facts.SubjectId = session.User.Id;

        // Settled: a repeat gets its answer again; a spent session or a barred user gets an error.
        var digest = SHA256.HashData(body.Span);
        if (session.Answer(digest, clock.GetUtcNow()) is { } settled) return Answer(settled);

        // What: each kind in a slot it may fill, with every member that kind needs.
        if (JsonBody.Parse<RegistrationRequest>(body).Failed(out error, out var request)) return (ErrorResult)error;
        if (CredentialSlots.Read(request).Failed(out error, out var credentials)) return (ErrorResult)error;
        if (session.RequiresRecovery && credentials.All(c => c.Slot != CredentialSlot.Recovery))
        {
            return (ErrorResult)ErrorCatalog.RecoveryCredentialRequired.At("$.recoveryCredential");
        }

        // Proof: every credential signed this challenge. Nothing is written yet.
        var expected = CredentialProofs.Expect(session.Ceremony, session.RelyingParty, trust.Current, clock.GetUtcNow());
        if (CredentialProofs.Verify(credentials, expected).Failed(out error, out var proven)) return (ErrorResult)error;

        // Commit: spend challenge and code, store the user and the credentials; all of it or none of it.
        return Answer(await store.CommitAsync(session, digest, proven, http.RemoteAddress(), ct));
    }

    private static Results<Ok<RegistrationResponse>, ErrorResult> Answer(Checked<RegistrationResponse> settled) =>
        settled.Failed(out var error, out var response) ? (ErrorResult)error : TypedResults.Ok(response);
}
