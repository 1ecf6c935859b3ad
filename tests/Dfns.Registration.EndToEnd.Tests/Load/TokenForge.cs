using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Load;

/// <summary>Makes bearer tokens with a single fault; also such as only the holder of the service's own signing key could make.</summary>
internal sealed class TokenForge
{
    private readonly ECDsa serviceKey;
    private readonly string genuine;

    private TokenForge(ECDsa serviceKey, string genuine)
    {
        this.serviceKey = serviceKey;
        this.genuine = genuine;
    }

    /// <param name="genuine">A token of the service, good for an open session.</param>
    public static async Task<TokenForge> InAsync(TestDatabase database, string genuine)
    {
        var row = Assert.Single(await Tables.Of(database).RowsAsync("SELECT * FROM signing_keys"));
        var stored = new SigningKey
        {
            Id = row.Text("id")!,
            PublicKey = row.Bytes("public_key"),
            SealedPrivateKey = row.Bytes("sealed_private_key"),
            CreatedAt = Instant("created_at"),
            ActiveFrom = Instant("active_from"),
            RetiredAt = Instant("retired_at"),
        };
        return new TokenForge(OpenedKey.Open(stored, new MasterKey(Convert.FromBase64String(ServiceProcess.MasterKey))).PrivateKey, genuine);

        DateTimeOffset Instant(string column) => row[column] is long ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : new DateTimeOffset((DateTime)row[column]!);
    }

    /// <summary>Values of the Authorization header, each with what is wrong with it.</summary>
    /// <param name="otherToken">A token of another open session.</param>
    public IEnumerable<(string Name, string? Authorization)> Refused(string otherToken)
    {
        var parts = genuine.Split('.');
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        yield return ("no token", null);
        yield return ("an empty token", "Bearer ");
        yield return ("a scheme alone", "Bearer");
        yield return ("another scheme", "Basic dXNlcjpwYXNz");
        yield return ("a token without its scheme", genuine);
        yield return ("text for a token", "Bearer not-a-token");
        yield return ("dots for a token", "Bearer ..");
        yield return ("two tokens", $"Bearer {genuine}, Bearer {genuine}");
        yield return ("two parts of three", $"Bearer {parts[0]}.{parts[1]}");
        yield return ("no signature", $"Bearer {parts[0]}.{parts[1]}.");
        yield return ("five parts", $"Bearer {genuine}.{parts[1]}.{parts[2]}");
        yield return ("a signature of zeros", $"Bearer {parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}");
        yield return ("the signature of another token", $"Bearer {parts[0]}.{parts[1]}.{otherToken.Split('.')[2]}");
        yield return ("the claims of another token", $"Bearer {parts[0]}.{otherToken.Split('.')[1]}.{parts[2]}");

        // Re-signed by the service's own key, so that nothing but the one claim can be what is refused.
        yield return ("expired", Signed(claims: c => c["exp"] = now - 3600));
        yield return ("without an end", Signed(claims: c => c.Remove("exp")));
        yield return ("not valid yet", Signed(claims: c => c["nbf"] = now + 3600));
        yield return ("for another purpose", Signed(claims: c => c["purpose"] = "Recovery"));
        yield return ("for no purpose", Signed(claims: c => c.Remove("purpose")));
        yield return ("of another issuer", Signed(claims: c => c["iss"] = "https://evil.example"));
        yield return ("for another audience", Signed(claims: c => c["aud"] = "https://evil.example"));
        yield return ("for a session that does not exist", Signed(claims: c => c["sid"] = "ce-00000-00000-0000000000000000"));
        yield return ("without a session", Signed(claims: c => c.Remove("sid")));
        yield return ("of another organisation", Signed(claims: c => c["sub"] = "or-00000-00000-0000000000000000"));
        yield return ("without an organisation", Signed(claims: c => c.Remove("sub")));
        yield return ("of another type", Signed(header: h => h["typ"] = "at+jwt"));

        yield return ("with algorithm none", $"Bearer {Encode(Header("none"))}.{parts[1]}.");
        yield return ("with algorithm none and a signature", $"Bearer {Encode(Header("none"))}.{parts[1]}.{parts[2]}");
        var secret = serviceKey.ExportSubjectPublicKeyInfo();
        var text = $"{Encode(Header("HS256"))}.{parts[1]}";
        yield return ("with the public key as a shared secret", $"Bearer {text}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)))}");
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        yield return ("signed by another key under the same id", Sign(Header("ES256"), Claims(), foreign));
        var inline = Header("ES256");
        var point = foreign.ExportParameters(includePrivateParameters: false).Q;
        inline["jwk"] = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
        inline.Remove("kid");
        yield return ("signed by a key it brings along", Sign(inline, Claims(), foreign));
        yield return ("signed by a key that is nobody's", Signed(header: h => h["kid"] = "sk-00000-00000-0000000000000000"));
    }

    private string Signed(Action<JsonObject>? header = null, Action<JsonObject>? claims = null)
    {
        var (head, body) = (Header("ES256"), Claims());
        header?.Invoke(head);
        claims?.Invoke(body);
        return Sign(head, body, serviceKey);
    }

    private static string Sign(JsonObject header, JsonObject claims, ECDsa key)
    {
        var text = $"{Encode(header)}.{Encode(claims)}";
        return $"Bearer {text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    private JsonObject Header(string algorithm)
    {
        var header = Part(0);
        header["alg"] = algorithm;
        return header;
    }

    private JsonObject Claims() => Part(1);

    private JsonObject Part(int index) => JsonNode.Parse(Base64Url.DecodeFromChars(genuine.Split('.')[index]))!.AsObject();

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
