namespace Dfns.Registration.Api.CommandLine;

/// <summary>What a command did: rows to print, or one sentence why it did nothing.</summary>
internal sealed record CommandResult(IReadOnlyList<object> Rows, string? Why = null)
{
    public static CommandResult Row(object row) => new([row]);

    public static CommandResult Fault(string why) => new([], why);
}
