using System.CommandLine;
using System.Globalization;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>migrate</c>: brings the database up to date without starting the service.</summary>
internal static class MigrateCommand
{
    public static Command Make()
    {
        var role = new Option<string?>("--grant-to") { Description = "The role that the service connects as, on PostgreSQL: is given what the service needs, as in grants.sql, and nothing that changes the schema." };
        var force = new Option<bool>("--force") { Description = "With --grant-to, also where the role may do more to these tables, which it then may no longer; without it that is told, and nothing is done." };
        var command = new Command("migrate", "Bring the database up to date; a starting service does so by itself, unless Database:Migrate is false.\n\nExample: migrate --grant-to registration") { role, force };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(parsed, (services, stop) => MigrateAsync(services, parsed.GetValue(role), parsed.GetValue(force), parsed.InvocationConfiguration.Error, stop), ct, onAnySchema: true));
        return command;
    }

    private static async Task<CommandResult> MigrateAsync(IServiceProvider services, string? role, bool force, TextWriter error, CancellationToken ct)
    {
        var atMost = services.GetRequiredService<IOptions<DatabaseOptions>>().Value.StartTimeout;
        // A command has no log, and whoever typed it looks at the screen.
        var wait = new TurnWait(atMost, (holder, waited) => error.WriteLine($"Waiting for {holder}: {waited.TotalSeconds:0} of at most {atMost.TotalSeconds:0} s."), step => error.WriteLine(Words(step)));
        var (schema, grants) = (services.GetRequiredService<DatabaseSchema>(), services.GetRequiredService<DatabaseGrants>());
        if (role is not null && !await grants.IsOtherRoleAsync(role, ct)) return CommandResult.Fault($"The database has no role '{role}' beside the one that migrates; roles.sql makes both.");

        var fit = await schema.FitAsync(ct);
        if (fit.Fault is not null) return CommandResult.Fault($"Nothing was done: {fit.Fault}");
        List<string> beyond = role is null ? [] : await grants.BeyondAsync(role, ct), before = role is null ? [] : await grants.NeededAsync(role, ct);
        if (beyond.Count > 0 && !force) return CommandResult.Fault($"Nothing was done: this would take from '{role}' what it may do beyond what the service needs: {string.Join(", ", beyond)}. --force takes it away; a role of its own for the service is made by roles.sql.");
        if (await services.MigrateAsync(wait, ct) is not null) return CommandResult.Fault(OperatorCommandLine.NotAllowed);
        if (role is not null) await schema.InTurnAsync(stop => grants.GrantAsync(role, stop), wait, ct);
        var newest = await schema.NewestAsync(ct);
        List<string> given = role is null ? [] : [.. (await grants.NeededAsync(role, ct)).Except(before, StringComparer.Ordinal)];
        foreach (var privilege in beyond) await error.WriteLineAsync($"Taken from {role}: {privilege}.");
        foreach (var privilege in given) await error.WriteLineAsync($"Given to {role}: {privilege}.");
        if (fit.Pending.Count + given.Count + beyond.Count > 0)
        {
            services.GetRequiredService<Audit>().ByOperator("", AuditActions.DatabaseMigrated, newest, role is null ? null : $"{given.Count} rights given to {role}, {beyond.Count} taken from it");
            await services.GetRequiredService<Changes>().SaveAsync(ct);
        }

        return CommandResult.Row(new { Database = schema.Provider, Migration = newest });
    }

    private static string Words(MigrationStep step)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{step.Migration}, {step.Number} of {step.Count}");
        return step.IsDone ? $"Applied {place}."
            : step.HeldUp.Count > 0 ? $"Applying {place}; it builds indexes, and whoever writes to {string.Join(", ", step.HeldUp)} waits until it is done."
            : $"Applying {place}.";
    }
}
