using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Tests.Tokens;

/// <summary>
/// Every kind of token that the service issues, at every place that takes one, and before another service that knows no more than the
/// published keys: each counts where its purpose says, and nowhere else (RFC 8725 §3.11, §3.12; RFC 9068 §4).
/// </summary>
public abstract class ConfusableTokenTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ConfusableTokenTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ConfusableTokenTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Issuer = "https://auth.example.co";

    /// <summary>What can be in the hands of somebody, and for what it was issued.</summary>
    private static readonly Dictionary<string, TokenPurpose> Kinds = new(StringComparer.Ordinal)
    {
        ["session"] = TokenPurpose.Access,
        ["standing access"] = TokenPurpose.Access,
        ["personal access token"] = TokenPurpose.Access,
        ["temporary token of a registration"] = TokenPurpose.Registration,
        ["temporary token of a recovery"] = TokenPurpose.Recovery,
        ["challenge to sign in"] = TokenPurpose.Login,
        ["challenge to sign in, of nobody"] = TokenPurpose.Login,
        ["challenge to sign a call"] = TokenPurpose.UserAction,
        ["signed call"] = TokenPurpose.SignedUserAction,
        ["challenge for a new credential"] = TokenPurpose.NewCredential,
        ["challenge for a new credential, by a code"] = TokenPurpose.NewCredential,
    };

    /// <summary>Somebody who has come by more tokens than a user may have gets no more.</summary>
    private const int PlacesAScene = 10;

    // A back end has no session to sign out of, and the key that its operator registered.
    private static readonly string[] OfPersonsAlone = ["PUT /auth/logout", "POST /auth/logout", "GET /auth/credentials", "POST /auth/credentials/init"];

    public static TheoryData<string> AllKinds => [.. Kinds.Keys];

    [Fact]
    public void Every_purpose_is_among_the_kinds() =>
        Assert.Equal(Enum.GetValues<TokenPurpose>().Order(), Kinds.Values.Distinct().Order());

    [Theory]
    [MemberData(nameof(AllKinds))]
    public async Task A_token_is_taken_where_its_purpose_says_and_nowhere_else(string kind)
    {
        var places = Places();
        Assert.Equal(Enum.GetValues<TokenPurpose>().Order(), places.Select(p => p.Takes).OfType<TokenPurpose>().Distinct().Order());

        Scene? scene = null;
        foreach (var (i, place) in places.Index())
        {
            if (i % PlacesAScene == 0) scene = await SceneAsync();
            var token = await scene!.IssueAsync(kind);
            var answer = await scene.SendAsync(place, token);
            // A challenge that a session opened is not answered where a code is spent, and the other way round.
            var isTaken = place.Takes == Kinds[kind] && !IsForPersons(place, kind) && !(place.Takes == TokenPurpose.NewCredential && place.Path.Contains("/code/", StringComparison.Ordinal) != kind.Contains("by a code", StringComparison.Ordinal));
            Assert.True(isTaken != place.IsRefusal(answer), $"{kind} at {place}: {answer.Text}");
        }
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public async Task Another_service_takes_access_tokens_alone(string kind)
    {
        var scene = await SceneAsync();
        var keys = await PublishedAsync();
        var token = await scene.IssueAsync(kind);
        var isAccess = Kinds[kind] == TokenPurpose.Access;

        Assert.Equal(isAccess ? null : "typ", Refusal(token, keys));
        // Whoever forgets the one check is left with the other.
        Assert.Equal(isAccess ? null : "aud", Refusal(token, keys, ignoring: "typ"));
        Assert.Equal(isAccess ? null : "typ", Refusal(token, keys, ignoring: "aud"));
        Assert.Equal(isAccess, (bool)(await scene.IntrospectAsync(token)).Body["active"]!);
    }

    [Fact]
    public async Task Another_service_is_told_of_a_sign_out_by_introspection_alone()
    {
        var scene = await SceneAsync();
        var keys = await PublishedAsync();
        var token = await scene.IssueAsync("session");
        Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, token)).Status);

        Assert.Null(Refusal(token, keys));
        Assert.Equal("""{"active":false}""", (await scene.IntrospectAsync(token)).Text);
    }

    [Fact]
    public async Task Another_service_refuses_what_breaks_any_one_check()
    {
        var keys = await PublishedAsync();
        var token = await (await SceneAsync()).IssueAsync("session");
        Assert.Null(Refusal(token, keys));

        Assert.Equal("typ", Refusal(await ResignedAsync(token, header: h => h["typ"] = "JWT"), keys));
        Assert.Equal("typ", Refusal(await ResignedAsync(token, header: h => h.Remove("typ")), keys));
        Assert.Equal("alg", Refusal(await ResignedAsync(token, header: h => h["alg"] = "none"), keys));
        Assert.Equal("alg", Refusal(await ResignedAsync(token, header: h => h["alg"] = "HS256"), keys));
        Assert.Equal("kid", Refusal(await ResignedAsync(token, header: h => h["kid"] = "sk-00000-00000-0000000000000000"), keys));
        Assert.Equal("kid", Refusal(await ResignedAsync(token, header: h => h.Remove("kid")), keys));
        Assert.Equal("signature", Refusal(token[..^9] + (token[^9] == 'A' ? 'B' : 'A') + token[^8..], keys));
        Assert.Equal("iss", Refusal(await ResignedAsync(token, claims: c => c["iss"] = "https://elsewhere.example.co"), keys));
        Assert.Equal("aud", Refusal(await ResignedAsync(token, claims: c => c["aud"] = "https://elsewhere.example.co"), keys));
        Assert.Equal("exp", Refusal(await ResignedAsync(token, claims: c => c["exp"] = Service.Clock.GetUtcNow().ToUnixTimeSeconds()), keys));
    }

    // The service's own key signs what no version of it issues: one mark of another purpose is enough to be nothing, for either of the two.
    [Fact]
    public async Task A_token_with_one_mark_of_another_purpose_is_for_neither()
    {
        var scene = await SceneAsync();
        var tokens = Service.Services.GetRequiredService<TokenService>();
        foreach (var (kind, purpose) in Kinds.DistinctBy(k => k.Value))
        {
            var token = await scene.IssueAsync(kind);
            foreach (var other in Enum.GetValues<TokenPurpose>().Where(p => p != purpose))
            {
                foreach (var mixed in new[]
                {
                    await ResignedAsync(token, header: h => h["typ"] = other.Type()),
                    await ResignedAsync(token, claims: c => c["aud"] = other.Audience(Issuer)),
                    await ResignedAsync(token, claims: c => c["purpose"] = other.ToString()),
                })
                {
                    Assert.Null(await tokens.ReadAsync(mixed, purpose, CancellationToken.None));
                    Assert.Null(await tokens.ReadAsync(mixed, other, CancellationToken.None));
                }
            }

            Assert.NotNull(await tokens.ReadAsync(token, purpose, CancellationToken.None));
        }
    }

    /// <summary>Either way: ahead, it was issued a while ago; behind, in the future. What lasts for a minute is over by a clock that is more than that ahead.</summary>
    [Theory]
    [InlineData(90)]
    [InlineData(-90)]
    public async Task A_token_of_each_kind_counts_before_an_instance_whose_clock_is_apart(int seconds)
    {
        await using var other = await Service.StartAnotherAsync();
        other.Clock.Set(TimeSpan.FromSeconds(seconds));
        var (scene, tokens) = (await SceneAsync(), other.Services.GetRequiredService<TokenService>());
        foreach (var (kind, purpose) in Kinds)
        {
            var isOver = seconds > 0 && kind.Contains("by a code", StringComparison.Ordinal);
            Assert.True((await tokens.ReadAsync(await scene.IssueAsync(kind), purpose, CancellationToken.None) is null) == isOver, kind);
        }
    }

    // Every token had the type JWT and the issuer for its audience. Those that callers hold live on; all others lived for an hour at most.
    [Theory]
    [MemberData(nameof(AllKinds))]
    public async Task Of_the_tokens_that_an_earlier_version_issued_those_of_callers_count_on(string kind)
    {
        var keys = await PublishedAsync();
        Scene? scene = null;
        foreach (var (i, place) in Places().Index())
        {
            if (i % PlacesAScene == 0) scene = await SceneAsync();
            var token = await EarlierAsync(await scene!.IssueAsync(kind));
            var answer = await scene.SendAsync(place, token);
            Assert.True((place.Takes == TokenPurpose.Access && Kinds[kind] == TokenPurpose.Access && !IsForPersons(place, kind)) != place.IsRefusal(answer), $"{kind} at {place}: {answer.Text}");
            Assert.Equal("typ", Refusal(token, keys));
        }
    }

    private static bool IsForPersons(Place place, string kind) => kind is "standing access" or "personal access token" && place.How == "bearer" && OfPersonsAlone.Contains($"{place.Method} {place.Path}");

    /// <summary>The check of a token that the manual describes to other services, in its order.</summary>
    /// <returns>The first check that fails; null for a token that passes.</returns>
    private string? Refusal(string token, JsonArray keys, string? ignoring = null)
    {
        var parts = token.Split('.');
        var (header, claims) = (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!, JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!);
        if (ignoring != "typ" && (string?)header["typ"] != "at+jwt") return "typ";
        if ((string?)header["alg"] != "ES256") return "alg";
        if (keys.SingleOrDefault(k => (string?)k!["kid"] == (string?)header["kid"]) is not { } jwk) return "kid";
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars((string)jwk["x"]!), Y = Base64Url.DecodeFromChars((string)jwk["y"]!) },
        });
        if (!key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256)) return "signature";
        if ((string?)claims["iss"] != Issuer) return "iss";
        if (ignoring != "aud" && (string?)claims["aud"] != Issuer) return "aud";
        return (long?)claims["exp"] > Service.Clock.GetUtcNow().ToUnixTimeSeconds() ? null : "exp";
    }

    private async Task<JsonArray> PublishedAsync() =>
        (await Service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json", content: null, bearer: null)).Body["keys"]!.AsArray();

    private Task<string> EarlierAsync(string token) => ResignedAsync(
        token,
        header: h => h["typ"] = "JWT",
        claims: c =>
        {
            c["aud"] = Issuer;
            c.Remove("client_id");
        });

    private async Task<string> ResignedAsync(string token, Action<JsonObject>? header = null, Action<JsonObject>? claims = null)
    {
        var parts = token.Split('.').Take(2).Select(p => JsonNode.Parse(Base64Url.DecodeFromChars(p))!.AsObject()).ToList();
        header?.Invoke(parts[0]);
        claims?.Invoke(parts[1]);
        var text = string.Join('.', parts.Select(p => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(p.ToJsonString()))));
        var signer = (ECDsaSecurityKey)(await Service.Services.GetRequiredService<SigningKeys>().GetAsync(CancellationToken.None)).Signer.Key;
        return $"{text}.{Base64Url.EncodeToString(signer.ECDsa.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    // From the table of routes: who reads a bearer token, who takes a signed call, and whose body has a token in it.
    private List<Place> Places()
    {
        var places = new List<Place>();
        foreach (var endpoint in Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            {
                var path = endpoint.RoutePattern.RawText!;
                if (endpoint.Metadata.GetMetadata<BearerMetadata>() is not null)
                {
                    places.Add(new(method, path, "bearer", path switch
                    {
                        "/auth/registration" or "/auth/registration/enduser" => TokenPurpose.Registration,
                        "/auth/recover/user" => TokenPurpose.Recovery,
                        _ => TokenPurpose.Access,
                    }));
                }

                if (endpoint.Metadata.GetMetadata<UserActionMetadata>() is not null) places.Add(new(method, path, "signed call", TokenPurpose.SignedUserAction));
                var members = endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType?.GetProperties().Select(p => p.Name).ToList() ?? [];
                if (members.Contains("ChallengeIdentifier"))
                {
                    places.Add(new(method, path, "challengeIdentifier", path switch
                    {
                        "/auth/login" => TokenPurpose.Login,
                        "/auth/action" => TokenPurpose.UserAction,
                        _ => TokenPurpose.NewCredential,
                    }));
                }

                if (members.Contains("IdToken")) places.Add(new(method, path, "idToken", Takes: null));
                if (members.Contains("Token")) places.Add(new(method, path, "token", TokenPurpose.Access));
            }
        }

        Assert.Equal(["bearer", "challengeIdentifier", "idToken", "signed call", "token"], places.Select(p => p.How).Distinct().Order(StringComparer.Ordinal));
        return places;
    }

    private async Task<Scene> SceneAsync()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, CredentialKind.Key, recovery: true, username: "admin@example.co", kind: UserKind.CustomerEmployee);
        await Service.InDatabaseAsync(async db =>
        {
            db.Users.Single(u => u.OrganisationId == organisation.Id && u.Id == user.UserId).Permissions = [.. Permission.All];
            return await db.SaveChangesAsync();
        });
        return new Scene(Service, organisation, user, await user.SignedInAsync(), await organisation.NewServiceAccountAsync([.. Permission.All]));
    }

    /// <summary>A place of a request that takes a token; of which purpose, if it takes one of ours.</summary>
    private sealed record Place(string Method, string Path, string How, TokenPurpose? Takes)
    {
        public bool IsRefusal(Answer answer) => How switch
        {
            "bearer" => answer.Code == "not_authorized",
            "signed call" => answer.Code == "user_action_missing",
            "challengeIdentifier" => answer.Code == "challenge_not_valid",
            "idToken" => answer.Code is "id_token_malformed" or "id_token_issuer_unknown",
            _ => answer.Text == """{"active":false}""",
        };
    }

    /// <summary>Somebody who has come by every kind of token.</summary>
    private sealed record Scene(Service Service, TestOrganisation Organisation, Registered User, SigningCaller Caller, SigningCaller Backend)
    {
        private static readonly JsonObject Body = new() { ["email"] = "john@example.co", ["kind"] = "CustomerEmployee" };
        private int invited;

        public async Task<string> IssueAsync(string kind)
        {
            var token = kind switch
            {
                "session" => await User.LoginAsync(),
                "standing access" => Backend.Token,
                "personal access token" => (await Caller.NewPatAsync()).Token,
                "temporary token of a registration" => (await (await Service.InviteAsync(Organisation, $"new-{++invited}@example.co")).InitAsync()).Token,
                "temporary token of a recovery" => await RecoveryAsync(),
                "challenge to sign in" => (await User.TryInitLoginAsync()).Require("challengeIdentifier"),
                "challenge to sign in, of nobody" => (await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "nobody@example.co", ["orgId"] = Organisation.Id })).Require("challengeIdentifier"),
                "challenge to sign a call" => (await Caller.InitActionAsync(HttpMethod.Post, "/auth/users", Body.ToJsonString())).Require("challengeIdentifier"),
                "signed call" => await Caller.SignAsync(HttpMethod.Post, "/auth/users", Body.ToJsonString()),
                "challenge for a new credential" => (await Adding.TryInitAsync(Caller, "Key")).Require("challengeIdentifier"),
                "challenge for a new credential, by a code" => await CodeAsync(),
                _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
            };
            KnownSecrets.Add(token);
            return token;
        }

        /// <summary>Sends a token in a request that is otherwise as it should be, or lacks what would be looked at later.</summary>
        public async Task<Answer> SendAsync(Place place, string token)
        {
            var (method, path) = (HttpMethod.Parse(place.Method), place.Path);
            while (path.IndexOf('{', StringComparison.Ordinal) is >= 0 and var begin) path = path[..begin] + "us-00000-00000-0000000000000000" + path[(path.IndexOf('}', begin) + 1)..];
            return place.How switch
            {
                "bearer" => await Service.SendAsync(method, path, path == "/auth/introspect" ? Form(Caller.Token) : Service.Json(new JsonObject()), token),
                // A call that was signed is signed for it; a token of another kind is for nothing.
                "signed call" => await Caller.SendAsync(method, path, Body, place.Takes == Purpose(token) ? await Caller.SignAsync(method, path, Body.ToJsonString()) : token),
                "challengeIdentifier" when path == "/auth/credentials" => await Caller.PostAsync(path, new JsonObject { ["challengeIdentifier"] = token }),
                "challengeIdentifier" => await Service.PostAsync(path, new JsonObject { ["challengeIdentifier"] = token }, Caller.Token),
                "idToken" => await Service.PostAsync(path, new JsonObject { ["idToken"] = token, ["socialLoginProviderKind"] = "Oidc", ["orgId"] = Organisation.Id }),
                _ => await IntrospectAsync(token),
            };
        }

        public Task<Answer> IntrospectAsync(string token) => Service.SendAsync(HttpMethod.Post, "/auth/introspect", Form(token), Backend.Token);

        private static FormUrlEncodedContent Form(string token) => new(new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = token });

        // What this version has issued says by its type what it is for.
        private static TokenPurpose? Purpose(string token)
        {
            var type = (string)JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]))!["typ"]!;
            return type == "JWT" ? null : Enum.GetValues<TokenPurpose>().Single(p => p.Type() == type);
        }

        // Waits for no mail: whoever a service account speaks for needs no code.
        private async Task<string> RecoveryAsync()
        {
            var name = $"lost-{++invited}@example.co";
            var lost = await Registered.NewAsync(Organisation, CredentialKind.Key, recovery: true, username: name);
            var started = await Backend.PostAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = name, ["credentialId"] = lost.Recovery!.CredId });
            return started.Require("temporaryAuthenticationToken");
        }

        private async Task<string> CodeAsync()
        {
            var made = await Caller.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToString("O") });
            KnownSecrets.Add(made.Require("code"));
            var opened = await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = made.Require("code"), ["credentialKind"] = "Key" });
            return opened.Require("challengeIdentifier");
        }
    }
}
