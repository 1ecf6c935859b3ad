namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What is noticed of the database at the start, and whenever somebody asks whether the service is ready. It is told in the log once, and
/// again when it is otherwise.
/// </summary>
internal sealed partial class DatabaseWatch(ILogger<DatabaseWatch> logger)
{
    private readonly Lock turn = new();
    private IReadOnlyList<string> later = [];

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

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "A later version has brought the database up to date ({Migrations}). It took nothing away that this version uses: both are served")]
        public static partial void OfALaterVersion(ILogger logger, IReadOnlyList<string> migrations);
    }
}
