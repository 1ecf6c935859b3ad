using System.CommandLine;
using System.Security.Cryptography;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>The operator's commands, in the same executable and with the same settings as the service.</summary>
internal static class OperatorCommandLine
{
    public static readonly Option<bool> Json = new("--json") { Description = "Write JSON, for scripts.", Recursive = true };

    /// <summary>Whether the arguments name a command, rather than settings of the service.</summary>
    public static bool IsAsked(string[] args) => args is [var first, ..] && (!first.StartsWith('-') || first is "--help" or "-h" or "-?" or "--version");

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Dfns.Registration: without a command, the service itself; with one, its operator's tools.\n\nExample: org create --name Example --rp-id example.co --origin https://app.example.co")
        {
            OrganisationCommands.Make(),
            RelyingPartyCommands.Make(),
            UserCommands.Make(),
            ServiceAccountCommands.Make(),
            KeyCommands.Make(),
            SocialProviderCommands.Make(),
            MigrateCommand.Make(),
            VerifyCommand.Make(),
            HealthCheckCommand.Make(),
        };
        root.Options.Add(Json);
        var parsed = root.Parse(args);
        var exitCode = await parsed.InvokeAsync();
        return parsed.Errors.Count > 0 && parsed.CommandResult.Command.Name == VerifyCommand.Name ? VerifyCommand.Unusable : exitCode;
    }

    /// <summary>Runs one command against the service's database.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="run">The command; returns what to print, or why it could not be done.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>The exit code: 0 done, 1 not done.</returns>
    public static async Task<int> RunAsync(ParseResult parsed, Func<IServiceProvider, CancellationToken, Task<CommandResult>> run, CancellationToken ct)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.AddService();
        await using var app = builder.Build();
        CommandResult result;
        try
        {
            await using var scope = app.Services.CreateAsyncScope();
            if (run != MigrateCommand.MigrateAsync && await scope.ServiceProvider.GetRequiredService<DatabaseSchema>().IsBehindAsync(ct))
            {
                result = CommandResult.Fault("The database is not up to date; run 'migrate' first.");
            }
            else
            {
                // Opens the key that signs: with another master key, keys would be sealed and codes hashed that no instance can use.
                if (run != MigrateCommand.MigrateAsync) await app.Services.GetRequiredService<SigningKeys>().GetAsync(ct);
                result = await run(scope.ServiceProvider, ct);
            }
        }
        catch (OptionsValidationException e)
        {
            result = CommandResult.Fault(string.Join(Environment.NewLine, e.Failures));
        }
        catch (InvalidOperationException e) when (SettingsSection.IsBindingFault(e))
        {
            result = CommandResult.Fault(SettingsSection.BindingFault(e));
        }
        catch (CryptographicException)
        {
            result = CommandResult.Fault("Secrets:MasterKey is not the one that this database was sealed with.");
        }
        catch (Exception e) when (UniqueViolation.IsLostRace(e))
        {
            result = CommandResult.Fault("Somebody else changed the same at this moment, and nothing was done here; try again.");
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            result = CommandResult.Fault("The database does not answer; look at Database:Provider and Database:ConnectionString.");
        }

        return Output.Write(parsed, result);
    }
}
