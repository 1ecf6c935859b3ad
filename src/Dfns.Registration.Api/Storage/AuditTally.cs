using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What happens too often for a row each, and what whoever is refused could make happen as often as he likes: counted in memory, and added to the
/// audit trail every few minutes, a row for each thing that happened, however often. Of an organisation there are so many rows of an action at most, of
/// callers and of strangers each, and of one of them a share, however many addresses he has; what comes after is told without its details. So no
/// stranger makes the trail forget what a caller has read, nobody what another did, and no reading of one's own credentials that of the users. A process that is killed takes what it has counted since with it; one that is stopped adds it.
/// </summary>
internal sealed partial class AuditTally(IServiceScopeFactory scopes, TimeProvider clock, ILogger<AuditTally> logger) : BackgroundService
{
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Rows with all their details, of an action of the callers of an organisation, and of the strangers there, in a window. As many more are for whoever
    /// has few so far, and twice as many after those tell only who it was.
    /// </summary>
    public const int MostRows = 100;

    /// <summary>Of these, rows of one caller, or of the strangers at one address: of IPv6, in one /48.</summary>
    public const int MostOfOne = 25;

    /// <summary>Rows with details that one has who comes when the others have taken theirs.</summary>
    public const int MostOfLatecomer = 5;

    /// <summary>Rows of their own that somebody makes of somebody in a window by what may be done as often as one likes, such as signing in; what comes after is counted.</summary>
    public const int MostOwn = 25;

    private readonly Lock turn = new();
    private readonly SemaphoreSlim writing = new(1);
    private Dictionary<(string OrganisationId, string Action, bool OfCaller), Book> books = [];
    private Dictionary<(string OrganisationId, string Actor, string SubjectId), int> own = [];

    /// <summary>Counts what happened now.</summary>
    public void Count(TalliedEvent what)
    {
        var now = clock.GetUtcNow();
        lock (turn) Add(what, new Tally(1, now, now));
    }

    /// <summary>Takes one of the rows of its own that somebody has in this window.</summary>
    /// <returns>False where there is none left.</returns>
    public bool TakeRow(string organisationId, string actor, string subjectId)
    {
        lock (turn)
        {
            var taken = own.GetValueOrDefault((organisationId, actor, subjectId));
            if (taken >= MostOwn) return false;
            own[(organisationId, actor, subjectId)] = taken + 1;
            return true;
        }
    }

    /// <summary>Adds what was counted to the audit trail, and ends no earlier than what another asker is adding. What cannot be added is counted on.</summary>
    public async Task WriteAsync(CancellationToken ct)
    {
        // Who stops the service may do so twice at once, and whoever finds nothing left to add must not end it under the other.
        await writing.WaitAsync(CancellationToken.None);
        try
        {
            await WriteCountedAsync(ct);
        }
        finally
        {
            writing.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // Requests have ended before.
        await WriteAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        writing.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Window, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteAsync(stoppingToken);
    }

    private async Task WriteCountedAsync(CancellationToken ct)
    {
        Dictionary<(string, string, bool), Book> counted;
        lock (turn) (counted, books, own) = (books, [], []);
        if (counted.Count == 0) return;

        var all = counted.Values.SelectMany(book => book.Events).ToList();
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var audit = scope.ServiceProvider.GetRequiredService<Audit>();
            foreach (var (what, tally) in all) audit.Add(what.OrganisationId, what.Action, what.Actor, what.SubjectId, what.RemoteAddress, tally.Note(what.Note), tally.First);
            await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().SaveChangesAsync(ct);
        }
#pragma warning disable CA1031 // An exception that leaves its loop ends the whole service, and one at the end hides what else ends; whatever it is, the next time comes.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Failed(logger, e.GetType().Name, StorageFailure.SqlState(e));
            lock (turn)
            {
                foreach (var (what, tally) in all) Add(what, tally);
            }
        }
    }

    private void Add(TalliedEvent what, Tally more)
    {
        var key = (what.OrganisationId, what.Action, what.IsOfCaller);
        if (!books.TryGetValue(key, out var book)) books.Add(key, book = new Book());
        var told = book.Place(what);
        book.Events[told] = book.Events.TryGetValue(told, out var tally) ? tally.And(more) : more;
    }

    /// <summary>What callers of an organisation did of one action in a window, or strangers there.</summary>
    private sealed class Book
    {
        private readonly Dictionary<string, int> shares = [];

        public Dictionary<TalliedEvent, Tally> Events { get; } = [];

        /// <summary>As what it is told: as it is, by who it was alone, or without either.</summary>
        public TalliedEvent Place(TalliedEvent what)
        {
            var who = what.IsOfCaller ? what.Actor : Network(what.RemoteAddress);
            var share = shares.GetValueOrDefault(who);
            if (Events.ContainsKey(what)) return what;
            if (Events.Count < MostRows ? share < MostOfOne : Events.Count < 2 * MostRows && share < MostOfLatecomer)
            {
                shares[who] = share + 1;
                return what;
            }

            // A caller is who it was, from wherever.
            var less = what with { SubjectId = what.OrganisationId, Note = TalliedEvent.More, RemoteAddress = what.IsOfCaller ? null : who };
            return Events.ContainsKey(less) || Events.Count < 4 * MostRows ? less : less with { Actor = AuditActors.Anybody, RemoteAddress = null };
        }

        // Who has one network of a /48 may have all of them (RFC 6177 §2).
        private static string Network(string? address)
        {
            if (address is null || !IPAddress.TryParse(address.Split('/')[0], out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6) return address ?? "";
            var bytes = parsed.GetAddressBytes();
            bytes.AsSpan(6).Clear();
            return $"{new IPAddress(bytes)}/48";
        }
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
    /// <summary>Whether somebody did it who is known.</summary>
    public bool IsOfCaller => !string.Equals(Actor, AuditActors.Anybody, StringComparison.Ordinal);

    /// <summary>The remark of what is told without its details.</summary>
    public const string More = "more of this";
}
