using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Tokens;

/// <summary>
/// Issues and reads bearer tokens: ES256 JWTs (RFC 7519) that name a row. The row decides; the token only proves who was told of it.
/// </summary>
internal sealed class TokenService(SigningKeys keys, Entropy entropy, TimeProvider clock, IOptions<TokenOptions> options)
{
    /// <summary>Clients read <c>orgId</c> in here before they send a token.</summary>
    private const string AppMetadataClaim = "https://custom/app_metadata";
    private const string UsernameClaim = "https://custom/username";
    private const string PurposeClaim = "purpose";

    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };

    /// <summary>Issues the token that names one ceremony.</summary>
    /// <param name="ceremony">The open ceremony; its purpose and expiry become the token's.</param>
    /// <param name="user">Whose ceremony it is.</param>
    /// <param name="ct">Ends the wait for the signing key.</param>
    /// <returns>A three-part JWT.</returns>
    public async Task<string> IssueAsync(Ceremony ceremony, User user, CancellationToken ct)
    {
        var signer = (await keys.GetAsync(ct)).Signer;
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = options.Value.Issuer,
            Audience = options.Value.Issuer,
            IssuedAt = ceremony.CreatedAt.UtcDateTime,
            NotBefore = ceremony.CreatedAt.UtcDateTime,
            Expires = ceremony.ExpiresAt.UtcDateTime,
            SigningCredentials = signer,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [JwtRegisteredClaimNames.Jti] = entropy.Id("to"),
                [JwtRegisteredClaimNames.Sub] = user.OrganisationId,
                [JwtRegisteredClaimNames.Sid] = ceremony.Id,
                [PurposeClaim] = ceremony.Purpose.ToString(),
                [UsernameClaim] = user.Username,
                [AppMetadataClaim] = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["userId"] = user.Id,
                    ["orgId"] = user.OrganisationId,
                    ["tokenKind"] = "Temp",
                },
            },
        });
    }

    /// <summary>Reads the bearer token of a request.</summary>
    /// <param name="request">The request; only its <c>Authorization</c> header is looked at.</param>
    /// <param name="purpose">What the token must have been issued for.</param>
    /// <param name="ct">Ends the wait for the keys.</param>
    /// <returns>The row it names, or null for whatever reason: the caller learns none.</returns>
    public async Task<CeremonyReference?> ReadAsync(HttpRequest request, CeremonyPurpose purpose, CancellationToken ct)
    {
        if (Bearer(request) is not { } text) return null;

        var verifiers = (await keys.GetAsync(ct)).Verifiers;
        var result = await Handler.ValidateTokenAsync(text, new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeys = verifiers,
            TryAllIssuerSigningKeys = false,
            ValidIssuer = options.Value.Issuer,
            ValidAudience = options.Value.Issuer,
            ValidTypes = ["JWT"],
            RequireExpirationTime = true,
            LifetimeValidator = (notBefore, expires, _, _) => IsLive(notBefore, expires),
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token) return null;
        if (!token.TryGetPayloadValue<string>(PurposeClaim, out var named) || !string.Equals(named, purpose.ToString(), StringComparison.Ordinal)) return null;
        if (!token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Sid, out var ceremonyId)) return null;
        return new CeremonyReference(token.Subject, ceremonyId);
    }

    private static string? Bearer(HttpRequest request)
    {
        const string scheme = "Bearer ";
        return request.Headers.TryGetValue(HeaderNames.Authorization, out var values) && values is [{ } value]
            && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? value[scheme.Length..].Trim()
            : null;
    }

    private bool IsLive(DateTime? notBefore, DateTime? expires)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        // The clock of the instance that issued it may be ahead; how long a ceremony is open, its row decides.
        return (notBefore is null || notBefore <= now + ClockDifference) && expires > now;
    }
}

/// <summary>The ceremony that a bearer token names.</summary>
internal sealed record CeremonyReference(string OrganisationId, string CeremonyId);
