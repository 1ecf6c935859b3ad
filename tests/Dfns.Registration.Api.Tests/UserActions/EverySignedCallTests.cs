using System.Text;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.UserActions;

/// <summary>Every endpoint that takes a user action, found by its metadata: none of them does anything without just the right one.</summary>
public abstract class EverySignedCallTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EverySignedCallTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EverySignedCallTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Body = """{"email":"john@example.co","kind":"CustomerEmployee"}""";

    [Theory]
    [InlineData("no action", "user action signature is missing or invalid", 403)]
    [InlineData("the bearer token", "user action signature is missing or invalid", 403)]
    [InlineData("an action that is not signed", "user action signature is missing or invalid", 403)]
    [InlineData("an action for another body", "user action signature is missing or invalid", 403)]
    [InlineData("an action for another path", "user action signature is missing or invalid", 403)]
    [InlineData("an action for another method", "user action signature is missing or invalid", 403)]
    [InlineData("an action of another caller", "user action signature is missing or invalid", 403)]
    [InlineData("an action of another organisation", "user action signature is missing or invalid", 403)]
    [InlineData("an action that expired", "user action signature is missing or invalid", 403)]
    [InlineData("an action that was used", "user action has already been used", 400)]
    public async Task A_call_with_another_action_than_its_own_is_refused_and_changes_nothing(string with, string message, int status)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.SignedInAsync(UserKind.CustomerEmployee, "admin@example.co", [.. Permission.All]);
        var colleague = await organisation.SignedInAsync(UserKind.CustomerEmployee, "other@example.co", [.. Permission.All]);
        var stranger = await (await Service.NewOrganisationAsync()).SignedInAsync(UserKind.CustomerEmployee, "admin@example.co", [.. Permission.All]);
        var before = await organisation.SnapshotAsync();

        var routes = SignedRoutes();
        Assert.Contains(("DELETE", "/auth/users/{userId}"), routes);
        Assert.Contains(("POST", "/auth/registration/delegated"), routes);
        foreach (var (verb, pattern) in routes)
        {
            var method = HttpMethod.Parse(verb);
            var path = Fill(pattern, user.UserId);
            var action = with switch
            {
                "no action" => null,
                "the bearer token" => caller.Token,
                "an action that is not signed" => (await caller.InitActionAsync(method, path, Body)).Require("challengeIdentifier"),
                "an action for another body" => await caller.SignAsync(method, path, """{"email":"john@example.co","kind":"EndUser"}"""),
                "an action for another path" => await caller.SignAsync(method, path + "/", Body),
                "an action for another method" => await caller.SignAsync(method == HttpMethod.Put ? HttpMethod.Post : HttpMethod.Put, path, Body),
                "an action of another caller" => await colleague.SignAsync(method, path, Body),
                "an action of another organisation" => await stranger.SignAsync(method, path, Body),
                _ => await caller.SignAsync(method, path, Body),
            };
            if (with == "an action that expired") Service.Clock.Advance(TimeSpan.FromMinutes(5));
            if (with == "an action that was used")
            {
                await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.OrganisationId == organisation.Id && c.Purpose == CeremonyPurpose.UserAction)
                    .ExecuteUpdateAsync(c => c.SetProperty(x => x.SpentAt, Service.Clock.GetUtcNow())));
            }

            var answer = await Service.SendAsync(method, path, new StringContent(Body, Encoding.UTF8, "application/json"), caller.Token, action);

            Assert.True((status, message) == ((int)answer.Status, answer.Message), $"{verb} {pattern} with {with}: {answer.Text}");
        }

        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public void Every_call_that_changes_something_for_a_signed_in_caller_takes_an_action_but_those_that_the_contract_exempts()
    {
        var unsigned = Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<BearerMetadata>() is not null && e.Metadata.GetMetadata<UserActionMetadata>() is null)
            .SelectMany(e => e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"))
            .Where(route => !route.StartsWith("GET ", StringComparison.Ordinal));

        // What completes with a temporary token, what makes the action itself, signing out, and asking for a challenge or about a token.
        Assert.Subset(
            new HashSet<string>(StringComparer.Ordinal)
            {
                "POST /auth/registration", "POST /auth/registration/enduser", "POST /auth/recover/user", "POST /auth/action/init", "POST /auth/action", "PUT /auth/logout", "POST /auth/logout", "POST /auth/credentials/init", "POST /auth/introspect",
            },
            unsigned.ToHashSet(StringComparer.Ordinal));
    }

    private List<(string Method, string Pattern)> SignedRoutes() =>
        [.. Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<UserActionMetadata>() is not null)
            .SelectMany(e => e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(m => (m, e.RoutePattern.RawText!)))];

    // Whatever a route calls its parameter, an id of that user is as good as any other.
    private static string Fill(string pattern, string id)
    {
        while (pattern.IndexOf('{', StringComparison.Ordinal) is >= 0 and var begin) pattern = pattern[..begin] + id + pattern[(pattern.IndexOf('}', begin) + 1)..];
        return pattern;
    }
}
