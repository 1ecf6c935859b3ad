using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Wire;

/// <summary>An answer in CSV (RFC 4180), sent as it is read.</summary>
internal static class CsvExport
{
    private const string SdkVersion = "X-DFNS-SDK-VERSION";

    /// <summary>Answers 200, in CSV or to whoever reads nothing but JSON with the same text as a JSON string.</summary>
    /// <param name="http">Tells what the client reads.</param>
    /// <param name="title">The columns.</param>
    /// <param name="rows">As many cells each.</param>
    /// <param name="end">A line behind the last row; null for none.</param>
    /// <param name="ct">Ends the writing.</param>
    public static PushStreamHttpResult Ok(HttpRequest http, string[] title, IAsyncEnumerable<string[]> rows, string? end, CancellationToken ct)
    {
        var asJson = WantsJson(http);
        return TypedResults.Stream(body => WriteAsync(body, LinesAsync(title, rows, end, ct), asJson, ct), asJson ? "application/json; charset=utf-8" : "text/csv; charset=utf-8");
    }

    // The SDKs, which say so, read every answer as JSON.
    private static bool WantsJson(HttpRequest http)
    {
        var accepted = http.GetTypedHeaders().Accept;
        if (accepted.Any(a => Is(a, "text/csv"))) return false;
        return accepted.Any(a => Is(a, "application/json")) || http.Headers.ContainsKey(SdkVersion);

        static bool Is(MediaTypeHeaderValue accepted, string type) => accepted.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase);
    }

    private static async IAsyncEnumerable<string> LinesAsync(string[] title, IAsyncEnumerable<string[]> rows, string? end, [EnumeratorCancellation] CancellationToken ct)
    {
        yield return string.Join(',', title.Select(Cell));
        await foreach (var cells in rows.WithCancellation(ct)) yield return string.Join(',', cells.Select(Cell));
        if (end is not null) yield return end;
    }

    private static async Task WriteAsync(Stream body, IAsyncEnumerable<string> lines, bool asJson, CancellationToken ct)
    {
        await using var writer = new StreamWriter(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        if (asJson) await writer.WriteAsync('"');
        await foreach (var line in lines.WithCancellation(ct)) await writer.WriteAsync((asJson ? JsonEncodedText.Encode(line + "\n").Value : line + "\n").AsMemory(), ct);
        if (asJson) await writer.WriteAsync('"');
    }

    // What a spreadsheet would take for a formula is given to it as text. Where commas stand in numbers it begins a cell behind each semicolon, whatever is in quotes.
    private static string Cell(string text)
    {
        var (told, isBegin) = (new StringBuilder(text.Length), true);
        foreach (var c in text)
        {
            if (isBegin && "=+-@\t\r\n＝＋－＠".Contains(c, StringComparison.Ordinal)) told.Append('\'');
            told.Append(c);
            isBegin = c == ';' || (isBegin && c is '"' or ' ');
        }

        text = told.ToString();
        return text.AsSpan().IndexOfAny(",\"\r\n'") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
