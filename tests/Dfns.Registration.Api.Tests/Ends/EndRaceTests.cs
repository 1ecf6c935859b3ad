using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Ends;

/// <summary>
/// What is under way at the moment in which everything ends is done before, and ends with it, or is refused: whatever the order, nothing that
/// it opened is alive afterwards.
/// </summary>
public abstract class EndRaceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const int Rounds = 5;

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EndRaceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EndRaceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>What is under way: begun beforehand, sent at the same moment, and what it has opened tried afterwards, in a new session where that takes one.</summary>
    private static readonly Dictionary<string, Func<EndsPerson, Task<UnderWay>>> All = new(StringComparer.Ordinal)
    {
        ["a sign-in by name"] = async p => SignIn(p, await p.User!.LoginBodyAsync()),
        ["a sign-in without a name"] = async p => SignIn(p, p.User!.AnswerTo(await p.Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = p.Stage.Organisation.Id }))),
        ["a sign-in with a code"] = async p => SignIn(p, p.User!.AnswerTo(await p.Service.PostAsync("/auth/login/init", p.LoginCodeBody(await p.MailedAsync("/auth/login/code"))))),
        ["a sign-in with an ID token"] = p =>
        {
            var body = p.IdTokenBody();
            return Task.FromResult(new UnderWay(() => p.Service.PostAsync("/auth/login/social", body), opened => p.CallAsync(opened.Require("token"))));
        },
        ["a sign-in that begins with a code"] = async p =>
        {
            var body = p.LoginCodeBody(await p.MailedAsync("/auth/login/code"));
            return new UnderWay(() => p.Service.PostAsync("/auth/login/init", body), opened => p.Service.PostAsync("/auth/login", p.User!.AnswerTo(opened)));
        },
        ["a recovery that begins with a code"] = async p =>
        {
            var code = await p.MailedAsync("/auth/recover/user/code");
            return new UnderWay(() => Recovering.TryStartAsync(p.User!, code), opened =>
            {
                var recovering = Recovering.Of(p.User!, opened);
                return recovering.CompleteAsync(recovering.GoodBody());
            });
        },
        ["the signature of a call"] = async p =>
        {
            var body = p.CodeBody;
            var (session, answer) = (p.Session!, p.User!.AnswerTo(await p.Session!.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString())));
            return new UnderWay(
                () => p.Service.PostAsync("/auth/action", answer, session.Token),
                opened => p.Session!.SendAsync(HttpMethod.Post, "/auth/credentials/code", body, opened.Require("userAction")));
        },
        ["a signed call for a code for another device"] = async p =>
        {
            var (session, body) = (p.Session!, p.CodeBody);
            var signed = await session.SignAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
            return new UnderWay(() => session.SendAsync(HttpMethod.Post, "/auth/credentials/code", body, signed), opened => p.InitWithCodeAsync(opened.Require("code")));
        },
        ["a code for another device"] = async p =>
        {
            var code = await p.CredentialCodeAsync();
            return new UnderWay(() => p.InitWithCodeAsync(code), opened =>
            {
                var adding = Adding.Of(p.User!, opened);
                return p.Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)));
            });
        },
        ["a challenge for a new credential"] = p =>
        {
            var session = p.Session!;
            return Task.FromResult(new UnderWay(() => Adding.TryInitAsync(session, "Key"), opened =>
            {
                var adding = Adding.Of(p.User!, opened);
                return p.Session!.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)));
            }));
        },
    };

    public static TheoryData<string> UnderWayNow => [.. All.Keys];

    [Theory]
    [MemberData(nameof(UnderWayNow))]
    public async Task Nothing_that_is_under_way_outlives_signing_out_everywhere(string what)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        for (var round = 0; round < Rounds; round++)
        {
            var person = await stage.NewPersonAsync(Whose.Registered);
            var underWay = await All[what](person);
            // A provider tells whole seconds.
            Service.Clock.Advance(TimeSpan.FromMilliseconds(1));

            var (first, ended) = (underWay.SendAsync(), Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), person.Session!.Token));
            Assert.True((int)(await ended).Status == 200, (await ended).Text);
            Assert.True((int)(await first).Status < 500, (await first).Text);

            await person.SignInAgainAsync();
            if ((int)(await first).Status == 200) Assert.NotEqual(200, (int)(await underWay.TryAsync(await first)).Status);
        }
    }

    // A service account and a provider vouch for somebody who is looked up first: what they open is not saved if everything of the user has
    // ended since.
    [Theory]
    [InlineData("a service account")]
    [InlineData("a provider")]
    public async Task Who_was_looked_up_before_the_end_is_opened_nothing_after_it(string vouching)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        foreach (var ends in new[] { false, true })
        {
            await using var scope = Service.Services.CreateAsyncScope();
            var services = scope.ServiceProvider;
            var users = services.GetRequiredService<UserStore>();
            var user = vouching == "a provider"
                ? await users.FindRegisteredAsync(stage.Organisation.Id, person.UserId, CancellationToken.None)
                : await users.FindEndUserAsync(stage.Organisation.Id, person.Name, CancellationToken.None);
            if (ends) Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), person.Session!.Token)).Status);

            services.GetRequiredService<Sessions>().Open(user!, SessionProof.OfAnother, remoteAddress: null, vouching);

            Assert.Equal(ends, await services.GetRequiredService<Changes>().TrySaveAsync(CancellationToken.None) is not null);
        }
    }

    [Fact]
    public async Task Of_a_completion_and_another_invitation_at_once_one_wins_and_nothing_of_the_first_is_left()
    {
        for (var round = 0; round < Rounds; round++)
        {
            await using var stage = await EndsStage.NewAsync(Service);
            var person = await stage.NewPersonAsync(Whose.Invited);
            var challenge = await person.Invited!.InitAsync();

            var (completing, beginning, again) = (challenge.CompleteAsync(challenge.GoodBody()), person.Invited.TryInitAsync(), InviteAgainAsync(person));
            var (completed, begun, code) = (await completing, await beginning, await again);

            Assert.True((int)completed.Status < 500 && (int)begun.Status < 500, completed.Text + begun.Text);
            Assert.True((int)completed.Status == 200 != code is not null);
            if (code is null) continue;
            Assert.Equal("invalid_code", (await person.Invited.TryInitAsync()).Code);
            Assert.Equal("not_authorized", (await challenge.CompleteAsync(challenge.GoodBody())).Code);
            if ((int)begun.Status == 200) Assert.Equal("not_authorized", (await stage.Of(begun).CompleteAsync(stage.Of(begun).GoodBody())).Code);
            var anew = await (person.Invited with { Code = code }).InitAsync();
            Assert.Equal(200, (int)(await anew.CompleteAsync(anew.GoodBody())).Status);
        }
    }

    private static UnderWay SignIn(EndsPerson person, JsonObject body) =>
        new(() => person.Service.PostAsync("/auth/login", body), opened => person.CallAsync(opened.Require("token")));

    // Null where the completion was first.
    private static async Task<string?> InviteAgainAsync(EndsPerson person)
    {
        await using var scope = person.Service.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var user = await services.GetRequiredService<RegistrationDbContext>().Users.SingleAsync(u => u.OrganisationId == person.Stage.Organisation.Id && u.Id == person.UserId);
        var issued = await services.GetRequiredService<CodeStore>().IssueAgainAsync(user, CancellationToken.None);
        return issued is not null && await services.GetRequiredService<Changes>().TrySaveAsync(CancellationToken.None) is null ? issued.Code : null;
    }

    private sealed record UnderWay(Func<Task<Answer>> SendAsync, Func<Answer, Task<Answer>> TryAsync);
}
