using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Hosting;

/// <summary>Brings the database up to date at start.</summary>
internal static partial class DatabaseStart
{
    /// <summary>Migrates the database and makes the first signing key; safe when several instances start at once.</summary>
    public static async Task PrepareDatabaseAsync(this WebApplication app)
    {
        var clock = app.Services.GetRequiredService<TimeProvider>();
        var patience = app.Services.GetRequiredService<IOptions<DatabaseOptions>>().Value.StartTimeout;
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await app.Services.MigrateAsync(CancellationToken.None);
                return;
            }
            catch (Exception e) when (StorageFailure.Is(e) && clock.GetElapsedTime(started) < patience)
            {
                Log.Waiting(app.Logger, e.GetType().Name);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), clock);
        }
    }

    /// <summary>Applies the migrations, one instance at a time, and sees to a signing key.</summary>
    public static async Task MigrateAsync(this IServiceProvider services, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<DatabaseSchema>()
            .MigrateAsync(
                async stop =>
                {
                    await services.GetRequiredService<SigningKeys>().GetAsync(stop);
                    var lost = await scope.ServiceProvider.GetRequiredService<UserStore>().RefoldAsync(stop);
                    var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(DatabaseStart));
                    foreach (var name in lost) Log.NameLost(logger, name.UserId, name.OrganisationId, name.HolderId);
                },
                ct);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database does not answer yet ({Fault}); trying again")]
        public static partial void Waiting(ILogger logger, string fault);

        [LoggerMessage(Level = LogLevel.Warning, Message = "User {UserId} of {OrganisationId} is found by name no longer: the name reads like that of {HolderId}. Delete one of the two; the other has the name, from the next start on")]
        public static partial void NameLost(ILogger logger, string userId, string organisationId, string holderId);
    }
}
