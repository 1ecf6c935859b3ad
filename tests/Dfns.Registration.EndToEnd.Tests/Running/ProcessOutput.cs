namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>The lines a process has written so far, and a way to wait for one.</summary>
internal sealed class ProcessOutput
{
    // A guard against waiting for good; nothing is measured by it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly List<string> lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> waiting = [];
    private bool ended;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate) return [.. lines];
        }
    }

    public void Add(string line)
    {
        lock (gate)
        {
            lines.Add(line);
            foreach (var waiter in waiting.Where(w => w.Wanted(line)).ToList())
            {
                waiter.Found.SetResult(line);
                waiting.Remove(waiter);
            }
        }
    }

    /// <summary>No line comes any more: whoever waits for one waits in vain.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
            foreach (var (_, found) in waiting) found.SetException(Missed());
            waiting.Clear();
        }
    }

    /// <summary>The first line, written already or yet to come, that is wanted.</summary>
    public async Task<string> LineAsync(Func<string, bool> wanted)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (lines.Find(line => wanted(line)) is { } written) return written;
            if (ended) throw Missed();
            waiting.Add((wanted, found));
        }

        try
        {
            return await found.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw Missed();
        }
    }

    public override string ToString() => string.Join(Environment.NewLine, Lines);

    private InvalidOperationException Missed() => new($"The process has not written what was waited for:{Environment.NewLine}{this}");
}
