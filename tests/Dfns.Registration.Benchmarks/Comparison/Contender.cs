using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>A server that is measured, on a database of its own.</summary>
internal abstract class Contender
{
    /// <summary>Registered before anything is measured: no service is as quick as one without users.</summary>
    protected const int OlderUsers = 20_000;

    /// <summary>As the tables show it.</summary>
    public abstract string Name { get; }

    /// <summary>Fills the database: once, for all runs.</summary>
    /// <param name="count">How many users to invite.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>What they register with.</returns>
    public abstract Task<IReadOnlyList<Invitation>> InviteAsync(int count, CancellationToken ct);

    /// <summary>Starts the server, on a copy of that database.</summary>
    public abstract Task<RunningContender> StartAsync(CancellationToken ct);
}

/// <summary>A server that runs. Disposing of it ends it.</summary>
internal abstract class RunningContender : IAsyncDisposable
{
    public abstract int Port { get; }

    public abstract int ProcessId { get; }

    /// <summary>The process that does the database's work; null where that is the server itself.</summary>
    public abstract int? DatabaseProcessId { get; }

    public abstract long ResidentBytes { get; }

    /// <summary>Bytes allocated on the managed heap so far; null where there is none.</summary>
    public abstract long? AllocatedBytes { get; }

    public abstract ValueTask DisposeAsync();
}
