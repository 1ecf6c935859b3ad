using System.CommandLine;
using System.Security.Cryptography;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>The operator's commands, in the same executable and with the same settings as the service.</summary>
internal static class OperatorCommandLine
{
    /// <summary>Why a command of the owner's is none of the service's role.</summary>
    public const string NotAllowed = "The role of Database:ConnectionString may not do this. 'migrate' wants the role that owns the tables, and gives another what it needs with --grant-to.";

    public static readonly Option<bool> Json = new("--json") { Description = "Write JSON, for scripts.", Recursive = true };

    /// <summary>Whether the arguments are for a command, or are at fault; else they are settings of the service, which starts.</summary>
    public static bool IsAsked(string[] args) => ServiceArguments.SecretFault(args) is not null || IsCommand(args) || ServiceArguments.Fault(args, Commands(MakeRoot())) is not null;

    /// <summary>Runs what <see cref="IsAsked"/>, or tells what is at fault.</summary>
    /// <param name="args">As typed.</param>
    /// <param name="host">Where it writes, and whose settings it reads.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, CommandHost host)
    {
        var root = MakeRoot();
        if ((ServiceArguments.SecretFault(args) ?? (IsCommand(args) ? null : ServiceArguments.Fault(args, Commands(root)))) is { } fault)
        {
            await host.Error.WriteLineAsync(FreeText.ShownLines(fault));
            return 1;
        }

        // An argument that begins with '@' is a name, not a file of arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (Mistyped.Faults(root, args, parsed) is not { Count: > 0 } wrong) return await parsed.InvokeAsync(host);
        foreach (var sentence in wrong) await host.Error.WriteLineAsync(FreeText.ShownLines(sentence));
        // The sentence that says what is wrong is not to be looked for above a page of help; where nothing was typed that could be, the page is the answer.
        if (parsed is { UnmatchedTokens.Count: 0, CommandResult.Command.Subcommands.Count: > 0 }) await root.Parse([.. args, "--help"]).InvokeAsync(host);
        return parsed.CommandResult.Command.Name == VerifyCommand.Name ? VerifyCommand.Unusable : 1;
    }

    // What begins with a word, or with an option that every command has.
    private static bool IsCommand(string[] args) =>
        args is [var first, ..] && ((!first.StartsWith('-') && !first.Contains('=', StringComparison.Ordinal)) || first.Split('=', ':')[0] is "--help" or "-h" or "-?" or "--version" or "--json");

    private static List<string> Commands(RootCommand root) => root.Subcommands.Select(command => command.Name).ToList();

    /// <summary>Every command with its options.</summary>
    internal static RootCommand MakeRoot()
    {
        var root = new RootCommand("Dfns.Registration: without a command, the service itself; with one, its operator's tools.\n\nExample: org create --name Example --rp-id example.co --origin https://app.example.co")
        {
            OrganisationCommands.Make(),
            RelyingPartyCommands.Make(),
            UserCommands.Make(),
            ServiceAccountCommands.Make(),
            KeyCommands.Make(),
            SocialProviderCommands.Make(),
            WebhookCommands.Make(),
            SsoClientCommands.Make(),
            AuditCommands.Make(),
            MigrateCommand.Make(),
            BackupCommand.Make(),
            VerifyCommand.Make(),
            HealthCheckCommand.Make(),
        };
        root.Options.Add(Json);
        return root;
    }

    /// <summary>Runs one command against the service's database.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="run">The command; returns what to print, or why it could not be done.</param>
    /// <param name="ct">Ends it.</param>
    /// <param name="onAnySchema">Whether it is what brings the database up to date, or copies it as it is; every other command wants it to be.</param>
    /// <returns>The exit code: 0 done, 1 not done.</returns>
    public static async Task<int> RunAsync(ParseResult parsed, Func<IServiceProvider, CancellationToken, Task<CommandResult>> run, CancellationToken ct, bool onAnySchema = false)
    {
        WebApplication built;
        try
        {
            built = ((CommandHost)parsed.InvocationConfiguration).Build();
        }
        catch (Exception e) when (ContentRoot.IsOfSettings(e))
        {
            return Output.Write(parsed, CommandResult.Fault(ContentRoot.Words(e)));
        }

        await using var app = built;
        // The same as the service's own start: what passes here must not stop it there.
        if (app.SettingFaults() is { Count: > 0 } faults) return Output.Write(parsed, CommandResult.Fault(string.Join(Environment.NewLine, faults)));
        CommandResult result;
        try
        {
            await using var scope = app.Services.CreateAsyncScope();
            result = (onAnySchema ? null : await SchemaFaultAsync(scope.ServiceProvider, ct)) ?? await run(scope.ServiceProvider, ct);
        }
        catch (CryptographicException)
        {
            result = CommandResult.Fault("Secrets:MasterKey is not the one that this database was sealed with.");
        }
        catch (Exception e) when (UniqueViolation.IsLostRace(e))
        {
            result = CommandResult.Fault("Somebody else changed the same at this moment, and nothing was done here; try again.");
        }
        catch (Exception e) when (StorageFailure.IsForbidden(e))
        {
            result = CommandResult.Fault(NotAllowed);
        }
        catch (TurnNotGivenException e)
        {
            result = CommandResult.Fault($"Nothing was done: {e.Message}");
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            result = CommandResult.Fault($"Nothing was done: {StorageFailure.Explain(e)}");
        }

        return Output.Write(parsed, result);
    }

    private static async Task<CommandResult?> SchemaFaultAsync(IServiceProvider services, CancellationToken ct)
    {
        var fit = await services.GetRequiredService<DatabaseSchema>().FitAsync(ct);
        if (fit.Fault is not null) return CommandResult.Fault($"Nothing was done: {fit.Fault}");
        if (fit.Pending.Count > 0) return CommandResult.Fault("The database is not up to date; run 'migrate' first.");
        // Opens the key that signs: with another master key, keys would be sealed and codes hashed that no instance can use.
        await services.GetRequiredService<SigningKeys>().GetAsync(ct);
        return null;
    }
}
