namespace Dfns.Registration.Verification;

/// <summary>Which origins a list of them admits (WebAuthn L3 §13.4.9): those that stand in it, compared as exact text, and where it says so the hosts below a domain.</summary>
public static class AdmittedOrigins
{
    /// <summary>
    /// What an entry begins with that admits every host below the domain behind it, such as <c>https://*.example.co</c>: by https, at its own port, not the
    /// domain itself.
    /// </summary>
    public const string Below = "https://*.";

    private const string Scheme = "https://";

    // RFC 1035 §2.3.4: of a name, and of a label.
    private const int MostOfName = 253;
    private const int MostOfLabel = 63;

    /// <summary>Whether a list admits an origin.</summary>
    /// <param name="entries">Origins, and entries that begin with <see cref="Below"/>.</param>
    /// <param name="origin">As the client sent it.</param>
    public static bool Admits(IEnumerable<string> entries, string origin)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(origin);
        return entries.Any(entry => entry.StartsWith(Below, StringComparison.Ordinal) ? IsBelow(origin, entry[Below.Length..]) : string.Equals(entry, origin, StringComparison.Ordinal));
    }

    /// <summary>
    /// Whether an origin is that of a host below a domain, as browsers write one: <c>https://</c>, labels of lower-case letters, digits, hyphens and underscores, the
    /// domain, and nothing behind it, neither a port nor a dot.
    /// </summary>
    /// <param name="origin">As the client sent it.</param>
    /// <param name="domain">In lower case, in the spelling of DNS.</param>
    public static bool IsBelow(string origin, string domain)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(domain);
        if (!origin.StartsWith(Scheme, StringComparison.Ordinal) || origin.Length > Scheme.Length + MostOfName) return false;
        var host = origin[Scheme.Length..];
        return host.EndsWith($".{domain}", StringComparison.Ordinal) && host[..^(domain.Length + 1)].Split('.').All(IsLabel);
    }

    private static bool IsLabel(string text) => text.Length is > 0 and <= MostOfLabel && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');
}
