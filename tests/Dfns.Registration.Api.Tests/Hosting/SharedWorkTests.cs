using System.Reflection;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>What is done once for all who ask goes on whoever of them hangs up.</summary>
public sealed class SharedWorkTests(ServiceFixture.PostgreSqlItself fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.PostgreSqlItself>
{
    // What of one request another waits for, and why the first's hanging up does not end it.
    private static readonly Dictionary<string, string> Waited = new(StringComparer.Ordinal)
    {
        ["SigningKeys"] = "shared",
        ["PublishedRelyingParties"] = "shared",
        ["SharedWork`1"] = "in nobody's context",
        ["Readiness"] = "in nobody's context",
        ["Rounds`2"] = "in nobody's context",
        ["TableStatistics"] = "in nobody's context",
        ["ApiDocument"] = "takes no token",
        ["SqliteWriter"] = "takes no token",
        ["AuditTally"] = "waited for by who stops the service, not by requests",
        ["Entry"] = "of a provider's keys: read with a patience of its own",
        ["DemonstrationExamples"] = "asked by the document alone, which takes no token",
    };

    /// <summary>Each call that many make and one works for; what it reads; and after what time it is read anew.</summary>
    public static TheoryData<string, string, int> Calls => new()
    {
        { "GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n", "signing_keys", 61 },
        { "OPTIONS /auth/login/init HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.co\r\nAccess-Control-Request-Method: POST\r\n\r\n", "relying_parties", 16 },
        { "GET /.well-known/passkey-endpoints HTTP/1.1\r\nHost: example.co\r\n\r\n", "relying_parties", 16 },
        { "GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n", "\"__EFMigrationsHistory\"", 2 },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task What_one_began_and_left_is_done_for_the_next(string request, string table, int seconds)
    {
        await Service.NewOrganisationAsync();
        Service.Clock.Advance(TimeSpan.FromSeconds(seconds));
        var before = Service.Log.Lines.Count;
        using var first = await RawClient.ConnectAsync(Service);
        using var second = await RawClient.ConnectAsync(Service);

        await Service.AsOwnerAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
#pragma warning disable EF1002 // One of the tables of the test.
            await db.Database.ExecuteSqlRawAsync($"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
#pragma warning restore EF1002
            await first.WriteAsync(request);
            while (await WaitingAsync() is null) await Task.Yield();
            var asked = await WaitingAsync();

            first.HangUp();
            while (!Service.Log.Lines.Skip(before).Any(line => line.Contains("client_gone", StringComparison.Ordinal))) await Task.Yield();
            await second.WriteAsync(request);

            Assert.Equal(asked, await WaitingAsync());
            await transaction.RollbackAsync();
            return 0;
        });

        Assert.Matches("^HTTP/1.1 20[04] ", await second.ReadOnceAsync());
    }

    [Fact]
    public async Task Whoever_asks_meanwhile_gets_what_is_under_way_and_whoever_asks_later_begins_anew()
    {
        var (times, ends) = (0, new TaskCompletionSource<int>());
        var work = new SharedWork<int>(() =>
        {
            times++;
            return ends.Task;
        });
        using var leaving = new CancellationTokenSource();
        var (first, second) = (work.JoinAsync(leaving.Token), work.JoinAsync(CancellationToken.None));

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        ends.SetException(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => second);
        Assert.Equal(1, times);

        ends = new();
        ends.SetResult(7);
        Assert.Equal(7, await work.JoinAsync(CancellationToken.None));
        Assert.Equal(2, times);
    }

    [Fact]
    public async Task What_is_under_way_when_the_service_ends_is_waited_for_even_where_it_fails()
    {
        var ends = new TaskCompletionSource<int>();
        var work = new SharedWork<int>(() => ends.Task);
        await work.DisposeAsync();
        var asked = work.JoinAsync(CancellationToken.None);

        var disposed = work.DisposeAsync().AsTask();
        Assert.False(disposed.IsCompleted);
        ends.SetException(new TimeoutException());
        await disposed;
        await Assert.ThrowsAsync<TimeoutException>(() => asked);
    }

    // As a host does that is told to stop while its program, which waits for just that, stops it too.
    [Fact]
    public async Task Whoever_stops_the_service_second_waits_for_what_the_first_is_adding_to_the_audit_trail()
    {
        var organisation = await Service.NewOrganisationAsync();
        var tally = Service.Services.GetRequiredService<AuditTally>();
        await tally.WriteAsync(CancellationToken.None);
        tally.Count(new TalliedEvent(organisation.Id, AuditActions.RegistrationFailed, AuditActors.Anybody, organisation.Id, RemoteAddress: null, "one"));

        var (first, second) = await Service.AsOwnerAsync(async db =>
        {
            await using var held = await db.Database.BeginTransactionAsync();
            await db.Database.ExecuteSqlRawAsync("LOCK TABLE audit_events IN SHARE MODE");
            var (adding, waiting) = (tally.WriteAsync(CancellationToken.None), tally.WriteAsync(CancellationToken.None));
            Assert.Equal((false, false), (adding.IsCompleted, waiting.IsCompleted));
            return (adding, waiting);
        });
        await second;

        Assert.True(first.IsCompleted);
        await first;
        Assert.Equal("one", (await Service.InDatabaseAsync(db => db.AuditEvents.SingleAsync(e => e.OrganisationId == organisation.Id))).Note);
    }

    // What is new here is thought of, and is either shared or has its reason.
    [Fact]
    public void Whatever_one_request_waits_for_that_another_began_is_among_them()
    {
        var found = typeof(Program).Assembly.GetTypes()
            .Where(type => type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly).Any(field => IsWaitedFor(field.FieldType))
                && !Attribute.IsDefined(type, typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute)) && type.DeclaringType?.Name.StartsWith('<') != true)
            .Select(type => type.Name);

        Assert.Equal(Waited.Keys.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));

        static bool IsWaitedFor(Type type) => type == typeof(SemaphoreSlim) || type == typeof(Task) || (type.IsGenericType && (type.GetGenericTypeDefinition() is var made)
            && (made == typeof(SharedWork<>) || made == typeof(Task<>) || (made == typeof(Lazy<>) && typeof(Task).IsAssignableFrom(type.GetGenericArguments()[0]))));
    }

    // The session that waits for a lock, of the service's own role: what others wait for is not told to everybody.
    private Task<int?> WaitingAsync() => Service.InDatabaseAsync(db => db.Database.SqlQuery<int?>(
        $"SELECT pid AS \"Value\" FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY pid LIMIT 1").SingleOrDefaultAsync());
}
