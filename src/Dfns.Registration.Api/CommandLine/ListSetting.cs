using System.CommandLine;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>What a command does with the lists that it names.</summary>
internal enum ListVerb
{
    /// <summary>They become what is named.</summary>
    Set,

    /// <summary>What is named comes to what there is.</summary>
    Add,

    /// <summary>What is named goes, the rest stays.</summary>
    Remove,
}

/// <summary>A list of a relying party as an option.</summary>
internal abstract class ListSetting(string what, bool isUsedByPasskeys, bool mayBeEmptied)
{
    /// <summary>What people call it, such as <c>origins</c>.</summary>
    public string What => what;

    /// <summary>Whether passkeys may no longer be used where something is taken away from it.</summary>
    public bool IsUsedByPasskeys => isUsedByPasskeys;

    /// <summary>Whether its last entry may go as any other: an empty one means that there is none, and nothing else.</summary>
    protected bool MayBeEmptied => mayBeEmptied;

    public abstract Option Option { get; }

    /// <summary>The entries, as they are typed.</summary>
    public abstract IReadOnlyList<string> Of(RelyingParty relyingParty);

    /// <summary>Changes the list.</summary>
    /// <returns>Null, or why it cannot be done.</returns>
    public abstract string? Apply(ParseResult parsed, RelyingParty relyingParty, ListVerb verb);
}

/// <inheritdoc />
/// <param name="option">Names entries; may be repeated.</param>
/// <param name="what">What people call it.</param>
/// <param name="isUsedByPasskeys">See there.</param>
/// <param name="get">The entries that count now.</param>
/// <param name="put">Replaces them.</param>
/// <param name="mayBeEmptied">See there.</param>
internal sealed class ListSetting<T>(
    Option<T[]> option, string what, bool isUsedByPasskeys, Func<RelyingParty, IEnumerable<T>> get, Action<RelyingParty, List<T>> put, bool mayBeEmptied = false)
    : ListSetting(what, isUsedByPasskeys, mayBeEmptied)
    where T : notnull
{
    public override Option Option => option;

    public override IReadOnlyList<string> Of(RelyingParty relyingParty) => [.. get(relyingParty).Select(entry => entry.ToString()!)];

    public override string? Apply(ParseResult parsed, RelyingParty relyingParty, ListVerb verb)
    {
        if (parsed.GetResult(option) is not { Implicit: false }) return null;
        var (there, named) = (get(relyingParty).ToList(), parsed.GetValue(option)!.Distinct().ToList());
        if (verb != ListVerb.Set && named.Count == 0) return $"Name what to {(verb == ListVerb.Add ? "add to" : "remove from")} {What}: {option.Name} and a value.";
        if (verb == ListVerb.Remove && named.Except(there).ToList() is [var absent, ..]) return $"'{absent}' is not among {What}: {string.Join(", ", there)}.";
        if (verb == ListVerb.Remove && there.Count == named.Count && !MayBeEmptied) return $"That would leave no {What}, and an empty list may mean the opposite of a short one: say what it becomes with 'relying-party set {option.Name}'.";
        put(relyingParty, verb switch { ListVerb.Set => named, ListVerb.Add => [.. there.Union(named)], ListVerb.Remove => [.. there.Except(named)] });
        return null;
    }
}
