using System.Net.Sockets;
using System.Security.Cryptography;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Hosting;

/// <summary>The order of a start: settings, database, port, demonstration; then until the signal to end.</summary>
internal static class ServiceStart
{
    /// <param name="app">The service, with everything that it answers.</param>
    /// <param name="error">Told why it does not start.</param>
    /// <returns>The exit code: 0 after an orderly end, 1 when the settings are at fault or do not fit the database.</returns>
    public static async Task<int> RunServiceAsync(this WebApplication app, TextWriter error)
    {
        var faults = app.SettingFaults();
        if (faults.Count == 0 && app.AddressFault() is { } address) faults = [address];
        if (faults.Count > 0)
        {
            WriteFaults(error, faults);
            return 1;
        }

        // Named while there are services.
        var (log, clock) = (app.Services.GetRequiredService<Serilog.ILogger>(), app.Services.GetRequiredService<TimeProvider>());
        var exitCode = await StartAndWaitAsync(app, error);
        await LogQueue.EmptyAsync(log, clock);
        return exitCode;
    }

    /// <summary>Tells what is wrong with the settings, all of it at once.</summary>
    public static void WriteFaults(TextWriter error, IReadOnlyList<string> faults)
    {
        error.WriteLine("The service does not start; its settings need these corrections:");
        foreach (var fault in faults) error.WriteLine($"  - {FreeText.ShownLines(fault)}");
    }

    private static async Task<int> StartAndWaitAsync(WebApplication app, TextWriter error)
    {
        if ((await app.DatabaseFaultAsync() ?? await app.ListenFaultAsync()) is { } why)
        {
            await error.WriteLineAsync($"The service does not start: {FreeText.ShownLines(why)}");
            return 1;
        }

        if (app.Environment.IsDevelopment() && await app.DemonstrationFaultAsync() is { } reason)
        {
            await error.WriteLineAsync($"The service does not start: {reason}");
            await app.StopAsync();
            return 1;
        }

        await app.WaitForShutdownAsync();
        return 0;
    }

    private static async Task<string?> DemonstrationFaultAsync(this WebApplication app)
    {
        try
        {
            await app.PrintDemonstrationAsync(app.Lifetime.ApplicationStopping);
            return null;
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Ended before the link was printed: an orderly end like any other.
            return null;
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            return StorageFailure.Explain(e);
        }
    }

    private static async Task<string?> DatabaseFaultAsync(this WebApplication app)
    {
        try
        {
            return await app.PrepareDatabaseAsync();
        }
        catch (CryptographicException)
        {
            return "Secrets:MasterKey is not the one that this database was sealed with.";
        }
        catch (TurnNotGivenException e)
        {
            return e.Message;
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            return StorageFailure.Explain(e);
        }
    }

    private static async Task<string?> ListenFaultAsync(this WebApplication app)
    {
        try
        {
            await app.StartAsync();
            return null;
        }
        catch (Exception e) when (e is IOException or SocketException or FormatException or ArgumentException or InvalidOperationException or UnauthorizedAccessException or CryptographicException)
        {
            var at = string.Join(", ", ListenAddresses.Of(app.Configuration).Select(address => address.Url));
            var isOfCertificate = e is CryptographicException or FileNotFoundException or DirectoryNotFoundException || e.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase);
            return $"it cannot listen at {at}: {FirstLine(e)} "
                + (isOfCertificate
                    ? "Which certificate serves https is said with 'Kestrel:Certificates:Default:Path' and '…:Password', or for each of 'Kestrel:Endpoints'."
                    : "Another address is set with '--urls http://localhost:5081'.");
        }
    }

    // Of some faults the framework tells a page.
    private static string FirstLine(Exception exception) => $"{exception.Message.Split('\n')[0].Trim().TrimEnd('.')}.";
}
