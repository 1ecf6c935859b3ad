namespace Dfns.Registration.Api.Storage;

/// <summary>What one asks for and all get who ask meanwhile: it goes on whoever of them leaves, in nobody's context.</summary>
/// <param name="work">Does it. What it throws, all get who wait; the next who asks begins anew.</param>
internal sealed class SharedWork<T>(Func<Task<T>> work) : IAsyncDisposable
{
    private readonly Lock turn = new();
    private Task<T>? underWay;

    /// <summary>Waits for what is under way, or for what is begun now.</summary>
    /// <param name="ct">Ends the waiting of this one.</param>
    public Task<T> JoinAsync(CancellationToken ct)
    {
        lock (turn)
        {
            if (underWay is null or { IsCompleted: true })
            {
                using (ExecutionContext.SuppressFlow()) underWay = Task.Run(work, CancellationToken.None);
            }

            return underWay.WaitAsync(ct);
        }
    }

    /// <summary>Waits for what is under way, so that nothing is read or written any more once the service has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? last;
        lock (turn) last = underWay;
        // Whoever asked for it has been told of its failure.
        if (last is not null) await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
