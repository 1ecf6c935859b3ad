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
}
