using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>One thing measured once: a line of the log.</summary>
internal sealed record Measurement
{
    // Where nothing was done there is no median.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public required int Round { get; init; }

    public required string Contender { get; init; }

    /// <summary>What was done: a pair of requests.</summary>
    public required string Flow { get; init; }

    public required int Connections { get; init; }

    public required int Count { get; init; }

    public required double PerSecond { get; init; }

    public required double MedianMilliseconds { get; init; }

    public required double P99Milliseconds { get; init; }

    /// <summary>For each pair.</summary>
    public required Usage Used { get; init; }

    public required int Errors { get; init; }

    public string? FirstError { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>What a server, and who is busy with it, has used.</summary>
/// <param name="ServerMicroseconds">CPU time of the server.</param>
/// <param name="DatabaseMicroseconds">CPU time of the database; null where that is the server itself.</param>
/// <param name="CallersMicroseconds">CPU time of the callers.</param>
/// <param name="AllocatedBytes">Bytes that the server has allocated on its managed heap; null where it has none.</param>
internal sealed record Usage(double ServerMicroseconds, double? DatabaseMicroseconds, double CallersMicroseconds, double? AllocatedBytes)
{
    /// <summary>Since its start.</summary>
    public static Usage Of(RunningContender running) => new(
        Machine.ProcessorTimeOfTree(running.ProcessId).TotalMicroseconds,
        running.DatabaseProcessId is { } database ? Machine.ProcessorTimeOfTree(database).TotalMicroseconds : null,
        Environment.CpuUsage.TotalTime.TotalMicroseconds,
        running.AllocatedBytes);

    /// <summary>For each of so many things that were done since.</summary>
    public Usage Since(Usage before, int count) => new(
        (ServerMicroseconds - before.ServerMicroseconds) / count,
        (DatabaseMicroseconds - before.DatabaseMicroseconds) / count,
        (CallersMicroseconds - before.CallersMicroseconds) / count,
        (AllocatedBytes - before.AllocatedBytes) / count);
}

/// <summary>What a server holds in memory in one round: a line of the log.</summary>
/// <param name="Round">The round.</param>
/// <param name="Contender">Whose server it is.</param>
/// <param name="IdleBytes">Once it has started.</param>
/// <param name="LoadedBytes">After all that was measured.</param>
internal sealed record Memory(int Round, string Contender, long IdleBytes, long LoadedBytes)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}
