using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dfns.Registration.TestKit;

/// <summary>A JSON object in the making: names with JSON values, in the order of writing, repeated if a test wants it so.</summary>
public sealed class JsonDraft
{
    private static readonly JsonSerializerOptions AsBrowsersWrite = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The members: raw name without quotes, raw JSON value.</summary>
    public IList<KeyValuePair<string, string>> Members { get; } = [];

    /// <summary>Turns the text into the bytes that are sent.</summary>
    public Func<string, byte[]> Encoded { get; set; } = System.Text.Encoding.UTF8.GetBytes;

    /// <summary>Sets or adds a member.</summary>
    public JsonDraft Set(string name, object? value) => SetRaw(name, JsonSerializer.Serialize(value, AsBrowsersWrite));

    /// <summary>Sets or adds a member by its JSON text.</summary>
    public JsonDraft SetRaw(string name, string json)
    {
        for (var index = 0; index < Members.Count; index++)
        {
            if (Members[index].Key != name) continue;
            Members[index] = KeyValuePair.Create(name, json);
            return this;
        }

        return AddRaw(name, json);
    }

    /// <summary>Adds a member, even one that is there already.</summary>
    public JsonDraft AddRaw(string name, string json)
    {
        Members.Add(KeyValuePair.Create(name, json));
        return this;
    }

    /// <summary>Removes a member.</summary>
    public JsonDraft Remove(string name)
    {
        Members.Remove(Members.Single(member => member.Key == name));
        return this;
    }

    /// <summary>Puts the members in this order.</summary>
    public JsonDraft Order(params IEnumerable<string> names)
    {
        var ordered = names.Select(name => Members.Single(member => member.Key == name)).ToList();
        Members.Clear();
        foreach (var member in ordered) Members.Add(member);
        return this;
    }

    /// <summary>The text, compact as browsers write it.</summary>
    public byte[] ToBytes() => Encoded("{" + string.Join(',', Members.Select(member => $"\"{member.Key}\":{member.Value}")) + "}");
}
