using System.Security.Cryptography;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Recovery;

/// <summary><c>POST /auth/recover/user</c>: new credentials, signed for by a recovery key, replace every credential of a user.</summary>
internal static class CompleteRecovery
{
    private const string RecoveryPath = "$.recovery";
    private const string NewPath = "$.newCredentials";

    internal static async Task<Results<Ok<RegistrationResponse>, ErrorResult>> CompleteAsync(
        HttpRequest http, BearerReader bearers, RequestFacts facts, RecoveryStore store, TrustSources trust, TimeProvider clock, IOptions<BodyLimits> limits, CancellationToken ct)
    {
        // Who: the token is ours, and names a recovery that is still open.
        if (await bearers.ReadAsync(http, TokenPurpose.Recovery, ct) is not { } reference) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if ((await JsonBody.ReceiveAsync(http, limits.Value.MaxSizeBytes, ct)).Failed(out var error, out var body)) return (ErrorResult)error;
        if (await store.FindAsync(reference, ct) is not { } session) return (ErrorResult)ErrorCatalog.NotAuthorized;
        facts.CallerId = facts.SubjectId = session.User.Id;

        // Settled: a repeat gets its answer again; a spent session or a barred user gets an error.
        var digest = SHA256.HashData(body.Span);
        if (session.Answer(digest, clock.GetUtcNow()) is { } settled) return Answer(settled);

        // What: an assertion under the name of a recovery key; and new credentials, each kind in a slot it may fill.
        if (JsonBody.Parse<RecoverRequest>(body).Failed(out error, out var request)) return (ErrorResult)error;
        if (ReadRecovery(request.Recovery).Failed(out error, out var recovery)) return (ErrorResult)error;
        if (request.NewCredentials is not { } wanted) return (ErrorResult)ErrorCatalog.MemberRequired.At(NewPath);
        if (CredentialSlots.Read(wanted, NewPath).Failed(out error, out var credentials)) return (ErrorResult)error;
        if (session.RelyingParty.RequiresRecoveryOf(session.User) && credentials.All(c => c.Slot != CredentialSlot.Recovery))
        {
            return (ErrorResult)ErrorCatalog.RecoveryCredentialRequired.At($"{NewPath}.recoveryCredential");
        }

        // Proof of the old: the recovery key that the recovery was started with signed just these new credentials, as they stand in the body.
        if (session.RecoveryKey(recovery.CredentialId) is not { } key) return (ErrorResult)ErrorCatalog.NotARecoveryCredential.At(RecoveryPath);
        var bound = new RecoveryExpectation
        {
            UserId = session.User.Id,
            CredentialId = session.Ceremony.BoundTo is { } id ? System.Buffers.Text.Base64Url.DecodeFromChars(id) : [],
            NewCredentials = JsonBody.Raw(body, "newCredentials"),
        };
        if (AssertionVerifiers.VerifyRecovery(recovery.Assertion, key.ToStored(), bound).Refused(out var why, out _)) return (ErrorResult)RefusalErrors.ForAssertion(why, RecoveryPath);

        // Proof of the new: every one of them signed the challenge. Nothing is written yet.
        if (CredentialProofs.Verify(credentials, CredentialProofs.Expect(session.Ceremony, session.RelyingParty, trust.Current, clock.GetUtcNow())).Failed(out error, out var proven)) return (ErrorResult)error;

        // Commit: everything the user had ends, the new credentials are stored, and the mail that tells the user; all of it or none of it.
        if ((await store.CommitAsync(reference, digest, key, proven, http.RemoteAddress(), CancellationToken.None)).Failed(out error, out var recovered)) return (ErrorResult)error;
        return TypedResults.Ok(recovered);
    }

    private static Results<Ok<RegistrationResponse>, ErrorResult> Answer(Checked<RegistrationResponse> settled) =>
        settled.Failed(out var error, out var response) ? (ErrorResult)error : TypedResults.Ok(response);

    private static Checked<ReadAssertion> ReadRecovery(FactorRequest? recovery)
    {
        if (recovery is null) return ErrorCatalog.MemberRequired.At(RecoveryPath);
        if (string.IsNullOrEmpty(recovery.Kind)) return ErrorCatalog.MemberRequired.At($"{RecoveryPath}.kind");
        if (recovery.Kind != nameof(CredentialKind.RecoveryKey)) return ErrorCatalog.NotARecoveryCredential.At($"{RecoveryPath}.kind");
        return ReadAssertion.Read(recovery.CredentialAssertion, RecoveryPath, CredentialKind.RecoveryKey);
    }
}
