using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>
/// Until when whoever is invited can register: every way in which somebody is invited, with everything that can be open of an invitation. Codes
/// and challenges would last longer here than the invitation does.
/// </summary>
public abstract class InvitationEndTests(ServiceFixture fixture)
{
    private const string Name = "jane@example.co";

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly (string Key, string Value)[] Settings =
        [("Registration:InvitationLifetime", "01:00:00"), ("Registration:ChallengeLifetime", "01:00:00"), ("Registration:CodeLifetime", "7.00:00:00")];

    private static readonly Way[] ByCode = [Way.CreateUser, Way.Command, Way.CommandAgain];

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : InvitationEndTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : InvitationEndTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    public enum Way
    {
        /// <summary><c>POST /auth/users</c>.</summary>
        CreateUser,

        /// <summary><c>user invite</c>.</summary>
        Command,

        /// <summary><c>user invite-again</c>.</summary>
        CommandAgain,

        /// <summary><c>POST /auth/registration/delegated</c>.</summary>
        Delegated,

        /// <summary><c>POST /auth/registration/delegated/restart</c>.</summary>
        Restarted,
    }

    public enum Open
    {
        /// <summary>The code that was printed or mailed with the invitation.</summary>
        Code,

        /// <summary>One that its owner asked for.</summary>
        ResentCode,

        /// <summary>The first one, while the mail with another is not out.</summary>
        EarlierCode,

        /// <summary>A challenge, by its token.</summary>
        Session,
    }

    public static TheoryData<Way, Open> Everything =>
        [.. from way in Enum.GetValues<Way>() from open in Enum.GetValues<Open>() where open == Open.Session || ByCode.Contains(way) select (way, open)];

    public static TheoryData<Way> Ways => [.. Enum.GetValues<Way>()];

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Opens_and_completes_until_the_invitation_ends(Way way, Open open)
    {
        await using var stage = await StageAsync(way);
        var use = await stage.OpenAsync(open);

        stage.Service.Clock.SetUtcNow(stage.EndsAt - TimeSpan.FromSeconds(1));

        Assert.Equal(200, (int)(await use()).Status);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Is_refused_as_a_strangers_once_the_invitation_has_ended(Way way, Open open)
    {
        await using var stage = await StageAsync(way);
        var use = await stage.OpenAsync(open);
        stage.Service.Clock.SetUtcNow(stage.EndsAt);
        var before = await Snapshot.OfAsync(stage.Organisation, withGuesses: false);

        var answer = await use();

        var strangers = open == Open.Session
            ? await stage.Service.PostAsync("/auth/registration", new JsonObject(), "nonsense")
            : await (stage.Invited with { Username = "nobody@example.co" }).TryInitAsync();
        Assert.Equal(open == Open.Session ? "not_authorized" : "invalid_code", answer.Code);
        Assert.Equal(((int)strangers.Status, strangers.Text), ((int)answer.Status, answer.Text));
        Assert.Equal(before, await Snapshot.OfAsync(stage.Organisation, withGuesses: false));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task No_code_is_sent_once_the_invitation_has_ended_and_the_work_is_that_for_nobody(Way way)
    {
        await using var stage = await StageAsync(way);
        stage.Service.Clock.SetUtcNow(stage.EndsAt);
        var before = await Snapshot.OfAsync(stage.Organisation);

        var answer = await stage.AskAsync();

        Assert.Equal((200, """{"message":"success"}"""), ((int)answer.Status, answer.Text));
        Assert.Equal(before, await Snapshot.OfAsync(stage.Organisation));
        var now = stage.Service.Clock.GetUtcNow();
        Assert.Equal(1, await stage.Service.InDatabaseAsync(db => db.Codes.CountAsync(c => c.OrganisationId == "" && c.SentAt == now)));
        Assert.True(stage.Service.Inbox.IsEmpty);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Nothing_lives_longer_than_its_invitation(Way way)
    {
        await using var stage = await StageAsync(way);
        stage.Service.Clock.Advance(TimeSpan.FromMinutes(10));
        await (await stage.OpenAsync(Open.Session))();
        if (ByCode.Contains(way)) await stage.AskAsync();

        var ends = await stage.Service.InDatabaseAsync(async db =>
            (await db.Codes.Where(c => c.UserId == stage.UserId && c.Purpose == CodePurpose.Registration).Select(c => c.ExpiresAt).ToListAsync())
            .Concat(await db.Ceremonies.Where(c => c.UserId == stage.UserId).Select(c => c.ExpiresAt).ToListAsync()).ToList());

        Assert.NotEmpty(ends);
        Assert.All(ends, end => Assert.Equal(stage.EndsAt, end));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_challenge_that_would_last_longer_ends_with_the_invitation(Way way)
    {
        await using var stage = await StageAsync(way);
        var use = await stage.OpenAsync(Open.Session);
        // As an instance of before would have left it.
        await stage.Service.AsOwnerAsync(db => db.Ceremonies.Where(c => c.UserId == stage.UserId).ExecuteUpdateAsync(c => c.SetProperty(x => x.ExpiresAt, stage.EndsAt.AddDays(1))));
        await stage.Service.AsOwnerAsync(db => db.Users.Where(u => u.Id == stage.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.InvitationEndsAt, stage.Service.Clock.GetUtcNow())));

        Assert.Equal("not_authorized", (await use()).Code);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Whoever_creates_the_user_again_is_told_to_invite_it_again_and_that_renews_it(Way way)
    {
        await using var stage = await StageAsync(way);
        Assert.Equal(["user_already_exists", "user_already_exists"], await stage.CreateAgainAsync());

        stage.Service.Clock.SetUtcNow(stage.EndsAt);
        Assert.Equal(["invitation_ended", "invitation_ended"], await stage.CreateAgainAsync());

        var isEndUser = way != Way.CreateUser;
        var restarted = await stage.Backend.PostAsync("/auth/registration/delegated/restart", new JsonObject { ["email"] = Name, ["kind"] = "EndUser" });
        Assert.Equal(isEndUser ? 200 : 401, (int)restarted.Status);
        if (isEndUser)
        {
            Assert.Equal(["user_already_exists", "user_already_exists"], await stage.CreateAgainAsync());
            await Registered.CompleteAsync(stage.Of(restarted), Name);
            Assert.Equal(["user_already_exists", "user_already_exists"], await stage.CreateAgainAsync());
        }
    }

    [Theory]
    [InlineData(Way.CreateUser)]
    [InlineData(Way.Command)]
    public async Task The_operator_invites_again_whose_invitation_has_ended(Way way)
    {
        await using var stage = await StageAsync(way);
        await stage.Service.AsOwnerAsync(db => db.Users.Where(u => u.Id == stage.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.InvitationEndsAt, Service.Noon.AddDays(-1))));
        Assert.Equal("invalid_code", (await stage.Invited.TryInitAsync()).Code);

        var row = await CommandAsync(stage.Service, "user", "invite-again", "--org", stage.Organisation.Id, "--user", stage.UserId, "--print-code");

        KnownSecrets.Add((string)row["code"]!);
        Assert.Equal((string)row["expiresAt"]!, (string)row["invitationEndsAt"]!);
        Assert.Equal(200, (int)(await (stage.Invited with { Code = (string)row["code"]! }).TryInitAsync()).Status);
        Assert.Equal("invalid_code", (await stage.Invited.TryInitAsync()).Code);
    }

    [Fact]
    public async Task A_deactivated_users_ended_invitation_is_not_told()
    {
        await using var stage = await StageAsync(Way.CreateUser);
        await stage.Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == stage.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));
        stage.Service.Clock.SetUtcNow(stage.EndsAt);

        Assert.Equal(["user_already_exists", "user_already_exists"], await stage.CreateAgainAsync());
        Assert.Equal("invalid_code", (await stage.Invited.TryInitAsync()).Code);
    }

    // Those of before the column, and of scripts that know nothing of it.
    [Fact]
    public async Task An_invitation_without_an_end_has_none()
    {
        await using var stage = await StageAsync(Way.CreateUser);
        await stage.Service.AsOwnerAsync(db => db.Users.Where(u => u.Id == stage.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.InvitationEndsAt, (DateTimeOffset?)null)));
        stage.Service.Clock.Advance(TimeSpan.FromDays(300));

        Assert.Equal("registration_code_expired", (await stage.Invited.TryInitAsync()).Code);
        await stage.AskAsync();
        Assert.Equal(200, (int)(await stage.Invited.TryInitAsync((await stage.Service.Inbox.NextAsync()).Code)).Status);
        Assert.Equal(["user_already_exists", "user_already_exists"], await stage.CreateAgainAsync());
    }

    [Fact]
    public async Task Lists_show_the_end_until_the_user_is_registered()
    {
        await using var stage = await StageAsync(Way.Command);
        var ends = new[] { await ByHttpAsync(), await ByCommandAsync() };

        await (await stage.OpenAsync(Open.Session))();

        // To the millisecond, as clients read instants.
        Assert.Equal([WireTime.Of(stage.EndsAt), WireTime.Of(stage.EndsAt)], ends.Select(end => WireTime.Of(end!.Value)));
        Assert.Null(await ByHttpAsync());
        Assert.Null(await ByCommandAsync());

        async Task<DateTimeOffset?> ByHttpAsync() => (DateTimeOffset?)(await stage.Service.SendAsync(HttpMethod.Get, $"/auth/users/{stage.UserId}", content: null, stage.Backend.Token)).Body["invitationEndsAt"];

        async Task<DateTimeOffset?> ByCommandAsync() => (DateTimeOffset?)(await CommandAsync(stage.Service, "user", "list", "--org", stage.Organisation.Id))["invitationEndsAt"];
    }

    private async Task<Stage> StageAsync(Way way)
    {
        // Each its own: commands know nothing of a clock that another test has set.
        var service = await Service.StartAsync(await fixture.NewDatabaseAsync(), Settings);
        var organisation = await service.NewOrganisationAsync();
        var backend = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.CreateUsers, Permission.ReadUsers);
        JsonObject body = new() { ["email"] = Name, ["kind"] = way == Way.CreateUser ? "CustomerEmployee" : "EndUser" };
        var (code, userId) = ("", "");
        Answer? begun = null;
        switch (way)
        {
            case Way.CreateUser:
                userId = (await backend.PostAsync("/auth/users", body)).Require("userId");
                code = (await service.Inbox.NextAsync()).Code;
                break;
            case Way.Command or Way.CommandAgain:
                var row = await CommandAsync(service, "user", "invite", "--org", organisation.Id, "--username", Name, "--print-code");
                if (way == Way.CommandAgain) row = await CommandAsync(service, "user", "invite-again", "--org", organisation.Id, "--user", (string)row["id"]!, "--print-code");
                (userId, code) = ((string)row["id"]!, (string)row["code"]!);
                break;
            default:
                begun = await backend.PostAsync("/auth/registration/delegated", body);
                if (way == Way.Restarted) begun = await backend.PostAsync("/auth/registration/delegated/restart", body);
                userId = (string)begun.Body["user"]!["id"]!;
                break;
        }

        KnownSecrets.Add(code);
        var endsAt = await service.InDatabaseAsync(db => db.Users.Where(u => u.Id == userId).Select(u => u.InvitationEndsAt).SingleAsync());
        if (endsAt!.Value - Lifetime is var from && from > service.Clock.GetUtcNow()) service.Clock.SetUtcNow(from);
        return new Stage(service, organisation, backend, new Invited(organisation, userId, Name, code), begun, endsAt.Value);
    }

    // What a command does is done now, by the clock of this machine.
    private static async Task<JsonNode> CommandAsync(Service service, params string[] arguments) =>
        (await ServiceProgram.RunAsync([.. arguments, "--json"], Service.Settings(service.Database).Select(s => (s.Key, s.Value)).Concat(Settings))).Row;

    private sealed record Stage(Service Service, TestOrganisation Organisation, SigningCaller Backend, Invited Invited, Answer? Begun, DateTimeOffset EndsAt) : IAsyncDisposable
    {
        public string UserId => Invited.UserId;

        /// <summary>Opens something.</summary>
        /// <returns>What uses it.</returns>
        public async Task<Func<Task<Answer>>> OpenAsync(Open open)
        {
            switch (open)
            {
                case Open.Session:
                    var challenge = Begun is { } begun ? Of(begun) : await Invited.InitAsync();
                    var body = challenge.GoodBody();
                    return () => challenge.CompleteAsync(body);
                case Open.ResentCode:
                    await AskAsync();
                    var code = (await Service.Inbox.NextAsync()).Code;
                    // Noted after the delivery, beside any request: asked for until it is, or the run is given up.
                    while (await Service.InDatabaseAsync(db => db.Codes.AnyAsync(c => c.UserId == UserId && c.EarlierCodeHash != null))) await Task.Yield();
                    return () => Invited.TryInitAsync(code);
                case Open.EarlierCode:
                    Service.Inbox.Refusal = () => new AddressNotMailableException();
                    await AskAsync();
                    await Service.Inbox.NextRefusedAsync();
                    return () => Invited.TryInitAsync();
                default:
                    return () => Invited.TryInitAsync();
            }
        }

        public Challenge Of(Answer answer)
        {
            KnownSecrets.Add(answer.Require("temporaryAuthenticationToken"));
            return new Challenge(Organisation, UserId, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);
        }

        public Task<Answer> AskAsync() => Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = Name, ["orgId"] = Organisation.Id });

        /// <summary>What a back end is told that creates the user once more, in either way.</summary>
        public async Task<string[]> CreateAgainAsync() =>
        [
            (await Backend.PostAsync("/auth/users", new JsonObject { ["email"] = Name, ["kind"] = "CustomerEmployee" })).Code!,
            (await Backend.PostAsync("/auth/registration/delegated", new JsonObject { ["email"] = Name, ["kind"] = "EndUser" })).Code!,
        ];

        public async ValueTask DisposeAsync()
        {
            await Service.DisposeAsync();
            await Service.Database.DisposeAsync();
        }
    }
}
