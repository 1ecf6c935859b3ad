using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dfns.Registration.Api.Wire;

/// <summary>How JSON is read and written on the wire.</summary>
internal static class WireJson
{
    /// <summary>Deep enough for every body of the contract (four levels), shallow enough to bound the work.</summary>
    public const int MaxDepth = 16;

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        AllowDuplicateProperties = false,
        PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict,
        MaxDepth = MaxDepth,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Answers are JSON, not HTML: '+' and non-ASCII names arrive as they are.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new StorableText(emptyIsAbsent: false) },
    };

    /// <summary>
    /// How request bodies are read: an empty text is one that is not there, since clients send so what nobody filled in. A member to which it means
    /// something has <see cref="TextAsSent"/>.
    /// </summary>
    public static readonly JsonSerializerOptions Requests = MakeRequests();

    private static JsonSerializerOptions MakeRequests()
    {
        var options = new JsonSerializerOptions(Options);
        options.Converters.Clear();
        options.Converters.Add(new StorableText(emptyIsAbsent: true));
        return options;
    }

    // PostgreSQL text holds every character but U+0000; refusing it here keeps a hostile name from failing there.
    internal class StorableText(bool emptyIsAbsent) : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.String) throw new JsonException();
            var text = reader.GetString();
            if (emptyIsAbsent && text is { Length: 0 }) return null;
            return text is null || !text.Contains('\0', StringComparison.Ordinal) ? text : throw new JsonException();
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }

    /// <summary>Of a member of a request: an empty text is one.</summary>
    internal sealed class TextAsSent() : StorableText(emptyIsAbsent: false);
}
