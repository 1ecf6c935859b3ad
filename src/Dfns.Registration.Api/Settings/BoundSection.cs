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

    /// <summary>A key as it is written, such as <c>Mail:Port</c>.</summary>
    public string Path(PropertyInfo key) => $"{Name}:{key.Name}";
}
