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
        var command = new Command("migrate", "Bring the database up to date; a starting service does so by itself, unless Database:Migrate is false.\n\nExample: migrate --grant-to registration") { role };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(parsed, (services, stop) => MigrateAsync(services, parsed.GetValue(role), parsed.InvocationConfiguration.Error, stop), ct, onAnySchema: true));
        return command;
    }

    private static async Task<CommandResult> MigrateAsync(IServiceProvider services, string? role, TextWriter error, CancellationToken ct)
    {
        var atMost = services.GetRequiredService<IOptions<DatabaseOptions>>().Value.StartTimeout;
        // A command has no log, and whoever typed it looks at the screen.
        var wait = new TurnWait(atMost, (holder, waited) => error.WriteLine($"Waiting for {holder}: {waited.TotalSeconds:0} of at most {atMost.TotalSeconds:0} s."), step => error.WriteLine(Words(step)));
        var (schema, grants) = (services.GetRequiredService<DatabaseSchema>(), services.GetRequiredService<DatabaseGrants>());
        if (role is not null && !await grants.IsOtherRoleAsync(role, ct)) return CommandResult.Fault($"The database has no role '{role}' beside the one that migrates; roles.sql makes both.");

        var fit = await schema.FitAsync(ct);
        if (fit.Fault is not null) return CommandResult.Fault($"Nothing was done: {fit.Fault}");
        if (await services.MigrateAsync(wait, ct) is not null) return CommandResult.Fault(OperatorCommandLine.NotAllowed);
        if (role is not null) await schema.InTurnAsync(stop => grants.GrantAsync(role, stop), wait, ct);
        var newest = await schema.NewestAsync(ct);
        if (fit.Pending.Count > 0)
        {
            services.GetRequiredService<Audit>().ByOperator("", AuditActions.DatabaseMigrated, newest);
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
