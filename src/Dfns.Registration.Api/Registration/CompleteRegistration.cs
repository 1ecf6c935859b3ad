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

/// <summary>
/// <c>POST /auth/registration</c>: up to three credentials, all over the one stored challenge, become a registered user; and
/// <c>POST /auth/registration/enduser</c>, which opens a session with it.
/// </summary>
internal sealed class CompleteRegistration(
    BearerReader bearers, RequestFacts facts, RegistrationStore store, AccessTokenStore sessions, TokenService tokens, TrustSources trust, TimeProvider clock, IOptions<BodyLimits> limits)
{
    private const int MostWallets = 100;

    internal static async Task<Results<Ok<RegistrationResponse>, ErrorResult>> CompleteAsync(HttpRequest http, CompleteRegistration registration, CancellationToken ct) =>
        (await registration.CompleteAsync(http, asEndUser: false, ct)).Failed(out var error, out var completed) ? (ErrorResult)error : TypedResults.Ok(completed.Response);

    internal static async Task<Results<Ok<EndUserRegistrationResponse>, ErrorResult>> CompleteEndUserAsync(HttpRequest http, CompleteRegistration registration, CancellationToken ct)
    {
        if ((await registration.CompleteAsync(http, asEndUser: true, ct)).Failed(out var error, out var completed)) return (ErrorResult)error;
        // The session is the one that the registration opened, for a repeat too; it may have ended since.
        return await registration.TokenAsync(completed, ct) is { } token
            ? TypedResults.Ok(new EndUserRegistrationResponse(completed.Credential, completed.User, new SessionAuthentication(token), []))
            : (ErrorResult)ErrorCatalog.SessionAlreadyCompleted.Saying("The user is registered: sign in.");
    }

    private async Task<Checked<CompletedRegistration>> CompleteAsync(HttpRequest http, bool asEndUser, CancellationToken ct)
    {
        // Who: the token is ours, and names a session that is still open. The session is looked up after the body: a slow client may
        // outlast it.
        if (await bearers.ReadAsync(http, TokenPurpose.Registration, ct) is not { } reference) return ErrorCatalog.NotAuthorized;
        if ((await JsonBody.ReceiveAsync(http, limits.Value.MaxSizeBytes, ct)).Failed(out var error, out var body)) return error;
        if (await store.FindAsync(reference, ct) is not { } session) return ErrorCatalog.NotAuthorized;
        facts.CallerId = facts.SubjectId = session.User.Id;

        // Settled: a repeat gets its answer again; a spent session or a barred user gets an error.
        var digest = SHA256.HashData(body.Span);
        if (session.Answer(digest, clock.GetUtcNow()) is { } settled) return settled;

        // What: each kind in a slot it may fill, with every member that kind needs.
        if (JsonBody.Parse<RegistrationRequest>(body).Failed(out error, out var request)) return error;
        if (CredentialSlots.Read(request).Failed(out error, out var credentials)) return error;
        if (session.RequiresRecovery && credentials.All(c => c.Slot != CredentialSlot.Recovery)) return ErrorCatalog.RecoveryCredentialRequired.At("$.recoveryCredential");
        List<WishedWallet>? wallets = null;
        if (asEndUser && ReadWallets(session, body).Failed(out error, out wallets)) return error;

        // Proof: every credential signed this challenge. Nothing is written yet.
        var expected = CredentialProofs.Expect(session.Ceremony, session.RelyingParty, trust.Current, clock.GetUtcNow());
        if (CredentialProofs.Verify(credentials, expected).Failed(out error, out var proven)) return error;

        // Commit: spend challenge and code, store the user, the credentials and the session; all of it or none of it.
        return await store.CommitAsync(session, digest, proven, opensSession: asEndUser, wallets ?? [], http.RemoteAddress(), ct);
    }

    // Clients that wish for wallets are served, unless the organisation would rather that they were told.
    private static Checked<List<WishedWallet>> ReadWallets(RegistrationSession session, ReadOnlyMemory<byte> body)
    {
        if (session.User.Kind != UserKind.EndUser) return ErrorCatalog.EndUserRequired;
        if (JsonBody.Parse<EndUserRegistrationRequest>(body).Failed(out var error, out var request)) return error;
        if (request.Wallets is not { Count: > 0 } wallets) return new List<WishedWallet>();
        if (session.RelyingParty.RefuseWallets) return ErrorCatalog.WalletsRefused.At("$.wallets");
        if (wallets.Count > MostWallets) return ErrorCatalog.MemberTooLong.Saying($"At most {MostWallets} wallets.").At("$.wallets");
        for (var n = 0; n < wallets.Count; n++)
        {
            if (Member.Text(wallets[n]?.Network, $"$.wallets[{n}].network", Limits.IdLength).Failed(out error, out _)) return error;
            if (Member.OptionalName(wallets[n]!.Name, $"$.wallets[{n}].name", Limits.NameLength) is { } badName) return badName;
        }

        return wallets.ToList();
    }

    private async Task<string?> TokenAsync(CompletedRegistration completed, CancellationToken ct) =>
        completed.SessionId is { } id && await sessions.FindLiveAsync(new TokenReference(completed.User.OrgId, id), clock.GetUtcNow(), ct) is { } opened
            ? await tokens.IssueAsync(opened.Token, opened.User, ct)
            : null;
}
