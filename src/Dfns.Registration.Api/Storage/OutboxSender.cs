using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Dfns.Registration.Api.Secrets;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Sends what is in the outbox of one kind, beside the requests. Whoever has stored something wakes it, and every few seconds it looks by itself
/// for what others have left behind. It takes a few at a time in hand, tries what was put off again, later and later, for as long as that is of
/// use, and deletes what is done with. What it has in hand when it is killed another takes once the lease has run out: everything is sent at least
/// once, and each time under the same id.
/// </summary>
internal abstract partial class OutboxSender : BackgroundService
{
    /// <summary>What waits of one organisation at most: more is not taken on.</summary>
    public const int MostOfOrganisation = 10_000;

    /// <summary>What waits at most, whosever it is.</summary>
    public const int Most = 100_000;

    /// <summary>So many are in hand at a time where nobody says otherwise: a server that does not answer holds up what is sent to it, not everything.</summary>
    public const int AtOnce = 4;

    /// <summary>For how long nobody else takes what is in hand.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>How often it looks for what others have left behind.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait between two attempts. A mail server that puts off whom it does not know (greylisting) takes a mail after some minutes.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>What is in hand when the service ends may come to its end for so long, before it is given back.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);

    // While the lease still holds.
    private static readonly TimeSpan LongestAttempt = TimeSpan.FromMinutes(1);

    private readonly OutboxKind kind;
    private readonly IServiceScopeFactory scopes;
    private readonly MasterKey masterKey;
    private readonly Entropy entropy;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly Counter<long> outcomes;
    private readonly CancellationTokenSource abandoned = new();

    private readonly Lock turn = new();
    private readonly List<Task> inHand = [];
    // When something is due that was stored or put off here: it is not to wait for the next look at all there is.
    private readonly SortedSet<DateTimeOffset> expected = [];
    private Dictionary<string, int> waiting = new(StringComparer.Ordinal);
    private int waitingInAll;
    private DateTimeOffset? oldest;
    private readonly Dictionary<string, int> busyFor = new(StringComparer.Ordinal);
    private TaskCompletionSource woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? polledAt;
    private int busy;
    private bool isMore;
    private bool isAway;

    protected OutboxSender(OutboxKind kind, IServiceScopeFactory scopes, MasterKey masterKey, Entropy entropy, TimeProvider clock, IMeterFactory meters, ILogger logger)
    {
        (this.kind, this.scopes, this.masterKey, this.entropy, this.clock, this.logger) = (kind, scopes, masterKey, entropy, clock, logger);
        var meter = meters.Create("Dfns.Registration");
        outcomes = meter.CreateCounter<long>("dfns.registration.outbox.outcomes", unit: "{attempt}", description: "What became of attempts to send, by kind and outcome.");
        meter.CreateObservableGauge("dfns.registration.outbox.waiting", () => new Measurement<long>(Waiting().Number, Of(kind)), unit: "{message}", description: "What waits to be sent, by kind.");
        meter.CreateObservableGauge("dfns.registration.outbox.oldest", () => new Measurement<double>(Waiting().Age.TotalSeconds, Of(kind)), unit: "s", description: "For how long the oldest of what waits to be sent has waited, by kind.");
    }

    /// <summary>When something is due that waits for so long: in whole milliseconds, which the databases keep as they are.</summary>
    public static DateTimeOffset Due(DateTimeOffset now, TimeSpan wait)
    {
        var due = now + wait;
        return due.AddTicks(-(due.Ticks % TimeSpan.TicksPerMillisecond));
    }

    /// <summary>Whether so much waits that nothing more is taken on; asked before anything is changed. As counted within the last seconds: the database is not asked.</summary>
    /// <param name="organisationId">Whose it would be; need not exist.</param>
    public bool IsFull(string organisationId)
    {
        lock (turn) return waitingInAll >= Most || waiting.GetValueOrDefault(organisationId) >= MostOfOrganisation;
    }

    /// <summary>Tells that something was stored, once that is committed.</summary>
    public void Wake(OutboxMessage message)
    {
        lock (turn)
        {
            Count(message, 1);
            oldest ??= message.CreatedAt;
            Expect(message.DueAt);
        }
    }

    /// <summary>Ends with everything that is in hand at this moment: delivered, put off or given up, and that is stored or could not be.</summary>
    public Task InHandAsync()
    {
        lock (turn) return Task.WhenAll(inHand);
    }

    /// <summary>Sends something now, once.</summary>
    /// <param name="message">Stored as in hand of the caller.</param>
    public async Task<OutboxAttempt> SendNowAsync(OutboxMessage message)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await SendAsync(scope.ServiceProvider, message);
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // What one that was killed has left behind; and how much waits, before anybody asks.
        await LookAsync();
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        var left = InHandAsync();
        await left.WaitAsync(Patience, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await abandoned.CancelAsync();
        await left.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        abandoned.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await WaitAsync(stoppingToken);
            if (stoppingToken.IsCancellationRequested) return;
            await LookAsync();
        }
    }

    /// <summary>The longest wait between two attempts at what this one sends.</summary>
    protected virtual TimeSpan MostPause => LongestPause;

    /// <summary>So many are in hand at a time.</summary>
    protected virtual int Hands => AtOnce;

    /// <summary>
    /// So many of one organisation's are taken in hand at a time, and none while as many are: where each organisation has servers of its own, slow ones of one leave room for the others.
    /// All there is where one server is everybody's.
    /// </summary>
    protected virtual int MostOfOne => Hands;

    /// <summary>Attempts to deliver something.</summary>
    /// <param name="services">Of this attempt alone.</param>
    /// <param name="message">In hand.</param>
    /// <param name="content">Opened.</param>
    /// <param name="ct">Ends the attempt.</param>
    protected abstract Task<OutboxAttempt> DeliverAsync(IServiceProvider services, OutboxMessage message, byte[] content, CancellationToken ct);

    /// <summary>Adds to the tracked rows what follows from a delivery; saved with the end of the message.</summary>
    protected abstract Task NoteAsync(IServiceProvider services, OutboxMessage message, byte[] content);

    private async Task WaitAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var (signal, left) = Left();
            if (left <= TimeSpan.Zero) return;
            using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            // In whole milliseconds, as timers count: a part of one would be no wait at all.
            var wait = signal.WaitAsync(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), clock, over.Token);
            // The clock may have gone on before the timer was set.
            if (Left().Time <= TimeSpan.Zero) await over.CancelAsync();
            await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Until when there is nothing to do, unless the signal comes.
    private (Task Signal, TimeSpan Time) Left()
    {
        lock (turn)
        {
            if (woken.Task.IsCompleted) woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var (untilPoll, untilDue) = (polledAt is { } at ? Poll - clock.GetElapsedTime(at) : TimeSpan.Zero, (expected.Count > 0 ? expected.Min : DateTimeOffset.MaxValue) - clock.GetUtcNow());
            return (woken.Task, untilPoll < untilDue ? untilPoll : untilDue);
        }
    }

    // Idle, one look along an index; and woken by whoever has stored something, one update.
    private async Task LookAsync()
    {
        bool isPoll;
        int free;
        List<string> passedOver;
        lock (turn)
        {
            isPoll = polledAt is not { } at || clock.GetElapsedTime(at) >= Poll;
            if (isPoll) polledAt = clock.GetTimestamp();
            while (expected.Count > 0 && expected.Min <= clock.GetUtcNow()) expected.Remove(expected.Min);
            free = Math.Min(Hands - busy, MostOfOne);
            passedOver = [.. busyFor.Where(b => b.Value >= MostOfOne).Select(b => b.Key)];
            isMore = free == 0;
        }

        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var store = scope.ServiceProvider.GetRequiredService<OutboxStore>();
            var due = isPoll ? await PollAsync(store) : clock.GetUtcNow();
            if (due is { } by && free > 0)
            {
                var taken = await store.TakeAsync(kind, entropy.Id("le"), by, clock.GetUtcNow() + Lease, free, passedOver, CancellationToken.None);
                foreach (var message in taken) Begin(message);
                lock (turn)
                {
                    // As many as there was room for, or some were passed over: perhaps more are due. What was in hand may have come to its end by now.
                    var (isFull, isHeld) = (taken.Count == free, passedOver.TrueForAll(o => busyFor.GetValueOrDefault(o) >= MostOfOne));
                    isMore = isFull ? busy == Hands : isHeld && passedOver.Count > 0;
                    if (isFull ? !isMore : !isHeld) Expect(DateTimeOffset.MinValue);
                }
            }

            isAway = false;
        }
#pragma warning disable CA1031 // An exception that leaves this loop ends the whole service; nothing that is sent is worth that, and the next look comes.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Once, however often it looks meanwhile.
            if (!isAway) Log.NotLooked(logger, kind, e.GetType().Name, StorageFailure.SqlState(e));
            isAway = true;
        }
    }

    // What is due: null for nothing.
    private async Task<DateTimeOffset?> PollAsync(OutboxStore store)
    {
        var first = await store.FirstDueAsync(kind, CancellationToken.None);
        List<OutboxCount> counts = first is null ? [] : await store.CountAsync(kind, CancellationToken.None);
        var now = clock.GetUtcNow();
        lock (turn)
        {
            waiting = counts.ToDictionary(c => c.OrganisationId, c => c.Waiting, StringComparer.Ordinal);
            (waitingInAll, oldest) = (counts.Sum(c => c.Waiting), counts.Count == 0 ? null : counts.Min(c => c.Oldest));
            if (first is not { } due || due <= now) return first is null ? null : now;
            // Nothing is due so much later than now, unless somebody has set the clock back since it was stored.
            if (due > now + MostPause + Lease) return due;
            Expect(due);
            return null;
        }
    }

    private void Begin(OutboxMessage message)
    {
        lock (turn)
        {
            busy++;
            busyFor[message.OrganisationId] = busyFor.GetValueOrDefault(message.OrganisationId) + 1;
            inHand.RemoveAll(task => task.IsCompleted);
            // Not in the context of whoever looks.
            using (ExecutionContext.SuppressFlow()) inHand.Add(Task.Run(() => HandleAsync(message), CancellationToken.None));
        }
    }

    private async Task HandleAsync(OutboxMessage message)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await SendAsync(scope.ServiceProvider, message);
        }
#pragma warning disable CA1031 // Nobody waits for this task but the end of the service.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.NotNoted(logger, kind, message.Id, e.GetType().Name, StorageFailure.SqlState(e));
        }
        finally
        {
            lock (turn)
            {
                busy--;
                if (--busyFor[message.OrganisationId] == 0) busyFor.Remove(message.OrganisationId);
                if (isMore) Expect(DateTimeOffset.MinValue);
                isMore = false;
            }
        }
    }

    private async Task<OutboxAttempt> SendAsync(IServiceProvider services, OutboxMessage message)
    {
        byte[] content = [];
        OutboxAttempt attempt;
        try
        {
            content = masterKey.Open(message.Content, OutboxMessage.SealedUnder(message.OrganisationId, message.Id, message.SubjectId));
            attempt = message.EndsAt <= clock.GetUtcNow() ? new OutboxAttempt(OutboxOutcome.Over) : await AttemptAsync(services, message, content);
        }
        catch (CryptographicException)
        {
            attempt = new OutboxAttempt(OutboxOutcome.Refused, "it is not as this service stored it");
        }

        var due = Due(clock.GetUtcNow(), PauseAfter(message.Attempts));
        if (attempt.Outcome == OutboxOutcome.PutOff && due >= message.EndsAt) attempt = attempt with { Outcome = OutboxOutcome.Over };
        outcomes.Add(1, Of(kind), new("outcome", attempt.Outcome.ToString()));
        try
        {
            await FinishAsync(services, message, content, attempt.Outcome, due);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            // The lease runs out, and somebody tries again: what was delivered is delivered once more, rather than not at all.
            Log.NotNoted(logger, kind, message.Id, e.GetType().Name, StorageFailure.SqlState(e));
        }

        if (attempt.Outcome == OutboxOutcome.PutOff) Log.PutOff(logger, kind, message.Id, message.Attempts, due, attempt.Why);
        if (attempt.Outcome is OutboxOutcome.Refused or OutboxOutcome.Over) Log.GivenUp(logger, kind, message.Id, message.Attempts, attempt.Why ?? "its time is over");
        return attempt;
    }

    private async Task<OutboxAttempt> AttemptAsync(IServiceProvider services, OutboxMessage message, byte[] content)
    {
        using var limit = new CancellationTokenSource(LongestAttempt, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, abandoned.Token);
        try
        {
            return await DeliverAsync(services, message, content, either.Token);
        }
        catch (OperationCanceledException) when (abandoned.IsCancellationRequested)
        {
            return new OutboxAttempt(OutboxOutcome.GivenBack);
        }
#pragma warning disable CA1031 // What nobody foresaw is tried again, as what anybody did.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new OutboxAttempt(OutboxOutcome.PutOff, limit.IsCancellationRequested ? "it took too long" : e.GetType().Name);
        }
    }

    private async Task FinishAsync(IServiceProvider services, OutboxMessage message, byte[] content, OutboxOutcome outcome, DateTimeOffset due)
    {
        var store = services.GetRequiredService<OutboxStore>();
        switch (outcome)
        {
            case OutboxOutcome.GivenBack:
                await store.GiveBackAsync(message, clock.GetUtcNow());
                return;
            case OutboxOutcome.PutOff:
                await store.PutOffAsync(message, due);
                lock (turn) Expect(due);
                return;
            default:
                await store.RemoveAsync(message, outcome == OutboxOutcome.Delivered ? () => NoteAsync(services, message, content) : null);
                lock (turn) Count(message, -1);
                return;
        }
    }

    // Half of it at random, so that what was put off together does not come together again.
    private TimeSpan PauseAfter(int attempt)
    {
        var longest = attempt > 10 ? MostPause : TimeSpan.FromTicks(Math.Min(MostPause.Ticks, FirstPause.Ticks << (attempt - 1)));
        return longest * ((1 + entropy.Fraction()) / 2);
    }

    // The two below within the turn.
    private void Expect(DateTimeOffset due)
    {
        if (expected.Count < Most) expected.Add(due);
        woken.TrySetResult();
    }

    private void Count(OutboxMessage message, int more)
    {
        var ofOrganisation = waiting.GetValueOrDefault(message.OrganisationId) + more;
        if (ofOrganisation > 0) waiting[message.OrganisationId] = ofOrganisation;
        else waiting.Remove(message.OrganisationId);
        waitingInAll = Math.Max(0, waitingInAll + more);
    }

    private (int Number, TimeSpan Age) Waiting()
    {
        lock (turn) return (waitingInAll, waitingInAll > 0 && oldest is { } since && clock.GetUtcNow() - since is { Ticks: > 0 } age ? age : TimeSpan.Zero);
    }

    private static KeyValuePair<string, object?> Of(OutboxKind kind) => new("kind", kind.ToString());

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Kind} {MessageId} was not delivered at attempt {Attempt}, and is tried again from {Due:o} on: {Why}")]
        public static partial void PutOff(ILogger logger, OutboxKind kind, string messageId, int attempt, DateTimeOffset due, string? why);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Kind} {MessageId} was not delivered, and is given up at attempt {Attempt}: {Why}")]
        public static partial void GivenUp(ILogger logger, OutboxKind kind, string messageId, int attempt, string why);

        [LoggerMessage(Level = LogLevel.Warning, Message = "What became of {Kind} {MessageId} could not be stored, and somebody tries again: {Fault} {SqlState}")]
        public static partial void NotNoted(ILogger logger, OutboxKind kind, string messageId, string fault, string? sqlState);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox of {Kind} could not be looked at, and is again every few seconds: {Fault} {SqlState}")]
        public static partial void NotLooked(ILogger logger, OutboxKind kind, string fault, string? sqlState);
    }
}

/// <summary>What became of an attempt to deliver something.</summary>
/// <param name="Outcome">Of the attempt.</param>
/// <param name="Why">In words that may be logged; null where there is nothing to say.</param>
internal sealed record OutboxAttempt(OutboxOutcome Outcome, string? Why = null);

/// <summary>How an attempt ends.</summary>
internal enum OutboxOutcome
{
    /// <summary>It is delivered.</summary>
    Delivered,

    /// <summary>It was not, and is tried again.</summary>
    PutOff,

    /// <summary>It was refused for good.</summary>
    Refused,

    /// <summary>Its time is over, or will be before the next attempt.</summary>
    Over,

    /// <summary>There is nobody to deliver it to, or nothing any more.</summary>
    Dropped,

    /// <summary>The service ends; another instance tries.</summary>
    GivenBack,
}
