using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>An OpenID provider on a loopback port, with keys of its own, that can be made to misbehave in any way.</summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    public const string ClientId = "web.example.co";

    private readonly ConcurrentDictionary<string, (Dictionary<string, string> Asked, IdTokenDraft IdToken)> codes = new(StringComparer.Ordinal);
    private readonly string id = RandomNumberGenerator.GetHexString(16, lowercase: true);
    private WebApplication? app;
    private int port;

    private OpenIdProvider() => Published = [Key];

    /// <summary>With a path of its own: a port is soon another provider's.</summary>
    public string Issuer => $"{Address}/{id}";

    /// <summary>The key it signs with.</summary>
    public ProviderKey Key { get; private set; } = ProviderKey.Rsa();

    /// <summary>The keys in its JWKS.</summary>
    public IReadOnlyList<ProviderKey> Published { get; set; }

    /// <summary>Answers in place of the discovery document, where set.</summary>
    public Func<HttpContext, Task>? Discovery { get; set; }

    /// <summary>Answers in place of the keys, where set.</summary>
    public Func<HttpContext, Task>? Jwks { get; set; }

    /// <summary>Answers in place of the token endpoint, where set.</summary>
    public Func<HttpContext, Task>? Tokens { get; set; }

    /// <summary>Members of the discovery document beside those that every provider has; may replace one of those.</summary>
    public JsonObject Told { get; } = [];

    /// <summary>The forms that the token endpoint was sent, with the header by which the client proved itself as <c>authorization</c>.</summary>
    public ConcurrentQueue<IReadOnlyDictionary<string, string>> TokenRequests { get; } = [];

    /// <summary>How often it was asked for its discovery document.</summary>
    public int DiscoveryRequests { get; private set; }

    /// <summary>How often it was asked for its keys.</summary>
    public int KeyRequests { get; private set; }

    public static async Task<OpenIdProvider> StartAsync()
    {
        var provider = new OpenIdProvider();
        await provider.GoUpAsync();
        return provider;
    }

    /// <summary>Listens again where it listened before.</summary>
    public async Task GoUpAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Address);
        app = builder.Build();
        // A provider of many tenants has an issuer with a path for each.
        app.MapGet("{**tenant}", context => context.Request.Path.Value!.EndsWith("/jwks", StringComparison.Ordinal) ? AnswerKeysAsync(context) : AnswerDiscoveryAsync(context));
        app.MapPost("{**tenant}", AnswerTokensAsync);
        await app.StartAsync();
        port = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
    }

    /// <summary>Listens no more.</summary>
    public async Task GoDownAsync()
    {
        await app!.DisposeAsync();
        app = null;
    }

    /// <summary>Signs with a new key from now on, and publishes it alone.</summary>
    public void Rotate()
    {
        Key = ProviderKey.Rsa();
        Published = [Key];
    }

    /// <summary>A good ID token, to change one thing of.</summary>
    public IdTokenDraft Draft(DateTimeOffset now, string subject = "248289761001", string? email = "jane@example.co") => new(Key)
    {
        Claims =
        {
            ["iss"] = Issuer,
            ["sub"] = subject,
            ["aud"] = ClientId,
            ["exp"] = now.ToUnixTimeSeconds() + 3600,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["email"] = email,
            ["email_verified"] = true,
        },
    };

    private string Address => $"http://127.0.0.1:{port}";

    public async ValueTask DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
    }

    private Task AnswerDiscoveryAsync(HttpContext context)
    {
        DiscoveryRequests++;
        var issuer = Address + context.Request.Path.Value!.Replace("/.well-known/openid-configuration", "", StringComparison.Ordinal);
        var document = new JsonObject { ["issuer"] = issuer, ["jwks_uri"] = $"{issuer}/jwks", ["authorization_endpoint"] = $"{issuer}/auth", ["token_endpoint"] = $"{issuer}/token" };
        foreach (var (name, value) in Told) document[name] = value?.DeepClone();
        return Discovery?.Invoke(context) ?? context.Response.WriteAsync(document.ToJsonString());
    }

    /// <summary>Signs somebody in as its sign-in page does, and hands out a code for what the page was asked.</summary>
    /// <param name="address">Where the person was sent.</param>
    /// <param name="idToken">What the code stands for, to be completed with the nonce.</param>
    public (string Code, string State) SignIn(string address, IdTokenDraft idToken)
    {
        var asked = QueryHelpers.ParseQuery(new Uri(address).Query).ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal);
        idToken.Claims["nonce"] ??= asked["nonce"];
        var code = RandomNumberGenerator.GetHexString(32);
        codes[code] = (asked, idToken);
        return (code, asked["state"]);
    }

    // RFC 6749 §4.1.3 and RFC 7636 §4.6: each code once, for the client and the redirect URI that it was asked for, to whoever knows what the challenge is of.
    private async Task AnswerTokensAsync(HttpContext context)
    {
        var form = (await context.Request.ReadFormAsync()).ToDictionary(f => f.Key, f => f.Value.ToString(), StringComparer.Ordinal);
        var clientId = form.GetValueOrDefault("client_id");
        if (context.Request.Headers.Authorization.ToString() is { Length: > 0 } basic)
        {
            form["authorization"] = Encoding.ASCII.GetString(Convert.FromBase64String(basic["Basic ".Length..]));
            clientId = Uri.UnescapeDataString(form["authorization"].Split(':')[0]);
        }

        TokenRequests.Enqueue(form);
        if (Tokens is not null)
        {
            await Tokens(context);
            return;
        }

        var isGood = form["grant_type"] == "authorization_code" && codes.TryRemove(form["code"], out var known)
            && known.Asked["client_id"] == clientId && known.Asked["redirect_uri"] == form["redirect_uri"]
            && known.Asked["code_challenge"] == Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"])))
            ? known.IdToken
            : null;
        context.Response.StatusCode = isGood is null ? 400 : 200;
        await context.Response.WriteAsync((isGood is null
            ? new JsonObject { ["error"] = "invalid_grant" }
            : new JsonObject { ["access_token"] = "opaque", ["token_type"] = "Bearer", ["id_token"] = isGood.Encode() }).ToJsonString());
    }

    private Task AnswerKeysAsync(HttpContext context)
    {
        KeyRequests++;
        return Jwks?.Invoke(context) ?? context.Response.WriteAsync(new JsonObject { ["keys"] = new JsonArray([.. Published.Select(k => k.Jwk())]) }.ToJsonString());
    }
}

/// <summary>A signing key of a provider.</summary>
/// <param name="Id">Its <c>kid</c>.</param>
/// <param name="Algorithm">The <c>alg</c> of its tokens.</param>
/// <param name="Sign">Signs bytes as RFC 7518 §3 has it.</param>
/// <param name="Jwk">Makes its entry in the JWKS.</param>
internal sealed record ProviderKey(string Id, string Algorithm, Func<byte[], byte[]> Sign, Func<JsonObject> Jwk)
{
    public static ProviderKey Rsa(int bits = 2048)
    {
        var key = RSA.Create(bits);
        var parameters = key.ExportParameters(includePrivateParameters: false);
        var id = NewId();
        return new ProviderKey(
            id,
            "RS256",
            bytes => key.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            () => new JsonObject { ["kty"] = "RSA", ["kid"] = id, ["use"] = "sig", ["n"] = Base64Url.EncodeToString(parameters.Modulus), ["e"] = Base64Url.EncodeToString(parameters.Exponent) });
    }

    public static ProviderKey P256()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var id = NewId();
        return new ProviderKey(
            id,
            "ES256",
            bytes => key.SignData(bytes, HashAlgorithmName.SHA256),
            () => new JsonObject { ["kty"] = "EC", ["kid"] = id, ["use"] = "sig", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) });
    }

    private static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);
}

/// <summary>An ID token before it is signed.</summary>
internal sealed class IdTokenDraft(ProviderKey key)
{
    public JsonObject Header { get; } = new() { ["alg"] = key.Algorithm, ["kid"] = key.Id, ["typ"] = "JWT" };

    public JsonObject Claims { get; } = [];

    /// <summary>Makes the signature over header and payload.</summary>
    public Func<byte[], byte[]> Sign { get; set; } = key.Sign;

    public IdTokenDraft With(Action<IdTokenDraft> change)
    {
        change(this);
        return this;
    }

    public string Encode()
    {
        var signed = $"{Part(Header)}.{Part(Claims)}";
        var token = $"{signed}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(signed)))}";
        KnownSecrets.Add(token);
        return token;
    }

    private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
