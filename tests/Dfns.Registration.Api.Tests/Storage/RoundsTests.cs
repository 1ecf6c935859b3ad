using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>Requests that share a way to the database: who goes together, who waits, who is told to come again, and what one's fault does to the others.</summary>
[Trait("Speed", "quick")]
public sealed class RoundsTests
{
    private readonly FakeTimeProvider clock = new();
    private readonly Lock adding = new();
    private readonly List<IReadOnlyList<string>> ran = [];
    private readonly TaskCompletionSource gate = new();

    [Fact]
    public async Task One_alone_waits_for_nobody_and_those_who_come_meanwhile_go_together()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        var others = RideAll(rounds, "b", "c", "d");

        Open();

        Assert.Equal("A", await first);
        Assert.Equal(["B", "C", "D"], await Task.WhenAll(others));
        Assert.Equal(["a", "b c d"], Ran());
    }

    [Fact]
    public async Task Two_that_touch_the_same_do_not_share_a_round_and_the_others_do_not_wait_for_them()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        var others = RideAll(rounds, "x1", "x2", "b", "x3");

        Open();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(["a", "x1 b", "x2", "x3"], Ran());
    }

    [Fact]
    public async Task What_fails_together_is_tried_alone_and_only_whose_fault_it_is_fails()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        var others = RideAll(rounds, "b", "bad", "c");

        Open();

        Assert.Equal(("A", "B", "C"), (await first, await others[0], await others[2]));
        Assert.Equal("bad", (await Assert.ThrowsAsync<InvalidOperationException>(() => others[1])).Message);
        Assert.Equal(["a", "b", "b bad c", "bad", "c"], Ran().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_database_that_is_away_fails_all_at_once_and_nobody_is_tried_alone()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        var others = RideAll(rounds, "b", "away");

        Open();

        await first;
        foreach (var other in others) await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(() => other);
        Assert.Equal(["a", "b away"], Ran());
    }

    [Fact]
    public async Task Who_is_cancelled_leaves_the_queue_but_not_a_round()
    {
        await using var rounds = New();
        using var leaving = new CancellationTokenSource();
        var first = rounds.RideAsync("a", leaving.Token);
        await RanAsync(1);
        var (stays, leaves) = (rounds.RideAsync("b", CancellationToken.None), rounds.RideAsync("c", leaving.Token));

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        Assert.False(first.IsCompleted);
        Open();

        Assert.Equal(("A", "B"), (await first, await stays));
        Assert.Equal(["a", "b"], Ran());
    }

    [Fact]
    public async Task Beyond_1024_that_wait_one_is_told_to_come_again_and_the_others_are_served()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        var waiting = Enumerable.Range(0, 1024).Select(n => rounds.RideAsync($"n{n}", CancellationToken.None)).ToList();

        await Assert.ThrowsAsync<TooBusyException>(() => rounds.RideAsync("late", CancellationToken.None));
        Open();

        await Task.WhenAll([first, .. waiting]);
        Assert.Equal(1 + (1024 / 64), ran.Count);
    }

    [Fact]
    public async Task Of_one_organisation_512_wait_and_another_is_kept_out_by_none_of_them()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        using var leaving = new CancellationTokenSource();
        var greedy = Enumerable.Range(0, 511).Select(n => rounds.RideAsync($"g{n}", CancellationToken.None)).ToList();
        var leaves = rounds.RideAsync("g-leaves", leaving.Token);

        await Assert.ThrowsAsync<TooBusyException>(() => rounds.RideAsync("g-late", CancellationToken.None));
        var other = rounds.RideAsync("b", CancellationToken.None);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        greedy.Add(rounds.RideAsync("g-in-its-place", CancellationToken.None));
        await Assert.ThrowsAsync<TooBusyException>(() => rounds.RideAsync("g-late", CancellationToken.None));
        Open();

        await Task.WhenAll([first, other, .. greedy]);
        Assert.Equal("G", await rounds.RideAsync("g", CancellationToken.None));
    }

    [Fact]
    public async Task Of_those_that_touch_the_same_128_wait_and_nobody_else_is_kept_out_by_them()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        using var leaving = new CancellationTokenSource();
        var same = Enumerable.Range(0, 127).Select(n => rounds.RideAsync($"x{n}", CancellationToken.None)).ToList();
        var leaves = rounds.RideAsync("x-leaves", leaving.Token);

        await Assert.ThrowsAsync<TooBusyException>(() => rounds.RideAsync("x-late", CancellationToken.None));
        var other = rounds.RideAsync("b", CancellationToken.None);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        same.Add(rounds.RideAsync("x-in-its-place", CancellationToken.None));
        await Assert.ThrowsAsync<TooBusyException>(() => rounds.RideAsync("x-late", CancellationToken.None));
        Open();

        await Task.WhenAll([first, other, .. same]);
        Assert.Equal("A", await rounds.RideAsync("a", CancellationToken.None));
        Assert.Equal("X", await rounds.RideAsync("x", CancellationToken.None));
        Assert.Equal("x0 b", Ran()[1]);
    }

    [Fact]
    public async Task Behind_one_that_has_waited_more_than_two_seconds_nobody_queues()
    {
        await using var rounds = New();
        var heldUp = new List<Task<string>>();
        for (var n = 1; n <= 9; n++)
        {
            heldUp.Add(rounds.RideAsync($"h{n}", CancellationToken.None));
            await HeldUpAsync(n);
        }

        var waiting = rounds.RideAsync("b", CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(2));
        var inTime = rounds.RideAsync("c", CancellationToken.None);
        clock.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<TooBusyException>(() => rounds.RideAsync("d", CancellationToken.None));
        Assert.Equal(9, Ran().Count);
        Open();

        await Task.WhenAll(heldUp);
        Assert.Equal(("B", "C"), (await waiting, await inTime));
    }

    [Fact]
    public async Task Nobody_waits_longer_than_a_quarter_of_a_second_for_a_round_that_is_held_up()
    {
        await using var rounds = New();
        var first = rounds.RideAsync("a", CancellationToken.None);
        await RanAsync(1);
        var next = rounds.RideAsync("b", CancellationToken.None);

        await HeldUpAsync(2);

        Assert.Equal(["a", "b"], Ran());
        Assert.False(first.IsCompleted || next.IsCompleted);
        Open();
        Assert.Equal(("A", "B"), (await first, await next));
    }

    [Fact]
    public async Task Ending_waits_for_everybody_who_has_joined()
    {
        var rounds = New();
        var riding = RideAll(rounds, "a", "b", "c");
        var ending = rounds.DisposeAsync().AsTask();
        Assert.False(ending.IsCompleted);

        Open();
        await ending;

        Assert.Equal(["A", "B", "C"], await Task.WhenAll(riding));
    }

    // The first round waits for the gate; an ask touches its first letter if that is an x, else itself.
    private Rounds<string, string> New() => new("test", RunAsync, ask => [ask[0] == 'x' ? "x" : ask], Organisation, clock);

    // Of one each, but those of the greedy one.
    private static string Organisation(string ask) => ask[0] == 'g' ? "greedy" : ask;

    private static List<Task<string>> RideAll(Rounds<string, string> rounds, params string[] asks) => [.. asks.Select(ask => rounds.RideAsync(ask, CancellationToken.None))];

    private async Task<IReadOnlyList<string>> RunAsync(IReadOnlyList<string> asks)
    {
        lock (adding) ran.Add(asks);
        await gate.Task;
        if (asks.Contains("away")) throw new Microsoft.Data.Sqlite.SqliteException("busy", errorCode: 5);
        return asks.Contains("bad") ? throw new InvalidOperationException("bad") : [.. asks.Select(a => a.ToUpperInvariant())];
    }

    private void Open() => gate.SetResult();

    private List<string> Ran()
    {
        lock (adding) return [.. ran.Select(r => string.Join(' ', r))];
    }

    // Until so many rounds have begun, each but the last because the one before it took too long.
    private async Task HeldUpAsync(int count)
    {
        while (Ran().Count < count)
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }
    }

    private async Task RanAsync(int count)
    {
        while (Ran().Count < count) await Task.Yield();
    }
}
