using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Everything a service logged, as an operator's log collector would receive it: message, every property, every exception.</summary>
public sealed class CapturedLog : ILogEventSink
{
    private static readonly ConcurrentBag<CapturedLog> AllLogs = [];
    private static readonly CompactJsonFormatter Formatter = new();
    private readonly ConcurrentQueue<string> lines = new();

    public CapturedLog() => AllLogs.Add(this);

    public IReadOnlyCollection<string> Lines => lines;

    /// <summary>The lines of every service of this test run so far.</summary>
    public static IEnumerable<string> AllLines => AllLogs.SelectMany(log => log.lines);

    /// <summary>What went wrong last in any of them, for a test that found an answer of 500: each line begins with its moment.</summary>
    public static IEnumerable<string> LatestExceptions() => AllLines.Where(line => line.Contains("\"@x\"", StringComparison.Ordinal)).Order(StringComparer.Ordinal).TakeLast(3);

    public void Emit(LogEvent logEvent)
    {
        using var line = new StringWriter(new StringBuilder(), CultureInfo.InvariantCulture);
        Formatter.Format(logEvent, line);
        lines.Enqueue(line.ToString());
    }
}

/// <summary>Every code, token, signature and private-key blob that any test sent or received; none may appear in a log.</summary>
public static class KnownSecrets
{
    private const int MinLength = 16;

    private static readonly ConcurrentDictionary<string, bool> Known = new(StringComparer.Ordinal);

    public static IReadOnlyCollection<string> All => (IReadOnlyCollection<string>)Known.Keys;

    public static void Add(string? secret)
    {
        if (secret is { Length: >= MinLength }) Known.TryAdd(secret, true);
    }

    /// <summary>Tells whether one of them is in a line. There are many of both: each is looked up by how it ends, for tokens all begin alike.</summary>
    public static Func<string, bool> Finder()
    {
        var byEnd = All.GroupBy(secret => secret[^MinLength..], StringComparer.Ordinal)
            .ToDictionary(ending => ending.Key, ending => ending.ToArray(), StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        return line => Enumerable.Range(MinLength, Math.Max(0, line.Length - MinLength + 1)).Any(end =>
            byEnd.TryGetValue(line.AsSpan(end - MinLength, MinLength), out var secrets)
            && Array.Exists(secrets, secret => line.AsSpan(0, end).EndsWith(secret, StringComparison.Ordinal)));
    }
}
