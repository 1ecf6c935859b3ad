using System.Globalization;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What happens too often for a row each, and what whoever is refused could make happen as often as he likes: counted in memory, and added to the
/// audit trail every few minutes, a row for each thing that happened, however often. Of an organisation there are so many rows at most; what comes
/// after is told without its details. A process that is killed takes what it has counted since with it; one that is stopped adds it.
/// </summary>
internal sealed partial class AuditTally(IServiceScopeFactory scopes, TimeProvider clock, ILogger<AuditTally> logger) : BackgroundService
{
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>Rows of an organisation in a window, but for those without details: one for each action.</summary>
    public const int MostRows = 100;

    private readonly Lock turn = new();
    private Dictionary<string, Dictionary<TalliedEvent, Tally>> organisations = new(StringComparer.Ordinal);

    /// <summary>Counts what happened now.</summary>
    public void Count(TalliedEvent what)
    {
        var now = clock.GetUtcNow();
        lock (turn) Add(what, new Tally(1, now, now));
    }

    /// <summary>Adds what was counted to the audit trail. What cannot be added is counted on.</summary>
    public async Task WriteAsync(CancellationToken ct)
    {
        Dictionary<string, Dictionary<TalliedEvent, Tally>> counted;
        lock (turn) (counted, organisations) = (organisations, new(StringComparer.Ordinal));
        if (counted.Count == 0) return;

        var all = counted.Values.SelectMany(events => events).ToList();
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var audit = scope.ServiceProvider.GetRequiredService<Audit>();
            foreach (var (what, tally) in all) audit.Add(what.OrganisationId, what.Action, what.Actor, what.SubjectId, what.RemoteAddress, tally.Note(what.Note), tally.First);
            await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().SaveChangesAsync(ct);
        }
        catch (Exception e) when (StorageFailure.Is(e) || e is OperationCanceledException)
        {
            Log.Failed(logger, e.GetType().Name, StorageFailure.SqlState(e));
            lock (turn)
            {
                foreach (var (what, tally) in all) Add(what, tally);
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // Requests have ended before.
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Window, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteAsync(stoppingToken);
    }

    private void Add(TalliedEvent what, Tally more)
    {
        if (!organisations.TryGetValue(what.OrganisationId, out var events)) organisations.Add(what.OrganisationId, events = []);
        if (!events.ContainsKey(what) && events.Count >= MostRows) what = TalliedEvent.WithoutDetails(what);
        events[what] = events.TryGetValue(what, out var tally) ? tally.And(more) : more;
    }

    /// <summary>How often, first and last.</summary>
    private sealed record Tally(long Times, DateTimeOffset First, DateTimeOffset Last)
    {
        public Tally And(Tally more) => new(Times + more.Times, First < more.First ? First : more.First, Last > more.Last ? Last : more.Last);

        public string Note(string note) => Times == 1 ? note : string.Create(CultureInfo.InvariantCulture, $"{note}, {Times} times until {Last.UtcDateTime:HH:mm:ss} UTC");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What was counted for the audit trail could not be added to it, and is kept for the next time: {Fault} {SqlState}")]
        public static partial void Failed(ILogger logger, string fault, string? sqlState);
    }
}

/// <summary>Something that happens often; two that are alike are counted together.</summary>
/// <param name="OrganisationId">Whose trail; it exists.</param>
/// <param name="Action">One of <see cref="AuditActions"/>.</param>
/// <param name="Actor">A user's id, or <see cref="AuditActors.Anybody"/>.</param>
/// <param name="SubjectId">What it was done to, or tried on.</param>
/// <param name="RemoteAddress">The peer's address.</param>
/// <param name="Note">An English remark, one of few, free of secrets and of what a client wrote.</param>
internal sealed record TalliedEvent(string OrganisationId, string Action, string Actor, string SubjectId, string? RemoteAddress, string Note)
{
    public static TalliedEvent WithoutDetails(TalliedEvent what) => new(what.OrganisationId, what.Action, AuditActors.Anybody, what.OrganisationId, RemoteAddress: null, "more of this");
}
