using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>Who may complete a registration: the bearer of the token that came with the challenge, and nobody learns why not.</summary>
public abstract class BearerTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : BearerTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : BearerTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    public static TheoryData<string> BadAuthorizations => [.. Forgeries.Keys];

    // Each makes the Authorization header of a request, from the good token, that must be refused.
    private static readonly Dictionary<string, Func<Forge, Task<string?>>> Forgeries = new(StringComparer.Ordinal)
    {
        ["missing"] = _ => Task.FromResult<string?>(null),
        ["empty"] = _ => Task.FromResult<string?>("Bearer "),
        ["of another scheme"] = f => Task.FromResult<string?>($"Basic {f.Token}"),
        ["no JWT"] = _ => Task.FromResult<string?>("Bearer not-a-token"),
        ["two parts of a JWT"] = f => Task.FromResult<string?>($"Bearer {f.Token[..f.Token.LastIndexOf('.')]}"),
        ["without its signature"] = f => Task.FromResult<string?>($"Bearer {f.Token[..(f.Token.LastIndexOf('.') + 1)]}"),
        ["with one bit of the signature changed"] = f => Task.FromResult<string?>($"Bearer {f.Token[..^9]}{(f.Token[^9] == 'A' ? 'B' : 'A')}{f.Token[^8..]}"),
        ["with a payload changed"] = f => Task.FromResult<string?>($"Bearer {f.WithPayload(p => p["sub"] = "or-other-other-other000000000")}"),
        ["alg none"] = f => Task.FromResult<string?>($"Bearer {f.Unsigned()}"),
        ["HS256 under the public key"] = async f => $"Bearer {await f.SignedWithPublicKeyAsSecretAsync()}",
        ["signed by another key"] = f => Task.FromResult<string?>($"Bearer {f.SignedByAnotherKey()}"),
        ["of another purpose"] = async f => $"Bearer {await f.ResignedAsync(p => p["purpose"] = "Login")}",
        ["of no purpose"] = async f => $"Bearer {await f.ResignedAsync(p => p.Remove("purpose"))}",
        ["of another type"] = async f => $"Bearer {await f.ResignedAsync(_ => { }, h => h["typ"] = "at+jwt")}",
        ["of another issuer"] = async f => $"Bearer {await f.ResignedAsync(p => p["iss"] = "https://elsewhere.example.co")}",
        ["for another audience"] = async f => $"Bearer {await f.ResignedAsync(p => p["aud"] = "https://elsewhere.example.co")}",
        ["of another organisation"] = async f => $"Bearer {await f.ResignedAsync(p => p["sub"] = "or-other-other-other000000000")}",
        ["of an unknown session"] = async f => $"Bearer {await f.ResignedAsync(p => p["sid"] = "ce-other-other-other000000000")}",
        ["without a session"] = async f => $"Bearer {await f.ResignedAsync(p => p.Remove("sid"))}",
        ["that never expires"] = async f => $"Bearer {await f.ResignedAsync(p => p.Remove("exp"))}",
        ["not valid yet"] = async f => $"Bearer {await f.ResignedAsync(p => p["nbf"] = Service.Noon.AddYears(1).ToUnixTimeSeconds())}",
        ["expired"] = async f => $"Bearer {await f.ResignedAsync(p => p["exp"] = Service.Noon.AddYears(-1).ToUnixTimeSeconds())}",
        ["sent twice"] = f => Task.FromResult<string?>($"Bearer {f.Token}, Bearer {f.Token}"),
    };

    [Theory]
    [MemberData(nameof(BadAuthorizations))]
    public async Task Refuses_a_token(string forgery)
    {
        var challenge = await ChallengeAsync();
        var authorization = await Forgeries[forgery](new Forge(challenge.Token, Service.Services));

        var answer = await SendAsync(challenge, authorization);

        Assert.Equal((401, """{"error":{"status":401,"code":"not_authorized","message":"Not Authorized.","help":"Send 'Authorization: Bearer' with a token that is meant for this call, before it expires: the temporaryAuthenticationToken of the answer that carried the challenge, or the token of a session or service account."},"message":"Not Authorized."}"""), ((int)answer.Status, answer.Text));
        Assert.Equal("Bearer", answer.Headers["WWW-Authenticate"]);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Fact]
    public async Task Refuses_a_token_whose_time_is_over_with_the_same_body()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        Service.Clock.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal("not_authorized", (await challenge.CompleteAsync(body)).Code);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Fact]
    public async Task Accepts_a_token_until_its_last_second()
    {
        var challenge = await ChallengeAsync();
        Service.Clock.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));

        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    [Theory]
    [InlineData("bearer")]
    [InlineData("BEARER")]
    public async Task Reads_the_scheme_in_any_case(string scheme)
    {
        var challenge = await ChallengeAsync();

        Assert.Equal(200, (int)(await SendAsync(challenge, $"{scheme} {challenge.Token}")).Status);
    }

    [Fact]
    public async Task Issues_a_token_whose_claims_clients_read()
    {
        var challenge = await ChallengeAsync();

        var token = new JsonWebToken(challenge.Token);

        Assert.Equal("ES256", token.Alg);
        Assert.Equal("https://auth.example.co", token.Issuer);
        Assert.Equal(challenge.Organisation.Id, token.Subject);
        Assert.Equal("jane@example.co", token.GetPayloadValue<string>("https://custom/username"));
        var metadata = token.GetPayloadValue<System.Text.Json.JsonElement>("https://custom/app_metadata");
        Assert.Equal(challenge.Organisation.Id, metadata.GetProperty("orgId").GetString());
        Assert.Equal(challenge.UserId, metadata.GetProperty("userId").GetString());
        Assert.Equal("Temp", metadata.GetProperty("tokenKind").GetString());
    }

    [Fact]
    public async Task Publishes_the_key_that_verifies_its_tokens()
    {
        var challenge = await ChallengeAsync();

        var jwks = await Service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json", content: null, bearer: null);

        var keys = new JsonWebKeySet(jwks.Text);
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(challenge.Token, new TokenValidationParameters
        {
            IssuerSigningKeys = keys.GetSigningKeys(),
            ValidIssuer = "https://auth.example.co",
            ValidAudience = "https://auth.example.co/registration",
            ValidTypes = ["registration+jwt"],
            ValidateLifetime = false,
        });
        Assert.True(result.IsValid, result.Exception?.Message);
        Assert.DoesNotContain("\"d\"", jwks.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ignores_a_foreign_token_where_none_is_needed()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/registration/init", invited.InitBody, bearer: "something.else.entirely")).Status);
    }

    private async Task<Answer> SendAsync(Challenge challenge, string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/registration") { Content = Service.Json(challenge.GoodBody()) };
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await Service.Http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();

    /// <summary>What an attacker makes of a token, with the service's own signing key where only one claim is to be wrong.</summary>
    private sealed record Forge(string Token, IServiceProvider Services)
    {
        private string[] Parts => Token.Split('.');

        private JsonObject Payload => JsonNode.Parse(Base64UrlEncoder.Decode(Parts[1]))!.AsObject();

        public string WithPayload(Action<JsonObject> change) => $"{Parts[0]}.{Changed(change)}.{Parts[2]}";

        public string Unsigned() => $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{Parts[1]}.";

        public async Task<string> SignedWithPublicKeyAsSecretAsync()
        {
            var key = (await KeysAsync()).Verifiers[0];
            var header = Base64UrlEncoder.Encode($$"""{"alg":"HS256","typ":"JWT","kid":"{{key.KeyId}}"}""");
            var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.ECDsa.ExportSubjectPublicKeyInfoPem()), Encoding.UTF8.GetBytes($"{header}.{Parts[1]}"));
            return $"{header}.{Parts[1]}.{Base64UrlEncoder.Encode(mac)}";
        }

        public string SignedByAnotherKey()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return Sign(Parts[1], key);
        }

        public async Task<string> ResignedAsync(Action<JsonObject> change, Action<JsonObject>? header = null)
        {
            var signer = (ECDsaSecurityKey)(await KeysAsync()).Signer.Key;
            var head = JsonNode.Parse(Base64UrlEncoder.Decode(Parts[0]))!.AsObject();
            header?.Invoke(head);
            return Sign(Changed(change), signer.ECDsa, Base64UrlEncoder.Encode(head.ToJsonString()));
        }

        private async Task<KeySet> KeysAsync() => await Services.GetRequiredService<SigningKeys>().GetAsync(CancellationToken.None);

        private string Changed(Action<JsonObject> change)
        {
            var payload = Payload;
            change(payload);
            return Base64UrlEncoder.Encode(payload.ToJsonString());
        }

        private string Sign(string payload, ECDsa key, string? header = null)
        {
            header ??= Parts[0];
            return $"{header}.{payload}.{Base64UrlEncoder.Encode(key.SignData(Encoding.UTF8.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256))}";
        }
    }
}
