using System.Reflection;
using System.Text.Json;
using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Wire;

/// <summary>
/// Bounds a text of a request's contract. A member that must be there is not nullable, one that may be left out is; whoever gets a contract
/// from <see cref="JsonBody.Parse"/> can rely on both.
/// </summary>
/// <param name="maxLength">Characters it may have, inclusive.</param>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class TextAttribute(int maxLength) : Attribute
{
    public int MaxLength => maxLength;

    /// <summary>Whether people see it: then it is held to <see cref="FreeText"/>.</summary>
    public bool IsName { get; init; }
}

/// <summary>Holds what was parsed to its contract: the texts in the order in which they are declared.</summary>
internal static class Contract
{
    /// <summary>Checks a body.</summary>
    /// <returns>Null, or the first fault with its path.</returns>
    public static ApiError? Fault<T>(T body)
        where T : class
    {
        foreach (var text in Texts<T>.All)
        {
            var (value, path) = ((string?)text.Property.GetValue(body), text.Path);
            if (text.IsOptional && value is null) continue;
            if ((text.IsName ? Member.Name(value, path, text.MaxLength) : Member.Text(value, path, text.MaxLength)).Failed(out var error, out _)) return error;
        }

        return null;
    }

    /// <summary>A text of a contract.</summary>
    private sealed record BoundText(PropertyInfo Property, string Path, int MaxLength, bool IsName, bool IsOptional);

    /// <summary>What a contract says of its texts, read once.</summary>
    private static class Texts<T>
    {
        public static readonly IReadOnlyList<BoundText> All = Read();

        private static List<BoundText> Read()
        {
            var nullability = new NullabilityInfoContext();
            return
            [
                .. typeof(T).GetConstructors().SelectMany(c => c.GetParameters())
                    .Select(p => (Parameter: p, Text: p.GetCustomAttribute<TextAttribute>()))
                    .Where(p => p.Text is not null)
                    .Select(p => new BoundText(
                        typeof(T).GetProperty(p.Parameter.Name!)!,
                        $"$.{JsonNamingPolicy.CamelCase.ConvertName(p.Parameter.Name!)}",
                        p.Text!.MaxLength,
                        p.Text.IsName,
                        nullability.Create(p.Parameter).ReadState == NullabilityState.Nullable)),
            ];
        }
    }
}
