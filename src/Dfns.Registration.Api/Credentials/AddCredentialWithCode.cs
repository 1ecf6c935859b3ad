using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Credentials;

/// <summary>
/// <c>POST /auth/credentials/code</c>, <c>/code/init</c> and <c>/code/verify</c>: one device of a user has a code made, another one, without
/// a session, adds a credential with it. The code has 80 bits and lives a minute, so nobody guesses it; it is spent by the credential.
/// </summary>
internal static class AddCredentialWithCode
{
    private static readonly TimeSpan LongestAhead = TimeSpan.FromMinutes(1);

    internal static async Task<Results<Ok<CredentialCodeResponse>, ErrorResult>> CreateCodeAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialStore store, MasterKey masterKey, Entropy entropy, Audit audit, TimeProvider clock, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<CreateCredentialCodeRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        var now = clock.GetUtcNow();
        if (ReadExpiration(request.Expiration, now).Failed(out error, out var expires)) return (ErrorResult)error;

        var user = call.Caller.User;
        var code = CodeText.New(entropy);
        var (hash, session) = (Hash(masterKey, code), call.Caller.Token.Id);
        var row = new CredentialCode
        {
            CodeHash = hash,
            RowHash = RowHash(masterKey, hash, user.OrganisationId, user.Id, session, expires),
            OrganisationId = user.OrganisationId,
            UserId = user.Id,
            SessionId = session,
            CreatedAt = now,
            ExpiresAt = expires,
        };
        if (await store.AddCodeAsync(row, ct) is { } tooMany) return (ErrorResult)tooMany;
        // What ends everything of the user at the same time ends the code, or keeps it from being made.
        user.CredentialsVersion++;
        audit.Add(user.OrganisationId, AuditActions.CredentialCodeCreated, user.Id, user.Id, http.RemoteAddress());
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(new CredentialCodeResponse(code, WireTime.Of(expires)));
    }

    internal static async Task<Results<Ok<CredentialChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, NewCredentials credentials, CredentialStore store, MasterKey masterKey, RequestFacts facts, TimeProvider clock, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<InitCredentialWithCodeRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        if (CredentialSlots.ReadKind(request.CredentialKind, "$.credentialKind", CredentialSlots.AllKinds).Failed(out error, out var kind)) return (ErrorResult)error;

        var code = await store.FindCodeAsync(Hash(masterKey, request.Code), clock.GetUtcNow(), ct);
        if (!IsAsStored(masterKey, code)) return (ErrorResult)ErrorCatalog.InvalidCode;
        (facts.OrganisationId, facts.SubjectId) = (code.OrganisationId, code.UserId);
        if (!code.User!.IsActive) return (ErrorResult)ErrorCatalog.UserDeactivated;
        var binding = new NewCredentials.Binding(kind, code.CodeHash);
        return (await credentials.OpenAsync(code.User, code.User.Organisation!.RelyingParty!, binding, code.ExpiresAt, ct)).Failed(out error, out var challenge) ? (ErrorResult)error : TypedResults.Ok(challenge);
    }

    internal static async Task<Results<Ok<CredentialResponse>, ErrorResult>> VerifyAsync(
        HttpRequest http, NewCredentials credentials, CredentialStore store, MasterKey masterKey, Changes changes, TimeProvider clock, IOptions<BodyLimits> limits, CancellationToken ct)
    {
        if ((await JsonBody.ReceiveAsync(http, limits.Value.MaxSizeBytes, ct)).Failed(out var error, out var body)) return (ErrorResult)error;
        if (JsonBody.Parse<CreateCredentialRequest>(body).Failed(out error, out var request)) return (ErrorResult)error;
        var digest = SHA256.HashData(body.Span);
        var remoteAddress = http.RemoteAddress();

        for (var lastTime = false; ; lastTime = true)
        {
            // A repeat gets its answer again; a challenge that is spent, or whose code is, gets an error.
            if ((await credentials.FindAsync(request.ChallengeIdentifier, ct)).Failed(out error, out var issued)) return (ErrorResult)error;
            if (issued.Ceremony.Repeat<CredentialResponse>(digest) is { } repeat) return repeat.Failed(out error, out var answered) ? (ErrorResult)error : TypedResults.Ok(answered);
            var hash = issued.Binding.CodeHash;
            var code = hash is null ? null : await store.FindCodeAsync(hash, clock.GetUtcNow(), ct);
            if (issued.Ceremony.ConsumedAt is null && hash is not null && code is null && !lastTime)
            {
                // Spent between the two look-ups, perhaps by this very body: the challenge tells, looked at again.
                changes.Forget();
                continue;
            }

            if (issued.Ceremony.ConsumedAt is not null || !IsAsStored(masterKey, code)) return (ErrorResult)ErrorCatalog.ChallengeNotValid.At("$.challengeIdentifier");
            if (!issued.User.IsActive) return (ErrorResult)ErrorCatalog.UserDeactivated;

            if ((await credentials.AddAsync(issued, request, remoteAddress, ct)).Failed(out error, out var credential)) return (ErrorResult)error;
            var answer = CredentialResponse.Of(credential);
            issued.Ceremony.Complete(clock.GetUtcNow(), digest, answer);
            code.ConsumedAt = clock.GetUtcNow();
            if (await changes.TrySaveAsync(ct) is not { } lost) return TypedResults.Ok(answer);
            // Something else was first, or this very request was, in a commit whose answer was lost: looked at again, once.
            if (lastTime) return (ErrorResult)(lost.Taken ?? ErrorCatalog.ChangedMeanwhile);
        }
    }

    private static byte[] Hash(MasterKey masterKey, string typed) => masterKey.HashCode("", "credential code", CodeText.Normalise(typed));

    // To the millisecond, which both databases keep.
    private static byte[] RowHash(MasterKey masterKey, byte[] codeHash, string organisationId, string userId, string? session, DateTimeOffset expires) => masterKey.HashCode(
        organisationId, $"{userId} credential code", string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexString(codeHash)} {expires.ToUnixTimeMilliseconds()} {session}"));

    private static bool IsAsStored(MasterKey masterKey, [NotNullWhen(true)] CredentialCode? code) => code is not null
        && CryptographicOperations.FixedTimeEquals(RowHash(masterKey, code.CodeHash, code.OrganisationId, code.UserId, code.SessionId, code.ExpiresAt), code.RowHash ?? []);

    private static Checked<DateTimeOffset> ReadExpiration(JsonElement? sent, DateTimeOffset now)
    {
        const string path = "$.expiration";
        if (sent is not { ValueKind: not JsonValueKind.Null } expiration) return ErrorCatalog.MemberRequired.At(path);
        DateTimeOffset? read = expiration.ValueKind switch
        {
            JsonValueKind.String when DateTimeOffset.TryParse(expiration.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) => instant.ToUniversalTime(),
            JsonValueKind.Number when expiration.TryGetInt64(out var number) => FromEpoch(number),
            _ => null,
        };
        return read > now && read <= now + LongestAhead
            ? read.Value
            : ErrorCatalog.MemberInvalid.Saying("It is a time from now to one minute ahead: ISO 8601, or seconds or milliseconds since 1970.").At(path);
    }

    // Seconds have ten digits until the year 2286.
    private static DateTimeOffset? FromEpoch(long number) => number switch
    {
        < 0 or > 100_000_000_000_000 => null,
        > 100_000_000_000 => DateTimeOffset.FromUnixTimeMilliseconds(number),
        _ => DateTimeOffset.FromUnixTimeSeconds(number),
    };
}
