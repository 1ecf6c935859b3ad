using System.Text.Json.Nodes;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using MailKit.Net.Smtp;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>A code that somebody holds, once another is asked for: by its owner, or by whoever knows the name.</summary>
public abstract class EarlierCodeTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EarlierCodeTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EarlierCodeTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private static readonly Dictionary<string, Func<Exception>> Refusals = new(StringComparer.Ordinal)
    {
        ["is refused"] = () => new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, (SmtpStatusCode)550, "No such mailbox"),
        ["cannot be sent to such a name"] = () => new AddressNotMailableException(),
        ["is tried again later"] = () => new IOException("down"),
    };

    private static readonly string[] Replacing = [".ReplaceAsync(", ".IssueAgainAsync(", "code.Replace("];

    public static TheoryData<CodePurpose, string> PurposesAndRefusals => [.. Enum.GetValues<CodePurpose>().SelectMany(p => Refusals.Keys.Select(r => (p, r)))];

    public static TheoryData<CodePurpose> Purposes => [.. Enum.GetValues<CodePurpose>()];

    [Theory]
    [MemberData(nameof(PurposesAndRefusals))]
    public async Task Stays_good_while_the_mail_with_the_new_one(CodePurpose purpose, string refusal)
    {
        var holder = await HolderAsync(purpose);

        // As often as one is sent within the time of the first.
        for (var asked = 0; asked < (purpose == CodePurpose.Registration ? 5 : 2); asked++) await holder.AskAsync(Refusals[refusal]);

        Assert.Equal(200, (int)(await holder.UseAsync(holder.Code)).Status);
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Ends_once_the_mail_server_has_taken_the_new_one(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose);
        await holder.AskAsync(Refusals["is refused"]);

        var code = await holder.AskAsync();

        Assert.Equal("invalid_code", (await holder.UseAsync(holder.Code)).Code);
        Assert.Equal(200, (int)(await holder.UseAsync(code)).Status);
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Ends_when_the_new_one_is_used_though_nobody_knows_that_it_arrived(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose);
        var code = await holder.AskAsync(Refusals["is tried again later"]);

        await holder.CompleteAsync(code);

        Assert.NotEqual(200, (int)(await holder.UseAsync(holder.Code)).Status);
        // Nor does it come back with the next one.
        if (purpose == CodePurpose.Login) await holder.AskAsync(Refusals["is refused"]);
        Assert.NotEqual(200, (int)(await holder.UseAsync(holder.Code)).Status);
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Completes_what_it_is_for_and_ends_the_new_one_with_itself(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose);
        var code = await holder.AskAsync(Refusals["is refused"]);

        await holder.CompleteAsync(holder.Code);

        Assert.NotEqual(200, (int)(await holder.UseAsync(code)).Status);
        Assert.NotEqual(200, (int)(await holder.UseAsync(holder.Code)).Status);
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Ends_with_the_new_one_when_everything_of_the_user_ends(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose);
        var code = await holder.AskAsync(Refusals["is refused"]);

        await using var scope = Service.Services.CreateAsyncScope();
        var user = await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().Users.SingleAsync(u => u.OrganisationId == holder.Organisation.Id && u.Id == holder.UserId);
        if (purpose == CodePurpose.Registration) Assert.NotNull(await scope.ServiceProvider.GetRequiredService<CodeStore>().IssueAgainAsync(user, CancellationToken.None));
        else scope.ServiceProvider.GetRequiredService<Changes>().EndAll(user);
        await scope.ServiceProvider.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);

        Assert.Equal("invalid_code", (await holder.UseAsync(holder.Code)).Code);
        Assert.Equal("invalid_code", (await holder.UseAsync(code)).Code);
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Lasts_no_longer_than_it_would_have(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose);
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        var code = await holder.AskAsync(Refusals["is refused"]);

        Service.Clock.Advance(holder.ExpiresAt - Service.Clock.GetUtcNow());

        Assert.Equal(purpose == CodePurpose.Registration ? "registration_code_expired" : "invalid_code", (await holder.UseAsync(holder.Code)).Code);
        Assert.Equal(200, (int)(await holder.UseAsync(code)).Status);
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Is_guessed_at_no_more_often_for_being_asked_for_anew(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose);
        await GuessAsync(60);
        await holder.AskAsync(Refusals["is refused"]);
        await GuessAsync(39);
        Assert.Equal(200, (int)(await holder.UseAsync(holder.Code)).Status);

        await GuessAsync(1);
        await holder.AskAsync(Refusals["is refused"]);

        Assert.Equal("invalid_code", (await holder.UseAsync(holder.Code)).Code);
        Assert.Equal(200, (int)(await holder.UseAsync(await holder.AskAsync())).Status);

        async Task GuessAsync(int times)
        {
            for (var guess = 0; guess < times; guess++) Assert.Equal("invalid_code", (await holder.UseAsync("0000-0000-0000-0000")).Code);
        }
    }

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task Nobodys_code_is_written_like_anybodys(CodePurpose purpose)
    {
        var holder = await HolderAsync(purpose) with { Username = $"nobody-{purpose}@example.co" };
        // As a user's who has none yet; the second finds a good one.
        await holder.TryAskAsync();
        var before = await EarlierOfNobodyAsync();
        Service.Clock.Advance(TimeSpan.FromMinutes(1));

        var answer = await holder.TryAskAsync();

        Assert.Equal("""{"message":"success"}""", answer.Text);
        Assert.Equal(before + 1, await EarlierOfNobodyAsync());
        Assert.Equal("invalid_code", (await holder.UseAsync(holder.Code)).Code);

        Task<int> EarlierOfNobodyAsync() => Service.InDatabaseAsync(db => db.Codes.CountAsync(c => c.OrganisationId == "" && c.Purpose == purpose && c.EarlierCodeHash != null));
    }

    // By a stranger with ReplaceAsync, which is above; by an operator with IssueAgainAsync, which is printed, or mailed first.
    [Fact]
    public void Is_replaced_in_no_other_places_than_are_tried()
    {
        var sources = Path.Combine(Repository.Root, "src/Dfns.Registration.Api");
        var places = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .SelectMany(file => Replacing.Where(call => File.ReadAllText(file).Contains(call, StringComparison.Ordinal)).Select(call => $"{Path.GetRelativePath(sources, file).Replace('\\', '/')} {call}"));

        Assert.Equal(
            ["Codes/CodeStore.cs code.Replace(", "Codes/SendCode.cs .ReplaceAsync(", "CommandLine/UserCommands.cs .IssueAgainAsync(", "Demonstration/ConsoleEndpoints.cs .IssueAgainAsync("],
            places.Order(StringComparer.Ordinal));
    }

    private async Task<Holder> HolderAsync(CodePurpose purpose)
    {
        var organisation = await Service.NewOrganisationAsync();
        if (purpose == CodePurpose.Registration)
        {
            var invited = await Service.InviteAsync(organisation, "jane@example.co");
            return new Holder(purpose, organisation, invited.UserId, invited.Username, invited.Code, Service.Clock.GetUtcNow() + TimeSpan.FromHours(4), invited, null);
        }

        var user = await Registered.NewAsync(organisation, recovery: true);
        var holder = new Holder(purpose, organisation, user.UserId, user.Username, "", Service.Clock.GetUtcNow() + TimeSpan.FromMinutes(15), null, user);
        return holder with { Code = await holder.AskAsync() };
    }

    /// <summary>Somebody with a code in hand.</summary>
    private sealed record Holder(
        CodePurpose Purpose, TestOrganisation Organisation, string UserId, string Username, string Code, DateTimeOffset ExpiresAt, Invited? Invited, Registered? User)
    {
        private Service Service => Organisation.Service;

        private JsonObject Named => new() { ["username"] = Username, ["orgId"] = Organisation.Id };

        public Task<Answer> TryAskAsync() => Purpose switch
        {
            CodePurpose.Registration => Service.PutAsync("/auth/registration/code", Named),
            CodePurpose.Login => Service.PostAsync("/auth/login/code", Named),
            _ => Service.PostAsync("/auth/recover/user/code", Named),
        };

        /// <summary>Asks for another code, as soon as one is sent.</summary>
        /// <returns>It: once the service knows that the mail server has taken it; or once that has refused it.</returns>
        public async Task<string> AskAsync(Func<Exception>? refusal = null)
        {
            // From now on, and of what was refused before and is tried again too.
            Service.Inbox.Refusal = refusal;
            var next = await Service.InDatabaseAsync(db => db.Codes.Where(c => c.UserId == UserId && c.Purpose == Purpose).Select(c => c.NextSendAt).SingleAsync());
            if (next > Service.Clock.GetUtcNow()) Service.Clock.Advance(next.Value - Service.Clock.GetUtcNow());
            Assert.Equal("""{"message":"success"}""", (await TryAskAsync()).Text);
            var expires = await Service.InDatabaseAsync(db => db.Codes.Where(c => c.UserId == UserId && c.Purpose == Purpose).Select(c => c.ExpiresAt).SingleAsync());
            CodeMail mail;
            do mail = refusal is null ? await Service.Inbox.NextAsync() : await Service.Inbox.NextRefusedAsync();
            while (mail.OrganisationId != Organisation.Id || mail.ExpiresAt != expires);
            while (refusal is null && await Service.InDatabaseAsync(db => db.Codes.AnyAsync(c => c.UserId == UserId && c.Purpose == Purpose && c.EarlierCodeHash != null))) await Task.Yield();
            return mail.Code;
        }

        public Task<Answer> UseAsync(string code)
        {
            var body = Named;
            switch (Purpose)
            {
                case CodePurpose.Registration:
                    body["registrationCode"] = code;
                    return Service.PostAsync("/auth/registration/init", body);
                case CodePurpose.Login:
                    body["loginCode"] = code;
                    return Service.PostAsync("/auth/login/init", body);
                default:
                    return Recovering.TryStartAsync(User! with { Username = Username }, code);
            }
        }

        public async Task CompleteAsync(string code)
        {
            Answer answer;
            switch (Purpose)
            {
                case CodePurpose.Registration:
                    var challenge = await (Invited! with { Code = code }).InitAsync();
                    answer = await challenge.CompleteAsync(challenge.GoodBody());
                    break;
                case CodePurpose.Login:
                    answer = await Service.PostAsync("/auth/login", User!.AnswerTo(await UseAsync(code)));
                    break;
                default:
                    var recovering = Recovering.Of(User!, await UseAsync(code));
                    answer = await recovering.CompleteAsync(recovering.GoodBody());
                    break;
            }

            Assert.True((int)answer.Status == 200, answer.Text);
        }
    }
}
