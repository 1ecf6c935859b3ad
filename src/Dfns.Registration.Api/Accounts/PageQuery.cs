using System.Globalization;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Which page of a list is asked for: <c>limit</c> and <c>paginationToken</c> of the query.</summary>
/// <param name="Limit">How many rows it has at most.</param>
/// <param name="After">Where the page before ended; null for the first page.</param>
internal sealed record PageQuery(int Limit, PagePosition? After)
{
    /// <summary>So many rows a page has where nobody says.</summary>
    public const int DefaultLimit = 100;

    private const int MaxLimit = 200;

    /// <summary>Reads the query of a request, and holds the names of all its parameters to those of the endpoint.</summary>
    /// <returns>The page, or 400.</returns>
    public static Checked<PageQuery> Read(HttpRequest http)
    {
        if (QueryNames.Fault(http) is { } fault) return fault;
        var (text, limit) = (http.Query["limit"], DefaultLimit);
        if (text.Count > 0 && !(int.TryParse(text.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit))
        {
            return ErrorCatalog.QueryInvalid.Saying($"Use a number from 1 to {MaxLimit}.").At("limit");
        }

        if (http.Query["paginationToken"] is not { Count: > 0 } token) return new PageQuery(limit, After: null);
        return PagePosition.Parse(token.ToString()) is { } after ? new PageQuery(limit, after) : ErrorCatalog.QueryInvalid.Saying("Use the nextPageToken of the page before, unchanged.").At("paginationToken");
    }

    /// <summary>The page of what was found, where one more row than it has was looked for.</summary>
    /// <param name="found">The rows, in their order.</param>
    /// <param name="position">Where a row stands.</param>
    /// <returns>Its rows, and where the next page begins; null after the last.</returns>
    public (IReadOnlyList<T> Rows, PagePosition? Next) Of<T>(List<T> found, Func<T, PagePosition> position)
    {
        var rows = found.Take(Limit).ToList();
        return (rows, found.Count > Limit ? position(rows[^1]) : null);
    }
}
