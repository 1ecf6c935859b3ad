namespace Dfns.Registration.Api.Hosting;

/// <summary>Where the settings and the data are.</summary>
internal static class ContentRoot
{
    private const string Settings = "appsettings.json";

    /// <summary>As the framework's own; from a folder without settings it is that of the executable, wherever it is started from.</summary>
    /// <param name="args">As typed.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(new WebApplicationOptions
    {
        Args = args,
        ContentRootPath = File.Exists(Settings) ? null : AppContext.BaseDirectory,
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

    /// <summary>Whether a file of settings cannot be read.</summary>
    public static bool IsOfSettings(Exception exception) => exception is InvalidDataException or UnauthorizedAccessException;

    /// <summary>Which, and where in it.</summary>
    public static string Words(Exception exception) => string.Join(' ', Chain(exception).Select(e => e.Message.Split('\n')[0].Trim()).Distinct(StringComparer.Ordinal));

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException) yield return e;
    }
}
