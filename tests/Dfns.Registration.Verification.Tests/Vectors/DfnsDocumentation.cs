using System.Text.Json;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>The published examples that concern registration, in the shape in which they were collected.</summary>
internal static class DfnsDocumentation
{
    private const int Count = 29;

    private static readonly Dictionary<string, JsonElement> ById = Load();

    public static string Input(string id, string member) => ById[id].GetProperty("input").GetProperty(member).GetString()!;

    public static JsonElement Expect(string id) => ById[id].GetProperty("expect");

    private static Dictionary<string, JsonElement> Load()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "vectors", "dfns-docs", "registration.json");
        var vectors = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("vectors").EnumerateArray()
            .ToDictionary(vector => vector.GetProperty("id").GetString()!, StringComparer.Ordinal);
        Assert.Equal(Count, vectors.Count);
        return vectors;
    }
}
