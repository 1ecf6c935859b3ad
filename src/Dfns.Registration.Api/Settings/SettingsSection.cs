using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Settings;

/// <summary>
/// How each room reads its section of the settings: unknown keys refused, every value checked at start. The service tells every fault at
/// once, each with its key and a valid example; security floors are among the checks, and cannot be configured away.
/// </summary>
internal static class SettingsSection
{
    /// <summary>Binds a section to its options; what is wrong with them is added by the caller with <c>Validate</c>.</summary>
    /// <typeparam name="T">The options of the room.</typeparam>
    /// <param name="builder">The settings are its configuration.</param>
    /// <param name="section">The name of the section.</param>
    public static OptionsBuilder<T> Bind<T>(this WebApplicationBuilder builder, string section)
        where T : class =>
        builder.Services.AddOptions<T>()
            .Bind(builder.Configuration.GetSection(section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();

    /// <summary>A file of the data directory, which is made if it is not there.</summary>
    public static string DataFile(this WebApplicationBuilder builder, string name)
    {
        var directory = Directory.CreateDirectory(Path.Combine(builder.Environment.ContentRootPath, "data"));
        return Path.Combine(directory.FullName, name);
    }

    /// <summary>Whether a section could not be bound: a key that it does not know, or a value of the wrong type.</summary>
    public static bool IsBindingFault(InvalidOperationException exception) => exception.Source == typeof(ConfigurationBinder).Assembly.GetName().Name;

    /// <summary>What the binder says of it, which stops at the first.</summary>
    public static string BindingFault(InvalidOperationException exception) =>
        exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message;
}
