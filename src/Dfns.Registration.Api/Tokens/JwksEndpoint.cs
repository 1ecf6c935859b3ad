using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Tokens;

/// <summary>Publishes the public signing keys (RFC 7517).</summary>
internal static class JwksEndpoint
{
    public static void MapJwks(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/.well-known/jwks.json", async (SigningKeys keys, HttpContext http, CancellationToken ct) =>
            {
                http.Response.Headers.CacheControl = "public, max-age=300";
                var verifiers = (await keys.GetAsync(ct)).Verifiers;
                return TypedResults.Ok(new Jwks([.. verifiers.Select(Jwk.Of)]));
            })
            .WithTags("Keys")
            .WithSummary("The public keys that verify the service's tokens");
}

/// <summary>A JWK Set (RFC 7517 §5).</summary>
public sealed record Jwks(IReadOnlyList<Jwk> Keys);

/// <summary>A P-256 public key (RFC 7518 §6.2): <c>x</c> and <c>y</c> are base64url text of 32 bytes.</summary>
public sealed record Jwk(string Kty, string Crv, string X, string Y, string Use, string Alg, string Kid)
{
    internal static Jwk Of(ECDsaSecurityKey key)
    {
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new Jwk("EC", "P-256", Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y), "sig", SecurityAlgorithms.EcdsaSha256, key.KeyId);
    }
}
