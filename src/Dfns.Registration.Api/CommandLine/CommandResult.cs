namespace Dfns.Registration.Api.CommandLine;

/// <summary>What a command did: rows to print, or one sentence why it did nothing.</summary>
/// <param name="Rows">What is printed; the members of each are the columns.</param>
/// <param name="Why">Why nothing was done; null when it was.</param>
/// <param name="Columns">What a table of several rows shows, where all would be wider than a screen; JSON has them all. Null for all.</param>
internal sealed record CommandResult(IReadOnlyList<object> Rows, string? Why = null, IReadOnlyList<string>? Columns = null)
{
    public static CommandResult Row(object row) => new([row]);

    public static CommandResult Fault(string why) => new([], why);
}
