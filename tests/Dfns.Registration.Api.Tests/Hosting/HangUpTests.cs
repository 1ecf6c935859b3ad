using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>
/// A client that hangs up at any stage of any call: nothing in the log but the request, counted by its outcome, and whatever had to follow
/// from what was stored follows.
/// </summary>
public abstract class HangUpTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : HangUpTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : HangUpTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
    {
        // Held as a slow or busy database holds a request: what it reads, or what it writes.
        [Theory]
        [MemberData(nameof(AllCalls))]
        public async Task While_the_database_is_read_is_nobodys_fault(string call) => await HeldAsync(call, "LOCK TABLE users, codes, ceremonies, credentials, access_tokens, attempt_budgets, relying_parties IN ACCESS EXCLUSIVE MODE");

        [Theory]
        [MemberData(nameof(AllCalls))]
        public async Task While_the_database_is_written_is_nobodys_fault(string call) => await HeldAsync(call, "LOCK TABLE users, codes, ceremonies, credentials, access_tokens, attempt_budgets, audit_events IN SHARE MODE");

        [Theory]
        [InlineData("a registration code by mail")]
        [InlineData("a login code by mail")]
        [InlineData("a recovery code by mail")]
        public async Task A_code_that_took_the_place_of_another_is_mailed_to_whoever_hung_up_meanwhile(string call)
        {
            var prepared = await PrepareAsync(call);

            await HeldAsync(prepared, "LOCK TABLE codes IN SHARE MODE");

            Assert.Equal(prepared.User, (await MailAsync(prepared.Organisation)).To);
        }

        [Fact]
        public async Task A_recovery_that_was_stored_is_told_to_its_user_though_the_client_hung_up_meanwhile()
        {
            // With an inbox of its own: a notice does not say whose service it is from.
            await using var service = await Service.StartAsync(Service.Database);
            var prepared = await Calls["a recovery"](await service.NewOrganisationAsync());

            await HeldAsync(prepared, "LOCK TABLE users IN SHARE MODE");

            Assert.Equal(prepared.User, (await service.Inbox.NextNoticeAsync()).To);
        }

        [Theory]
        [InlineData("a challenge to register")]
        [InlineData("a challenge to sign in, with a code")]
        [InlineData("a challenge to recover")]
        public async Task The_count_of_a_right_guess_is_taken_back_though_the_client_hung_up_meanwhile(string call)
        {
            var prepared = await PrepareAsync(call);

            await HeldAsync(prepared, "LOCK TABLE codes IN SHARE MODE");

            Assert.Equal(0, await Service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == prepared.Organisation.Id).SumAsync(c => c.FailedAttempts)));
        }

        private async Task HeldAsync(string call, string held) => await HeldAsync(await PrepareAsync(call), held);

        private static async Task HeldAsync(Prepared call, string held)
        {
            var service = call.Organisation.Service;
            var before = service.Log.Lines.Count;
            using var begun = new BegunRequests(service);
            using var client = await RawClient.ConnectAsync(service);
            await service.AsOwnerAsync(async db =>
            {
                await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
                {
                    await using var transaction = await db.Database.BeginTransactionAsync();
                    await db.Database.ExecuteSqlRawAsync(held);
                    await client.WriteAsync(call.Request.Head() + call.Request.Body);
                    // Until it waits, or has its answer without. Something of the service's own may wait before it has read anything.
                    while (begun.Count == 0 || (!await IsWaitingAsync(service) && Answered(service, before) == 0)) await Task.Yield();

                    client.HangUp();
                    // Until the service knows, as far as it can be seen.
                    for (var n = 0; n < 20; n++) await db.Database.ExecuteSqlRawAsync("SELECT 1");
                    await transaction.RollbackAsync();
                });
                return 0;
            });
            await EndedAsync(service, before);
            BrokenBodyTests.AssertQuiet(service.Log.Lines.Skip(before));
        }

        // As the service's own role: what others wait for is not told to everybody.
        private static Task<bool> IsWaitingAsync(Service service) => service.InDatabaseAsync(db => db.Database.SqlQuery<bool>(
            $"SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS \"Value\"").SingleAsync());
    }

    /// <summary>How many requests a service has begun with: of one that it has not read it would never tell.</summary>
    private sealed class BegunRequests : IDisposable
    {
        private readonly MeterListener listener = new();
        private int count;

        public BegunRequests(Service service)
        {
            var meters = service.Services.GetRequiredService<IMeterFactory>();
            listener.InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "http.server.active_requests" && ReferenceEquals(instrument.Meter.Scope, meters)) l.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((_, change, _, _) =>
            {
                if (change > 0) Interlocked.Increment(ref count);
            });
            listener.Start();
        }

        public int Count => Volatile.Read(ref count);

        public void Dispose() => listener.Dispose();
    }

    /// <summary>Calls of each flow, by somebody for whom they would succeed.</summary>
    private static readonly Dictionary<string, Func<TestOrganisation, Task<Prepared>>> Calls = new(StringComparer.Ordinal)
    {
        ["a challenge to register"] = async o => Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration/init", (await InviteAsync(o)).InitBody),
        ["a registration code by mail"] = async o =>
        {
            await InviteAsync(o);
            return Call(o, "jane@example.co", HttpMethod.Put, "/auth/registration/code", Named(o));
        },
        ["a registration"] = async o =>
        {
            var challenge = await (await InviteAsync(o)).InitAsync();
            return Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration", challenge.GoodBody(), challenge.Token);
        },
        ["a registration that opens a session"] = async o =>
        {
            var challenge = await (await InviteAsync(o)).InitAsync();
            return Call(o, "jane@example.co", HttpMethod.Post, "/auth/registration/enduser", challenge.GoodBody(), challenge.Token);
        },
        ["a delegated registration"] = o => SignedByServiceAsync(o, Permission.RegisterDelegated, "/auth/registration/delegated", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser" }),
        ["a challenge to sign in"] = async o => Call(await RegisterAsync(o), HttpMethod.Post, "/auth/login/init", Named(o)),
        ["a challenge to sign in, for nobody"] = o => Task.FromResult(Call(o, "jane@example.co", HttpMethod.Post, "/auth/login/init", Named(o))),
        ["a challenge to sign in, with a code"] = async o =>
        {
            var user = await RegisterAsync(o);
            await o.Service.PostAsync("/auth/login/code", Named(o));
            var body = Named(o);
            body["loginCode"] = (await MailAsync(o)).Code;
            return Call(user, HttpMethod.Post, "/auth/login/init", body);
        },
        ["a login code by mail"] = async o => Call(await RegisterAsync(o), HttpMethod.Post, "/auth/login/code", Named(o)),
        ["a sign-in"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/login", await user.LoginBodyAsync());
        },
        ["a sign-out"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Put, "/auth/logout", new JsonObject { ["allSessions"] = true }, await user.LoginAsync());
        },
        ["a challenge to sign a call"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(
                user, HttpMethod.Post, "/auth/action/init",
                new JsonObject { ["userActionPayload"] = "{}", ["userActionHttpMethod"] = "POST", ["userActionHttpPath"] = "/auth/x", ["userActionServerKind"] = "Api" }, await user.LoginAsync());
        },
        ["a signature of a call"] = async o =>
        {
            var user = await RegisterAsync(o);
            var caller = await user.SignedInAsync();
            return Call(user, HttpMethod.Post, "/auth/action", caller.AnswerTo(await caller.InitActionAsync(HttpMethod.Post, "/auth/x", "{}")), caller.Token);
        },
        ["a recovery code by mail"] = async o => Call(await RegisterAsync(o), HttpMethod.Post, "/auth/recover/user/code", Named(o)),
        ["a challenge to recover"] = async o =>
        {
            var user = await RegisterAsync(o);
            var body = Named(o);
            (body["verificationCode"], body["credentialId"]) = (await RecoveryCodeAsync(user), user.Recovery!.CredId);
            return Call(user, HttpMethod.Post, "/auth/recover/user/init", body);
        },
        ["a recovery"] = async o =>
        {
            var user = await RegisterAsync(o);
            var recovering = Recovering.Of(user, await Recovering.TryStartAsync(user, await RecoveryCodeAsync(user)));
            return Call(recovering.User, HttpMethod.Post, "/auth/recover/user", recovering.GoodBody(), recovering.Token);
        },
        ["a list of credentials"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Get, "/auth/credentials", null, await user.LoginAsync());
        },
        ["a challenge to add a credential"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/credentials/init", new JsonObject { ["kind"] = "Key" }, await user.LoginAsync());
        },
        ["a credential that is added"] = async o =>
        {
            var user = await RegisterAsync(o);
            var caller = await user.SignedInAsync();
            var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
            return await SignedAsync(user, caller, HttpMethod.Post, "/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)));
        },
        ["a code for another device"] = async o =>
        {
            var user = await RegisterAsync(o);
            return await SignedAsync(user, await user.SignedInAsync(), HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = o.Service.Clock.GetUtcNow().AddSeconds(50).ToUnixTimeSeconds() });
        },
        ["a challenge for another device"] = async o =>
        {
            var user = await RegisterAsync(o);
            return Call(user, HttpMethod.Post, "/auth/credentials/code/init", new JsonObject { ["code"] = await CodeAsync(user), ["credentialKind"] = "Key" });
        },
        ["a credential of another device"] = async o =>
        {
            var user = await RegisterAsync(o);
            var adding = Adding.Of(user, await o.Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = await CodeAsync(user), ["credentialKind"] = "Key" }));
            return Call(user, HttpMethod.Post, "/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)));
        },
        ["a user who is invited"] = async o =>
        {
            var admin = await o.NewServiceAccountAsync(Permission.CreateUsers);
            return Call(
                o, "john@example.co", HttpMethod.Post, "/auth/users", Employee, admin.Token, await admin.SignAsync(HttpMethod.Post, "/auth/users", Employee.ToJsonString()));
        },
        ["a list of users"] = async o => Call(o, "", HttpMethod.Get, "/auth/users", null, (await o.NewServiceAccountAsync(Permission.ReadUsers)).Token),
        ["a token that is asked about"] = async o =>
        {
            var backend = await o.NewServiceAccountAsync(Permission.IntrospectTokens);
            return new Prepared(o, "", new RawRequest(HttpMethod.Post, "/auth/introspect", $"token={backend.Token}", backend.Token) { MediaType = FormBody.MediaType });
        },
        ["a delegated sign-in"] = async o =>
        {
            await RegisterAsync(o);
            return await SignedByServiceAsync(o, Permission.LoginDelegated, "/auth/login/delegated", new JsonObject { ["username"] = "jane@example.co" });
        },
        ["the published keys"] = o => Task.FromResult(Call(o, "", HttpMethod.Get, "/.well-known/jwks.json", null)),
        ["health"] = o => Task.FromResult(Call(o, "", HttpMethod.Get, "/health/ready", null)),
    };

    public static TheoryData<string> AllCalls => [.. Calls.Keys];

    private static readonly string[] Stages = ["before the end of the head", "after the head", "within the body", "after the body"];

    public static TheoryData<string, string> AllCallsAndStages =>
        [.. Calls.Keys.SelectMany(call => Stages.Select(stage => (call, stage)))];

    [Theory]
    [MemberData(nameof(AllCallsAndStages))]
    public async Task Is_nobodys_fault(string call, string stage)
    {
        var prepared = await PrepareAsync(call);
        var (head, body, before) = (prepared.Request.Head(), prepared.Request.Body, Service.Log.Lines.Count);
        var isBegun = stage != "before the end of the head";
        using var client = await RawClient.ConnectAsync(Service);

        await client.WriteAsync(stage switch
        {
            "before the end of the head" => head[..^3],
            "after the head" => head,
            "within the body" => head + body[..(body.Length / 2)],
            _ => head + body,
        });
        client.HangUp();

        // One that the server never began leaves nothing behind, and of one that reset its connection right away it need not have read anything.
        if (isBegun) await Service.SendAsync(HttpMethod.Get, "/health/live", content: null, bearer: null);
        BrokenBodyTests.AssertQuiet(Service.Log.Lines.Skip(before));
    }

    [Fact]
    public async Task Is_counted_by_its_outcome()
    {
        var outcomes = new ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "dfns.registration.outcomes") l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            foreach (var (name, value) in tags)
            {
                if (name == "outcome") outcomes.Add((string)value!);
            }
        });
        listener.Start();
        var before = Service.Log.Lines.Count;
        using var client = await RawClient.ConnectAsync(Service);
        // The server has begun with the request once it asks for the body.
        await client.WriteAsync("POST /auth/login/init HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n");
        Assert.Contains(" 100 ", await client.ReadOnceAsync(), StringComparison.Ordinal);
        client.HangUp();

        await EndedAsync(Service, before);

        var line = JsonNode.Parse(Service.Log.Lines.Skip(before).Single(l => l.Contains("\"StatusCode\"", StringComparison.Ordinal)))!;
        Assert.Equal(("client_gone", 499), ((string?)line["Outcome"], (int?)line["StatusCode"]));
        Assert.Contains("client_gone", outcomes);
    }

    // A new endpoint is hung up on too.
    [Fact]
    public async Task Every_kind_of_call_is_among_them()
    {
        var organisation = await Service.NewOrganisationAsync();
        var paths = Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText!).Where(p => !p.Contains('{', StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        // Answered from memory, of the same handlers as others, or of a provider that the tests of social sign-in have.
        paths.ExceptWith(["/health/live", "/swagger/v1/swagger.json", "/auth/registration/delegated/restart", "/auth/registration/social", "/auth/login/social", "/auth/recover/user/delegated", "/auth/credentials/activate", "/auth/credentials/deactivate"]);

        foreach (var call in Calls.Values) paths.Remove((await call(await Service.NewOrganisationAsync())).Request.Path);

        Assert.True(paths.Count == 0, string.Join(' ', paths) + organisation.Id);
    }

    private static JsonObject Employee => new() { ["email"] = "john@example.co", ["kind"] = "CustomerEmployee" };

    private async Task<Prepared> PrepareAsync(string call) => await Calls[call](await Service.NewOrganisationAsync());

    private static int Answered(Service service, int before) => service.Log.Lines.Skip(before).Count(line => line.Contains("\"StatusCode\"", StringComparison.Ordinal));

    // The run is given up if it never ends.
    private static async Task EndedAsync(Service service, int before)
    {
        while (Answered(service, before) == 0) await Task.Yield();
    }

    private static Task<Invited> InviteAsync(TestOrganisation organisation) => organisation.Service.InviteAsync(organisation, "jane@example.co");

    private static Task<Registered> RegisterAsync(TestOrganisation organisation) => Registered.NewAsync(organisation, recovery: true);

    private static JsonObject Named(TestOrganisation organisation) => new() { ["username"] = "jane@example.co", ["orgId"] = organisation.Id };

    // The mails of other tests come too, those of clients that hung up among them.
    private static async Task<Mail.CodeMail> MailAsync(TestOrganisation organisation)
    {
        while (true)
        {
            if (await organisation.Service.Inbox.NextAsync() is var mail && mail.OrganisationId == organisation.Id) return mail;
        }
    }

    private static async Task<string> RecoveryCodeAsync(Registered user)
    {
        await user.Organisation.Service.PostAsync("/auth/recover/user/code", Named(user.Organisation));
        return (await MailAsync(user.Organisation)).Code;
    }

    private static async Task<string> CodeAsync(Registered user)
    {
        var made = await (await user.SignedInAsync()).PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = user.Organisation.Service.Clock.GetUtcNow().AddSeconds(50).ToUnixTimeSeconds() });
        return made.Require("code");
    }

    private static async Task<Prepared> SignedAsync(Registered user, SigningCaller caller, HttpMethod method, string path, JsonNode body) =>
        Call(user.Organisation, user.Username, method, path, body, caller.Token, await caller.SignAsync(method, path, body.ToJsonString()));

    private static async Task<Prepared> SignedByServiceAsync(TestOrganisation organisation, string permission, string path, JsonNode body)
    {
        var service = await organisation.NewServiceAccountAsync(permission);
        return Call(organisation, "jane@example.co", HttpMethod.Post, path, body, service.Token, await service.SignAsync(HttpMethod.Post, path, body.ToJsonString()));
    }

    private static Prepared Call(Registered user, HttpMethod method, string path, JsonNode? body, string? bearer = null) =>
        Call(user.Organisation, user.Username, method, path, body, bearer);

    private static Prepared Call(TestOrganisation organisation, string user, HttpMethod method, string path, JsonNode? body, string? bearer = null, string? userAction = null) =>
        new(organisation, user, RawRequest.Of(method, path, body, bearer, userAction));

    /// <summary>A request that would succeed, and whom it is about.</summary>
    protected sealed record Prepared(TestOrganisation Organisation, string User, RawRequest Request);
}
