using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Social;

/// <summary>The claims of an ID token in the types they have there: the library reads the number 17 as the text "17", which is another subject.</summary>
internal sealed class IdTokenClaims
{
    private const int MaxDepth = 8;

    private readonly JsonElement claims;

    private IdTokenClaims(JsonElement claims) => this.claims = claims;

    /// <summary>Reads the payload: one JSON object, no name twice (RFC 7519 §4).</summary>
    /// <returns>The claims, or null when the payload is anything else.</returns>
    public static IdTokenClaims? Parse(JsonWebToken token)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object ? new IdTokenClaims(document.RootElement.Clone()) : null;
        }
        // Half a surrogate in a name is no text, which is found out when names are compared.
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    public bool Has(string name) => claims.TryGetProperty(name, out _);

    /// <summary>A claim that is a JSON string; null when it is absent or anything else.</summary>
    public string? Text(string name) => claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString() : null;

    /// <summary>Whether a claim is the JSON value <c>true</c>.</summary>
    public bool IsTrue(string name) => claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.True;

    /// <summary>A NumericDate (RFC 7519 §2): seconds since 1970 UTC, with or without a fraction; null when it is absent or no number.</summary>
    public double? Time(string name) =>
        claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.Number && claim.TryGetDouble(out var seconds) ? seconds : null;
}
