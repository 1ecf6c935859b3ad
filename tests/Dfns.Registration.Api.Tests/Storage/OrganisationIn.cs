using System.Text.RegularExpressions;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>Reads a statement for the organisation that each of its tables is asked for.</summary>
internal static partial class OrganisationIn
{
    /// <summary>Finds the tables of a statement that it does not ask for one organisation's rows.</summary>
    /// <param name="statement">SQL, of either database.</param>
    /// <param name="owned">The tables whose rows belong to organisations.</param>
    /// <returns>Each with the name it has in the statement.</returns>
    public static IEnumerable<string> Missing(string statement, IReadOnlySet<string> owned)
    {
        var sql = Blanks().Replace(statement.Replace("\"", "", StringComparison.Ordinal), " ");
        foreach (var mention in Mention().Matches(sql).Where(m => owned.Contains(m.Groups["table"].Value)))
        {
            var (table, alias) = (mention.Groups["table"].Value, mention.Groups["alias"].Value);
            if (!IsNew(sql, mention) && !IsAsked(sql, mention.Index, alias.Length > 0 ? alias : table, isNamed: alias.Length > 0))
            {
                yield return $"{table} {alias}".TrimEnd();
            }
        }
    }

    // A row that is added has its organisation among its values.
    private static bool IsNew(string sql, Match mention) =>
        mention.Groups["verb"].Value == "INTO" && sql.IndexOf(')', mention.Index) is > 0 and var end && sql[mention.Index..end].Contains("organisation_id", StringComparison.Ordinal);

    // Held against a value, or the column of another table; or, of a table without a name of its own, by its key.
    private static bool IsAsked(string sql, int at, string name, bool isNamed) =>
        Has(sql, $@"\b{name}\.organisation_id (=|IN) |[=(] ?{name}\.organisation_id\b")
        || (!isNamed && Has(sql[at..], @" (WHERE|AND|ON) \(?organisation_id (=|IN) | WHERE \(organisation_id, [a-z_]+\) IN \("))
        // EF Core gives the columns of a query in a query other names.
        || (Has(sql, $@"\b{name}\.organisation_id AS OrganisationId\b") && Has(sql, @" = [a-z0-9]+\.OrganisationId\b"));

    private static bool Has(string sql, string pattern) => Regex.IsMatch(sql, pattern, RegexOptions.None, TimeSpan.FromSeconds(1));

    [GeneratedRegex(@"\b(?<verb>FROM|JOIN|UPDATE|INTO|USING) (?<table>[a-z_]+)( AS (?<alias>[a-z0-9_]+))?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mention();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Blanks();
}
