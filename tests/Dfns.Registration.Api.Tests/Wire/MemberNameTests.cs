using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Wire;

/// <summary>Names of members in another spelling: told, at every member of every body, in place of passed over.</summary>
[Trait("Speed", "quick")]
public sealed class MemberNameTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    [Fact]
    public void Every_member_of_every_body_is_told_where_its_name_is_spelled_otherwise()
    {
        var contracts = Service.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(e => e.Metadata.GetMetadata<IAcceptsMetadata>()).OfType<IAcceptsMetadata>()
            .Where(a => a.ContentTypes.Contains("application/json")).Select(a => a.RequestType!).Distinct().ToList();
        var members = contracts.SelectMany(contract => Members(contract, []).Select(path => (contract, path))).ToList();

        Assert.True(contracts.Count > 15 && members.Count > 60, $"{contracts.Count}, {members.Count}");
        foreach (var (contract, path) in members)
        {
            Assert.Null(MemberNames.Fault(Around(path[^1]), contract));
            foreach (var other in new[] { path[^1].ToUpperInvariant(), $"{char.ToUpperInvariant(path[^1][0])}{path[^1][1..]}", JsonNamingPolicy.SnakeCaseLower.ConvertName(path[^1]), JsonNamingPolicy.KebabCaseLower.ConvertName(path[^1]) })
            {
                if (other == path[^1]) continue;
                var fault = MemberNames.Fault(Around(other), contract);
                Assert.Equal(("member_invalid", $"$.{string.Join('.', path.SkipLast(1).Append(other)).Replace("[]", "", StringComparison.Ordinal)}"), (fault?.Code, fault?.Path?.Replace("[]", "", StringComparison.Ordinal)));
                Assert.EndsWith($"Write its name '{path[^1]}'.", fault!.Message, StringComparison.Ordinal);
            }

            JsonElement Around(string last)
            {
                JsonNode node = new JsonObject { [last] = null };
                foreach (var name in path.SkipLast(1).Reverse()) node = new JsonObject { [name.TrimEnd('[', ']')] = name.EndsWith(']') ? new JsonArray(node) : node };
                return JsonSerializer.SerializeToElement(node);
            }
        }
    }

    // All of what it asks for can be left out: what is mistyped would end one session, and look as if it had ended all.
    [Theory]
    [InlineData("AllSessions")]
    [InlineData("all_sessions")]
    [InlineData("allsessions")]
    [InlineData("allSession")]
    [InlineData("everywhere")]
    public async Task A_sign_out_that_asks_for_something_else_ends_nothing(string name)
    {
        var session = await (await Registered.NewAsync(await Service.NewOrganisationAsync())).LoginAsync();

        var answer = await Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { [name] = true }), session);

        Assert.Equal((400, "member_invalid", $"$.{name}"), ((int)answer.Status, answer.Code, answer.Path));
        Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, session)).Status);
    }

    private static IEnumerable<string[]> Members(Type contract, string[] above)
    {
        var info = WireJson.Requests.GetTypeInfo(contract);
        if (info.Kind == JsonTypeInfoKind.Enumerable && above.Length > 0) return Members(info.ElementType!, [.. above[..^1], $"{above[^1]}[]"]);
        return info.Kind != JsonTypeInfoKind.Object ? [] : info.Properties.SelectMany(p => Members(p.PropertyType, [.. above, p.Name]).Prepend([.. above, p.Name]));
    }
}
