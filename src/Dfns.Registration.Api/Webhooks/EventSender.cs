using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>
/// Tells webhooks of events, beside the requests. An event is one message, for all who want it; whoever has not got it is told again, later and
/// later, the others are not. One that does not answer at all is left alone for a while, so that it holds up nobody else's events.
/// </summary>
internal sealed partial class EventSender(
    WebhookClient client, IServiceScopeFactory scopes, MasterKey masterKey, Entropy entropy, TimeProvider clock, IMeterFactory meters, ILogger<EventSender> logger)
    : OutboxSender(OutboxKind.Event, scopes, masterKey, entropy, clock, meters, logger), IEventGate
{
    /// <summary>The longest wait between two attempts.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>For how long nobody sends to a webhook that has not answered.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    private readonly TimeProvider clock = clock;
    private readonly ILogger logger = logger;
    private readonly ConcurrentDictionary<(string OrganisationId, string Id), long> resting = new();
    private long fullToldAt = -1;

    protected override TimeSpan MostPause => LongestWait;

    protected override int Hands => 16;

    // Two are taken while fewer than two are in hand, so three are at most: it takes six organisations whose webhooks are slow to hold up others.
    protected override int MostOfOne => 2;

    public bool Admits(string organisationId)
    {
        if (!IsFull(organisationId)) return true;
        // Once a minute: each act would say it.
        var (now, before) = (clock.GetTimestamp(), Interlocked.Read(ref fullToldAt));
        if ((before < 0 || clock.GetElapsedTime(before, now) > TimeSpan.FromMinutes(1)) && Interlocked.CompareExchange(ref fullToldAt, now, before) == before) Log.Full(logger, organisationId);
        return false;
    }

    protected override async Task<OutboxAttempt> DeliverAsync(IServiceProvider services, OutboxMessage message, byte[] content, CancellationToken ct)
    {
        var told = WebhookEvent.Read(message, content);
        var store = services.GetRequiredService<WebhookStore>();
        try
        {
            var pending = await store.PendingAsync(told, ct);
            // Nobody wants it, or nobody any more, or all have got it from somebody who could not say so.
            if (pending.Count == 0) return new OutboxAttempt(OutboxOutcome.Dropped);
            var secrets = services.GetRequiredService<WebhookSecrets>();
            var awake = pending.Where(p => !IsResting(p.Webhook)).ToList();
            var answers = await Task.WhenAll(awake.Select(p => SendAsync(p.Webhook, told, secrets, ct)));
            foreach (var (delivery, answer) in awake.Zip(answers)) store.Note(told, delivery, answer);
            await store.SaveAsync(ct);
            var failed = awake.Zip(answers).Where(a => !a.Second.IsDelivered).Select(a => $"{a.First.Webhook.Id}: {a.Second.Error}").ToList();
            return failed.Count == 0 && awake.Count == pending.Count
                ? new OutboxAttempt(OutboxOutcome.Delivered)
                : new OutboxAttempt(OutboxOutcome.PutOff, failed.Count == 0 ? "some have not answered lately" : string.Join(' ', failed));
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            return new OutboxAttempt(OutboxOutcome.PutOff, e.GetType().Name);
        }
    }

    protected override Task NoteAsync(IServiceProvider services, OutboxMessage message, byte[] content) => Task.CompletedTask;

    private async Task<WebhookAnswer> SendAsync(Webhook webhook, WebhookEvent told, WebhookSecrets secrets, CancellationToken ct)
    {
        var answer = await client.SendAsync(webhook, told, secrets, isPing: false, ct);
        var key = (webhook.OrganisationId, webhook.Id);
        if (answer.Status is not null) resting.TryRemove(key, out _);
        else Rests(key);
        return answer;
    }

    // Of one that was deleted meanwhile nobody asks again.
    private void Rests((string OrganisationId, string Id) key)
    {
        foreach (var rested in resting.Where(r => clock.GetElapsedTime(r.Value) >= Rest)) resting.TryRemove(rested);
        resting[key] = clock.GetTimestamp();
    }

    private bool IsResting(Webhook webhook)
    {
        var key = (webhook.OrganisationId, webhook.Id);
        if (!resting.TryGetValue(key, out var since)) return false;
        if (clock.GetElapsedTime(since) < Rest) return true;
        resting.TryRemove(new(key, since));
        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "So many events of {OrganisationId} wait for its webhooks, or of all, that no more are taken on; what happens meanwhile they are not told")]
        public static partial void Full(ILogger logger, string organisationId);
    }
}
