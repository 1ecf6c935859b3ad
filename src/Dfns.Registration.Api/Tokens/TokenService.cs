using System.Buffers;
using System.Buffers.Text;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Tokens;

/// <summary>
/// Issues and reads tokens: ES256 JWTs (RFC 7519) that name a row. The row decides; the token only proves who was told of it. A token for
/// one purpose is nothing for any other: type and audience say which it is, so that others who verify it see it too.
/// </summary>
internal sealed partial class TokenService(SigningKeys keys, KnownTokens known, Entropy entropy, TimeProvider clock, IOptions<TokenOptions> options, ILogger<TokenService> logger)
{
    /// <summary>Clients read <c>orgId</c> in here before they send a token.</summary>
    public const string AppMetadataClaim = "https://custom/app_metadata";
    private const string UsernameClaim = "https://custom/username";
    private const string PermissionsClaim = "permissions";
    private const string PurposeClaim = "purpose";
    private const string ClientIdClaim = "client_id";

    /// <summary>
    /// How far the clock of the instance that issued a token may be ahead. What ends is not given more time: its row decides, by the clock of whoever
    /// looks at it.
    /// </summary>
    public static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(2);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };

    /// <summary>The <c>iss</c> of every token.</summary>
    public string Issuer => options.Value.Issuer!;

    /// <summary>Issues the bearer token of one ceremony: a <c>temporaryAuthenticationToken</c>.</summary>
    /// <param name="ceremony">The open ceremony; its purpose and expiry become the token's.</param>
    /// <param name="user">Whose ceremony it is.</param>
    /// <param name="ct">Ends the wait for the signing key.</param>
    /// <returns>A three-part JWT.</returns>
    public Task<string> IssueAsync(Ceremony ceremony, User user, CancellationToken ct) => SignAsync(
        ceremony.OrganisationId, Purpose(ceremony), ceremony.CreatedAt, ceremony.ExpiresAt, Claims(user, "Temp", ceremony.Id), ct);

    /// <summary>Issues the <c>challengeIdentifier</c> of one ceremony. It tells nothing of the user: there may be none.</summary>
    public Task<string> IssueChallengeIdentifierAsync(Ceremony ceremony, CancellationToken ct) => SignAsync(
        ceremony.OrganisationId, Purpose(ceremony), ceremony.CreatedAt, ceremony.ExpiresAt, Claims(ceremony.Id), ct);

    /// <summary>Issues the <c>userAction</c> of a ceremony that was signed.</summary>
    public Task<string> IssueUserActionAsync(Ceremony ceremony, CancellationToken ct) => SignAsync(
        ceremony.OrganisationId, TokenPurpose.SignedUserAction, clock.GetUtcNow(), ceremony.ExpiresAt, Claims(ceremony.Id), ct);

    /// <summary>Issues a caller's bearer token.</summary>
    /// <param name="token">The row it names.</param>
    /// <param name="user">Whose it is; its permissions are told for clients to read, and looked up anew at each call.</param>
    /// <param name="ct">Ends the wait for the signing key.</param>
    public Task<string> IssueAsync(AccessToken token, User user, CancellationToken ct)
    {
        var claims = Claims(user, token.Kind.ToString(), token.Id);
        // A personal access token may do less than its person.
        claims[PermissionsClaim] = token.Kind == AccessTokenKind.Pat ? [] : user.Permissions;
        // RFC 9068 §2.2 wants it.
        claims[ClientIdClaim] = token.ClientId;
        return SignAsync(token.OrganisationId, TokenPurpose.Access, token.CreatedAt, token.ExpiresAt, claims, ct);
    }

    /// <summary>Reads the bearer token of a request.</summary>
    /// <param name="request">The request; only its <c>Authorization</c> header is looked at.</param>
    /// <param name="purpose">What the token must have been issued for.</param>
    /// <param name="ct">Ends the wait for the keys.</param>
    /// <returns>The row it names, or null for whatever reason: the caller learns none.</returns>
    public Task<TokenReference?> ReadAsync(HttpRequest request, TokenPurpose purpose, CancellationToken ct) => ReadAsync(Bearer(request), purpose, ct);

    /// <summary>Reads a token that came elsewhere in a request.</summary>
    /// <param name="text">As sent; null when there was none.</param>
    /// <param name="purpose">What the token must have been issued for.</param>
    /// <param name="ct">Ends the wait for the keys.</param>
    /// <returns>The row it names, or null for whatever reason.</returns>
    public async Task<TokenReference?> ReadAsync(string? text, TokenPurpose purpose, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(text)) return null;

        var verifiers = (await keys.GetAsync(ct)).Verifiers;
        if (known.Find(text) is not { } token)
        {
            if (await CheckAsync(text, purpose, verifiers) is not { } good) return null;
            known.Keep(text, token = good);
        }

        return token.Purpose == purpose && IsLive(token.Expires) && verifiers.Any(v => string.Equals(v.KeyId, token.KeyId, StringComparison.Ordinal)) && IsBegun(token) ? token.Reference : null;
    }

    // Null for whatever reason: RFC 8725 §3.11 and §3.12, type and audience are those of the one purpose.
    private async Task<KnownToken?> CheckAsync(string text, TokenPurpose purpose, IReadOnlyList<ECDsaSecurityKey> verifiers)
    {
        var result = await Handler.ValidateTokenAsync(text, new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeys = verifiers,
            TryAllIssuerSigningKeys = false,
            ValidIssuer = Issuer,
            ValidAudience = purpose.Audience(Issuer),
            ValidTypes = purpose.TakenTypes(),
            RequireExpirationTime = true,
            // Of one that has not begun it is told why, once it is known to be ours.
            LifetimeValidator = (_, expires, _, _) => IsLive(expires),
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token || !HasOneText(text)) return null;
        return token.TryGetPayloadValue<string>(PurposeClaim, out var named) && string.Equals(named, purpose.ToString(), StringComparison.Ordinal)
            && token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Sid, out var id)
            ? new KnownToken(token.Kid, purpose, new TokenReference(token.Subject, id), token.ValidFrom, token.ValidTo)
            : null;
    }

    // Header and payload are signed as text. Of the signature the handler takes padding (not RFC 7515 §2), and drops the bits of its last
    // character that do not count.
    private static bool HasOneText(string text)
    {
        var signature = text.AsSpan(text.LastIndexOf('.') + 1);
        Span<byte> bytes = stackalloc byte[64];
        return signature.Length == 86 && Base64Url.DecodeFromChars(signature, bytes, out _, out _) == OperationStatus.Done;
    }

    private static TokenPurpose Purpose(Ceremony ceremony) => ceremony.Purpose switch
    {
        CeremonyPurpose.Registration => TokenPurpose.Registration,
        CeremonyPurpose.Login or CeremonyPurpose.LoginOfNobody => TokenPurpose.Login,
        CeremonyPurpose.UserAction => TokenPurpose.UserAction,
        CeremonyPurpose.SsoLogin => throw new InvalidOperationException("A state names the row of a single sign-on."),
        CeremonyPurpose.SocialLogin => throw new InvalidOperationException("No token names the use of an ID token."),
        CeremonyPurpose.Recovery => TokenPurpose.Recovery,
        CeremonyPurpose.NewCredential => TokenPurpose.NewCredential,
    };

    private static Dictionary<string, object> Claims(string id) => new(StringComparer.Ordinal) { [JwtRegisteredClaimNames.Sid] = id };

    private static Dictionary<string, object> Claims(User user, string tokenKind, string id)
    {
        var claims = Claims(id);
        claims[UsernameClaim] = user.Username;
        claims[AppMetadataClaim] = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["userId"] = user.Id,
            ["orgId"] = user.OrganisationId,
            ["tokenKind"] = tokenKind,
        };
        return claims;
    }

    private async Task<string> SignAsync(
        string organisationId, TokenPurpose purpose, DateTimeOffset issued, DateTimeOffset expires, Dictionary<string, object> claims, CancellationToken ct)
    {
        claims[JwtRegisteredClaimNames.Jti] = entropy.Id("to");
        claims[JwtRegisteredClaimNames.Sub] = organisationId;
        claims[PurposeClaim] = purpose.ToString();
        var signer = (await keys.GetAsync(ct)).Signer;
        var text = Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = purpose.Audience(Issuer),
            TokenType = purpose.Type(),
            IssuedAt = issued.UtcDateTime,
            NotBefore = issued.UtcDateTime,
            Expires = expires.UtcDateTime,
            SigningCredentials = signer,
            Claims = claims,
        });
        var reference = new TokenReference(organisationId, (string)claims[JwtRegisteredClaimNames.Sid]);
        known.Keep(text, new KnownToken(signer.Kid, purpose, reference, ToSecond(issued), ToSecond(expires)));
        return text;
    }

    // As RFC 7519 NumericDate keeps it here.
    private static DateTime ToSecond(DateTimeOffset instant) => DateTimeOffset.FromUnixTimeSeconds(instant.ToUnixTimeSeconds()).UtcDateTime;

    private static string? Bearer(HttpRequest request)
    {
        const string scheme = "Bearer ";
        return request.Headers.TryGetValue(HeaderNames.Authorization, out var values) && values is [{ } value]
            && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? value[scheme.Length..].Trim()
            : null;
    }

    private bool IsLive(DateTime? expires) => expires > clock.GetUtcNow().UtcDateTime;

    // Nobody else signs with these keys: what begins later was issued by a clock that is ahead of this one.
    private bool IsBegun(KnownToken token)
    {
        var ahead = token.NotBefore - clock.GetUtcNow().UtcDateTime;
        if (ahead <= ClockDifference) return true;
        Log.NotBegun(logger, token.Purpose, (long)ahead.TotalSeconds, (int)ClockDifference.TotalSeconds);
        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A token of this service ({Purpose}) is refused: by the clock of this instance it was issued {Seconds} s in the future, and {Granted} are granted. This clock is behind, or that of the instance that issued it is ahead")]
        public static partial void NotBegun(ILogger logger, TokenPurpose purpose, long seconds, int granted);
    }
}

/// <summary>The row that a token names.</summary>
internal sealed record TokenReference(string OrganisationId, string Id);
