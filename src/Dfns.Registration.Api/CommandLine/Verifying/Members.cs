using System.Text.Json;

namespace Dfns.Registration.Api.CommandLine.Verifying;

/// <summary>A value, or one sentence why the input cannot be used.</summary>
internal readonly struct UsableOr<T>
    where T : class
{
    private readonly T? value;
    private readonly string? why;

    private UsableOr(T? value, string? why) => (this.value, this.why) = (value, why);

    public static implicit operator UsableOr<T>(T value) => new(value, null);

    public static implicit operator UsableOr<T>(string why) => new(null, why);

    public bool Failed(out string why, out T value)
    {
        (why, value) = (this.why!, this.value!);
        return this.value is null;
    }
}

/// <summary>An input that cannot be used, and one sentence why. Thrown and caught within the reading of one input.</summary>
internal sealed class UnusableException(string message) : Exception(message);

/// <summary>The members of one JSON object of an input.</summary>
internal sealed class Members(JsonElement json, string path = "")
{
    public UnusableException Missing(string name) => new($"'{path}{name}' is required.");

    public string? Text(string name) => Get(name, AsText, "text");

    public bool? Flag(string name) =>
        Find(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(name, "true or false");

    public Members? Object(string name) =>
        Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new Members(value, $"{path}{name}.")
        : throw Wrong(name, "an object");

    public IReadOnlyList<T>? List<T>(string name, Func<JsonElement, T> read)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name, "a list");
        try
        {
            return [.. value.EnumerateArray().Select(read)];
        }
        catch (FormatException e)
        {
            throw Wrong(name, $"a list of {e.Message}");
        }
    }

    /// <exception cref="FormatException">It is no text, or one with half a surrogate pair.</exception>
    public static string AsText(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException("texts");
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException("texts", e);
        }
    }

    /// <exception cref="FormatException">It is no number of 32 bits.</exception>
    public static int AsNumber(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw new FormatException("numbers");

    private T? Get<T>(string name, Func<JsonElement, T> read, string what)
        where T : class
    {
        try
        {
            return Find(name) is { } value ? read(value) : null;
        }
        catch (FormatException)
        {
            throw Wrong(name, what);
        }
    }

    private JsonElement? Find(string name) => json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private UnusableException Wrong(string name, string what) => new($"'{path}{name}' must be {what}.");
}
