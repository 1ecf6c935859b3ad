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

/// <summary>An instance is killed between what it has committed and the delivery of the event that tells of it, fifty times: each event is delivered all the same, under one id.</summary>
public sealed class KilledInstanceTests
{
    private const int Times = 50;

    [Fact]
    public async Task No_event_is_lost_with_an_instance_that_is_killed()
    {
        await using var database = await TestDatabase.SqliteAsync();
        (string, string?)[] settings =
            [.. ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString), ("Webhooks:AllowedNetworks:0", "127.0.0.0/8"), ("Webhooks:HttpHosts:0", "127.0.0.1")];
        await new OperatorCommand(settings).RunAsync("migrate");
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
        using var receiver = new HoldingReceiver();
        await AddWebhookAsync(seed, orgId, receiver.Url);
        var invitations = await seed.InviteAsync(orgId, [.. Enumerable.Range(0, Times).Select(n => $"user-{n}@example.co")]);

        foreach (var invitation in invitations)
        {
            await using var service = await ServiceProcess.StartAsync("Production", settings);
            var session = await service.OpenAsync(invitation);
            var made = SoftwareKey.P256().Create(session.Challenge, CredentialKind.Key).ToJson();
            var answer = await service.CompleteAsync(session, new JsonObject { ["firstFactorCredential"] = made });
            Assert.True(answer.Status == 200, answer.Body.ToJsonString());

            // Committed: it was answered. Not delivered: whoever is told holds on to it.
            service.Kill();
        }

        await using var db = seed.Open();
        Assert.Equal(Times, await db.Outbox.CountAsync(m => m.Kind == OutboxKind.Event));
        Assert.False(await db.WebhookDeliveries.AnyAsync());
        var before = await db.Outbox.Where(m => m.Kind == OutboxKind.Event).ToDictionaryAsync(m => m.Id, m => m.SubjectId, StringComparer.Ordinal);
        receiver.Release();
        // As if the leases of those that were killed had run out.
        await db.Outbox.ExecuteUpdateAsync(m => m.SetProperty(x => x.DueAt, TimeProvider.System.GetUtcNow()));
        await using (var last = await ServiceProcess.StartAsync("Production", settings))
        {
            while (await db.Outbox.AnyAsync(m => m.Kind == OutboxKind.Event)) await Task.Delay(50);
            await last.StopAsync();
        }

        // At least once each, and each under the one id that was stored with the act.
        Assert.Equal(Times, before.Values.Distinct(StringComparer.Ordinal).Count());
        foreach (var told in receiver.Taken) Assert.Equal(before[(string)told["id"]!], (string)told["data"]!["userId"]!);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), receiver.Delivered.Select(told => (string)told["id"]!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.All(receiver.Taken, told => Assert.Equal("user.registered", (string)told["kind"]!));
        Assert.Equal(Times, await db.WebhookDeliveries.CountAsync(d => d.IsDelivered));
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
        private readonly ConcurrentQueue<JsonNode> delivered = new();

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

        /// <summary>What was answered after it was let.</summary>
        public IReadOnlyCollection<JsonNode> Delivered => delivered;

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
                var told = (await JsonNode.ParseAsync(context.Request.InputStream))!;
                taken.Enqueue(told);
                var isHeld = !released.Task.IsCompleted;
                await released.Task;
                if (!isHeld) delivered.Enqueue(told);
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or IOException or InvalidOperationException)
            {
                // Whoever sent it is dead.
            }
        }
    }
}
