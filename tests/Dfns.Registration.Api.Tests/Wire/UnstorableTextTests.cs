using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Wire;

/// <summary>The one character that no database has, U+0000, wherever a text comes by something else than a body of JSON: a 4xx, as there.</summary>
public abstract class UnstorableTextTests(ServiceFixture fixture) : SocialTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : UnstorableTextTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : UnstorableTextTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private static readonly string[] Social = ["/auth/login/social", "/auth/registration/social"];

    [Fact]
    public async Task Every_parameter_of_a_query_that_is_read_is_refused_with_it_by_name()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var webhook = (await caller.PostAsync("/webhooks", new JsonObject { ["url"] = "https://backend.example.co/", ["events"] = new JsonArray("*") })).Require("id");
        var set = (await caller.PostAsync("/permissions", new JsonObject { ["name"] = "Readers", ["operations"] = new JsonArray(Permission.ReadUsers) })).Require("id");
        var reads = Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains("GET") == true)
            .SelectMany(e => e.Metadata.GetOrderedMetadata<QueryParameter>().Select(p => (Path: e.RoutePattern.RawText!.Replace("{webhookId}", webhook, StringComparison.Ordinal).Replace("{permissionId}", set, StringComparison.Ordinal), p.Name)))
            .ToList();

        Assert.True(reads.Count > 12, $"{reads.Count}");
        foreach (var (path, name) in reads)
        {
            var answer = await caller.GetAsync($"{path}?{(path == "/auth/action/logs" ? "startTime=2026-11-23T00:00:00Z&endTime=2027-11-23T00:00:00Z&" : "")}{name}=a%00b");

            Assert.Equal((path, 400, "query_invalid", name), (path, (int)answer.Status, answer.Code, answer.Path));
        }
    }

    // Without an organisation the token tells whose it is, before anybody has looked at its signature.
    [Theory]
    [InlineData("iss", true)]
    [InlineData("iss", false)]
    [InlineData("aud", true)]
    [InlineData("aud", false)]
    [InlineData("azp", true)]
    [InlineData("azp", false)]
    [InlineData("sub", true)]
    [InlineData("sub", false)]
    [InlineData("email", true)]
    [InlineData("email", false)]
    public async Task An_id_token_with_it_in_a_claim_that_is_read_is_refused(string claim, bool isOrganisationTold)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        JsonNode[] values = [$"{Draft(provider).Claims[claim]}\0", .. claim == "aud" ? new JsonNode[] { new JsonArray(OpenIdProvider.ClientId, "a\0b") } : []];

        foreach (var (path, value) in Social.SelectMany(path => values.Select(value => (path, value))))
        {
            var body = Body(organisation, Draft(provider).With(d => d.Claims[claim] = value.DeepClone()).Encode());
            if (!isOrganisationTold) body.Remove("orgId");

            var answer = await Service.PostAsync(path, body);

            Assert.True((int)answer.Status is 400 or 401, $"{path}: {answer.Text}");
        }
    }
}
