using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Wire;

/// <summary>
/// Parameters of a query that nobody reads are passed over. One that is read here but for the hyphens and underscores of its name was meant, and is told, as
/// <see cref="MemberNames"/> does of a body: else <c>pagination_token</c> would get the first page again and again, and <c>user_id</c> what everybody did.
/// What is read holds no U+0000, as no text of a body does (<see cref="WireJson"/>): no database has it, and PostgreSQL fails over it.
/// </summary>
internal static class QueryNames
{
    /// <summary>Looks through the query of a request, by the <see cref="QueryParameter"/>s of its endpoint.</summary>
    /// <returns>Null, or what is wrong with the first such parameter.</returns>
    public static ApiError? Fault(HttpRequest http)
    {
        var known = http.HttpContext.GetEndpoint()?.Metadata.GetOrderedMetadata<QueryParameter>() ?? [];
        foreach (var (name, values) in http.Query)
        {
            var meant = known.FirstOrDefault(p => string.Equals(MemberNames.Plain(p.Name), MemberNames.Plain(name), StringComparison.Ordinal));
            // The framework finds a parameter whatever the case of its name.
            if (meant is not null && !string.Equals(meant.Name, name, StringComparison.OrdinalIgnoreCase)) return ErrorCatalog.QueryInvalid.Saying($"Write its name '{meant.Name}'.").At(name);
            if (meant is not null && values.Any(value => value?.Contains('\0', StringComparison.Ordinal) == true)) return ErrorCatalog.QueryInvalid.Saying("Leave out the character U+0000.").At(name);
        }

        return null;
    }
}
