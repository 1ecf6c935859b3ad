using System.CommandLine;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>migrate</c>: brings the database up to date without starting the service.</summary>
internal static class MigrateCommand
{
    public static Command Make()
    {
        var command = new Command("migrate", "Bring the database up to date; a starting service does so by itself.\n\nExample: migrate");
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(parsed, MigrateAsync, ct));
        return command;
    }

    public static async Task<CommandResult> MigrateAsync(IServiceProvider services, CancellationToken ct)
    {
        var schema = services.GetRequiredService<DatabaseSchema>();
        var isBehind = await schema.IsBehindAsync(ct);
        await services.MigrateAsync(ct);
        var newest = await schema.NewestAsync(ct);
        if (isBehind)
        {
            services.GetRequiredService<Audit>().ByOperator("", AuditActions.DatabaseMigrated, newest);
            await services.GetRequiredService<Changes>().SaveAsync(ct);
        }

        return CommandResult.Row(new { Database = schema.Provider, Migration = newest });
    }
}
