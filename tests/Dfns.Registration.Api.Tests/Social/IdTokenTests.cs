using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary>The checks on an ID token (OpenID Connect Core 1.0 §3.1.3.7): each with the token that passes it, and one that breaks it alone.</summary>
public abstract class IdTokenTests(ServiceFixture fixture) : SocialTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : IdTokenTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : IdTokenTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private long Now => Service.Clock.GetUtcNow().ToUnixTimeSeconds();

    // Step 2: the issuer.
    [Theory]
    [InlineData("/")]
    [InlineData("/tenant-of-somebody-else")]
    [InlineData("\0")]
    public async Task Refuses_an_issuer_that_is_not_the_one_set_to_the_last_character(string more)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);

        await AssertRefusedAsync("id_token_issuer_unknown", organisation, Draft(provider).With(d => d.Claims["iss"] = provider.Issuer + more));
        Assert.Equal(0, provider.DiscoveryRequests);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Refuses_a_token_without_issuer(string? issuer)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_issuer_unknown", await OrganisationAsync(provider), Draft(provider).With(d => d.Claims["iss"] = issuer));
    }

    [Fact]
    public async Task Asks_no_provider_that_the_organisation_has_not_set_and_answers_alike_for_an_organisation_that_does_not_exist()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var foreign = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        // Another organisation's provider is nobody's here.
        await OrganisationAsync(foreign);

        var answer = await TryStartAsync(organisation, Draft(foreign));
        var nowhere = await TryStartAsync(organisation with { Id = "or-nosuc-horga-nisation0000000" }, Draft(provider));

        Assert.Equal("id_token_issuer_unknown", answer.Code);
        Assert.Equal(answer.Text, nowhere.Text);
        Assert.Equal((0, 0), (provider.DiscoveryRequests, foreign.DiscoveryRequests));
    }

    // Steps 3 to 5: audience and authorised party.
    public static TheoryData<string, string?, bool> Audiences => new()
    {
        { "\"web.example.co\"", null, true },
        { "[\"web.example.co\"]", null, true },
        { "[\"web.example.co\",\"ios.example.co\"]", "ios.example.co", true },
        { "\"web.example.co\"", "ios.example.co", true },
        { "[\"web.example.co\",\"ios.example.co\"]", null, false },
        { "[\"web.example.co\",\"ios.example.co\"]", "elsewhere.example.co", false },
        { "\"web.example.co\"", "elsewhere.example.co", false },
        { "\"web.example.co\"", "", false },
        { "[\"web.example.co\",\"elsewhere.example.co\"]", "web.example.co", false },
        { "\"elsewhere.example.co\"", null, false },
        { "\"WEB.example.co\"", null, false },
        { "\"web.example.co \"", null, false },
        { "\"\"", null, false },
        { "[]", null, false },
        { "null", null, false },
    };

    [Theory]
    [MemberData(nameof(Audiences))]
    public async Task Accepts_tokens_for_the_organisations_clients_alone(string audience, string? authorisedParty, bool accepted)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider, p => p.ClientIds.Add("ios.example.co"));
        var draft = Draft(provider).With(d => d.Claims["aud"] = JsonNode.Parse(audience));
        if (authorisedParty is not null) draft.Claims["azp"] = authorisedParty;

        if (accepted) await StartAsync(organisation, draft);
        else await AssertRefusedAsync("id_token_audience_not_allowed", organisation, draft);
    }

    [Fact]
    public async Task Refuses_a_token_without_audience()
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_audience_not_allowed", await OrganisationAsync(provider), Draft(provider).With(d => d.Claims.Remove("aud")));
    }

    // Steps 6 to 8: algorithm, key, signature.
    [Fact]
    public async Task Accepts_ES256()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var key = ProviderKey.P256();
        provider.Published = [provider.Key, key];

        await StartAsync(await OrganisationAsync(provider), SignedBy(provider, key));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("NONE")]
    [InlineData("")]
    public async Task Refuses_a_token_that_nobody_signed(string algorithm)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_algorithm_not_allowed", await OrganisationAsync(provider), Draft(provider).With(d =>
        {
            d.Header["alg"] = algorithm;
            d.Sign = _ => [];
        }));
    }

    [Fact]
    public async Task Refuses_a_token_signed_with_the_public_key_as_a_shared_secret()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        using var key = RSA.Create(new RSAParameters
        {
            Modulus = Base64Url.DecodeFromChars((string)provider.Key.Jwk()["n"]!),
            Exponent = Base64Url.DecodeFromChars((string)provider.Key.Jwk()["e"]!),
        });

        foreach (var secret in new[] { Encoding.UTF8.GetBytes(key.ExportSubjectPublicKeyInfoPem()), key.ExportSubjectPublicKeyInfo(), Encoding.UTF8.GetBytes(provider.Key.Jwk().ToJsonString()) })
        {
            await AssertRefusedAsync("id_token_algorithm_not_allowed", organisation, Draft(provider).With(d =>
            {
                d.Header["alg"] = "HS256";
                d.Sign = bytes => HMACSHA256.HashData(secret, bytes);
            }));
        }
    }

    [Fact]
    public async Task Refuses_an_algorithm_that_the_organisation_has_not_set_though_the_key_is_the_providers()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var key = ProviderKey.P256();
        provider.Published = [provider.Key, key];

        await AssertRefusedAsync("id_token_algorithm_not_allowed", await OrganisationAsync(provider, p => p.Algorithms = ["RS256"]), SignedBy(provider, key));
    }

    [Fact]
    public async Task Refuses_a_key_of_the_other_type_than_the_algorithm_says()
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_key_unknown", await OrganisationAsync(provider), Draft(provider).With(d => d.Header["alg"] = "ES256"));
    }

    [Theory]
    [InlineData("use", "enc")]
    [InlineData("alg", "RS384")]
    [InlineData("kty", "oct")]
    public async Task Refuses_a_key_that_the_provider_publishes_for_something_else(string member, string value)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        provider.Published = [provider.Key with { Jwk = () => With(provider.Key.Jwk(), member, value) }];

        await AssertRefusedAsync("id_token_key_unknown", await OrganisationAsync(provider), Draft(provider));
    }

    [Fact]
    public async Task Refuses_an_RSA_key_of_1024_bits()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var key = ProviderKey.Rsa(bits: 1024);
        provider.Published = [provider.Key, key];

        await AssertRefusedAsync("id_token_key_unknown", await OrganisationAsync(provider), SignedBy(provider, key));
    }

    [Fact]
    public async Task Accepts_a_token_that_names_no_key_when_the_provider_has_one_for_its_algorithm()
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await StartAsync(await OrganisationAsync(provider), Draft(provider).With(d => d.Header.Remove("kid")));
    }

    [Fact]
    public async Task Refuses_a_token_that_names_no_key_when_the_provider_has_several()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        provider.Published = [provider.Key, ProviderKey.Rsa()];

        await AssertRefusedAsync("id_token_key_unknown", await OrganisationAsync(provider), Draft(provider).With(d => d.Header.Remove("kid")));
    }

    [Fact]
    public async Task Refuses_a_key_that_the_provider_does_not_publish_even_with_the_id_of_one_it_does()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var own = ProviderKey.Rsa();

        await AssertRefusedAsync("id_token_key_unknown", organisation, SignedBy(provider, own));
        await AssertRefusedAsync("id_token_signature_invalid", organisation, SignedBy(provider, own).With(d => d.Header["kid"] = provider.Key.Id));
        // A key that the token itself brings along is nobody's.
        await AssertRefusedAsync("id_token_signature_invalid", organisation, SignedBy(provider, own).With(d => (d.Header["kid"], d.Header["jwk"]) = (provider.Key.Id, own.Jwk())));
    }

    [Fact]
    public async Task Refuses_a_signature_over_anything_else()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);

        await AssertRefusedAsync("id_token_signature_invalid", organisation, Draft(provider).With(d => d.Sign = bytes => provider.Key.Sign([.. bytes, 0])));
        await AssertRefusedAsync("id_token_signature_invalid", organisation, Draft(provider).With(d => d.Sign = _ => []));
        await AssertRefusedAsync("id_token_signature_invalid", organisation, Draft(provider).With(d => d.Sign = bytes => [.. provider.Key.Sign(bytes), 0]));
        var parts = Draft(provider).Encode().Split('.');
        var swapped = $"{parts[0]}.{Draft(provider, subject: "somebody-else").Encode().Split('.')[1]}.{parts[2]}";
        Assert.Equal("id_token_signature_invalid", (await Service.PostAsync("/auth/registration/social", Body(organisation, swapped))).Code);
    }

    // Steps 9 and 10: times, in seconds from now.
    public static TheoryData<string, long, string?> Times => new()
    {
        { "exp", -59, null },
        { "exp", -60, "id_token_expired" },
        { "exp", -3600, "id_token_expired" },
        { "exp", long.MinValue / 2, "id_token_expired" },
        { "iat", 60, null },
        { "iat", 61, "id_token_not_yet_valid" },
        { "iat", long.MaxValue / 2, "id_token_not_yet_valid" },
        { "iat", -3659, null },
        { "iat", -3660, "id_token_too_old" },
        { "nbf", 60, null },
        { "nbf", 61, "id_token_not_yet_valid" },
    };

    [Theory]
    [MemberData(nameof(Times))]
    public async Task Holds_each_time_to_its_bound(string claim, long seconds, string? refused)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var draft = Draft(provider).With(d => d.Claims[claim] = Now + seconds);

        if (refused is null) await StartAsync(organisation, draft);
        else await AssertRefusedAsync(refused, organisation, draft);
    }

    [Theory]
    [InlineData("exp")]
    [InlineData("iat")]
    [InlineData("sub")]
    public async Task Refuses_a_token_without_a_claim_that_every_ID_token_has(string claim)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_claims_invalid", await OrganisationAsync(provider), Draft(provider).With(d => d.Claims.Remove(claim)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Jäne")]
    [InlineData("a\0b")]
    [InlineData("a\u007Fb")]
    [InlineData("256")]
    public async Task Refuses_a_subject_that_is_empty_or_too_long_or_not_ASCII(string subject)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        if (subject == "256") subject = new string('a', 256);

        await AssertRefusedAsync("id_token_claims_invalid", await OrganisationAsync(provider), Draft(provider, subject));
    }

    // Step 11: the nonce.
    [Theory]
    [InlineData("n-0S6_WzA2Mj", "n-0S6_WzA2Mj", true)]
    [InlineData("n-0S6_WzA2Mj", null, true)]
    [InlineData(null, null, true)]
    [InlineData("n-0S6_WzA2Mj", "n-0S6_WzA2MJ", false)]
    [InlineData(null, "n-0S6_WzA2Mj", false)]
    [InlineData("", "n-0S6_WzA2Mj", false)]
    public async Task Demands_the_nonce_that_the_client_sends(string? inToken, string? sent, bool accepted)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var draft = Draft(provider);
        if (inToken is not null) draft.Claims["nonce"] = inToken;

        if (accepted) await StartAsync(organisation, draft, sent);
        else await AssertRefusedAsync("id_token_nonce_mismatch", organisation, draft, sent);
    }

    // §5.1: the address.
    [Theory]
    [InlineData("true", true)]
    [InlineData("\"true\"", true)]
    [InlineData("false", false)]
    [InlineData("\"false\"", false)]
    [InlineData("\"yes\"", false)]
    [InlineData("1", false)]
    [InlineData("null", false)]
    [InlineData("[true]", false)]
    public async Task Demands_that_the_provider_has_verified_the_address(string verified, bool accepted)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var draft = Draft(provider).With(d => d.Claims["email_verified"] = JsonNode.Parse(verified));

        if (accepted) await StartAsync(organisation, draft);
        else await AssertRefusedAsync("id_token_email_not_verified", organisation, draft);
    }

    [Theory]
    [InlineData("email")]
    [InlineData("email_verified")]
    public async Task Demands_an_address_and_word_of_its_verification(string claim)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_email_not_verified", await OrganisationAsync(provider), Draft(provider).With(d => d.Claims.Remove(claim)));
    }

    [Theory]
    [InlineData("jane\u200b@example.co")]
    [InlineData("   ")]
    public async Task Refuses_an_address_that_no_user_could_be_named(string email)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_claims_invalid", await OrganisationAsync(provider), Draft(provider, email: email));
    }

    // Half a surrogate where it is compared or not, an encrypted token, and parts that are none; the latter drawn.
    public static TheoryData<string> NoTokens
    {
        get
        {
            const string header = """{"alg":"RS256","kid":"1"}""";
            var draws = new Draws(20261128);
            string[] pieces = ["", ".", "..", "=", "A===", "W10", Text("{}"), Text(header), Text("null"), Text("[]"), Text("""{"alg":"dir","enc":"A256GCM"}"""), Text("""{"alg":{}}"""), Text("""{"crit":[1]}"""), "+/", "\u0000", "%"];
            return
            [
                $"{Text(header)}.{Text("""{"a":{"\ud800":1}}""")}.AAAA",
                $"{Text(header)}.{Text("""{"a":{"\ud800":1,"\ud800":2}}""")}.AAAA",
                $"{Text("""{"alg":"RS256","x":{"\udc00":1}}""")}.{Text("{}")}.AAAA",
                $"{Text("""{"alg":"dir","enc":"A256GCM"}""")}.A.A.A.A",
                $"{Text("""{"alg":"dir","enc":"A256GCM"}""")}.A===.W10..",
                .. Enumerable.Range(0, 400).Select(_ => string.Join('.', Enumerable.Range(0, 1 + draws.Below(6)).Select(_ => pieces[draws.Below(pieces.Length)]))).Distinct(StringComparer.Ordinal),
            ];

            static string Text(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        }
    }

    [Fact]
    public async Task Whatever_is_no_token_is_refused_in_a_sentence_and_is_no_fault_of_the_service()
    {
        var organisation = await Service.NewOrganisationAsync();
        foreach (string text in NoTokens.Select(row => row.Data))
        {
            foreach (var path in new[] { "/auth/registration/social", "/auth/login/social" })
            {
                var answer = await Service.PostAsync(path, Body(organisation, text));
                Assert.True((int)answer.Status is 400 or 401, $"{text}: {answer.Text}");
            }
        }
    }

    private static readonly string[] OtherTypes = ["application/at+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt", "dpop+jwt", "oauth-authz-req+jwt", "whatever"];

    private static readonly string[] AnyValues = ["\"x\"", "{}", "null"];

    private static readonly string[] OtherUses = ["\"Bearer\"", "\"access\"", "\"Logout\"", "\"\"", "null", "[\"ID\"]"];

    // What is no ID token at all: the types of other tokens, and what tells those that have the type of any JWT.
    public static TheoryData<string, string> OtherTokens =>
    [
        .. OtherTypes.Select(type => ("type", $"\"{type}\"")),
        .. Enum.GetValues<TokenPurpose>().Select(purpose => ("type", $"\"{purpose.Type()}\"")),
        .. Api.Social.OtherTokens.Claims.SelectMany(c => AnyValues.Select(value => (c.Claim, value))),
        .. Api.Social.OtherTokens.Uses.SelectMany(c => OtherUses.Select(value => (c.Claim, value))),
        ("events", """{"http://schemas.openid.net/event/backchannel-logout":{}}"""),
    ];

    [Theory]
    [MemberData(nameof(OtherTokens))]
    public async Task Refuses_tokens_of_another_kind(string where, string value)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        // One that is a good ID token but for this.
        var draft = Draft(provider).With(d => (where == "type" ? d.Header : d.Claims)[where == "type" ? "typ" : where] = JsonNode.Parse(value));

        await AssertRefusedAsync("id_token_malformed", organisation, draft);
        Assert.Equal("id_token_malformed", (await Service.PostAsync("/auth/login/social", Body(organisation, draft.Encode()))).Code);
        Assert.Equal(0, provider.DiscoveryRequests);
    }

    [Theory]
    [InlineData("header", "typ", null)]
    [InlineData("header", "typ", "")]
    [InlineData("header", "typ", "jwt")]
    [InlineData("claims", "typ", "ID")]
    [InlineData("claims", "token_use", "id")]
    [InlineData("claims", "tokenName", "id_token")]
    // What ID tokens of some providers have beside what they must.
    [InlineData("claims", "at_hash", "77QmUPtjPfzWtF2AnpK9RQ")]
    [InlineData("claims", "groups", "staff")]
    [InlineData("claims", "roles", "reader")]
    [InlineData("claims", "ver", "2.0")]
    [InlineData("claims", "sid", "08a5019c-17e1-4977-8f42-65a12843ea02")]
    [InlineData("claims", "tid", "b9419818-09af-49c2-b0c3-653adc1f376e")]
    [InlineData("claims", "tokenType", "JWTToken")]
    public async Task Accepts_an_ID_token_that_says_that_it_is_one(string where, string name, string? value)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var draft = Draft(provider).With(d => (where == "header" ? d.Header : d.Claims)[name] = value);
        if (value is null) draft.Header.Remove(name);

        await StartAsync(await OrganisationAsync(provider), draft);
    }

    [Theory]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("[\"n-0S6_WzA2Mj\"]")]
    public async Task Refuses_a_nonce_that_is_no_text_though_none_was_sent(string nonce)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_claims_invalid", await OrganisationAsync(provider), Draft(provider).With(d => d.Claims["nonce"] = JsonNode.Parse(nonce)));
    }

    [Fact]
    public async Task The_manual_lists_what_tells_other_tokens()
    {
        var manual = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src", "Dfns.Registration.Api", "README.md"));

        Assert.All(Api.Social.OtherTokens.Claims, c => Assert.Contains($"`{c.Claim}`", manual, StringComparison.Ordinal));
        Assert.All(Api.Social.OtherTokens.Claims, c => Assert.Contains(c.Clause, manual, StringComparison.Ordinal));
        Assert.All(Api.Social.OtherTokens.Uses, c => Assert.Contains($"`{c.Claim}`", manual, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refuses_an_extension_that_has_to_be_understood()
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("id_token_malformed", await OrganisationAsync(provider), Draft(provider).With(d => (d.Header["crit"], d.Header["exp"]) = (new JsonArray("exp"), 1)));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d.e")]
    [InlineData("..")]
    [InlineData("e30.e30.e30")]
    [InlineData("bnVsbA.bnVsbA.e30")]
    [InlineData("W10.W10.e30")]
    [InlineData("eyJhbGciOjF9.eyJpc3MiOltdfQ.e30")]
    [InlineData("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOnsiYSI6MX0sImV4cCI6IngifQ.e30")]
    [InlineData("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOlsxLFsyXV19.e30")]
    [InlineData("=.=.=")]
    [InlineData("ä.ö.ü")]
    [InlineData("\0")]
    public async Task Refuses_what_is_no_token_without_falling_over(string text)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        var answer = await Service.PostAsync("/auth/registration/social", Body(await OrganisationAsync(provider), text));

        Assert.True(answer.Code is "id_token_malformed" or "id_token_issuer_unknown" or "member_invalid", answer.Text);
    }

    [Fact]
    public async Task Refuses_a_token_of_more_than_16_KiB()
    {
        await using var provider = await OpenIdProvider.StartAsync();

        await AssertRefusedAsync("member_too_long", await OrganisationAsync(provider), Draft(provider).With(d => d.Claims["groups"] = new string('g', 13_000)));
    }

    [Fact]
    public async Task Refuses_a_claim_that_stands_twice()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var payload = Draft(provider).Claims.ToJsonString().Replace("\"sub\":", "\"sub\":\"somebody-else\",\"sub\":", StringComparison.Ordinal);

        var answer = await Service.PostAsync("/auth/registration/social", Body(await OrganisationAsync(provider), Signed(provider, payload)));

        Assert.Equal("id_token_malformed", answer.Code);
    }

    [Theory]
    [InlineData("{\"\\ud800\":1,")]
    [InlineData("{\"\\ud800\":1,\"\\ud801\":1,")]
    public async Task Refuses_a_claim_whose_name_is_half_of_a_character(string start)
    {
        await using var provider = await OpenIdProvider.StartAsync();

        var answer = await Service.PostAsync("/auth/registration/social", Body(await OrganisationAsync(provider), Signed(provider, start + Draft(provider).Claims.ToJsonString()[1..])));

        Assert.Equal("id_token_malformed", answer.Code);
    }

    // Every claim in every wrong type, properly signed: a provider may be strange, and must not bring the service down.
    [Fact]
    public async Task Answers_a_typed_error_whatever_stands_in_a_claim()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        foreach (var claim in new[] { "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "email", "email_verified" })
        {
            foreach (var value in new[] { "null", "17", "-1", "1.5", "1e400", "123456789012345678901234567890", "\"\"", "\"x\"", "\"\\ud800\"", "true", "[]", "[1]", "{}", "{\"a\":[]}" })
            {
                // As text: the writer of the tests knows no number that large.
                var payload = Draft(provider, subject: $"{claim}-{value.Length}").Claims;
                payload[claim] = "here";
                var json = payload.ToJsonString().Replace($"\"{claim}\":\"here\"", $"\"{claim}\":{value}", StringComparison.Ordinal);
                var answer = await Service.PostAsync("/auth/registration/social", Body(organisation, Signed(provider, json), nonce: claim == "nonce" ? "here" : null));

                var usable = (claim, value) is ("sub", "\"x\"") or ("email", "\"x\"") or ("email_verified", "true") or ("nbf", "17" or "-1" or "1.5") or ("exp", "123456789012345678901234567890");
                Assert.True((int)answer.Status is 400 or 401 or 403 || (usable && (int)answer.Status == 200), $"{claim} {value}: {answer.Text}");
            }
        }
    }

    private IdTokenDraft SignedBy(OpenIdProvider provider, ProviderKey key)
    {
        var draft = new IdTokenDraft(key);
        foreach (var (name, value) in Draft(provider).Claims) draft.Claims[name] = value?.DeepClone();
        return draft;
    }

    // With a payload as it is written, which no JSON object of the tests could hold.
    private string Signed(OpenIdProvider provider, string payload)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Draft(provider).Header.ToJsonString()))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{signed}.{Base64Url.EncodeToString(provider.Key.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static JsonObject With(JsonObject json, string member, string value)
    {
        json[member] = value;
        return json;
    }
}
