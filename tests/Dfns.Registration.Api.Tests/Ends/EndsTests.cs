using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Ends;

/// <summary>
/// Every act that is meant to end access, on everything that can be open: what ends with it, and what stays. The manual shows just that
/// table, and what it says is asked of the service here.
/// </summary>
public abstract partial class EndsTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EndsTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EndsTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Ends = "ends";
    private const string Stays = "stays";
    private const string NotThere = "–";

    private static readonly Whose[] Vouched = [Whose.Registered, Whose.Delegated];

    private static readonly Whose[] Persons = [Whose.Registered, Whose.Invited, Whose.FromProvider, Whose.Delegated];

    /// <summary>Everything that can be open: opened, and then used.</summary>
    private static readonly Thing[] Things =
    [
        new("the session with which the others were opened", Whose.Registered, p => Task.FromResult(Call(p, p.Session!.Token))) { Token = AccessTokenKind.Token },
        new("a session on the word of a provider", Whose.Registered, async p => Call(p, (await p.SocialSessionAsync()).Token)) { Purpose = CeremonyPurpose.SocialLogin },
        new("a code for another device that it asked for", Whose.Registered, async p =>
        {
            var code = await p.CredentialCodeAsync(await p.SocialSessionAsync());
            return () => p.InitWithCodeAsync(code);
        }),
        new("a session on the word of a service account", Whose.Registered, async p => Call(p, (await p.DelegatedSessionAsync()).Token)),
        new("a call that is signed in it", Whose.Registered, async p =>
        {
            var (session, body) = (await p.DelegatedSessionAsync(), p.CodeBody);
            var signed = await session.SignAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
            return () => session.SendAsync(HttpMethod.Post, "/auth/credentials/code", body.DeepClone(), signed);
        }) { Purpose = CeremonyPurpose.UserAction },
        new("a challenge that a code for another device opened, which it asked for", Whose.Registered, async p =>
        {
            var adding = Adding.Of(p.User!, await p.InitWithCodeAsync(await p.CredentialCodeAsync(await p.DelegatedSessionAsync())));
            return () => p.Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)));
        }) { Purpose = CeremonyPurpose.NewCredential },
        new("a call whose signing was begun", Whose.Registered, async p =>
        {
            var challenge = await p.Session!.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", p.CodeBody.ToJsonString());
            return () => p.Service.PostAsync("/auth/action", p.User!.AnswerTo(challenge), p.Session!.Token);
        }) { Purpose = CeremonyPurpose.UserAction },
        new("a call that is signed", Whose.Registered, async p =>
        {
            var body = p.CodeBody;
            var signed = await p.Session!.SignAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
            return () => p.Session!.SendAsync(HttpMethod.Post, "/auth/credentials/code", body.DeepClone(), signed);
        }) { Purpose = CeremonyPurpose.UserAction },
        new("a challenge for a new credential", Whose.Registered, async p =>
        {
            var adding = await Adding.InitAsync(p.User!, p.Session!, CredentialKind.Key);
            return async () =>
            {
                var body = adding.BodyOf(adding.Make(CredentialKind.Key));
                // Whoever was deleted has no session to sign it in.
                return await p.Session!.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}") is { Status: not System.Net.HttpStatusCode.OK } refused ? refused : await p.Session!.PostAsync("/auth/credentials", body);
            };
        }) { Purpose = CeremonyPurpose.NewCredential },
        new("a code for another device", Whose.Registered, async p =>
        {
            var code = await p.CredentialCodeAsync();
            return () => p.InitWithCodeAsync(code);
        }),
        new("a challenge that such a code opened", Whose.Registered, async p =>
        {
            var adding = Adding.Of(p.User!, await p.InitWithCodeAsync(await p.CredentialCodeAsync()));
            return () => p.Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)));
        }) { Purpose = CeremonyPurpose.NewCredential },
        new("a sign-in that was begun by name", Whose.Registered, async p =>
        {
            var challenge = await p.User!.TryInitLoginAsync();
            return () => p.Service.PostAsync("/auth/login", p.User!.AnswerTo(challenge));
        }) { Purpose = CeremonyPurpose.Login },
        new("a sign-in that was begun without a name", Whose.Registered, async p =>
        {
            var challenge = await p.Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = p.Stage.Organisation.Id });
            return () => p.Service.PostAsync("/auth/login", p.User!.AnswerTo(challenge));
        }) { Purpose = CeremonyPurpose.Login },
        new("a login code", Whose.Registered, async p =>
        {
            var body = p.LoginCodeBody(await p.MailedAsync("/auth/login/code"));
            return () => p.Service.PostAsync("/auth/login/init", body);
        }) { Code = CodePurpose.Login },
        new("a sign-in that it began", Whose.Registered, async p =>
        {
            var challenge = await p.Service.PostAsync("/auth/login/init", p.LoginCodeBody(await p.MailedAsync("/auth/login/code")));
            return () => p.Service.PostAsync("/auth/login", p.User!.AnswerTo(challenge));
        }) { Purpose = CeremonyPurpose.Login },
        new("a recovery code", Whose.Registered, async p =>
        {
            var code = await p.MailedAsync("/auth/recover/user/code");
            return () => Recovering.TryStartAsync(p.User!, code);
        }) { Code = CodePurpose.Recovery },
        new("a recovery that it started", Whose.Registered, async p => Complete(p, await Recovering.TryStartAsync(p.User!, await p.MailedAsync("/auth/recover/user/code")))) { Purpose = CeremonyPurpose.Recovery },
        new("a recovery that a service account started", Whose.Registered, async p => Complete(p, await p.VouchAsync(
            "/auth/recover/user/delegated", new JsonObject { ["username"] = p.Name, ["credentialId"] = p.User!.Recovery!.CredId }))) { Purpose = CeremonyPurpose.Recovery },
        new("an ID token of a provider, to sign in with", Whose.Registered, p =>
        {
            var body = p.IdTokenBody();
            return Task.FromResult<Func<Task<Answer>>>(() => p.Service.PostAsync("/auth/login/social", body));
        }) { Purpose = CeremonyPurpose.SocialLogin },
        new("a single sign-on that was begun", Whose.Registered, async p =>
        {
            await p.Stage.Organisation.SendToAsync(p.Stage.Provider.Issuer);
            var address = await p.Stage.Organisation.InitSsoAsync();
            // However late the code is redeemed.
            return () => p.Service.PostAsync("/auth/login/sso", SingleSignOn.Body(p.Stage.Provider.SignIn(address, p.Stage.Provider.Draft(p.Service.Clock.GetUtcNow(), p.Name, p.Name))));
        }) { Purpose = CeremonyPurpose.SsoLogin },
        new("a personal access token", Whose.Registered, async p =>
        {
            var token = await p.PatAsync();
            return () => p.Service.PostAsync("/auth/action/init", new JsonObject { ["userActionPayload"] = "", ["userActionHttpMethod"] = "POST", ["userActionHttpPath"] = "/auth/x", ["userActionServerKind"] = "Api" }, token);
        }) { Token = AccessTokenKind.Pat },
        new("a registration code", Whose.Invited, p => Task.FromResult<Func<Task<Answer>>>(() => p.Invited!.TryInitAsync())) { Code = CodePurpose.Registration },
        new("a registration that it began", Whose.Invited, async p => Complete(await p.Invited!.InitAsync())) { Purpose = CeremonyPurpose.Registration },
        new("an ID token of a provider, to register with", Whose.FromProvider, p =>
        {
            var body = p.IdTokenBody();
            return Task.FromResult<Func<Task<Answer>>>(() => p.Service.PostAsync("/auth/registration/social", body));
        }) { Purpose = CeremonyPurpose.SocialLogin },
        new("a registration that a provider's word began", Whose.FromProvider, p => Task.FromResult(Complete(p.Begun!))) { Purpose = CeremonyPurpose.Registration },
        new("a registration that a service account began", Whose.Delegated, p => Task.FromResult(Complete(p.Begun!))) { Purpose = CeremonyPurpose.Registration },
        new("the token of a service account", Whose.ServiceAccount, p => Task.FromResult(Call(p, p.Session!.Token))) { Token = AccessTokenKind.ServiceAccount },
        new("a call whose signing it began", Whose.ServiceAccount, async p =>
        {
            var challenge = await p.Session!.InitActionAsync(HttpMethod.Post, "/auth/users", "{}");
            return () => p.Service.PostAsync("/auth/action", p.Session!.AnswerTo(challenge), p.Session!.Token);
        }) { Purpose = CeremonyPurpose.UserAction },
        new("a call that it signed", Whose.ServiceAccount, async p =>
        {
            var body = new JsonObject { ["email"] = $"by-{p.UserId}@example.co", ["kind"] = "CustomerEmployee" };
            var signed = await p.Session!.SignAsync(HttpMethod.Post, "/auth/users", body.ToJsonString());
            return () => p.Session!.SendAsync(HttpMethod.Post, "/auth/users", body.DeepClone(), signed);
        }) { Purpose = CeremonyPurpose.UserAction },
    ];

    /// <summary>Every act, in each way that there is to do it.</summary>
    private static readonly Act[] Acts =
    [
        new("signs out", [Whose.Registered], "SignIn/Logout.cs", ("PUT /auth/logout", p => LogoutAsync(p, allSessions: false))),
        new("signs out everywhere", [Whose.Registered], "SignIn/Logout.cs", ("PUT /auth/logout, allSessions", p => LogoutAsync(p, allSessions: true))),
        new("is deactivated", Persons, "Accounts/UserStore.cs",
            ("PUT /auth/users/…/deactivate", async p =>
            {
                await DoneAsync(p.Stage.Backend.PutAsync($"/auth/users/{p.UserId}/deactivate"));
                await SetActiveAsync(p, active: true);
            }),
            ("user deactivate", async p =>
            {
                await CommandAsync(p, "user", "deactivate", "--user");
                await SetActiveAsync(p, active: true);
            })),
        new("is activated", Persons, "Accounts/UserStore.cs",
            ("PUT /auth/users/…/activate", async p =>
            {
                await SetActiveAsync(p, active: false);
                await DoneAsync(p.Stage.Backend.PutAsync($"/auth/users/{p.UserId}/activate"));
            }),
            ("user activate", async p =>
            {
                await SetActiveAsync(p, active: false);
                await CommandAsync(p, "user", "activate", "--user");
            })),
        new("is deleted", Persons, "Accounts/UserStore.cs", ("DELETE /auth/users/…", p => DoneAsync(p.Stage.Backend.DeleteAsync($"/auth/users/{p.UserId}")))),
        new("is recovered", [Whose.Registered], "Recovery/RecoveryStore.cs", ("POST /auth/recover/user", async p =>
        {
            var recovering = Recovering.Of(p.User!, await Recovering.TryStartAsync(p.User!, await p.MailedAsync("/auth/recover/user/code")));
            p.User = await recovering.CompleteAsync();
        })),
        new("is invited again", [Whose.Invited], "Codes/CodeStore.cs",
            ("the console", async p =>
            {
                await using var scope = p.Service.Services.CreateAsyncScope();
                var user = await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().Users.SingleAsync(u => u.OrganisationId == p.Stage.Organisation.Id && u.Id == p.UserId);
                Assert.NotNull(await scope.ServiceProvider.GetRequiredService<CodeStore>().IssueAgainAsync(user, CancellationToken.None));
                await scope.ServiceProvider.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
            }),
            ("user invite-again", p => CommandAsync(p, "user", "invite-again", "--user", "--print-code"))),
        new("is begun again", [Whose.Invited, Whose.FromProvider, Whose.Delegated], "Registration/RegistrationStore.cs",
            ("POST /auth/registration/delegated/restart", p => DoneAsync(p.Stage.Backend.PostAsync("/auth/registration/delegated/restart", p.DelegatedBody)))),
        new("loses a credential", [Whose.Registered], "Credentials/CredentialStore.cs",
            ("PUT /auth/credentials/deactivate", async p =>
            {
                var (caller, uuid) = await WithTheOtherAsync(p);
                await DoneAsync(caller.PutAsync("/auth/credentials/deactivate", new JsonObject { ["credentialUuid"] = uuid }));
            }),
            ("DELETE /auth/credentials/…", async p =>
            {
                var (caller, uuid) = await WithTheOtherAsync(p);
                await DoneAsync(caller.DeleteAsync($"/auth/credentials/{uuid}"));
            })),
        new("is renewed", [Whose.ServiceAccount], "Accounts/ServiceAccountStore.cs",
            ("service-account renew", async p => p.Session = p.Session! with { Token = (string)(await CommandAsync(p, "service-account", "renew", "--account"))["token"]! })),
        new("ends", [Whose.ServiceAccount], "Accounts/UserStore.cs",
            ("service-account deactivate", p => CommandAsync(p, "service-account", "deactivate", "--account")),
            ("DELETE /auth/service-accounts/…", p => DoneAsync(p.Stage.Backend.DeleteAsync($"/auth/service-accounts/{p.UserId}")))),
        new("is switched off", [Whose.ServiceAccount], "Accounts/ServiceAccountStore.cs", ("PUT /auth/service-accounts/…/deactivate", async p =>
        {
            await DoneAsync(p.Stage.Backend.PutAsync($"/auth/service-accounts/{p.UserId}/deactivate"));
            await SetActiveAsync(p, active: true);
        })),
        new("is switched on", [Whose.ServiceAccount], "Accounts/ServiceAccountStore.cs", ("PUT /auth/service-accounts/…/activate", async p =>
        {
            await SetActiveAsync(p, active: false);
            await DoneAsync(p.Stage.Backend.PutAsync($"/auth/service-accounts/{p.UserId}/activate"));
        })),
        new("has a service account that is renewed", Vouched, "Accounts/ServiceAccountStore.cs", ("service-account renew, of the one that vouched", p => VoucherCommandAsync(p, "renew"))),
        new("has one that ends", Vouched, "Accounts/UserStore.cs",
            ("service-account deactivate, of the one that vouched", p => VoucherCommandAsync(p, "deactivate")),
            ("DELETE /auth/service-accounts/…, of the one that vouched", p => DoneAsync(p.Stage.Backend.DeleteAsync($"/auth/service-accounts/{p.Voucher.UserId}")))),
        new("has one that is switched off or on", Vouched, "Accounts/ServiceAccountStore.cs",
            ("PUT /auth/service-accounts/…/deactivate, of the one that vouched", p => DoneAsync(p.Stage.Backend.PutAsync($"/auth/service-accounts/{p.Voucher.UserId}/deactivate"))),
            ("PUT /auth/service-accounts/…/activate, of the one that vouched", async p =>
            {
                await SetActiveAsync(p, p.Voucher.UserId, active: false);
                await DoneAsync(p.Stage.Backend.PutAsync($"/auth/service-accounts/{p.Voucher.UserId}/activate"));
            })),
        new("has one that may no longer", Vouched, "Permissions/PermissionStore.cs",
            ("service-account permit --remove", p => VoucherCommandAsync(p, ["permit", .. Permission.All.Where(o => Permission.VouchesFor(o) != Api.Storage.Vouched.None).SelectMany(o => new[] { "--remove", o })])),
            ("service-account permit --permission", p => VoucherCommandAsync(p, "permit", "--permission", Permission.ReadUsers, "--force")),
            ("service-account permit --none", p => VoucherCommandAsync(p, "permit", "--none")),
            ("DELETE /permissions/…/assignments/…", async p =>
            {
                var (set, assignment) = await BySetAsync(p);
                await DoneAsync(p.Stage.Backend.DeleteAsync($"/permissions/{set}/assignments/{assignment}"));
            }),
            ("PUT /permissions/…", async p => await DoneAsync(p.Stage.Backend.PutAsync($"/permissions/{(await BySetAsync(p)).Set}", new JsonObject { ["operations"] = new JsonArray(Permission.ReadUsers) }))),
            ("PUT /permissions/…/archive", async p => await DoneAsync(p.Stage.Backend.PutAsync($"/permissions/{(await BySetAsync(p)).Set}/archive", new JsonObject { ["isArchived"] = true })))),
        new("has a provider that is taken no longer", [Whose.Registered, Whose.FromProvider], "Social/SocialStore.cs",
            ("social-provider remove", p => ProviderCommandAsync(p, "remove")),
            ("social-provider remove --client-id", p => ProviderCommandAsync(p, "remove", "--client-id", OpenIdProvider.ClientId)),
            ("social-provider set --client-id", p => ProviderCommandAsync(p, "set", "--client-id", EndsStage.OtherClientId)),
            ("social-provider remove --algorithm", p => ProviderCommandAsync(p, "remove", "--algorithm", "RS256", "--algorithm", "ES256")),
            ("social-provider set --algorithm", p => ProviderCommandAsync(p, "set", "--algorithm", "PS512"))),
    ];

    public static TheoryData<string> AllThings => [.. Things.Select(t => t.Name)];

    public static TheoryData<string, string> AllActs => [.. Acts.SelectMany(a => a.Ways.Select(w => (a.Name, w.Name)))];

    [Theory]
    [MemberData(nameof(AllThings))]
    public async Task What_is_open_does_what_it_is_for_while_nothing_ends_it(string thing)
    {
        var known = Things.Single(t => t.Name == thing);
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(known.Of);
        // With everything else open beside it.
        var uses = new Dictionary<string, Func<Task<Answer>>>(StringComparer.Ordinal);
        foreach (var other in Things.Where(t => t.Of == known.Of)) uses[other.Name] = await other.OpenAsync(person);

        var used = await uses[thing]();

        Assert.True((int)used.Status == 200, used.Text);
    }

    // Whatever is said to end is opened of one user and ended at once; whatever is said to stay has a user of its own, since its use may end others.
    [Theory]
    [MemberData(nameof(AllActs))]
    public async Task Each_act_ends_what_the_manual_says_and_leaves_the_rest(string act, string way)
    {
        var known = Acts.Single(a => a.Name == act);
        var (_, doIt) = known.Ways.Single(w => w.Name == way);
        await using var own = IsCommand(way) ? await OwnServiceAsync() : null;
        await using var stage = await EndsStage.NewAsync(own?.Service ?? Service);
        var told = Told();

        var wrong = new List<string>();
        foreach (var whose in known.Of)
        {
            var things = Things.Where(t => t.Of == whose).ToLookup(t => told[(t.Name, act)]);
            Assert.DoesNotContain(things, t => t.Key is not (Ends or Stays));
            foreach (var together in things[Stays].Select(t => new[] { t }).Append([.. things[Ends]]).Where(t => t.Length > 0))
            {
                var person = await stage.NewPersonAsync(whose);
                var uses = new List<(Thing Thing, Func<Task<Answer>> Use)>();
                foreach (var thing in together) uses.Add((thing, await thing.OpenAsync(person)));
                // A provider tells whole seconds; nothing else needs the time to go on.
                stage.Service.Clock.Advance(TimeSpan.FromMilliseconds(1));
                await doIt(person);
                await person.SignInAgainAsync();
                foreach (var (thing, use) in uses)
                {
                    var answer = await use();
                    Assert.True((int)answer.Status < 500, answer.Text);
                    var became = (int)answer.Status == 200 ? Stays : Ends;
                    TestContext.Current.TestOutputHelper!.WriteLine($"{act} ({way}): {thing.Name} {became} {answer.Code}");
                    if (became != told[(thing.Name, act)]) wrong.Add($"{thing.Name} {became}: {answer.Text}");
                }
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(200, (int)(await stage.Bystander.GetAsync("/auth/credentials")).Status);
        Assert.Equal(200, (int)(await stage.Backend.GetAsync("/auth/users")).Status);
    }

    // Each permission vouches for something of its own, by whichever way it is held.
    [Theory]
    [InlineData(Permission.RegisterDelegated)]
    [InlineData(Permission.LoginDelegated)]
    [InlineData(Permission.RecoverDelegated)]
    [InlineData(Permission.IntrospectTokens)]
    public async Task A_permission_that_is_taken_ends_what_it_vouched_for_and_nothing_else_nor_while_it_is_held_otherwise(string permission)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        foreach (var isHeldOtherwise in new[] { true, false })
        {
            var (person, begun) = (await stage.NewPersonAsync(Whose.Registered), await stage.NewPersonAsync(Whose.Delegated));
            var session = await person.DelegatedSessionAsync();
            var recovering = Complete(person, await person.VouchAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = person.Name, ["credentialId"] = person.User!.Recovery!.CredId }));
            foreach (var of in new[] { person, begun })
            {
                var (set, assignment) = await BySetAsync(of);
                if (isHeldOtherwise) await Service.InDatabaseAsync(async db =>
                {
                    var account = await db.Users.SingleAsync(u => u.OrganisationId == stage.Organisation.Id && u.Id == of.Voucher.UserId);
                    account.Permissions = [permission];
                    return await db.SaveChangesAsync();
                });
                JsonArray left = [.. Permission.All.Where(o => o != permission).Select(o => JsonValue.Create(o))];
                await DoneAsync(stage.Backend.PutAsync($"/permissions/{set}", new JsonObject { ["operations"] = left }));
            }

            var ended = new List<string>();
            if ((int)(await begun.Begun!.CompleteAsync(begun.Begun.GoodBody())).Status != 200) ended.Add(Permission.RegisterDelegated);
            if ((int)(await person.CallAsync(session.Token)).Status != 200) ended.Add(Permission.LoginDelegated);
            if ((int)(await recovering()).Status != 200) ended.Add(Permission.RecoverDelegated);
            Assert.Equal(isHeldOtherwise || permission == Permission.IntrospectTokens ? [] : [permission], ended);
        }
    }

    [Fact]
    public async Task Another_client_of_a_provider_that_is_taken_no_longer_ends_nothing()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var session = await person.SocialSessionAsync();
        var begun = await stage.NewPersonAsync(Whose.FromProvider);

        await ProviderCommandAsync(person, "remove", "--client-id", EndsStage.OtherClientId);

        Assert.Equal(200, (int)(await person.CallAsync(session.Token)).Status);
        Assert.Equal(200, (int)(await begun.Begun!.CompleteAsync(begun.Begun.GoodBody())).Status);
    }

    [Fact]
    public void The_manual_tells_of_every_act_and_of_everything_that_can_be_open()
    {
        var told = Told();

        Assert.Equal(
            Things.SelectMany(t => Acts.Select(a => (t.Name, a.Name))).Order(),
            told.Keys.Order());
        Assert.All(told, cell => Assert.Equal(
            Acts.Single(a => a.Name == cell.Key.Act).Of.Contains(Things.Single(t => t.Name == cell.Key.Thing).Of), cell.Value != NotThere));
    }

    // A purpose, a kind of code, of token, of row that is somebody's: each is opened here by something.
    [Fact]
    public async Task Nothing_can_be_open_that_is_not_tried_here()
    {
        // What looks like a sign-in of somebody is nobody's: see below.
        Assert.Equal(Enum.GetValues<CeremonyPurpose>().Except([CeremonyPurpose.LoginOfNobody]), Things.Select(t => t.Purpose).OfType<CeremonyPurpose>().Distinct().Order());
        Assert.Equal(Enum.GetValues<CodePurpose>(), Things.Select(t => t.Code).OfType<CodePurpose>().Distinct().Order());
        Assert.Equal(Enum.GetValues<AccessTokenKind>(), Things.Select(t => t.Token).OfType<AccessTokenKind>().Distinct().Order());
        // A credential is what opens; an account at a provider is who somebody is, and a permission what somebody may.
        Assert.Equal(
            [nameof(AccessToken), nameof(Ceremony), nameof(Credential), nameof(CredentialCode), nameof(OneTimeCode), nameof(PermissionSetAssignment), nameof(SocialAccount)],
            await Service.InDatabaseAsync(db => Task.FromResult(db.Model.GetEntityTypes().Where(t => t.FindProperty("UserId") is not null).Select(t => t.ClrType.Name).Order(StringComparer.Ordinal).ToList())));
    }

    [Fact]
    public void Nothing_ends_anything_but_the_acts_that_are_tried_here()
    {
        var sources = Path.Combine(Repository.Root, "src/Dfns.Registration.Api");
        var homes = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal) && Ending().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(sources, file).Replace('\\', '/'));

        // What is opened on the word of somebody from whom the belief is being taken is ended at once. What an RP ID that goes takes with it: RelyingPartyIdTests.
        Assert.Equal(Acts.Select(a => a.Home).Concat(["Accounts/OrganisationStore.cs", "Storage/Changes.cs", "SignIn/ProviderSignIn.cs", "Ceremonies/SignedCall.cs"]).Distinct().Order(StringComparer.Ordinal), homes.Order(StringComparer.Ordinal));
    }

    // Whoever may end what is open of an account would see which names are nobody's by which challenges that closes.
    [Theory]
    [MemberData(nameof(AllActs))]
    public async Task A_challenge_of_nobody_that_reads_the_users_rows_stays(string act, string way)
    {
        var known = Acts.Single(a => a.Name == act);
        if (!known.Of.Contains(Whose.Registered) || IsCommand(way)) return;
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var challenge = await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "nobody@example.co", ["orgId"] = stage.Organisation.Id });
        // Whose rows are read follows from the name; here they are this user's.
        await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.OrganisationId == stage.Organisation.Id && c.Purpose == CeremonyPurpose.LoginOfNobody).ExecuteUpdateAsync(c => c.SetProperty(x => x.UserId, person.UserId)));

        await known.Ways.Single(w => w.Name == way).DoAsync(person);

        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", person.User!.AnswerTo(challenge))).Code);
    }

    private static Dictionary<(string Thing, string Act), string> Told()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "src/Dfns.Registration.Api/README.md"))
            .SkipWhile(l => l != "<!-- ends -->").Skip(1).TakeWhile(l => l != "<!-- /ends -->").Where(l => l.StartsWith('|'))
            .Select(l => l.Trim('|').Split('|').Select(c => c.Trim()).ToArray()).ToList();
        return lines.Skip(2).SelectMany(row => row.Skip(1).Select((cell, n) => (Key: (row[0], lines[0][n + 1]), Cell: cell))).ToDictionary(c => c.Key, c => c.Cell);
    }

    private static bool IsCommand(string way) => way.StartsWith("user ", StringComparison.Ordinal) || way.StartsWith("service-account ", StringComparison.Ordinal) || way.StartsWith("social-provider ", StringComparison.Ordinal);

    // A command is a process with the machine's clock.
    private async Task<OwnService> OwnServiceAsync()
    {
        var database = await Fixture.NewDatabaseAsync();
        var service = await Service.StartAsync(database);
        var organisation = await service.NewOrganisationAsync();
        var invited = await ServiceProgram.RowAsync(database, "user", "invite", "--org", organisation.Id, "--username", "clock@example.co", "--print-code");
        service.Clock.SetUtcNow(DateTimeOffset.Parse((string)invited["expiresAt"]!, System.Globalization.CultureInfo.InvariantCulture).AddHours(-4));
        return new OwnService(service);
    }

    private static Func<Task<Answer>> Call(EndsPerson person, string bearer) => () => person.CallAsync(bearer);

    private static Func<Task<Answer>> Complete(Challenge challenge) => () => challenge.CompleteAsync(challenge.GoodBody());

    private static Func<Task<Answer>> Complete(EndsPerson person, Answer started)
    {
        var user = person.User!;
        var recovering = Recovering.Of(user, started);
        return () => recovering.CompleteAsync(recovering.GoodBody());
    }

    private static Task LogoutAsync(EndsPerson person, bool allSessions) =>
        DoneAsync(person.Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = allSessions }), person.Session!.Token));

    // By hand, so that what is tried is what the act has ended, and not what it forbids.
    private static Task<int> SetActiveAsync(EndsPerson person, bool active) => SetActiveAsync(person, person.UserId, active);

    private static Task<int> SetActiveAsync(EndsPerson person, string userId, bool active) => person.Service.InDatabaseAsync(db =>
        db.Users.Where(u => u.OrganisationId == person.Stage.Organisation.Id && u.Id == userId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, active)));

    // The user goes on with the other key.
    private static async Task<(SigningCaller Caller, string Uuid)> WithTheOtherAsync(EndsPerson person)
    {
        var id = person.User!.First.CredId;
        person.User = person.User with { First = person.Other! };
        return (
            await person.User.SignedInAsync(),
            await person.Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == person.Stage.Organisation.Id && c.CredentialIdText == id).Select(c => c.Uuid).SingleAsync()));
    }

    private static async Task DoneAsync(Task<Answer> act)
    {
        var answer = await act;
        Assert.True((int)answer.Status == 200, answer.Text);
    }

    private static Task<JsonNode> CommandAsync(EndsPerson person, string noun, string verb, string option, params string[] more) =>
        ServiceProgram.RowAsync(person.Service.Database, [noun, verb, "--org", person.Stage.Organisation.Id, option, person.UserId, .. more]);

    private static Task<JsonNode> VoucherCommandAsync(EndsPerson person, params string[] verb) =>
        ServiceProgram.RowAsync(person.Service.Database, ["service-account", verb[0], "--org", person.Stage.Organisation.Id, "--account", person.Voucher.UserId, .. verb[1..]]);

    private static Task<JsonNode> ProviderCommandAsync(EndsPerson person, string verb, params string[] more) =>
        ServiceProgram.RowAsync(person.Service.Database, ["social-provider", verb, "--org", person.Stage.Organisation.Id, "--issuer", person.Stage.Provider.Issuer, "--force", .. more]);

    // By hand: whoever vouches may do it by a set from here on, and not otherwise.
    private static Task<(string Set, string Assignment)> BySetAsync(EndsPerson person) => person.Service.InDatabaseAsync(async db =>
    {
        var account = await db.Users.SingleAsync(u => u.OrganisationId == person.Stage.Organisation.Id && u.Id == person.Voucher.UserId);
        var set = new PermissionSet { OrganisationId = account.OrganisationId, Id = $"pm-{account.Id}", Name = "Vouching", Operations = account.Permissions, CreatedAt = account.CreatedAt, UpdatedAt = account.CreatedAt };
        var assignment = new PermissionSetAssignment { OrganisationId = account.OrganisationId, Id = $"as-{account.Id}", PermissionSetId = set.Id, UserId = account.Id, CreatedAt = account.CreatedAt };
        account.Permissions = [];
        db.AddRange(set, assignment);
        await db.SaveChangesAsync();
        return (set.Id, assignment.Id);
    });

    [GeneratedRegex(@"\bchanges\.End(All|Vouched)?\(|\bnew (Voucher)?Revocation\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Ending();

    private sealed record Thing(string Name, Whose Of, Func<EndsPerson, Task<Func<Task<Answer>>>> OpenAsync)
    {
        public CeremonyPurpose? Purpose { get; init; }

        public CodePurpose? Code { get; init; }

        public AccessTokenKind? Token { get; init; }
    }

    private sealed record Act(string Name, Whose[] Of, string Home, params (string Name, Func<EndsPerson, Task> DoAsync)[] Ways);

    private sealed record OwnService(Service Service) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Service.DisposeAsync();
            await Service.Database.DisposeAsync();
        }
    }
}
