using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Tests.Introspection;

/// <summary>Token introspection (RFC 7662): what counts is told in full, to whoever may ask; of everything else nothing is told.</summary>
public abstract class IntrospectionTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : IntrospectionTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : IntrospectionTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Inactive = """{"active":false}""";

    // Each ends what a session stands on, or is no session of the caller's organisation.
    private static readonly Dictionary<string, Func<Scene, Task<string>>> NotLive = new(StringComparer.Ordinal)
    {
        ["signed out"] = scene => scene.AfterAsync(() => scene.Organisation.Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, scene.Session.Token)),
        ["signed out elsewhere, of all sessions"] = scene => scene.AfterAsync(async () =>
            Assert.Equal(200, (int)(await scene.Organisation.Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), await scene.User.LoginAsync())).Status)),
        ["expired"] = scene => scene.AfterAsync(() =>
        {
            scene.Organisation.Service.Clock.Advance(TimeSpan.FromHours(6));
            return Task.CompletedTask;
        }),
        ["of a user who is deactivated"] = scene => scene.AfterAsync(() => scene.ChangeUserAsync(u => u.IsActive = false)),
        ["opened with a credential that is archived"] = scene => scene.AfterAsync(() => scene.Organisation.Service.InDatabaseAsync(db =>
            db.Credentials.Where(c => c.OrganisationId == scene.Organisation.Id && c.UserId == scene.User.UserId).ExecuteUpdateAsync(c => c.SetProperty(x => x.Status, CredentialStatus.Archived)))),
        ["of another organisation"] = async scene => await (await Registered.NewAsync(await scene.Organisation.Service.NewOrganisationAsync())).LoginAsync(),
        ["of another organisation's back end"] = async scene => (await (await scene.Organisation.Service.NewOrganisationAsync()).NewServiceAccountAsync()).Token,
        ["changed"] = scene => Task.FromResult(scene.Session.Token[..^9] + (scene.Session.Token[^9] == 'A' ? 'B' : 'A') + scene.Session.Token[^8..]),
        ["without its signature"] = scene => Task.FromResult(scene.Session.Token[..(scene.Session.Token.LastIndexOf('.') + 1)]),
        ["with a space behind it"] = scene => Task.FromResult($"{scene.Session.Token} "),
        ["no token"] = _ => Task.FromResult("not-a-token"),
        ["not ASCII"] = _ => Task.FromResult("ä.ö.ü\0"),
    };

    public static TheoryData<string> AllNotLive => [.. NotLive.Keys];

    [Fact]
    public async Task Tells_of_a_session_what_its_token_says_and_what_its_user_may_now()
    {
        var scene = await SceneAsync();
        await scene.ChangeUserAsync(u => u.Permissions = [Permission.ReadUsers, Permission.CreateUsers]);
        var token = new JsonWebToken(scene.Session.Token);

        var answer = await scene.AskAsync(scene.Session.Token);

        Assert.Equal((200, "no-store"), ((int)answer.Status, answer.Headers["Cache-Control"]));
        Assert.Equal(
            new JsonObject
            {
                ["active"] = true,
                ["scope"] = "Auth:Users:Read Auth:Users:Create",
                ["client_id"] = scene.Organisation.Id,
                ["username"] = scene.User.Username,
                ["token_type"] = "Bearer",
                ["exp"] = token.GetPayloadValue<long>("exp"),
                ["iat"] = token.GetPayloadValue<long>("iat"),
                ["sub"] = token.Subject,
                ["aud"] = token.GetPayloadValue<string>("aud"),
                ["iss"] = token.Issuer,
                ["https://custom/app_metadata"] = JsonNode.Parse(token.GetPayloadValue<object>("https://custom/app_metadata").ToString()!),
            }.ToJsonString(),
            answer.Body.ToJsonString());
        Assert.Equal(answer.Body["client_id"]!.ToString(), token.GetPayloadValue<string>("client_id"));
    }

    [Fact]
    public async Task Tells_of_a_back_end_the_one_that_asks_included()
    {
        var scene = await SceneAsync();
        var other = await scene.Organisation.NewServiceAccountAsync();

        foreach (var (account, scope) in new[] { (other, null), (scene.Backend, "Auth:Tokens:Introspect") })
        {
            var answer = await scene.AskAsync(account.Token);
            Assert.Equal((true, scope, account.UserId), ((bool)answer.Body["active"]!, (string?)answer.Body["scope"], (string?)answer.Body["client_id"]));
            Assert.Equal(account.UserId, new JsonWebToken(account.Token).GetPayloadValue<string>("client_id"));
        }
    }

    [Theory]
    [MemberData(nameof(AllNotLive))]
    public async Task Tells_nothing_of_a_token_that_is(string what)
    {
        var scene = await SceneAsync();
        Assert.True((bool)(await scene.AskAsync(scene.Session.Token)).Body["active"]!);
        var token = await NotLive[what](scene);

        var answer = await scene.AskAsync(token);

        Assert.Equal((200, Inactive, "no-store"), ((int)answer.Status, answer.Text, answer.Headers["Cache-Control"]));
    }

    // §2.1: whoever asks has to be authorised, else anybody could try tokens here. Before that nobody learns what is wrong with a request.
    [Theory]
    [InlineData("nobody", 401, "not_authorized")]
    [InlineData("a session of an administrator", 403, "service_account_required")]
    [InlineData("the token that is asked about", 403, "service_account_required")]
    [InlineData("a back end with every other permission", 403, "permission_missing")]
    [InlineData("a back end that was deactivated", 401, "not_authorized")]
    [InlineData("a temporary token", 401, "not_authorized")]
    public async Task Answers_nobody_but_back_ends_that_may_ask(string who, int status, string code)
    {
        var scene = await SceneAsync();
        var bearer = who switch
        {
            "nobody" => null,
            "a session of an administrator" => (await scene.Organisation.SignedInAsync(UserKind.CustomerEmployee, "admin@example.co", [.. Permission.All])).Token,
            "the token that is asked about" => scene.Session.Token,
            "a back end with every other permission" => (await scene.Organisation.NewServiceAccountAsync([.. Permission.All.Where(p => p != Permission.IntrospectTokens)])).Token,
            "a back end that was deactivated" => await DeactivatedAsync(scene),
            _ => (await (await Service.InviteAsync(scene.Organisation, "new@example.co")).InitAsync()).Token,
        };

        foreach (var content in new HttpContent[] { Form(("token", scene.Session.Token)), Form(), Service.Json(new JsonObject()) })
        {
            var answer = await Service.SendAsync(HttpMethod.Post, "/auth/introspect", content, bearer);
            // Of which type a body is, is looked at before who sends it.
            if (answer.Code == "content_type_unsupported") Assert.Equal("application/json", content.Headers.ContentType!.MediaType);
            else Assert.Equal((status, code), ((int)answer.Status, answer.Code));
        }
    }

    public static TheoryData<string, string, int, string?> Bodies => new()
    {
        { "application/x-www-form-urlencoded", "token=TOKEN&token_type_hint=access_token", 200, null },
        { "application/x-www-form-urlencoded", "token_type_hint=refresh_token&token=TOKEN&more=1&more=2", 200, null },
        { "application/x-www-form-urlencoded; charset=utf-8", "token=TOKEN", 200, null },
        { "application/x-www-form-urlencoded", "", 400, "member_required" },
        { "application/x-www-form-urlencoded", "token=", 400, "member_required" },
        { "application/x-www-form-urlencoded", "Token=TOKEN", 400, "member_required" },
        { "application/x-www-form-urlencoded", "token=TOKEN&token=TOKEN", 400, "member_repeated" },
        { "application/x-www-form-urlencoded; charset=utf-16", "token=TOKEN", 415, "content_type_unsupported" },
        { "application/json", """{"token":"TOKEN"}""", 415, "content_type_unsupported" },
        { "multipart/form-data; boundary=x", "--x--", 415, "content_type_unsupported" },
        { "text/plain", "token=TOKEN", 415, "content_type_unsupported" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Takes_a_form(string type, string body, int status, string? code)
    {
        var scene = await SceneAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.Replace("TOKEN", scene.Session.Token, StringComparison.Ordinal)));
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        var answer = await Service.SendAsync(HttpMethod.Post, "/auth/introspect", content, scene.Backend.Token);

        Assert.Equal((status, code), ((int)answer.Status, answer.Code));
        if (code is null) Assert.True((bool)answer.Body["active"]!);
        else if (status == 400) Assert.Equal("token", answer.Path);
    }

    [Fact]
    public async Task Takes_no_token_from_the_address()
    {
        var scene = await SceneAsync();

        Assert.Equal("member_required", (await Service.SendAsync(HttpMethod.Post, $"/auth/introspect?token={scene.Session.Token}", Form(), scene.Backend.Token)).Code);
    }

    [Fact]
    public async Task Reads_no_more_than_16_KiB()
    {
        var scene = await SceneAsync();

        var most = await Service.SendAsync(HttpMethod.Post, "/auth/introspect", Form(("token", new string('a', (16 * 1024) - "token=".Length))), scene.Backend.Token);
        var more = await Service.SendAsync(HttpMethod.Post, "/auth/introspect", Form(("token", new string('a', 16 * 1024))), scene.Backend.Token);
        var many = await Service.SendAsync(HttpMethod.Post, "/auth/introspect", new StringContent(new string('&', 16 * 1024), Encoding.UTF8, "application/x-www-form-urlencoded"), scene.Backend.Token);

        Assert.Equal((Inactive, "body_too_large", "member_required"), (most.Text, more.Code, many.Code));
    }

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] parameters) => new(parameters.Select(p => KeyValuePair.Create(p.Name, p.Value)));

    private async Task<Scene> SceneAsync()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, CredentialKind.Key, kind: UserKind.CustomerEmployee);
        return new Scene(organisation, user, await user.SignedInAsync(), await organisation.NewServiceAccountAsync(Permission.IntrospectTokens));
    }

    private static async Task<string> DeactivatedAsync(Scene scene)
    {
        var account = await scene.Organisation.NewServiceAccountAsync(Permission.IntrospectTokens);
        await scene.Organisation.Service.InDatabaseAsync(db => db.Users.Where(u => u.OrganisationId == scene.Organisation.Id && u.Id == account.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));
        return account.Token;
    }

    /// <summary>A session, and a back end that asks about it.</summary>
    private sealed record Scene(TestOrganisation Organisation, Registered User, SigningCaller Session, SigningCaller Backend)
    {
        public Task<Answer> AskAsync(string token) => Organisation.Service.SendAsync(HttpMethod.Post, "/auth/introspect", Form(("token", token)), Backend.Token);

        public Task<int> ChangeUserAsync(Action<User> change) => Organisation.Service.InDatabaseAsync(db =>
        {
            change(db.Users.Single(u => u.OrganisationId == Organisation.Id && u.Id == User.UserId));
            return db.SaveChangesAsync();
        });

        /// <summary>The session's token, once something has ended it.</summary>
        public async Task<string> AfterAsync(Func<Task> end)
        {
            await end();
            return Session.Token;
        }
    }
}
