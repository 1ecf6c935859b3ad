using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Permissions;

/// <summary>Reads the operations of a set of permissions: those that there is an endpoint for here, and no others.</summary>
internal static class Operations
{
    private const string Path = "$.operations";

    /// <summary>As many entries are looked at; there are fewer operations.</summary>
    private const int MostEntries = 200;

    /// <summary>Those of the hosted service that there is no endpoint for here: refused by name, since a set that names one looks as if it permitted it.</summary>
    public static readonly IReadOnlySet<string> Others = ReadOthers();

    /// <summary>Reads what was sent.</summary>
    /// <param name="sent">As parsed; null when the member is absent.</param>
    /// <returns>At least one, none twice, in the order of sending; or the first fault with its path.</returns>
    public static Checked<List<string>> Read(IReadOnlyList<string?>? sent)
    {
        if (sent is null or { Count: 0 }) return ErrorCatalog.MemberRequired.At(Path);
        if (sent.Count > MostEntries) return ErrorCatalog.MemberTooLong.Saying($"At most {MostEntries} entries.").At(Path);
        foreach (var (n, operation) in sent.Index())
        {
            if (operation is not null && Permission.All.Contains(operation)) continue;
            return (operation is not null && Others.Contains(operation) ? ErrorCatalog.OperationNotServed.Saying($"It is {operation}.") : ErrorCatalog.OperationUnknown).At($"{Path}[{n}]");
        }

        return sent.OfType<string>().Distinct(StringComparer.Ordinal).ToList();
    }

    private static HashSet<string> ReadOthers()
    {
        using var reader = new StreamReader(typeof(Operations).Assembly.GetManifestResourceStream(typeof(Operations), "OtherOperations.txt")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#')).ToHashSet(StringComparer.Ordinal);
    }
}
