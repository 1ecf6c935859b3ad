using System.Text.Json;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>The published examples that concern registration, assertions and recovery, in the shape in which they were collected.</summary>
internal static class DfnsDocumentation
{
    private static readonly Dictionary<string, JsonElement> ById =
        Load("registration", count: 29).Concat(Load("assertion", count: 6)).ToDictionary(StringComparer.Ordinal);

    public static string Input(string id, string member) => ById[id].GetProperty("input").GetProperty(member).GetString()!;

    public static JsonElement InputJson(string id, string member) => ById[id].GetProperty("input").GetProperty(member);

    public static JsonElement Expect(string id) => ById[id].GetProperty("expect");

    private static Dictionary<string, JsonElement> Load(string name, int count)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "vectors", "dfns-docs", $"{name}.json");
        var vectors = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("vectors").EnumerateArray()
            .ToDictionary(vector => vector.GetProperty("id").GetString()!, StringComparer.Ordinal);
        Assert.Equal(count, vectors.Count);
        return vectors;
    }
}
