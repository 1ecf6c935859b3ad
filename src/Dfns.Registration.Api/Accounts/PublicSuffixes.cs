namespace Dfns.Registration.Api.Accounts;

/// <summary>Names under which others register theirs, such as <c>co</c>, <c>co.uk</c> or <c>github.io</c>: browsers let nobody have a passkey for all of them (HTML, "is a registrable domain suffix of").</summary>
internal static class PublicSuffixes
{
    // Read where an operator sets a relying party up, and else not.
    private static readonly Lazy<HashSet<string>> Rules = new(Read);

    /// <summary>Whether a domain is one, by the Public Suffix List.</summary>
    /// <param name="domain">In lower case, in the spelling of DNS.</param>
    public static bool Contains(string domain)
    {
        var dot = domain.IndexOf('.', StringComparison.Ordinal);
        // A label alone, which the list need not name; this machine's own name is nobody's to register under.
        if (dot < 0) return !string.Equals(domain, "localhost", StringComparison.Ordinal);
        return !Rules.Value.Contains($"!{domain}") && (Rules.Value.Contains(domain) || Rules.Value.Contains($"*{domain[dot..]}"));
    }

    /// <summary>The label under which a domain is registered, such as <c>example</c> of <c>www.example.co.uk</c>.</summary>
    /// <param name="domain">In lower case, in the spelling of DNS.</param>
    /// <returns>Null for a public suffix, and for a name of one label.</returns>
    public static string? RegistrableLabel(string domain)
    {
        if (Contains(domain)) return null;
        for (var rest = domain; rest.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot; rest = rest[(dot + 1)..])
        {
            if (Contains(rest[(dot + 1)..])) return rest[..dot];
        }

        return null;
    }

    /// <summary>Whether others register names below a domain, directly or further down.</summary>
    /// <param name="domain">In lower case, in the spelling of DNS.</param>
    public static bool LetsOthersIn(string domain) => Contains(domain) || Rules.Value.Any(rule => rule.EndsWith($".{domain}", StringComparison.Ordinal));

    private static HashSet<string> Read()
    {
        using var reader = new StreamReader(typeof(PublicSuffixes).Assembly.GetManifestResourceStream(typeof(PublicSuffixes), "PublicSuffixes.txt")!);
        var rules = new HashSet<string>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#')) rules.Add(line);
        }

        return rules;
    }
}
