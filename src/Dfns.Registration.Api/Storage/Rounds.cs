using System.Diagnostics.Metrics;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Takes to the database together what arrives together. Whoever finds a round under way waits; all who wait go out as the next round, in
/// one exchange. At one caller at a time nobody waits. What fails together is tried alone, once each: nobody pays for another's fault with
/// more than that.
/// </summary>
/// <typeparam name="TAsk">What one caller brings.</typeparam>
/// <typeparam name="TAnswer">What it gets.</typeparam>
/// <param name="name">For the metrics.</param>
/// <param name="run">Takes up to <see cref="MostTogether"/> of them to the database; answers in the order in which they were asked, or throws, and then nothing was stored.</param>
/// <param name="touches">What one of them shares a round with nobody else who touches it too; compared by equality.</param>
/// <param name="organisation">Whose it is, as the client has it: nobody is kept out by another's alone.</param>
/// <param name="clock">Tells how long somebody has waited.</param>
internal sealed class Rounds<TAsk, TAnswer>(
    string name, Func<IReadOnlyList<TAsk>, Task<IReadOnlyList<TAnswer>>> run, Func<TAsk, IEnumerable<object>> touches, Func<TAsk, string> organisation, TimeProvider clock)
    : IAsyncDisposable
    where TAsk : notnull
{
    /// <summary>A round is no larger, so that its exchange stays short.</summary>
    private const int MostTogether = 64;

    /// <summary>So many wait at most; whoever comes then is told to come again.</summary>
    private const int MostWaiting = 1024;

    /// <summary>So many wait at most that touch the same: they go one a round, and are not to fill the queue for everybody else.</summary>
    private const int MostForTheSame = 128;

    /// <summary>So many wait at most of one organisation: there is room for the others'.</summary>
    private const int MostOfOne = MostWaiting / 2;

    /// <summary>Nobody joins a queue whose head has waited so long: the database is slower than what comes in.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    /// <summary>The next round does not wait longer for one that is held up, as by a row that somebody else has locked.</summary>
    private static readonly TimeSpan LongestRound = TimeSpan.FromMilliseconds(250);

    /// <summary>So many rounds that are held up go on beside the others.</summary>
    private const int MostHeldUp = 8;

    private readonly Lock turn = new();
    private readonly List<Task> heldUp = [];
    private readonly LinkedList<Rider> waiting = new();
    private readonly Dictionary<object, int> waitingFor = [];
    private readonly Dictionary<string, int> waitingOf = new(StringComparer.Ordinal);
    private Task? running;

    /// <summary>Joins the next round.</summary>
    /// <param name="ask">What is asked or told.</param>
    /// <param name="ct">Leaves the queue; whoever is in a round already waits for its end.</param>
    /// <returns>The answer. What goes wrong for this one alone is thrown as <c>run</c> throws it.</returns>
    /// <exception cref="TooBusyException">Too many wait already, or one for too long.</exception>
    public async Task<TAnswer> RideAsync(TAsk ask, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var rider = new Rider(ask, [.. touches(ask)], organisation(ask), clock.GetTimestamp());
        lock (turn)
        {
            if (waiting.Count >= MostWaiting || waitingOf.GetValueOrDefault(rider.Organisation) >= MostOfOne || rider.Touches.Exists(t => waitingFor.GetValueOrDefault(t) >= MostForTheSame)
                || (waiting.First is { } head && clock.GetElapsedTime(head.Value.Since) > LongestWait))
            {
                RoundMetrics.Refused.Add(1, RoundMetrics.Of(name));
                throw new TooBusyException();
            }

            waiting.AddLast(rider);
            waitingOf[rider.Organisation] = waitingOf.GetValueOrDefault(rider.Organisation) + 1;
            foreach (var touched in rider.Touches) waitingFor[touched] = waitingFor.GetValueOrDefault(touched) + 1;
            // Not in this request's context: the round is everybody's.
            if (running is null)
            {
                using (ExecutionContext.SuppressFlow()) running = Task.Run(RunAsync, CancellationToken.None);
            }
        }

        RoundMetrics.Waiting.Add(1, RoundMetrics.Of(name));
        await using (ct.UnsafeRegister(_ => Leave(rider, ct), state: null)) return await rider.Answer.Task;
    }

    /// <summary>Waits until everybody who has joined has their answer.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? last;
        lock (turn) last = running;
        if (last is not null) await last;
        await Task.WhenAll(heldUp);
    }

    private void Leave(Rider rider, CancellationToken ct)
    {
        lock (turn)
        {
            if (!waiting.Remove(rider)) return;
            Uncount(rider);
        }

        RoundMetrics.Waiting.Add(-1, RoundMetrics.Of(name));
        rider.Answer.TrySetCanceled(ct);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            // Behind whatever is at hand to be worked on: under load others who are about to ask come along, and otherwise nobody waits.
            await Task.Yield();
            var riders = Next();
            if (riders.Count == 0) return;
            RoundMetrics.Waiting.Add(-riders.Count, RoundMetrics.Of(name));
            RoundMetrics.Sizes.Record(riders.Count, RoundMetrics.Of(name));
            foreach (var rider in riders) RoundMetrics.Waits.Record(clock.GetElapsedTime(rider.Since).TotalSeconds, RoundMetrics.Of(name));
            await RunBesideOthersAsync(riders);
        }
    }

    // What is held up is the loop's alone.

    private async Task RunBesideOthersAsync(List<Rider> riders)
    {
        var round = RunAsync(riders);
        try
        {
            await round.WaitAsync(LongestRound, clock);
        }
        catch (TimeoutException)
        {
            heldUp.RemoveAll(other => other.IsCompleted);
            heldUp.Add(round);
            if (heldUp.Count > MostHeldUp) await Task.WhenAny(heldUp);
        }
    }

    private async Task RunAsync(List<Rider> riders)
    {
        try
        {
            var answers = await run([.. riders.Select(r => r.Ask)]);
            for (var i = 0; i < riders.Count; i++) riders[i].Answer.TrySetResult(answers[i]);
        }
        catch (Exception e) when (riders.Count == 1 || StorageFailure.Is(e))
        {
            foreach (var rider in riders) rider.Answer.TrySetException(e);
        }
        catch (Exception e) when (riders.Count > 1 && !StorageFailure.Is(e))
        {
            // Whose fault it was nobody knows: each tries alone, beside the others.
            await Task.WhenAll(riders.Select(rider => RunAsync([rider])));
        }
    }

    // The longest waiting first, and nobody together with another who touches the same.
    private List<Rider> Next()
    {
        var riders = new List<Rider>();
        var touched = new HashSet<object>();
        lock (turn)
        {
            for (var node = waiting.First; node is not null && riders.Count < MostTogether;)
            {
                var (rider, next) = (node.Value, node.Next);
                if (!rider.Touches.Exists(touched.Contains))
                {
                    touched.UnionWith(rider.Touches);
                    riders.Add(rider);
                    waiting.Remove(node);
                    Uncount(rider);
                }

                node = next;
            }

            // Whoever joins from here on starts the loop anew.
            if (riders.Count == 0) running = null;
        }

        return riders;
    }

    private void Uncount(Rider rider)
    {
        Take(waitingOf, rider.Organisation);
        foreach (var touched in rider.Touches) Take(waitingFor, touched);

        static void Take<TKey>(Dictionary<TKey, int> counts, TKey key)
            where TKey : notnull
        {
            if (counts[key] == 1) counts.Remove(key);
            else counts[key]--;
        }
    }

    private sealed class Rider(TAsk ask, List<object> touches, string organisation, long since)
    {
        public TAsk Ask => ask;

        public List<object> Touches => touches;

        public string Organisation => organisation;

        public long Since => since;

        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>So much waits for the database that joining would mean waiting too long.</summary>
internal sealed class TooBusyException : Exception;

/// <summary>How long the queues are in front of the database.</summary>
internal static class RoundMetrics
{
    private static readonly Meter Meter = new("Dfns.Registration");

    public static readonly UpDownCounter<int> Waiting = Meter.CreateUpDownCounter<int>("dfns.registration.rounds.waiting", unit: "{request}", description: "Requests that wait for the next round to the database, by round.");

    public static readonly Histogram<double> Waits = Meter.CreateHistogram<double>("dfns.registration.rounds.wait", unit: "s", description: "How long a request waited for its round to the database.");

    public static readonly Histogram<int> Sizes = Meter.CreateHistogram<int>("dfns.registration.rounds.size", unit: "{request}", description: "How many requests shared a round to the database.");

    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("dfns.registration.rounds.refused", unit: "{request}", description: "Requests that were told to come again because too many waited.");

    public static KeyValuePair<string, object?> Of(string name) => new("round", name);
}
