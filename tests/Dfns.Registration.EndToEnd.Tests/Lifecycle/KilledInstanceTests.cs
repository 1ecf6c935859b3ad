using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.EndToEnd.Tests.Lifecycle;

/// <summary>An instance is killed between what it has committed and the delivery of the event that tells of it, fifty times in a row: each event is delivered all the same, under one id.</summary>
public abstract class KilledInstanceTests(Func<Task<TestDatabase>> newDatabase, int times, bool isShared)
{
    // One process alone serves a file, so that each waits for the end of the one before it.
    public sealed class OnSqlite() : KilledInstanceTests(TestDatabase.SqliteAsync, times: 5, isShared: false);

    [Trait("Database", "PostgreSql")]
    public sealed class OnPostgreSql() : KilledInstanceTests(TestDatabase.PostgreSqlAsync, times: 50, isShared: true);

    [Fact]
    public async Task No_event_is_lost_with_an_instance_that_is_killed()
    {
        await using var database = await newDatabase();
        (string, string?)[] settings =
            [.. ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString), ("Webhooks:AllowedNetworks:0", "127.0.0.0/8"), ("Webhooks:HttpHosts:0", "127.0.0.1")];
        var next = ServiceProcess.StartAsync("Production", settings);
        await next;
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
        using var receiver = new HoldingReceiver();
        await AddWebhookAsync(seed, orgId, receiver.Url);

        foreach (var invitation in await seed.InviteAsync(orgId, [.. Enumerable.Range(0, times).Select(n => $"user-{n}@example.co")]))
        {
            await using var service = await next;
            if (isShared) next = ServiceProcess.StartAsync("Production", settings);
            var session = await service.OpenAsync(invitation);
            var made = SoftwareKey.P256().Create(session.Challenge, CredentialKind.Key).ToJson();
            var answer = await service.CompleteAsync(session, new JsonObject { ["firstFactorCredential"] = made });
            Assert.True(answer.Status == 200, answer.Body.ToJsonString());

            // Committed: it was answered. Not delivered: whoever is told holds on to it.
            service.Kill();
            if (!isShared) next = ServiceProcess.StartAsync("Production", settings);
        }

        await using var last = await next;
        await using var db = seed.Open();
        var events = db.Outbox.Where(m => m.Kind == OutboxKind.Event);
        var before = await events.ToDictionaryAsync(m => m.Id, m => m.SubjectId, StringComparer.Ordinal);
        Assert.Equal(times, before.Values.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(times, before.Count);
        Assert.False(await db.WebhookDeliveries.AnyAsync(d => d.IsDelivered));
        receiver.Release();
        // As if the leases of those that were killed had run out.
        await events.ExecuteUpdateAsync(m => m.SetProperty(x => x.DueAt, TimeProvider.System.GetUtcNow()));
        while (await events.AnyAsync()) await Task.Yield();
        await last.StopAsync();

        // At least once each, and each under the one id that was stored with the act.
        foreach (var told in receiver.Taken) Assert.Equal(before[(string)told["id"]!], (string)told["data"]!["userId"]!);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), receiver.Taken.Select(told => (string)told["id"]!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.All(receiver.Taken, told => Assert.Equal("user.registered", (string)told["kind"]!));
        var delivered = await db.WebhookDeliveries.Where(d => d.IsDelivered).Select(d => d.EventId).ToListAsync();
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), delivered.Order(StringComparer.Ordinal));
    }

    private static async Task AddWebhookAsync(Seed seed, string orgId, string url)
    {
        await using var db = seed.Open();
        var (id, now, entropy) = ("wh-killed", TimeProvider.System.GetUtcNow(), new SystemEntropy());
        db.Webhooks.Add(new Webhook
        {
            OrganisationId = orgId,
            Id = id,
            Url = url,
            Events = ["user.registered"],
            IsEnabled = true,
            Secret = new MasterKey(Convert.FromBase64String(ServiceProcess.MasterKey)).Seal(RandomNumberGenerator.GetBytes(32), Webhook.SealedUnder(orgId, id), entropy),
            CreatedAt = now.AddMinutes(-1),
            UpdatedAt = now,
        });
        (await db.RelyingParties.SingleAsync(r => r.OrganisationId == orgId)).EnabledWebhooks = 1;
        await db.SaveChangesAsync();
    }

    /// <summary>A back end that takes what it is told, and answers nobody until it is let.</summary>
    private sealed class HoldingReceiver : IDisposable
    {
        private readonly HttpListener listener = new();
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentQueue<JsonNode> taken = new();

        public HoldingReceiver()
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/events/";
            }

            listener.Prefixes.Add(Url);
            listener.Start();
            _ = TakeAllAsync();
        }

        public string Url { get; }

        /// <summary>All that came, answered or not.</summary>
        public IReadOnlyCollection<JsonNode> Taken => taken;

        public void Release() => released.SetResult();

        public void Dispose() => listener.Close();

        private async Task TakeAllAsync()
        {
            while (listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                _ = AnswerAsync(context);
            }
        }

        private async Task AnswerAsync(HttpListenerContext context)
        {
            try
            {
                taken.Enqueue((await JsonNode.ParseAsync(context.Request.InputStream))!);
                await released.Task;
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or IOException or InvalidOperationException)
            {
                // Whoever sent it is dead.
            }
        }
    }
}
