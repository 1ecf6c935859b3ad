using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>Prints what a command did: a table for people, JSON for scripts.</summary>
internal static class Output
{
    private static readonly JsonSerializerOptions Json = new(WireJson.Options) { WriteIndented = true, Converters = { new InstantConverter() } };

    /// <returns>The exit code.</returns>
    public static int Write(ParseResult parsed, CommandResult result)
    {
        var output = parsed.InvocationConfiguration.Output;
        if (result.Why is { } why)
        {
            parsed.InvocationConfiguration.Error.WriteLine(FreeText.ShownLines(why));
            return 1;
        }

        var json = parsed.GetValue(OperatorCommandLine.Json);
        if (json) output.WriteLine(JsonSerializer.Serialize(result.Rows, Json));
        else WriteTable(output, result);
        // Beside the rows that a script reads, not among them.
        if (result.Before is { } before) WriteChanges(json ? parsed.InvocationConfiguration.Error : output, before, Cells(result.Rows[0]));
        return 0;
    }

    /// <summary>The cells of a row, by column, as they are printed.</summary>
    public static IReadOnlyDictionary<string, string> Cells(object row) =>
        JsonSerializer.SerializeToNode(row, Json)!.AsObject().ToDictionary(m => m.Key, m => FreeText.Shown(m.Value?.ToString() ?? ""), StringComparer.Ordinal);

    private static void WriteChanges(TextWriter output, IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after)
    {
        var changed = after.Where(cell => before.GetValueOrDefault(cell.Key, "") != cell.Value).ToList();
        if (changed.Count == 0) output.WriteLine("Nothing is other than before.");
        foreach (var (column, now) in changed)
        {
            output.WriteLine($"{column} was: {Words(before.GetValueOrDefault(column, ""))}");
            output.WriteLine($"{column} is:  {Words(now)}");
        }

        static string Words(string cell) => cell.Length == 0 ? "(none)" : cell;
    }

    private static void WriteTable(TextWriter output, CommandResult result)
    {
        if (result.Rows.Count == 0)
        {
            output.WriteLine(result.Empty);
            return;
        }

        var cells = result.Rows.Select(Cells).ToList();
        var columns = cells.SelectMany(r => r.Keys).Distinct(StringComparer.Ordinal).ToList();
        if (cells is [var only])
        {
            // One row reads better downwards: ids and links are long.
            foreach (var column in columns) output.WriteLine($"{column.PadRight(columns.Max(c => c.Length))}  {only[column]}");
            return;
        }

        columns = [.. columns.Where(c => result.Columns?.Contains(c, StringComparer.Ordinal) ?? true)];
        var widths = columns.ToDictionary(c => c, c => cells.Max(r => Math.Max(c.Length, r.GetValueOrDefault(c, "").Length)), StringComparer.Ordinal);
        output.WriteLine(string.Join("  ", columns.Select(c => c.PadRight(widths[c]))).TrimEnd());
        foreach (var row in cells) output.WriteLine(string.Join("  ", columns.Select(c => row.GetValueOrDefault(c, "").PadRight(widths[c]))).TrimEnd());
    }

    /// <summary>Instants as the service's answers have them.</summary>
    private sealed class InstantConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(WireTime.Of(value));
    }
}
