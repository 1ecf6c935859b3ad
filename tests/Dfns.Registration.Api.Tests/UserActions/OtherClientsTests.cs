using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.UserActions;

/// <summary>
/// What the server-side clients in Python, Go and Java put on the wire where they differ from the one in TypeScript: how a payload is
/// spelled against its body, calls without a body, and a token on calls that need none.
/// </summary>
public abstract class OtherClientsTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : OtherClientsTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : OtherClientsTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Theory]
    // Python: json.dumps, with blanks and with every character beyond ASCII escaped; the body as its HTTP library writes it.
    [InlineData("""{"email": "zo\u00eb@example.co", "kind": "EndUser"}""", """{"email":"zoë@example.co","kind":"EndUser"}""")]
    [InlineData("""{"email":"zoë@example.co","kind":"EndUser"}""", """{"email": "zo\u00eb@example.co", "kind": "EndUser"}""")]
    // Go: members of a map in the order of their names; '<', '>' and '&' escaped.
    [InlineData("""{"email":"a\u0026b@example.co","externalId":"\u003c1\u003e","kind":"EndUser"}""", """{"kind":"EndUser","email":"a&b@example.co","externalId":"<1>"}""")]
    // Java: pretty-printed.
    [InlineData("{\n  \"email\" : \"jane@example.co\",\n  \"kind\" : \"EndUser\"\n}", """{"email":"jane@example.co","kind":"EndUser"}""")]
    public async Task A_delegated_registration_whose_payload_and_body_are_spelled_apart(string payload, string body)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        const string path = "/auth/registration/delegated";

        var answer = await Service.SendAsync(
            HttpMethod.Post, path, new StringContent(body, Encoding.UTF8, "application/json"), caller.Token, await caller.SignAsync(HttpMethod.Post, path, payload));

        Assert.Equal((200, (string)JsonNode.Parse(body)!["email"]!), ((int)answer.Status, (string)answer.Body["user"]!["name"]!));
    }

    [Theory]
    [InlineData("", null, false)]
    [InlineData("", "", true)]
    [InlineData("", "{}", true)]
    [InlineData("{}", null, false)]
    [InlineData("{}", "", true)]
    [InlineData("{}", "{}", true)]
    [InlineData("{ }", "{\n}", true)]
    public async Task Calls_without_a_body_are_one_call_however_that_is_said(string payload, string? body, bool typed)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync(Permission.DeactivateUsers, Permission.DeleteUsers);

        foreach (var (method, path) in new[] { (HttpMethod.Put, $"/auth/users/{user.UserId}/deactivate"), (HttpMethod.Delete, $"/auth/users/{user.UserId}") })
        {
            using var content = body is null ? null : new StringContent(body);
            if (content is not null) content.Headers.ContentType = typed ? new MediaTypeHeaderValue("application/json") : null;
            var answer = await Service.SendAsync(method, path, content, caller.Token, await caller.SignAsync(method, path, payload));
            Assert.True((int)answer.Status == 200, answer.Text);
        }
    }

    [Fact]
    public async Task A_token_on_a_call_that_needs_none_does_not_matter()
    {
        var organisation = await Service.NewOrganisationAsync();
        var invited = await Service.InviteAsync(organisation, "jane@example.co");
        var backend = await organisation.NewServiceAccountAsync();
        var stranger = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync();

        foreach (var token in new[] { backend.Token, stranger.Token, "e30.e30.e30", "x" })
        {
            Assert.Equal(200, (int)(await Service.PostAsync("/auth/registration/init", invited.InitBody, token)).Status);
            Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "jane@example.co", ["orgId"] = organisation.Id }, token)).Status);
        }
    }

    [Fact]
    public async Task A_query_is_no_part_of_the_path_that_is_signed()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync(Permission.DeactivateUsers);
        var path = $"/auth/users/{user.UserId}/deactivate";

        // TypeScript's delegated clients write it there.
        foreach (var signed in new[] { path, path + "?trace=1", path + "?" })
        {
            var answer = await Service.SendAsync(HttpMethod.Put, path + "?trace=1", content: null, caller.Token, await caller.SignAsync(HttpMethod.Put, signed, ""));

            Assert.Equal(200, (int)answer.Status);
        }
    }
}
