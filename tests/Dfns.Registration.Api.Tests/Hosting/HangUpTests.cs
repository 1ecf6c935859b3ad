using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
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

    // The framework's page of exceptions stands around the service there.
    public sealed class InDevelopment(ServiceFixture.InDevelopment fixture) : HangUpTests(fixture), IClassFixture<ServiceFixture.InDevelopment>
    {
        [Theory]
        [InlineData("/console/organisations/or-none/users")]
        [InlineData("/index.html")]
        [InlineData("/swagger/index.html")]
        public async Task On_a_page_is_nobodys_fault(string path)
        {
            var before = Service.Log.Lines.Count;
            using var client = await RawClient.ConnectAsync(Service);
            await client.WriteAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{{\"username\":");
            client.HangUp();

            await Service.SendAsync(HttpMethod.Get, "/health/live", content: null, bearer: null);
            BrokenBodyTests.AssertQuiet(Service.Log.Lines.Skip(before));
        }
    }

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

            Assert.Equal(prepared.User, (await prepared.Organisation.MailAsync()).To);
        }

        [Fact]
        public async Task A_recovery_that_was_stored_is_told_to_its_user_though_the_client_hung_up_meanwhile()
        {
            // With an inbox of its own: a notice does not say whose service it is from.
            await using var service = await Service.StartAsync(Service.Database);
            var prepared = await PreparedCall.Known["a recovery"](await service.NewOrganisationAsync());

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

        private static async Task HeldAsync(PreparedCall call, string held)
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

    public static TheoryData<string> AllCalls => [.. PreparedCall.Known.Keys];

    private static readonly string[] Stages = ["before the end of the head", "after the head", "within the body", "after the body"];

    public static TheoryData<string, string> AllCallsAndStages =>
        [.. PreparedCall.Known.Keys.SelectMany(call => Stages.Select(stage => (call, stage)))];

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
    public async Task Every_call_is_among_them()
    {
        var left = Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => !e.RoutePattern.RawText!.StartsWith("/console", StringComparison.Ordinal))
            // What they wait for, all wait for: SharedWorkTests.
            .Where(e => e.RoutePattern.RawText is not ("/.well-known/webauthn" or "/.well-known/passkey-endpoints"))
            .Where(e => e.RoutePattern.RawText is not ("/health/live" or "/swagger/v1/swagger.json" or "/auth/apps/{appId}"))
            .SelectMany(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Except([HttpMethods.Head]).Select(method => (Method: method, Matcher: new TemplateMatcher(TemplateParser.Parse(e.RoutePattern.RawText!), []))))
            .ToList();

        foreach (var call in PreparedCall.Known.Values)
        {
            var request = (await call(await Service.NewOrganisationAsync())).Request;
            left.RemoveAll(e => e.Method == request.Method.Method && e.Matcher.TryMatch(request.Path.Split('?')[0], []));
        }

        Assert.Empty(left.Select(e => $"{e.Method} {e.Matcher.Template.TemplateText}"));
    }

    private async Task<PreparedCall> PrepareAsync(string call) => await PreparedCall.Known[call](await Service.NewOrganisationAsync());

    private static int Answered(Service service, int before) => service.Log.Lines.Skip(before).Count(line => line.Contains("\"StatusCode\"", StringComparison.Ordinal));

    // The run is given up if it never ends.
    private static async Task EndedAsync(Service service, int before)
    {
        while (Answered(service, before) == 0) await Task.Yield();
    }
}
