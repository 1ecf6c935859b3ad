using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Social;

/// <summary>
/// Reads of a provider's two documents what is needed, whatever else they hold. What cannot be read in one key leaves out that key alone; in
/// any other member it is nobody's concern: one odd member is not to end everybody's sign-in.
/// </summary>
internal static class ProviderDocuments
{
    /// <summary>So many keys of a provider are kept.</summary>
    public const int MaxKeys = 100;

    private const int MaxDepth = 64;

    /// <summary>Reads a discovery document (OpenID Connect Discovery 1.0 §3).</summary>
    /// <param name="utf8">JSON; it may begin with a byte order mark.</param>
    /// <returns>Its <c>issuer</c> and <c>jwks_uri</c>, as they stand there; and what the authorization code flow needs, as far as it is told.</returns>
    /// <exception cref="FormatException">One of the two is not there as a text; says which.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static (string Issuer, string KeysAddress, ProviderEndpoints Endpoints) ReadDiscovery(ReadOnlyMemory<byte> utf8)
    {
        using var document = Parse(utf8);
        return (
            Text(document.RootElement, "issuer") ?? throw new FormatException("the discovery document has no issuer that is a text"),
            Text(document.RootElement, "jwks_uri") ?? throw new FormatException("the discovery document has no jwks_uri that is a text"),
            new ProviderEndpoints(
                Text(document.RootElement, "authorization_endpoint"), Text(document.RootElement, "token_endpoint"), Texts(document.RootElement, "token_endpoint_auth_methods_supported")));
    }

    /// <summary>Reads the answer of a token endpoint (OpenID Connect Core 1.0 §3.1.3.3, RFC 6749 §5).</summary>
    /// <param name="utf8">JSON; it may begin with a byte order mark.</param>
    /// <returns>Its <c>id_token</c> and its <c>error</c>; each null where it is not there as a text.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static (string? IdToken, string? Error) ReadTokenAnswer(ReadOnlyMemory<byte> utf8)
    {
        using var document = Parse(utf8);
        return (Text(document.RootElement, "id_token"), Text(document.RootElement, "error"));
    }

    /// <summary>Reads a JWK Set (RFC 7517 §5: whatever is not understood in it is ignored).</summary>
    /// <param name="utf8">JSON; it may begin with a byte order mark.</param>
    /// <param name="leftOut">The places of what could not be read, as <c>keys[2].n</c>: of keys that are left out for it.</param>
    /// <returns>The keys that can verify a signature; possibly none.</returns>
    /// <exception cref="FormatException">There is no array <c>keys</c>, or no key in it that can be read.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static IReadOnlyList<JsonWebKey> ReadKeys(ReadOnlyMemory<byte> utf8, out IReadOnlyList<string> leftOut)
    {
        using var document = Parse(utf8);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out var listed) || listed.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("the key document has no array of keys");
        }

        var (keys, unreadable, place, faults) = (new List<JsonWebKey>(), new List<string>(), 0, 0);
        foreach (var element in listed.EnumerateArray())
        {
            var fault = ReadKey(element, out var key);
            if (fault is null && keys.Count < MaxKeys && key is not null) keys.Add(key);
            if (fault is not null && unreadable.Count < MaxKeys) unreadable.Add($"keys[{place}]{fault}");
            if (fault is not null) faults++;
            place++;
        }

        // Not even one that nothing here is verified with.
        if (faults == place) throw new FormatException(place == 0 ? "it publishes no keys" : $"it publishes no keys that can be read: {string.Join(", ", unreadable)}");
        leftOut = unreadable;
        return keys;
    }

    // The member that is at fault; null too for a key of a type, or too short, that nothing here is verified with.
    private static string? ReadKey(JsonElement element, out JsonWebKey? key)
    {
        key = null;
        if (element.ValueKind != JsonValueKind.Object) return "";
        var read = new JsonWebKey();
        if ((Read("kty", text => read.Kty = text) ?? Read("kid", text => read.Kid = text) ?? Read("use", text => read.Use = text) ?? Read("alg", text => read.Alg = text)) is { } common) return common;
        switch (read.Kty)
        {
            case JsonWebAlgorithmsKeyTypes.RSA:
                if ((Read("n", text => read.N = text) ?? Read("e", text => read.E = text)) is { } rsa) return rsa;
                break;
            case JsonWebAlgorithmsKeyTypes.EllipticCurve:
                if ((Read("crv", text => read.Crv = text) ?? Read("x", text => read.X = text) ?? Read("y", text => read.Y = text)) is { } curve) return curve;
                break;
            default:
                return null;
        }

        // The library makes a key of it when it first verifies with it; what is none is told here, and not then.
        if (!JsonWebKeyConverter.TryConvertToSecurityKey(read, out var made)) return "";
        // RFC 7518 §3.3 wants 2048 bits of RSA.
        if (read.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve || made.KeySize >= 2048) key = read;
        return null;

        string? Read(string name, Action<string> keep)
        {
            if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
            if (Text(element, name) is not { } text) return $".{name}";
            keep(text);
            return null;
        }
    }

    // What is no text in it is passed over; null for what is no array.
    private static List<string>? Texts(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var listed) && listed.ValueKind == JsonValueKind.Array
            ? [.. listed.EnumerateArray().Select(Text).OfType<string>()]
            : null;

    private static string? Text(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair is no text.
            return null;
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        // RFC 8259 §8.1: a mark may be ignored.
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (utf8.Span.StartsWith(mark)) utf8 = utf8[mark.Length..];
        return JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = MaxDepth });
    }
}
