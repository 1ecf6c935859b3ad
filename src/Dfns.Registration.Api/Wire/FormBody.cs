using System.Text;
using Dfns.Registration.Api.Errors;
using Microsoft.AspNetCore.WebUtilities;

namespace Dfns.Registration.Api.Wire;

/// <summary>Reads a request body that is a form, as OAuth has its requests: of bounded size, no parameter twice (RFC 6749 §3.1).</summary>
internal sealed class FormBody
{
    public const string MediaType = "application/x-www-form-urlencoded";

    private readonly ILookup<string, string> parameters;

    private FormBody(ILookup<string, string> parameters) => this.parameters = parameters;

    /// <summary>Reads a body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxSizeBytes">Bytes a body may have, inclusive.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <returns>The form; or 413, 415, or 400 for a body that does not arrive whole and as HTTP has it.</returns>
    public static async Task<Checked<FormBody>> ReadAsync(HttpRequest request, int maxSizeBytes, CancellationToken ct)
    {
        if (!JsonBody.IsOf(request, MediaType)) return WorkPermit.Fault(request.HttpContext) ?? ErrorCatalog.ContentTypeUnsupported;
        if ((await JsonBody.ReceiveAnyAsync(request, maxSizeBytes, ct)).Failed(out var error, out var body)) return error;
        // The size of the body bounds whatever is in it.
        using var reader = new FormReader(Encoding.UTF8.GetString(body.Span)) { ValueCountLimit = maxSizeBytes, KeyLengthLimit = maxSizeBytes, ValueLengthLimit = maxSizeBytes };
        return new FormBody(Pairs(reader).ToLookup(p => p.Key, p => p.Value, StringComparer.Ordinal));
    }

    /// <summary>A parameter that must be there.</summary>
    /// <returns>Its value, not empty; or 400.</returns>
    public Checked<string> Required(string name)
    {
        var values = parameters[name].ToList();
        if (values.Count > 1) return ErrorCatalog.MemberRepeated.At(name);
        return values is [{ Length: > 0 } value] ? value : ErrorCatalog.MemberRequired.At(name);
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(FormReader reader)
    {
        while (reader.ReadNextPair() is { } pair) yield return pair;
    }
}
