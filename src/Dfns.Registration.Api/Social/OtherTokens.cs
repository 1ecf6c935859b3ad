using Dfns.Registration.Api.Tokens;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Social;

/// <summary>
/// What tells an ID token from the other tokens that a provider signs with the same keys, for the same clients (RFC 8725 §3.11, §3.12): the
/// type in the header, and for those that came before types claims that an ID token has not (OpenID Connect Core 1.0 §2, §5.1). A test
/// holds the manual's table to it.
/// </summary>
internal static class OtherTokens
{
    private const string IdTokenType = "JWT";

    /// <summary>Claims that tokens of another kind must have, or alone have; each with that kind and where it is said.</summary>
    public static readonly IReadOnlyList<(string Claim, string Kind, string Clause)> Claims =
    [
        ("events", "a logout token or another security event token", "OpenID Connect Back-Channel Logout 1.0 §2.4, RFC 8417 §2.2"),
        ("scope", "an access token", "RFC 9068 §2.2.3"),
        ("client_id", "an access token", "RFC 9068 §2.2"),
        ("scp", "an access token", "as some providers write scope"),
        ("token_introspection", "the answer of a token introspection", "RFC 9701 §5"),
        ("cnf", "a token that is bound to a key", "RFC 7800 §3.1"),
        ("authorization_details", "an access token", "RFC 9396 §9.1"),
        ("authorization", "an access token to protected resources", "User-Managed Access 2.0"),
        ("code", "an authorization response", "JWT Secured Authorization Response Mode §4.1"),
        ("response_type", "a request object", "RFC 9101 §4"),
        ("redirect_uri", "a request object", "RFC 9101 §4"),
        ("toe", "a security event token", "RFC 8417 §2.2"),
        ("vc", "a credential or presentation", "Verifiable Credentials Data Model 1.1 §6.3.1"),
        ("vp", "a credential or presentation", "Verifiable Credentials Data Model 1.1 §6.3.1"),
        ("appid", "an access token", "as Microsoft writes client_id"),
        ("appidacr", "an access token", "as Microsoft writes how a client proved itself"),
        ("azpacr", "an access token", "as Microsoft writes how a client proved itself"),
        ("idtyp", "an access token", "as Microsoft writes whose token it is"),
        ("cid", "an access token", "as Okta writes client_id"),
        ("gty", "an access token", "as Auth0 writes the grant"),
        ("grant_id", "an access token", "as Ping writes the grant"),
        (TokenService.AppMetadataClaim, "a token of this service", ""),
    ];

    /// <summary>Claims that say in some providers' own words what a token is; with what they say of an ID token.</summary>
    public static readonly IReadOnlyList<(string Claim, string OfIdToken)> Uses = [("typ", "ID"), ("token_use", "id"), ("token_type", "id_token"), ("tokenName", "id_token")];

    /// <summary>Looks for a mark of another kind of token.</summary>
    /// <returns>Null, or a sentence that tells it.</returns>
    public static string? Mark(JsonWebToken token, IdTokenClaims claims)
    {
        // RFC 9068 §2.1, Back-Channel Logout §2.4, RFC 8417 §2.3, RFC 9701 §5: each has a type of its own; an ID token has none, or that of any JWT.
        if (!string.IsNullOrEmpty(token.Typ) && !string.Equals(token.Typ, IdTokenType, StringComparison.OrdinalIgnoreCase)) return "Its header says that it is another kind of token.";
        foreach (var (claim, kind, _) in Claims)
        {
            if (claims.Has(claim)) return $"It has the claim {claim}, as {kind} has.";
        }

        foreach (var (claim, ofIdToken) in Uses)
        {
            if (claims.Has(claim) && !string.Equals(claims.Text(claim), ofIdToken, StringComparison.OrdinalIgnoreCase)) return $"Its claim {claim} says that it is another kind of token.";
        }

        return null;
    }
}
