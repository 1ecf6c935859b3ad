using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Permissions;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
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

            services.GetRequiredService<Sessions>().Open(user!, SessionProof.On(new Voucher("us-vouching")), remoteAddress: null, vouching);

            Assert.Equal(ends, await services.GetRequiredService<Changes>().TrySaveAsync(CancellationToken.None) is not null);
        }
    }

    /// <summary>What another party's word opens at the moment, what takes the belief from that party, and what is tried of it afterwards.</summary>
    private static readonly Dictionary<string, Func<EndsStage, Task<(UnderWay UnderWay, Func<IServiceProvider, Task> Withdraw)>>> Vouching = new(StringComparer.Ordinal)
    {
        ["a delegated sign-in"] = async s =>
        {
            var person = await s.NewPersonAsync(Whose.Registered);
            return (new UnderWay(await DelegatedAsync(person, "/auth/login/delegated", new JsonObject { ["username"] = person.Name }), opened => person.CallAsync(opened.Require("token"))), services => TakeAsync(services, person));
        },
        ["a delegated registration"] = async s =>
        {
            var person = await s.NewPersonAsync(Whose.Invited);
            var body = new JsonObject { ["email"] = $"new-{person.Name}", ["kind"] = "EndUser" };
            return (new UnderWay(await DelegatedAsync(person, "/auth/registration/delegated", body), opened => s.Of(opened).CompleteAsync(s.Of(opened).GoodBody())), services => TakeAsync(services, person));
        },
        ["a delegated recovery"] = async s =>
        {
            var person = await s.NewPersonAsync(Whose.Registered);
            return (
                new UnderWay(await DelegatedAsync(person, "/auth/recover/user/delegated", new JsonObject { ["username"] = person.Name, ["credentialId"] = person.User!.Recovery!.CredId }), opened =>
                {
                    var recovering = Recovering.Of(person.User!, opened);
                    return recovering.CompleteAsync(recovering.GoodBody());
                }),
                services => TakeAsync(services, person));
        },
        ["a sign-in with an ID token"] = async s =>
        {
            var person = await s.NewPersonAsync(Whose.Registered);
            var body = person.IdTokenBody();
            return (new UnderWay(() => s.Service.PostAsync("/auth/login/social", body), opened => person.CallAsync(opened.Require("token"))), services => RemoveProviderAsync(services, s));
        },
        ["a registration with an ID token"] = async s =>
        {
            var person = await s.NewPersonAsync(Whose.FromProvider);
            var body = person.IdTokenBody();
            return (new UnderWay(() => s.Service.PostAsync("/auth/registration/social", body), opened => s.Of(opened).CompleteAsync(s.Of(opened).GoodBody())), services => RemoveProviderAsync(services, s));
        },
    };

    public static TheoryData<string> VouchingNow => [.. Vouching.Keys];

    [Theory]
    [MemberData(nameof(VouchingNow))]
    public async Task Nothing_that_is_under_way_outlives_whoever_vouches_for_it(string what)
    {
        for (var round = 0; round < Rounds; round++)
        {
            await using var stage = await EndsStage.NewAsync(Service);
            var (underWay, withdraw) = await Vouching[what](stage);
            await using var scope = Service.Services.CreateAsyncScope();

            var (first, withdrawn) = (underWay.SendAsync(), Task.Run(() => withdraw(scope.ServiceProvider)));
            await withdrawn;
            Assert.True((int)(await first).Status < 500, (await first).Text);

            if ((int)(await first).Status == 200) Assert.NotEqual(200, (int)(await underWay.TryAsync(await first)).Status);
        }
    }

    // Its call was signed, read and saved between what a revocation did first and its end.
    [Theory]
    [InlineData("nothing")]
    [InlineData("its permission")]
    [InlineData("its token")]
    public async Task Whatever_is_saved_on_the_word_of_a_service_account_that_has_lost_something_by_then_is_ended_at_once(string lost)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var other = await person.DelegatedSessionAsync();
        await using var scope = Service.Services.CreateAsyncScope();
        var (services, now) = (scope.ServiceProvider, Service.Clock.GetUtcNow());
        var (db, entropy) = (services.GetRequiredService<RegistrationDbContext>(), services.GetRequiredService<Entropy>());
        var token = await db.AccessTokens.AsNoTracking().SingleAsync(t => t.OrganisationId == stage.Organisation.Id && t.UserId == person.Voucher.UserId);
        var caller = (await services.GetRequiredService<AccessTokenStore>().FindLiveAsync(new TokenReference(token.OrganisationId, token.Id), now, CancellationToken.None))!;
        var action = Ceremony.Open(entropy, token.OrganisationId, CeremonyPurpose.UserAction, caller.User.Id, now, TimeSpan.FromMinutes(5), relyingPartyId: null, "a call");
        action.ConsumedAt = now;
        db.Ceremonies.Add(action);
        await db.SaveChangesAsync();
        action.SpentAt = now;
        action.MarkUse(entropy);
        var user = await services.GetRequiredService<UserStore>().FindEndUserAsync(token.OrganisationId, person.Name, CancellationToken.None);
        var session = services.GetRequiredService<Sessions>().Open(user!, SessionProof.On(new Voucher(caller.User.Id)), remoteAddress: null, "delegated", caller.User.Id);
        await Service.InDatabaseAsync(async others =>
        {
            if (lost == "its permission") (await others.Users.SingleAsync(u => u.OrganisationId == token.OrganisationId && u.Id == token.UserId)).Permissions = [Permission.RegisterDelegated];
            if (lost == "its token") (await others.AccessTokens.SingleAsync(t => t.OrganisationId == token.OrganisationId && t.Id == token.Id)).RevokedAt = now;
            return await others.SaveChangesAsync();
        });

        var error = await services.GetRequiredService<SignedCalls>().CommitDelegatedAsync(new SignedCall(caller, default, action, Signed: null), Permission.LoginDelegated, CancellationToken.None);

        Assert.Equal(lost switch { "nothing" => null, "its token" => "not_authorized", _ => "permission_missing" }, error?.Code);
        Assert.Equal(lost == "nothing", await Service.InDatabaseAsync(others => others.AccessTokens.AnyAsync(t => t.OrganisationId == token.OrganisationId && t.Id == session.Token.Id && t.RevokedAt == null)));
        Assert.Equal(lost == "nothing", (int)(await person.CallAsync(other.Token)).Status == 200);
    }

    // The look-up of a sign-in came before the provider was removed, and its saving after.
    [Fact]
    public async Task Whatever_an_ID_token_opened_of_a_provider_that_is_gone_by_then_is_ended_at_once()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var identity = new SocialIdentity(stage.Organisation.Id, stage.Provider.Issuer, person.Name, person.Name, 0, [OpenIdProvider.ClientId], "RS256");
        foreach (var (change, code) in new (Action<SocialProvider>, string?)[]
        {
            (_ => { }, null), (p => p.Algorithms = ["ES256"], "id_token_algorithm_not_allowed"), (p => p.ClientIds = [EndsStage.OtherClientId], "id_token_audience_not_allowed"),
        })
        {
            await Service.InDatabaseAsync(async db =>
            {
                var known = await db.SocialProviders.SingleAsync(p => p.OrganisationId == stage.Organisation.Id);
                (known.ClientIds, known.Algorithms) = ([OpenIdProvider.ClientId], ["RS256"]);
                change(known);
                return await db.SaveChangesAsync();
            });
            await using var scope = Service.Services.CreateAsyncScope();
            Assert.Equal(code, (await scope.ServiceProvider.GetRequiredService<SocialStore>().NoLongerTakenAsync(identity, CancellationToken.None))?.Code);
        }

        await using (var scope = Service.Services.CreateAsyncScope()) await RemoveProviderAsync(scope.ServiceProvider, stage);
        await using var after = Service.Services.CreateAsyncScope();
        Assert.Equal("id_token_issuer_unknown", (await after.ServiceProvider.GetRequiredService<SocialStore>().NoLongerTakenAsync(identity, CancellationToken.None))?.Code);
    }

    private static async Task<Func<Task<Answer>>> DelegatedAsync(EndsPerson person, string path, JsonObject body)
    {
        await person.TakeIdentityAsync();
        var signed = await person.Voucher.SignAsync(HttpMethod.Post, path, body.ToJsonString());
        return () => person.Voucher.SendAsync(HttpMethod.Post, path, body, signed);
    }

    internal static async Task TakeAsync(IServiceProvider services, EndsPerson person)
    {
        var account = (await services.GetRequiredService<UserStore>().FindAsync(person.Stage.Organisation.Id, person.Voucher.UserId, isServiceAccount: true, CancellationToken.None))!.User;
        var lost = account.Permissions;
        account.Permissions = [];
        services.GetRequiredService<PermissionStore>().EndVouched(account, lost);
        await services.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
    }

    internal static async Task RemoveProviderAsync(IServiceProvider services, EndsStage stage)
    {
        var social = services.GetRequiredService<SocialStore>();
        social.Remove((await social.FindProviderAsync(stage.Organisation.Id, stage.Provider.Issuer, CancellationToken.None))!);
        await services.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
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
