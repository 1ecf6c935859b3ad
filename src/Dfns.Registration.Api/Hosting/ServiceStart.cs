using System.Security.Cryptography;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;

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
            await error.WriteLineAsync("The service does not start; its settings need these corrections:");
            foreach (var fault in faults) await error.WriteLineAsync($"  - {fault}");
            return 1;
        }

        try
        {
            if (await app.PrepareDatabaseAsync() is { } why)
            {
                await error.WriteLineAsync($"The service does not start: {why}");
                return 1;
            }

            await app.StartAsync();
        }
        catch (CryptographicException)
        {
            await error.WriteLineAsync("The service does not start: Secrets:MasterKey is not the one that this database was sealed with.");
            return 1;
        }
        catch (TurnNotGivenException e)
        {
            await error.WriteLineAsync($"The service does not start: {e.Message}");
            return 1;
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            await error.WriteLineAsync($"The service does not start: {StorageFailure.Explain(e)}");
            return 1;
        }
        catch (IOException e)
        {
            await error.WriteLineAsync($"The service does not start: {e.Message} Another address is set with '--urls http://localhost:5081'.");
            return 1;
        }

        if (app.Environment.IsDevelopment()) await app.PrintDemonstrationAsync(app.Lifetime.ApplicationStopping);
        await app.WaitForShutdownAsync();
        return 0;
    }
}
