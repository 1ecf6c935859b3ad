using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>Signing out, and what ends a session otherwise.</summary>
public abstract class LogoutTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : LogoutTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : LogoutTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"allSessions":false}""")]
    public async Task Ends_this_session_and_no_other(string? body)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var (ended, other) = (await user.SignedInAsync(), await user.SignedInAsync());

        var answer = await LogoutAsync(ended, body);

        Assert.Equal((200, """{"message":"success"}"""), ((int)answer.Status, answer.Text));
        Assert.False(await IsOpenAsync(ended));
        Assert.True(await IsOpenAsync(other));
    }

    [Fact]
    public async Task Either_verb_ends_a_session()
    {
        var caller = await (await Registered.NewAsync(await Service.NewOrganisationAsync())).SignedInAsync();

        var answer = await Service.SendAsync(HttpMethod.Post, "/auth/logout", content: null, caller.Token);

        Assert.Equal((200, """{"message":"success"}"""), ((int)answer.Status, answer.Text));
        Assert.False(await IsOpenAsync(caller));
    }

    [Fact]
    public async Task Ends_all_sessions_of_the_user_and_of_nobody_else()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var stranger = await (await Registered.NewAsync(organisation, username: "john@example.co")).SignedInAsync();
        var (one, other) = (await user.SignedInAsync(), await user.SignedInAsync());

        Assert.Equal(200, (int)(await LogoutAsync(one, """{"allSessions":true}""")).Status);

        Assert.Equal((false, false, true), (await IsOpenAsync(one), await IsOpenAsync(other), await IsOpenAsync(stranger)));
    }

    [Fact]
    public async Task A_session_that_was_ended_cannot_be_ended_again()
    {
        var caller = await (await Registered.NewAsync(await Service.NewOrganisationAsync())).SignedInAsync();
        await LogoutAsync(caller, body: null);

        Assert.Equal("not_authorized", (await LogoutAsync(caller, body: null)).Code);
    }

    [Fact]
    public async Task A_session_ends_with_its_time()
    {
        var caller = await (await Registered.NewAsync(await Service.NewOrganisationAsync())).SignedInAsync();

        Service.Clock.Advance(TimeSpan.FromHours(6) - TimeSpan.FromSeconds(1));
        Assert.True(await IsOpenAsync(caller));
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await IsOpenAsync(caller));
    }

    [Fact]
    public async Task The_standing_access_of_a_service_account_is_not_ended_so()
    {
        var backend = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync();

        Assert.Equal("not_authorized", (await LogoutAsync(backend, """{"allSessions":true}""")).Code);
        Assert.True(await IsOpenAsync(backend));
    }

    [Theory]
    [InlineData("""{"allSessions":"yes"}""", "member_invalid")]
    [InlineData("""[]""", "body_not_json")]
    [InlineData("""{"allSessions":true""", "body_not_json")]
    public async Task A_body_that_makes_no_sense_ends_nothing(string body, string code)
    {
        var caller = await (await Registered.NewAsync(await Service.NewOrganisationAsync())).SignedInAsync();

        Assert.Equal(code, (await LogoutAsync(caller, body)).Code);
        Assert.True(await IsOpenAsync(caller));
    }

    private static Task<Answer> LogoutAsync(SigningCaller caller, string? body) => caller.Service.SendAsync(
        HttpMethod.Put, "/auth/logout", body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"), caller.Token);

    private static async Task<bool> IsOpenAsync(SigningCaller caller) => (int)(await caller.InitActionAsync(HttpMethod.Post, "/auth/users", "{}")).Status == 200;
}
