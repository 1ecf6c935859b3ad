using System.Reflection;

namespace Dfns.Registration.Api.Settings;

/// <summary>A section of the settings that a room reads.</summary>
/// <param name="Name">Such as <c>Mail</c>.</param>
/// <param name="Options">What it is bound to; the public properties are its keys.</param>
internal sealed record BoundSection(string Name, Type Options)
{
    /// <summary>Every section: a room's options name theirs in a constant <c>Section</c>.</summary>
    public static IReadOnlyList<BoundSection> All { get; } =
    [
        .. typeof(BoundSection).Assembly.GetTypes()
            .Select(type => (Type: type, Section: type.GetField("Section", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as string))
            .Where(found => found.Section is not null)
            .Select(found => new BoundSection(found.Section!, found.Type))
            .OrderBy(section => section.Name, StringComparer.Ordinal),
    ];

    /// <summary>The keys of the section.</summary>
    public IReadOnlyList<PropertyInfo> Keys { get; } = Options.GetProperties(BindingFlags.Public | BindingFlags.Instance);

    /// <summary>The keys of the section that hold secrets.</summary>
    public IEnumerable<PropertyInfo> Secrets => Keys.Where(key => key.GetCustomAttribute<SecretAttribute>() is not null);

    /// <summary>Finds a section by its name, in any case.</summary>
    public static BoundSection? Find(string name) => All.FirstOrDefault(section => section.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a key holds several values, each written under a number of its own; every other holds one.</summary>
    public static bool IsList(PropertyInfo key) => key.PropertyType == typeof(IList<string>);

    /// <summary>Whether something may stand below a key: the numbers of a list, and nothing below those.</summary>
    /// <param name="key">The key.</param>
    /// <param name="below">The parts of a path after it, such as <c>0</c>.</param>
    public static bool Holds(PropertyInfo key, IReadOnlyList<string> below) => below.Count == 0 || (below.Count == 1 && IsList(key) && below[0].Length > 0 && below[0].All(char.IsAsciiDigit));

    /// <summary>A key as it is written, such as <c>Mail:Port</c>.</summary>
    public string Path(PropertyInfo key) => $"{Name}:{key.Name}";
}
