using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Wire;

/// <summary>
/// Names of members are compared as they are, and those that nobody knows are passed over. One that is a known one but for its case or its hyphens and
/// underscores was meant, and is told: what it asks for would not be done, and nobody would know.
/// </summary>
internal static class MemberNames
{
    private static readonly ConcurrentDictionary<Type, Members> Known = new();

    /// <summary>Looks through a body.</summary>
    /// <param name="value">As received.</param>
    /// <param name="contract">What it is read as.</param>
    /// <param name="path">Its JSON path.</param>
    /// <returns>Null, or the first such member.</returns>
    public static ApiError? Fault(JsonElement value, Type contract, string path = "$")
    {
        var known = Known.GetOrAdd(contract, Members.Of);
        if (value.ValueKind == JsonValueKind.Array && known.Element is { } element)
        {
            foreach (var item in value.EnumerateArray())
            {
                if (Fault(item, element, $"{path}[]") is { } fault) return fault;
            }
        }

        if (value.ValueKind != JsonValueKind.Object) return null;
        foreach (var member in value.EnumerateObject())
        {
            if (known.Types.TryGetValue(member.Name, out var type))
            {
                if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array && Fault(member.Value, type, $"{path}.{member.Name}") is { } fault) return fault;
            }
            else if (known.Meant.TryGetValue(Plain(member.Name), out var meant))
            {
                return ErrorCatalog.MemberInvalid.Saying($"Write its name '{meant}'.").At($"{path}.{member.Name}");
            }
        }

        return null;
    }

    /// <summary>What is left of a name without its case, hyphens and underscores.</summary>
    public static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>What a contract says of its members, read once.</summary>
    /// <param name="Types">By name.</param>
    /// <param name="Meant">The name, by what is left of it.</param>
    /// <param name="Element">Of a list, what it is of.</param>
    private sealed record Members(IReadOnlyDictionary<string, Type> Types, IReadOnlyDictionary<string, string> Meant, Type? Element)
    {
        public static Members Of(Type contract)
        {
            var info = WireJson.Requests.GetTypeInfo(contract);
            var members = info.Kind == JsonTypeInfoKind.Object ? info.Properties : [];
            return new Members(
                members.ToDictionary(m => m.Name, m => m.PropertyType, StringComparer.Ordinal),
                members.ToDictionary(m => Plain(m.Name), m => m.Name, StringComparer.Ordinal),
                info.Kind == JsonTypeInfoKind.Enumerable ? info.ElementType : null);
        }
    }
}
