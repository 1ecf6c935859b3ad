using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.TestKit.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Webhooks in the database, and what they were told.</summary>
internal static class TestWebhooks
{
    /// <summary>Lets a service send to this machine, which nobody else can reach.</summary>
    public static readonly (string Key, string Value)[] ToThisMachine = [("Webhooks:AllowedNetworks:0", "127.0.0.0/8"), ("Webhooks:HttpHosts:0", "127.0.0.1")];

    /// <summary>Waits until no event of anybody is to be told any more, or is put off.</summary>
    public static async Task ToldAsync(this Service service)
    {
        while (await service.InDatabaseAsync(db => db.Outbox.AnyAsync(m => m.Kind == OutboxKind.Event && (m.Lease != null || m.Attempts == 0)))) await Task.Yield();
    }

    /// <summary>Adds an event that a webhook was told, delivered.</summary>
    public static Task<int> AddDeliveryAsync(this TestOrganisation organisation, string webhookId, string eventId) => organisation.Service.InDatabaseAsync(db =>
    {
        db.WebhookDeliveries.Add(new WebhookDelivery
        {
            OrganisationId = organisation.Id,
            WebhookId = webhookId,
            EventId = eventId,
            Kind = EventKinds.UserRegistered,
            At = organisation.Service.Clock.GetUtcNow(),
            Data = "{}",
            Status = 200,
            SentAt = organisation.Service.Clock.GetUtcNow(),
            IsDelivered = true,
        });
        return db.SaveChangesAsync();
    });

    /// <summary>Creates a webhook by a call, as its owner does.</summary>
    /// <returns>Its id and its secret.</returns>
    public static async Task<TestWebhook> NewWebhookAsync(this TestOrganisation organisation, string url, params string[] events)
    {
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var made = await admin.PostAsync("/webhooks", new JsonObject { ["url"] = url, ["events"] = new JsonArray([.. events.Select(e => (JsonNode)e)]) });
        Assert.True((int)made.Status == 200, made.Text);
        KnownSecrets.Add(made.Require("secret"));
        return new TestWebhook(admin, made.Require("id"), made.Require("secret"));
    }
}

/// <summary>A service that sends to this machine.</summary>
public abstract class ToldFixture(Func<Task<TestDatabase>> makeEmpty, Func<Task<TestDatabase>> makeMigrated) : ServiceFixture(makeEmpty, makeMigrated, TestWebhooks.ToThisMachine)
{
    /// <summary>On SQLite.</summary>
    public sealed class ThisMachineOnSqlite() : ToldFixture(TestDatabase.SqliteAsync, Migrated.SqliteAsync);

    /// <summary>On PostgreSQL.</summary>
    public sealed class ThisMachineOnPostgreSql() : ToldFixture(TestDatabase.PostgreSqlAsync, Migrated.PostgreSqlAsync);
}

/// <summary>A webhook, and who may do everything with it.</summary>
internal sealed record TestWebhook(SigningCaller Admin, string Id, string Secret)
{
    public string Path => $"/webhooks/{Id}";
}

/// <summary>A back end that is told of events, on this machine.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Received> received = new();
    private readonly SemaphoreSlim arrived = new(0);
    private int taken;

    private Receiver(WebApplication app) => this.app = app;

    /// <summary>What it answers; 200 unless a test says otherwise.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = _ => Task.CompletedTask;

    public string Url => $"{app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()}/events";

    public IReadOnlyList<Received> All => [.. received];

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new Receiver(builder.Build());
        receiver.app.Run(receiver.TakeAsync);
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>The next delivery, in the order of their coming.</summary>
    public async Task<Received> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await arrived.WaitAsync(patience.Token);
        Assert.True(taken < received.Count);
        return All[taken++];
    }

    public ValueTask DisposeAsync()
    {
        arrived.Dispose();
        return app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        received.Enqueue(new Received(body.ToArray(), context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        arrived.Release();
        await Answer(context);
    }
}

/// <summary>A delivery.</summary>
internal sealed record Received(byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonObject Event { get; } = JsonNode.Parse(Body)!.AsObject();

    public string Id => (string)Event["id"]!;

    public string Kind => (string)Event["kind"]!;

    /// <summary>Whether a header holds the signature of the body by a secret.</summary>
    public bool IsSignedBy(string secret, string header = "X-DFNS-WEBHOOK-SIGNATURE") =>
        Headers.GetValueOrDefault(header) == $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Body))}";
}
