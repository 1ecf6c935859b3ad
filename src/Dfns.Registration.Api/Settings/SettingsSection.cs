using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Settings;

/// <summary>
/// How each room reads its section of the settings: unknown keys refused, every value checked at start. The service tells every fault at
/// once, each with its key and a valid example; security floors are among the checks, and cannot be configured away.
/// </summary>
internal static class SettingsSection
{
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Binds a section to its options; what is wrong with them is added by the caller with <c>Validate</c>.</summary>
    /// <typeparam name="T">The options of the room.</typeparam>
    /// <param name="builder">The settings are its configuration.</param>
    /// <param name="section">The name of the section.</param>
    public static OptionsBuilder<T> Bind<T>(this WebApplicationBuilder builder, string section)
        where T : class
    {
        var bound = BoundSection.All.Single(known => known.Name == section && known.Options == typeof(T));
        if (bound.Secrets.Any())
        {
            var files = new SecretFiles<T>(bound);
            builder.Services.AddSingleton<IPostConfigureOptions<T>>(files).AddSingleton<IValidateOptions<T>>(files);
        }

        return builder.Services.AddOptions<T>()
            .Bind(builder.Configuration.GetSection(section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
    }

    /// <summary>
    /// What is wrong with the settings, all of it at once; the same for a start of the service and for a command. First the texts that cannot
    /// be what was meant; where there are none, the values.
    /// </summary>
    /// <returns>Sentences, each with the key and a valid example; empty where all is well.</returns>
    public static IReadOnlyList<string> SettingFaults(this WebApplication app)
    {
        var faults = Faults(app);
        // Of a mistyped one nothing is wrong by itself: teams have names of their own. But nothing is set in it that Development would bring along.
        return faults.Count > 0 && EnvironmentNames.MeantBy(app.Environment.EnvironmentName) is { } meant
            ? [$"The environment is '{app.Environment.EnvironmentName}' (ASPNETCORE_ENVIRONMENT or DOTNET_ENVIRONMENT); did you mean '{meant}'?", .. faults]
            : faults;
    }

    private static List<string> Faults(WebApplication app)
    {
        if (EnvironmentNames.Faults(Environment.GetEnvironmentVariables().Keys.Cast<string>()).Concat(SettingTexts.Faults(app.Configuration)).ToList() is { Count: > 0 } texts) return texts;
        try
        {
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException e)
        {
            return [.. e.Failures.Select(Sentence)];
        }
        catch (AggregateException e)
        {
            return [.. e.InnerExceptions.SelectMany(inner => inner is OptionsValidationException o ? o.Failures.Select(Sentence) : [inner.Message])];
        }
        catch (InvalidOperationException e)
        {
            return [BindingFault(e)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var folder = Path.Combine(app.Environment.ContentRootPath, "data");
            // A file that is made there to be moved is nobody's business.
            var why = e is UnauthorizedAccessException || File.Exists(folder) ? $"'{folder}' must be a folder that the user of this process owns" : $"'{folder}': {e.Message}";
            return [$"The folder of its data cannot be used: {why}. With Database:ConnectionString and Secrets:MasterKey set, nothing is kept there."];
        }
    }

    /// <summary>A file of the data directory, which is made if it is not there, and is its owner's alone: it holds a key and the users.</summary>
    public static string DataFile(this WebApplicationBuilder builder, string name)
    {
        var path = Path.Combine(builder.Environment.ContentRootPath, "data");
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerAlone);
            // It may have been there, made by an earlier version or by hand.
            if (File.GetUnixFileMode(path) != OwnerAlone) File.SetUnixFileMode(path, OwnerAlone);
        }

        return Path.Combine(path, name);
    }

    // What an annotation says stands among the framework's words.
    private static string Sentence(string failure)
    {
        const string Before = "with the error: '";
        var start = failure.StartsWith("DataAnnotation validation failed", StringComparison.Ordinal) ? failure.IndexOf(Before, StringComparison.Ordinal) : -1;
        return start < 0 ? failure : failure[(start + Before.Length)..].TrimEnd('.').TrimEnd('\'');
    }

    // What the binder says of a key or a value, and stops at: the texts are held to their form before, so that it seldom has to.
    private static string BindingFault(InvalidOperationException exception) =>
        exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message;
}
