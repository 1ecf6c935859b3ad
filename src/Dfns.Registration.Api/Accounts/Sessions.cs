using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Opens sessions. The caller saves them, together with what they were opened for.</summary>
internal sealed class Sessions(AccessTokenStore store, Audit audit, TokenService tokens, Entropy entropy, TimeProvider clock, IOptions<AccountOptions> options)
{
    /// <summary>Adds a session of a user, and its line in the audit trail.</summary>
    /// <param name="user">Who signed in.</param>
    /// <param name="proof">What the user showed.</param>
    /// <param name="remoteAddress">For the audit row.</param>
    /// <param name="how">For the audit row: the kind of credential, or the party that vouched.</param>
    /// <param name="actor">For the audit row: the service account that signed the user in; null where the user did.</param>
    public Session Open(User user, SessionProof proof, string? remoteAddress, string how, string? actor = null)
    {
        var now = clock.GetUtcNow();
        var token = new AccessToken
        {
            OrganisationId = user.OrganisationId,
            Id = entropy.Id("to"),
            UserId = user.Id,
            Kind = AccessTokenKind.Token,
            CredentialUuid = proof.CredentialUuid,
            SecondCredentialUuid = proof.SecondCredentialUuid,
            ByLoginCode = proof.ByLoginCode,
            VouchedBy = proof.Voucher?.By,
            VouchedFor = proof.Voucher?.For,
            CreatedAt = now,
            ExpiresAt = now + options.Value.SessionLifetime,
            UsedAt = now,
        };
        store.Add(token);
        return new Session(token, user, audit.AddOften(user.OrganisationId, AuditActions.SignedIn, actor ?? user.Id, user.Id, remoteAddress, how));
    }

    /// <summary>The bearer token of a session that is saved.</summary>
    public Task<string> TokenAsync(Session session, CancellationToken ct)
    {
        audit.Count(session.Untold);
        return tokens.IssueAsync(session.Token, session.User, ct);
    }
}

/// <summary>What a session was opened with: it is handed the encrypted private keys of just these credentials, or with a login code those of all.</summary>
/// <param name="CredentialUuid">The first factor; null where another party vouched.</param>
/// <param name="SecondCredentialUuid">The second factor; null where there was none.</param>
/// <param name="ByLoginCode">Whether a login code began the sign-in.</param>
internal sealed record SessionProof(string? CredentialUuid, string? SecondCredentialUuid, bool ByLoginCode)
{
    /// <summary>On whose word; null where the user showed a credential.</summary>
    public Voucher? Voucher { get; private init; }

    /// <summary>The word of another party, a provider or a service account; of the user's own nothing.</summary>
    public static SessionProof On(Voucher voucher) => new(CredentialUuid: null, SecondCredentialUuid: null, ByLoginCode: false) { Voucher = voucher };
}

/// <summary>A session and whose it is.</summary>
/// <param name="Token">Its row.</param>
/// <param name="User">Whose it is.</param>
/// <param name="Untold">What is to be counted of it once it is saved; null where the trail has a row.</param>
internal sealed record Session(AccessToken Token, User User, TalliedEvent? Untold);
