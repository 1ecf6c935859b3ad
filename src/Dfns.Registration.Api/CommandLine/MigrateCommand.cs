using System.CommandLine;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

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
        var db = services.GetRequiredService<RegistrationDbContext>();
        var isBehind = (await db.Database.GetPendingMigrationsAsync(ct)).Any();
        await services.MigrateAsync(ct);
        var newest = (await db.Database.GetAppliedMigrationsAsync(ct)).Last();
        if (isBehind)
        {
            services.GetRequiredService<Audit>().ByOperator("", AuditActions.DatabaseMigrated, newest);
            await db.SaveChangesAsync(ct);
        }

        return CommandResult.Row(new { Database = db.Database.ProviderName, Migration = newest });
    }
}
