namespace Dfns.Registration.Api.CommandLine;

/// <summary>What a command did: rows to print, or one sentence why it did nothing.</summary>
/// <param name="Rows">What is printed; the members of each are the columns.</param>
/// <param name="Why">Why nothing was done; null when it was.</param>
/// <param name="Columns">What a table of several rows shows, where all would be wider than a screen; JSON has them all. Null for all.</param>
/// <param name="Before">The cells of the one row as they were; null where nothing that was there is changed.</param>
/// <param name="Empty">What is said where there is no row.</param>
internal sealed record CommandResult(
    IReadOnlyList<object> Rows, string? Why = null, IReadOnlyList<string>? Columns = null, IReadOnlyDictionary<string, string>? Before = null,
    string Empty = "Nothing to show.")
{
    public static CommandResult Row(object row) => new([row]);

    /// <param name="before">What <see cref="Output.Cells"/> said of the row before.</param>
    /// <param name="row">The row now.</param>
    public static CommandResult Changed(IReadOnlyDictionary<string, string> before, object row) => new([row], Before: before);

    public static CommandResult Fault(string why) => new([], why);
}
