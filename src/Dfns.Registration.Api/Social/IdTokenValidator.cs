using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Social;

/// <summary>
/// Validates ID tokens (OpenID Connect Core 1.0 §3.1.3.7): signed by a provider of the organisation, for one of its clients, now. What a
/// token says of itself before its signature is verified decides no more than which of the organisation's providers is asked.
/// </summary>
internal sealed class IdTokenValidator(SocialStore store, ProviderKeys keys, RequestFacts facts, TimeProvider clock, IOptions<SocialOptions> options)
{
    /// <summary>How far the clocks of provider and service may lie apart.</summary>
    public static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = Limits.IdTokenLength };

    /// <summary>Validates a token.</summary>
    /// <param name="organisationId">As sent; need not exist. Null where the token has to tell it.</param>
    /// <param name="idToken">As sent: at most <see cref="Limits.IdTokenLength"/> characters.</param>
    /// <param name="nonce">What the token's nonce must be, where the client made one; null when it sent none.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <param name="client">The one client that it must have been issued to, and by whose provider, where it stands for a code of that; null for any of the organisation.</param>
    /// <returns>The identity, or the first check that failed: one of the errors whose names begin with <c>IdToken</c>, or the provider cannot be read.</returns>
    public async Task<Checked<SocialIdentity>> ValidateAsync(string? organisationId, string idToken, string? nonce, CancellationToken ct, SsoClient? client = null)
    {
        if (Parse(idToken).Failed(out var error, out var parsed)) return error;
        var (token, claims) = parsed;

        // Whose: an unknown organisation and an unknown issuer look alike. The issuer is compared as exact text (step 2).
        if ((await ProviderAsync(organisationId, token, claims, ct)).Failed(out error, out var provider)) return error;
        if (client is not null && !string.Equals(provider.Issuer, client.Issuer, StringComparison.Ordinal)) return ErrorCatalog.IdTokenIssuerUnknown;

        // Who makes a token up is not told that one organisation alone accepts such: until it is verified, all faults of it are one.
        if (organisationId is null && !await IsSignedAsync(token, provider, ct)) return ErrorCatalog.OrganisationNotTold.At("$.orgId");

        // Steps 6 to 8: signed, with an algorithm that was agreed on, by a key of the provider. Neither 'none' nor an HMAC is ever on the list.
        if (!provider.Algorithms.Contains(token.Alg, StringComparer.Ordinal)) return ErrorCatalog.IdTokenAlgorithmNotAllowed;
        if ((await keys.FindAsync(provider.Issuer, token.Alg, token.Kid ?? "", ct)).Failed(out error, out var key)) return error;

        ApiError? untimely = null;
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidAlgorithms = provider.Algorithms,
            IssuerSigningKey = key,
            // The one key there is: chosen above, also for a token that names none.
            TryAllIssuerSigningKeys = true,
            ValidIssuer = provider.Issuer,
            AudienceValidator = (audiences, _, _) => IsForUs(claims, audiences.ToList(), provider) && (client is null || IsFor(client, claims, audiences)),
            LifetimeValidator = (_, _, _, _) => (untimely = Untimely(claims)) is null,
        });
        if (!result.IsValid)
        {
            return untimely ?? result.Exception switch
            {
                SecurityTokenInvalidAudienceException => ErrorCatalog.IdTokenAudienceNotAllowed,
                _ => ErrorCatalog.IdTokenSignatureInvalid,
            };
        }

        // Step 11: the nonce that the client made for this very sign-in. §2: a string, whether or not it is asked for.
        if (claims.Has("nonce") && claims.Text("nonce") is null) return ErrorCatalog.IdTokenClaimsInvalid.Saying("Look at nonce.");
        if (nonce is not null && !string.Equals(claims.Text("nonce"), nonce, StringComparison.Ordinal)) return ErrorCatalog.IdTokenNonceMismatch;

        // §2: the subject, at most 255 ASCII characters; none of them a control, which no database keeps alike.
        if (claims.Text("sub") is not { Length: > 0 and <= Limits.SubjectLength } subject || !Ascii.IsValid(subject) || subject.Any(char.IsControl)) return ErrorCatalog.IdTokenClaimsInvalid.Saying("Look at sub.");
        if (Username(claims, provider, subject).Failed(out error, out var username)) return error;
        List<string> clients = [.. token.Audiences.Append(claims.Text("azp")).OfType<string>().Distinct(StringComparer.Ordinal)];
        return new SocialIdentity(provider.OrganisationId, provider.Issuer, subject, username, claims.Time("iat")!.Value, clients, token.Alg);
    }

    // Steps 6 to 8 alone.
    private async Task<bool> IsSignedAsync(JsonWebToken token, SocialProvider provider, CancellationToken ct)
    {
        if (!provider.Algorithms.Contains(token.Alg, StringComparer.Ordinal) || (await keys.FindAsync(provider.Issuer, token.Alg, token.Kid ?? "", ct)).Failed(out _, out var key)) return false;
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidAlgorithms = provider.Algorithms,
            IssuerSigningKey = key,
            TryAllIssuerSigningKeys = true,
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        return result.IsValid;
    }

    private async Task<Checked<SocialProvider>> ProviderAsync(string? organisationId, JsonWebToken token, IdTokenClaims claims, CancellationToken ct)
    {
        var issuer = claims.Text("iss");
        if (organisationId is null)
        {
            // None and several are one answer: which organisations accept what is not told to whoever makes a token up.
            if (await store.FindOnlyAcceptingAsync(issuer ?? "", [.. token.Audiences], ct) is not { } only) return ErrorCatalog.OrganisationNotTold.At("$.orgId");
            facts.OrganisationId = only.OrganisationId;
            return only;
        }

        var accepted = await store.AcceptedAsync(organisationId, ct);
        if (accepted.Count > 0) facts.OrganisationId = organisationId;
        return accepted.Find(p => string.Equals(p.Issuer, issuer, StringComparison.Ordinal)) is { } provider ? provider : ErrorCatalog.IdTokenIssuerUnknown;
    }

    private static Checked<(JsonWebToken Token, IdTokenClaims Claims)> Parse(string text)
    {
        // Three parts of base64url (RFC 7515 §7.1), and nothing else, before the library looks at it, which has other answers for other shapes.
        if (text.Split('.') is not { Length: 3 } parts || !Array.TrueForAll(parts, part => Base64Url.IsValid(part)) || text.Contains('=', StringComparison.Ordinal)) return ErrorCatalog.IdTokenMalformed;
        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            return ErrorCatalog.IdTokenMalformed;
        }

        // Nothing is encrypted to us, and an extension that must be understood is not (RFC 7515 §4.1.11).
        if (token.IsEncrypted || token.TryGetHeaderValue<object>("crit", out _) || IdTokenClaims.Parse(token) is not { } claims) return ErrorCatalog.IdTokenMalformed;
        return OtherTokens.Mark(token, claims) is { } mark ? ErrorCatalog.IdTokenMalformed.Saying(mark) : (token, claims);
    }

    // Steps 3 to 5: for us and for nobody whom we do not know; with several audiences the token names the one it was issued to.
    private static bool IsForUs(IdTokenClaims claims, List<string> audiences, SocialProvider provider)
    {
        if (audiences.Count == 0 || !audiences.TrueForAll(IsOurs)) return false;
        return claims.Has("azp") ? claims.Text("azp") is { } party && IsOurs(party) : audiences.Count == 1;

        bool IsOurs(string client) => provider.ClientIds.Contains(client, StringComparer.Ordinal);
    }

    // The same of the one client that asked: it is among those it is for, and where the token names the one, that.
    private static bool IsFor(SsoClient client, IdTokenClaims claims, IEnumerable<string> audiences) =>
        audiences.Contains(client.ClientId, StringComparer.Ordinal) && (!claims.Has("azp") || string.Equals(claims.Text("azp"), client.ClientId, StringComparison.Ordinal));

    // Steps 9 and 10. The bounds themselves: a token is good before its expiry, and from its times on.
    private ApiError? Untimely(IdTokenClaims claims)
    {
        if (claims.Time("exp") is not { } expires) return ErrorCatalog.IdTokenClaimsInvalid.Saying("Look at exp.");
        if (claims.Time("iat") is not { } issued) return ErrorCatalog.IdTokenClaimsInvalid.Saying("Look at iat.");
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var difference = ClockDifference.TotalSeconds;
        if (expires <= now - difference) return ErrorCatalog.IdTokenExpired;
        if (issued > now + difference) return ErrorCatalog.IdTokenNotYetValid;
        if (issued <= now - difference - options.Value.MaxTokenAge.TotalSeconds) return ErrorCatalog.IdTokenTooOld;
        if (!claims.Has("nbf")) return null;
        if (claims.Time("nbf") is not { } notBefore) return ErrorCatalog.IdTokenClaimsInvalid.Saying("Look at nbf.");
        return notBefore > now + difference ? ErrorCatalog.IdTokenNotYetValid : null;
    }

    private static Checked<string> Username(IdTokenClaims claims, SocialProvider provider, string subject)
    {
        if (provider.Username == SocialUsername.Subject) return $"{SubjectName(provider.Issuer, subject)}@{new Uri(provider.Issuer).Host}";

        // §5.1: an address that the provider has not verified is what somebody typed. Some providers write the boolean as text.
        if (!(claims.IsTrue("email_verified") || claims.Text("email_verified") == "true")) return ErrorCatalog.IdTokenEmailNotVerified;
        if (claims.Text("email") is not { Length: > 0 } email) return ErrorCatalog.IdTokenEmailNotVerified;
        return UserStore.NameFault(email) is { } fault ? ErrorCatalog.IdTokenClaimsInvalid.Saying($"Look at email. {fault}") : email;
    }

    // 128 bits, in characters that survive the folding of usernames: subjects that differ in case alone are two people.
    private static string SubjectName(string issuer, string subject) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}")).AsSpan(0, 16));
}
