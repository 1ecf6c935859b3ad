namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What is noticed of the database at the start, and whenever somebody asks whether the service is ready. It is told in the log once, and
/// again when it is otherwise.
/// </summary>
internal sealed partial class DatabaseWatch(TimeProvider clock, ILogger<DatabaseWatch> logger)
{
    /// <summary>How far the clock may be off before it is told. Two instances that are not told of differ by half of what tokens are granted.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    private readonly Lock turn = new();
    private IReadOnlyList<string> later = [];
    private volatile string? clockFault;

    /// <summary>How far the clock of this instance is off, such as <c>92 s ahead of the database's</c>; null where it is not, or nobody has looked.</summary>
    public string? ClockFault => clockFault;

    /// <summary>Notes how the schema stands.</summary>
    public void Note(SchemaFit fit)
    {
        lock (turn)
        {
            if (fit.Later.SequenceEqual(later, StringComparer.Ordinal)) return;
            later = fit.Later;
        }

        if (fit.Later.Count > 0 && fit.Fault is null) Log.OfALaterVersion(logger, fit.Later);
    }

    /// <summary>Whether the database takes changes. Its clock is looked at by the way.</summary>
    public async Task<bool> IsWritableAsync(DatabaseSchema schema, CancellationToken ct)
    {
        var (here, asked) = (clock.GetUtcNow(), clock.GetTimestamp());
        var (isWritable, there) = await schema.LookAsync(ct);
        // It was read somewhere between the question and the answer.
        if (there is { } now) Note(here + (clock.GetElapsedTime(asked) / 2) - now);
        return isWritable;
    }

    private void Note(TimeSpan ahead)
    {
        var seconds = (int)Math.Min(ahead.Duration().TotalSeconds, int.MaxValue);
        var side = ahead > TimeSpan.Zero ? "ahead of" : "behind";
        bool wasOff, isOff;
        lock (turn)
        {
            (wasOff, isOff) = (clockFault is not null, ahead.Duration() > ClockTolerance);
            clockFault = isOff ? $"{seconds} s {side} the database's" : null;
        }

        if (isOff && !wasOff) Log.ClockOff(logger, seconds, side);
        if (wasOff && !isOff) Log.ClockRight(logger, seconds);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "A later version has brought the database up to date ({Migrations}). It took nothing away that this version uses: both are served")]
        public static partial void OfALaterVersion(ILogger logger, IReadOnlyList<string> migrations);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The clock of this instance is {Seconds} s {Side} the database's: what lasts minutes ends too early or too late, ID tokens may be refused, and so may be what other instances have issued. Let something set it, such as NTP")]
        public static partial void ClockOff(ILogger logger, int seconds, string side);

        [LoggerMessage(Level = LogLevel.Information, Message = "The clock of this instance agrees with the database's again, to {Seconds} s")]
        public static partial void ClockRight(ILogger logger, int seconds);
    }
}
