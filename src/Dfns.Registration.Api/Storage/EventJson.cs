using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Writes JSON to the byte as ECMAScript's <c>JSON.stringify</c> does (ECMA-262 §25.5.2): whoever checks a signature as the hosted service documents
/// it has parsed the body, and writes it again. Of objects, arrays, texts, whole numbers and words; the names of members are ours, and no numbers.
/// </summary>
internal static class EventJson
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    /// <summary>Writes a value in UTF-8.</summary>
    public static byte[] Write(JsonNode value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(StringBuilder to, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject members:
                Write(to, '{', members, '}', member =>
                {
                    Write(to, member.Key);
                    to.Append(':');
                    Write(to, member.Value);
                });
                break;
            case JsonArray items:
                Write(to, '[', items, ']', item => Write(to, item));
                break;
            case not null when value.GetValueKind() == JsonValueKind.String:
                Write(to, value.GetValue<string>());
                break;
            case not null when value.GetValueKind() == JsonValueKind.Number:
                to.Append(value.ToJsonString());
                break;
            default:
                to.Append(value?.GetValue<bool>() switch { true => "true", false => "false", null => "null" });
                break;
        }
    }

    private static void Write<T>(StringBuilder to, char open, IEnumerable<T> parts, char close, Action<T> write)
    {
        to.Append(open);
        var isFirst = true;
        foreach (var part in parts)
        {
            if (!isFirst) to.Append(',');
            isFirst = false;
            write(part);
        }

        to.Append(close);
    }

    private static void Write(StringBuilder to, string text)
    {
        to.Append('"');
        var rest = text.AsSpan();
        while (rest.IndexOfAny(Escaped) is >= 0 and var at)
        {
            to.Append(rest[..at]).Append(rest[at] switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                var other => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)other:x4}"),
            });
            rest = rest[(at + 1)..];
        }

        to.Append(rest).Append('"');
    }
}
