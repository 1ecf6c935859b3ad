using System.Text.Json.Nodes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary>The keys of a provider: read rarely, replaced when it rotates them, kept while it is away.</summary>
public sealed class ProviderKeysTests(ServiceFixture.Sqlite fixture) : SocialTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    [Fact]
    public async Task Are_read_once_for_many_tokens()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(n => StartAsync(organisation, Draft(provider, subject: $"{n}", email: $"user-{n}@example.co"))));

        Assert.Equal((1, 1), (provider.DiscoveryRequests, provider.KeyRequests));
    }

    [Fact]
    public async Task Are_read_again_after_an_hour()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));

        Service.Clock.Advance(ProviderKeys.Refresh - TimeSpan.FromSeconds(1));
        await StartAsync(organisation, Draft(provider));
        Assert.Equal(1, provider.KeyRequests);

        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        await StartAsync(organisation, Draft(provider));
        Assert.Equal(2, provider.KeyRequests);
    }

    [Fact]
    public async Task A_new_key_is_found_by_the_first_token_that_names_it()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));
        Service.Clock.Advance(ProviderKeys.Pause);

        provider.Rotate();

        await StartAsync(organisation, Draft(provider));
        Assert.Equal(2, provider.KeyRequests);
    }

    [Fact]
    public async Task A_key_that_was_rotated_away_verifies_nothing_once_the_keys_are_read_again()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var old = provider.Key;
        await StartAsync(organisation, Draft(provider));
        provider.Rotate();

        Service.Clock.Advance(ProviderKeys.Refresh);

        var draft = new IdTokenDraft(old);
        foreach (var (name, value) in Draft(provider).Claims) draft.Claims[name] = value?.DeepClone();
        await AssertRefusedAsync("id_token_key_unknown", organisation, draft);
    }

    [Fact]
    public async Task Made_up_key_ids_ask_the_provider_once_in_half_a_minute()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));

        for (var round = 0; round < 3; round++)
        {
            Service.Clock.Advance(ProviderKeys.Pause);
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => TryStartAsync(organisation, Draft(provider).With(d => d.Header["kid"] = $"made-up-{n}"))));
            Assert.All(answers, a => Assert.Equal("id_token_key_unknown", a.Code));
        }

        Assert.Equal(4, provider.KeyRequests);
    }

    [Fact]
    public async Task Serve_for_a_day_while_the_provider_is_down()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));
        await provider.GoDownAsync();

        Service.Clock.Advance(ProviderKeys.Endurance - TimeSpan.FromSeconds(1));
        await StartAsync(organisation, Draft(provider));

        Service.Clock.Advance(ProviderKeys.Pause);
        await AssertUnavailableAsync(provider, organisation);
    }

    [Fact]
    public async Task Are_missing_while_the_provider_is_down_and_there_soon_after_it_is_up()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await provider.GoDownAsync();
        await AssertUnavailableAsync(provider, organisation);

        await provider.GoUpAsync();

        // Not at once: those who wait do not ask each for himself.
        await AssertUnavailableAsync(provider, organisation);
        Assert.Equal(0, provider.DiscoveryRequests);
        Service.Clock.Advance(ProviderKeys.Pause);
        await StartAsync(organisation, Draft(provider));
    }

    [Fact]
    public async Task Are_not_waited_for_longer_than_five_seconds()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var asked = new TaskCompletionSource();
        provider.Jwks = context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        };

        var starting = TryStartAsync(organisation, Draft(provider));
        await asked.Task;
        Service.Clock.Advance(ProviderKeys.Patience);

        Assert.Equal("social_provider_unavailable", (await starting).Code);
    }

    [Fact]
    public async Task Are_waited_for_by_64_at_most_so_that_a_provider_that_hangs_takes_up_nobody_elses_place()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var asked = new TaskCompletionSource();
        provider.Jwks = context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        };
        var keys = Service.Services.GetRequiredService<ProviderKeys>();
        var waiting = Enumerable.Range(0, 64).Select(_ => FindAsync()).ToList();
        await asked.Task;

        Assert.True((await FindAsync()).Failed(out var told, out _));
        Assert.Equal(("social_provider_unavailable", 5), (told.Code, told.RetryAfterSeconds));
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        Service.Clock.Advance(ProviderKeys.Patience);
        Assert.All(await Task.WhenAll(waiting), answer => Assert.True(answer.Failed(out _, out _)));

        Task<Checked<Microsoft.IdentityModel.Tokens.SecurityKey>> FindAsync() => keys.FindAsync(provider.Issuer, "RS256", "any", CancellationToken.None);
    }

    [Fact]
    public async Task Are_not_waited_for_by_a_token_whose_key_is_known()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));
        Service.Clock.Advance(ProviderKeys.Refresh);
        var asked = new TaskCompletionSource();
        provider.Jwks = context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        };
        var waiting = TryStartAsync(organisation, Draft(provider));
        await asked.Task;

        await StartAsync(organisation, Draft(provider));

        Service.Clock.Advance(ProviderKeys.Patience);
        Assert.Equal(200, (int)(await waiting).Status);
    }

    public static TheoryData<string, int, string> Documents => new()
    {
        { "discovery", 200, "" },
        { "discovery", 200, "<html>Sign in</html>" },
        { "discovery", 200, "null" },
        { "discovery", 200, "[]" },
        { "discovery", 200, "{}" },
        { "discovery", 200, """{"issuer":17,"jwks_uri":[]}""" },
        { "discovery", 200, """{"issuer":"ISSUER"}""" },
        { "discovery", 200, """{"issuer":"ISSUER","jwks_uri":"not an address"}""" },
        { "discovery", 200, """{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}""" },
        { "discovery", 200, """{"issuer":"ISSUER/","jwks_uri":"ISSUER/jwks"}""" },
        { "discovery", 200, """{"issuer":"https://elsewhere.example.co","jwks_uri":"ISSUER/jwks"}""" },
        { "discovery", 200, """{"jwks_uri":"ISSUER/jwks"}""" },
        { "discovery", 404, "{}" },
        { "discovery", 500, "" },
        { "discovery", 302, "" },
        { "discovery", 307, "" },
        { "keys", 200, "" },
        { "keys", 200, "<html>Sign in</html>" },
        { "keys", 200, "null" },
        { "keys", 200, "[]" },
        { "keys", 200, "{}" },
        { "keys", 200, """{"keys":{}}""" },
        { "keys", 200, """{"keys":[]}""" },
        { "keys", 200, """{"keys":[1]}""" },
        { "keys", 404, "{}" },
        { "keys", 302, "" },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Are_not_read_from_a_document_that_is_not_the_issuers(string document, int status, string text)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var elsewhere = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        Task AnswerAsync(HttpContext context)
        {
            context.Response.StatusCode = status;
            // To where the right document is: a redirect is not followed, even there.
            if (status is 302 or 307) context.Response.Headers.Location = new Uri(new Uri(elsewhere.Issuer), context.Request.Path.Value).AbsoluteUri;
            return context.Response.WriteAsync(text.Replace("ISSUER", provider.Issuer, StringComparison.Ordinal));
        }

        if (document == "discovery") provider.Discovery = AnswerAsync;
        else provider.Jwks = AnswerAsync;

        await AssertUnavailableAsync(provider, organisation);
        Assert.Equal((0, 0), (elsewhere.DiscoveryRequests, elsewhere.KeyRequests));
    }

    [Theory]
    [InlineData("""{"kty":"RSA","kid":"KID","n":"AQAB","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","kid":"KID","n":"not base64url!","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","kid":"KID"}""")]
    [InlineData("""{"kty":"oct","kid":"KID","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    [InlineData("""{"kid":"KID"}""")]
    [InlineData("{}")]
    public async Task That_are_garbage_verify_nothing(string key)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        provider.Jwks = context => context.Response.WriteAsync($$"""{"keys":[{{key.Replace("KID", provider.Key.Id, StringComparison.Ordinal)}}]}""");

        var answer = await TryStartAsync(organisation, Draft(provider));

        Assert.True(answer.Code is "id_token_key_unknown" or "social_provider_unavailable" or "id_token_signature_invalid", answer.Text);
        Assert.Equal(None, await RowsAsync(organisation));
    }

    [Theory]
    [InlineData("discovery")]
    [InlineData("keys")]
    public async Task Are_not_read_from_a_document_of_more_than_256_KiB(string document)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        Task AnswerAsync(HttpContext context)
        {
            var text = document == "discovery"
                ? new JsonObject { ["issuer"] = provider.Issuer, ["jwks_uri"] = $"{provider.Issuer}/jwks" }
                : new JsonObject { ["keys"] = new JsonArray(provider.Key.Jwk()) };
            text["padding"] = new string('x', 256 * 1024);
            return context.Response.WriteAsync(text.ToJsonString());
        }

        if (document == "discovery") provider.Discovery = AnswerAsync;
        else provider.Jwks = AnswerAsync;

        await AssertUnavailableAsync(provider, organisation);
    }

    [Fact]
    public async Task Of_before_stay_when_the_provider_publishes_garbage()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));
        provider.Jwks = context => context.Response.WriteAsync("{}");

        Service.Clock.Advance(ProviderKeys.Refresh);

        await StartAsync(organisation, Draft(provider));
        Assert.Equal(2, provider.KeyRequests);
    }

    private async Task AssertUnavailableAsync(OpenIdProvider provider, TestOrganisation organisation)
    {
        var before = await RowsAsync(organisation);

        var answer = await TryStartAsync(organisation, Draft(provider));

        Assert.Equal((503, "social_provider_unavailable", "30"), ((int)answer.Status, answer.Code, answer.Headers["Retry-After"]));
        Assert.Equal(before, await RowsAsync(organisation));
    }
}
