using System.Text;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.AspNetCore.Http;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary>What a provider's documents hold besides what is needed, and how they are sent, is no reason to turn its users away.</summary>
public sealed class OddDocumentTests(ServiceFixture.Sqlite fixture) : SocialTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    // Every member that the two specifications name (OpenID Connect Discovery 1.0 §3, RFC 8414 §2, RFC 7517 §4), needed or not.
    private static readonly string[] DiscoveryMembers =
    [
        "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "registration_endpoint", "scopes_supported", "response_types_supported", "response_modes_supported",
        "grant_types_supported", "acr_values_supported", "subject_types_supported", "id_token_signing_alg_values_supported", "id_token_encryption_alg_values_supported",
        "id_token_encryption_enc_values_supported", "userinfo_signing_alg_values_supported", "request_object_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported", "display_values_supported", "claim_types_supported", "claims_supported", "service_documentation", "claims_locales_supported",
        "ui_locales_supported", "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration", "op_policy_uri",
        "op_tos_uri", "check_session_iframe", "end_session_endpoint", "backchannel_logout_supported", "mtls_endpoint_aliases", "signed_metadata", "of_nobody",
    ];

    private static readonly string[] KeyMembers = ["key_ops", "x5u", "x5c", "x5t", "x5t#S256", "exp", "nbf", "iat", "revoked", "ext", "of_nobody"];

    private static readonly string[] Values = ["\"text\"", "\"\"", "17", "-1.5e300", "true", "null", "[]", "[1,[\"a\"],{}]", "{}", "{\"a\":{\"b\":[null]}}", "\"\\ud800\""];

    [Fact]
    public async Task Any_member_that_is_not_needed_may_hold_anything()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        foreach (var value in Values)
        {
            provider.Discovery = context => context.Response.WriteAsync(Document(provider, [.. DiscoveryMembers.Select(m => $"\"{m}\":{value}")]));
            provider.Jwks = context => context.Response.WriteAsync($$"""{"odd":{{value}},"keys":[{{Key(provider, [.. KeyMembers.Select(m => $"\"{m}\":{value}")])}}]}""");

            Service.Clock.Advance(ProviderKeys.Endurance);
            await StartAsync(organisation, Draft(provider));
        }

        Assert.Equal(Values.Length, provider.KeyRequests);
    }

    public static TheoryData<string> OtherKeys =>
    [
        "null", "17", "\"text\"", "[]", "{}", """{"kty":17}""", """{"kty":"RSA","kid":"KID","n":["x"],"e":"AQAB"}""", """{"kty":"RSA","kid":17,"n":"AQAB","e":"AQAB"}""",
        """{"kty":"RSA","kid":"other","n":"not base64url!","e":"AQAB"}""", """{"kty":"EC","kid":"other","crv":{},"x":"AA","y":"AA"}""", """{"kty":"OKP","crv":"Ed25519","x":"AA","kid":"KID"}""",
        """{"kty":"oct","k":"AAAA","kid":"KID"}""", """{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"KID"}""", """{"kty":"RSA","kid":"\ud800","n":"AQAB","e":"AQAB"}""",
        """{"kty":"RSA","kid":"KID","use":"enc","n":"AQAB","e":"AQAB"}""", """{"kty":"of the future","kid":"KID"}""", "SAME",
    ];

    [Theory]
    [MemberData(nameof(OtherKeys))]
    public async Task A_key_that_cannot_be_read_or_used_leaves_out_itself_alone(string other)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var text = other == "SAME" ? Key(provider) : other.Replace("KID", provider.Key.Id, StringComparison.Ordinal);
        foreach (var keys in new[] { $"{text},{Key(provider)}", $"{Key(provider)},{text}" })
        {
            provider.Jwks = context => context.Response.WriteAsync($$"""{"keys":[{{keys}}]}""");

            Service.Clock.Advance(ProviderKeys.Endurance);
            await StartAsync(organisation, Draft(provider));
        }
    }

    [Theory]
    [InlineData("""{"kty":"EC","kid":"KID","crv":"P-256","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"EC","kid":"KID","crv":"P-256","x":"AAAA","y":"not base64url!"}""")]
    [InlineData("""{"kty":"EC","kid":"KID","crv":"of the future","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"EC","kid":"KID"}""")]
    [InlineData("""{"kty":"RSA","kid":"KID"}""")]
    [InlineData("""{"kty":"RSA","kid":"KID","n":"not base64url!","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","kid":"KID","n":"AQAB","e":""}""")]
    public async Task What_is_no_key_is_told_and_not_kept(string key)
    {
        var none = key.Replace("KID", "none", StringComparison.Ordinal);

        Assert.Empty(ProviderDocuments.ReadKeys(Encoding.UTF8.GetBytes($$"""{"keys":[{{none}},{"kty":"oct"}]}"""), out var leftOut));
        Assert.StartsWith("keys[0]", Assert.Single(leftOut), StringComparison.Ordinal);

        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        provider.Jwks = context => context.Response.WriteAsync($$"""{"keys":[{{key.Replace("KID", provider.Key.Id, StringComparison.Ordinal)}}]}""");
        Assert.Equal("social_provider_unavailable", (await TryStartAsync(organisation, Draft(provider))).Code);
    }

    [Theory]
    [InlineData("application/json; charset=utf8", false)]
    [InlineData("application/json; charset=\"UTF-8\"", false)]
    [InlineData("application/json; charset=iso-8859-1", false)]
    [InlineData("application/json; charset=of-nobody", false)]
    [InlineData("application/jwk-set+json", false)]
    [InlineData("text/html", false)]
    [InlineData("nonsense", false)]
    [InlineData("application/json", true)]
    public async Task It_does_not_matter_how_a_document_is_labelled(string contentType, bool hasMark)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        provider.Discovery = context => SendAsync(context, Document(provider));
        provider.Jwks = context => SendAsync(context, $$"""{"keys":[{{Key(provider)}}]}""");

        await StartAsync(organisation, Draft(provider));

        async Task SendAsync(HttpContext context, string text)
        {
            context.Response.Headers.ContentType = contentType;
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes((hasMark ? "\ufeff" : "") + text));
        }
    }

    [Fact]
    public async Task The_log_says_which_member_was_odd()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        provider.Jwks = context => context.Response.WriteAsync($$"""{"keys":[{{Key(provider)}},{"kty":"RSA","kid":"b","n":7,"e":"AQAB"},3]}""");

        await StartAsync(organisation, Draft(provider));

        Assert.Contains("keys[1].n, keys[2]", string.Concat(Service.Log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_a_thousand_keys_nor_deep_nesting_ends_it()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        provider.Jwks = context => context.Response.WriteAsync($$"""{"keys":[{{Key(provider)}},{{string.Join(',', Enumerable.Repeat("{\"kty\":\"RSA\"}", 5000))}}]}""");
        await StartAsync(organisation, Draft(provider));

        provider.Jwks = context => context.Response.WriteAsync($$"""{"keys":[{{Key(provider)}}],"deep":{{new string('[', 50_000)}}{{new string(']', 50_000)}}}""");
        Service.Clock.Advance(ProviderKeys.Endurance);
        Assert.Equal("social_provider_unavailable", (await TryStartAsync(organisation, Draft(provider))).Code);
    }

    private static string Document(OpenIdProvider provider, params string[] members) =>
        $$"""{ {{string.Join(',', [.. members, $"\"issuer\":\"{provider.Issuer}\"", $"\"jwks_uri\":\"{provider.Issuer}/jwks\""])}} }""";

    private static string Key(OpenIdProvider provider, params string[] members)
    {
        var key = provider.Key.Jwk().ToJsonString();
        return members.Length == 0 ? key : $"{key[..^1]},{string.Join(',', members)}}}";
    }
}
