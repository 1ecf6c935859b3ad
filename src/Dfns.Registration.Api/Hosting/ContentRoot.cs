using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Hosting;

/// <summary>Where the settings and the data are.</summary>
internal static class ContentRoot
{
    private const string SettingsFile = "appsettings.json";

    /// <summary>As the framework's own; from a folder without settings it is that of the executable, wherever it is started from.</summary>
    /// <param name="args">As typed.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(new WebApplicationOptions
    {
        Args = args,
        ContentRootPath = File.Exists(SettingsFile) ? null : AppContext.BaseDirectory,
    });

    /// <summary>The same, for a start.</summary>
    /// <param name="args">As typed.</param>
    /// <param name="error">Told what is wrong with a file of settings.</param>
    /// <returns>Null where one cannot be read.</returns>
    public static WebApplicationBuilder? TryCreateBuilder(string[] args, TextWriter error)
    {
        try
        {
            return CreateBuilder(args);
        }
        catch (Exception e) when (IsOfSettings(e))
        {
            error.WriteLine($"The service does not start: {Words(e)}");
            return null;
        }
    }

    /// <summary>What the settings have it built of.</summary>
    /// <param name="builder">With everything that the service answers by.</param>
    /// <param name="error">Told what cannot be built.</param>
    /// <returns>Null where something cannot.</returns>
    public static WebApplication? TryBuild(WebApplicationBuilder builder, TextWriter error)
    {
        try
        {
            var app = builder.Build();
            // The first that the settings can keep from being made; most of what follows tells it something.
            app.Services.GetRequiredService<Serilog.ILogger>();
            return app;
        }
        catch (InvalidDataException e)
        {
            if (SettingTexts.Faults(builder.Configuration).ToList() is { Count: > 0 } faults) ServiceStart.WriteFaults(error, faults);
            else error.WriteLine($"The service does not start: {Words(e)}");
            return null;
        }
    }

    /// <summary>Whether a file of settings cannot be read, or the folder of it is none.</summary>
    public static bool IsOfSettings(Exception exception) => exception is InvalidDataException or UnauthorizedAccessException or DirectoryNotFoundException;

    /// <summary>Which, and where in it.</summary>
    public static string Words(Exception exception) => string.Join(' ', Chain(exception).Select(e => e.Message.Split('\n')[0].Trim()).Distinct(StringComparer.Ordinal));

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException) yield return e;
    }
}
