using System.CommandLine;
using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>An option that takes one word of a closed list. The library's own takes numbers for words too.</summary>
internal static class EnumOption
{
    /// <param name="name">Such as <c>--kind</c>.</param>
    /// <param name="unnamed">What counts where the option is not typed.</param>
    /// <param name="description">What the words mean.</param>
    public static Option<T> Make<T>(string name, T unnamed, string description)
        where T : struct, Enum => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => unnamed,
            CustomParser = argument =>
            {
                var typed = argument.Tokens[0].Value;
                if (Enum.GetNames<T>().FirstOrDefault(word => word.Equals(typed, StringComparison.OrdinalIgnoreCase)) is { } word) return Enum.Parse<T>(word);
                argument.AddError($"'{typed}' is no value of {name}; {Spelling.Hint(typed, Enum.GetNames<T>())}");
                return unnamed;
            },
        };
}
