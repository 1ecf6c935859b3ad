namespace Dfns.Registration.Api.Storage;

/// <summary>
/// How the schema of a database stands to what this version of the service knows. A later version may have been there: what it has added is in
/// nobody's way. What it took away it says in the name of its migration, such as <c>DropOldCodes_ServesFrom_EarlierCodes</c>: versions that
/// know the migration <c>EarlierCodes</c> do without it already.
/// </summary>
/// <param name="Pending">The migrations of this version that were not applied, in their order.</param>
/// <param name="Later">Those that were applied and that this version does not know, in their order.</param>
/// <param name="Fault">Why this version cannot serve what later ones made of it, in a sentence; null where it can.</param>
internal sealed record SchemaFit(IReadOnlyList<string> Pending, IReadOnlyList<string> Later, string? Fault)
{
    /// <summary>In the name of a migration that takes something away: in front of the last migration that whoever is to be served must know.</summary>
    public const string ServesFrom = "_ServesFrom_";

    /// <param name="known">The migrations of this version.</param>
    /// <param name="applied">Those that were applied.</param>
    public static SchemaFit Of(IReadOnlyList<string> known, IReadOnlyList<string> applied)
    {
        List<string> later = [.. applied.Except(known, StringComparer.Ordinal)];
        var names = known.Select(Name).ToHashSet(StringComparer.Ordinal);
        var fault = later.Select(migration => (Migration: migration, Needs: NeedOf(migration))).FirstOrDefault(l => l.Needs is not null && !names.Contains(l.Needs)) is { Migration: { } taker, Needs: var needs }
            ? $"a later version has brought its database up to date, and '{taker}' took away what this version uses. Start a version that knows '{needs}', or a later one."
            : null;
        return new SchemaFit([.. known.Except(applied, StringComparer.Ordinal)], later, fault);
    }

    /// <summary>What a migration is called, without the time in front of it.</summary>
    /// <param name="migration">As in the history, such as <c>20261123120821_Initial</c>.</param>
    public static string Name(string migration) => migration[(migration.IndexOf('_', StringComparison.Ordinal) + 1)..];

    /// <summary>The name of the migration that a version must know which is to be served after this one; null where every version is.</summary>
    /// <param name="migration">As in the history.</param>
    public static string? NeedOf(string migration) => migration.LastIndexOf(ServesFrom, StringComparison.Ordinal) is >= 0 and var at ? migration[(at + ServesFrom.Length)..] : null;
}
