using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>Chooses the database, and brings it up to date at start.</summary>
internal static partial class DatabaseSetup
{
    // Any number, as long as all instances use it: who holds it migrates, the others wait.
    private const long MigrationLock = 0x44464E53_52454749;

    public static void AddDatabase(this WebApplicationBuilder builder)
    {
        // A word that is no provider is told with all other faults of the settings.
        if (Enum.TryParse<DatabaseProvider>(builder.Configuration[$"{DatabaseOptions.Section}:{nameof(DatabaseOptions.Provider)}"], ignoreCase: true, out var provider)
            && provider == DatabaseProvider.PostgreSql)
        {
            builder.Services.AddDbContextPool<RegistrationDbContext, PostgreSqlDbContext>((services, options) => options
                .UseNpgsql(PostgreSqlConnectionString(services), npgsql => npgsql.EnableRetryOnFailure(maxRetryCount: 4, maxRetryDelay: TimeSpan.FromMilliseconds(250), errorCodesToAdd: null))
                .UseSnakeCaseNamingConvention()
                .ConfigureWarnings(LogOnce));
        }
        else
        {
            builder.Services.AddDbContextPool<RegistrationDbContext, SqliteDbContext>((services, options) => options
                .UseSqlite(services.GetRequiredService<IOptions<DatabaseOptions>>().Value.ConnectionString)
                .AddInterceptors(new SqliteBusyTimeout())
                .UseSnakeCaseNamingConvention()
                .ConfigureWarnings(LogOnce)
                // SQLite changes a table by building it anew, with foreign keys off meanwhile. Nobody who starts a service can act on it.
                .ConfigureWarnings(warnings => warnings.Log((RelationalEventId.NonTransactionalMigrationOperationWarning, LogLevel.Debug))));
        }
    }

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
            catch (Exception e) when (EdgeErrors.IsStorageFailure(e) && clock.GetElapsedTime(started) < patience)
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
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var locks = db.Database.IsNpgsql();
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            if (locks) await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", ct);
            await db.Database.MigrateAsync(ct);
            await services.GetRequiredService<SigningKeys>().GetAsync(ct);
        }
        finally
        {
            if (locks) await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", CancellationToken.None);
            await db.Database.CloseConnectionAsync();
        }
    }

    // A failed command surfaces as an exception, and is logged where that ends up, if it is a failure at all: losing a race is not, nor
    // is asking an empty database for its migrations.
    private static void LogOnce(WarningsConfigurationBuilder warnings) =>
        warnings.Log((RelationalEventId.CommandError, LogLevel.Debug), (CoreEventId.SaveChangesFailed, LogLevel.Debug), (CoreEventId.OptimisticConcurrencyException, LogLevel.Debug));

    // Prepared statements halve the cost of the registration transaction; an operator's own setting stands.
    private static string PostgreSqlConnectionString(IServiceProvider services)
    {
        var builder = new NpgsqlConnectionStringBuilder(services.GetRequiredService<IOptions<DatabaseOptions>>().Value.ConnectionString);
        // ContainsKey would only tell that there is such a setting.
        if (!builder.ShouldSerialize("Max Auto Prepare")) builder.MaxAutoPrepare = 50;
        if (!builder.ShouldSerialize("Auto Prepare Min Usages")) builder.AutoPrepareMinUsages = 2;
        return builder.ConnectionString;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database does not answer yet ({Fault}); trying again")]
        public static partial void Waiting(ILogger logger, string fault);
    }
}
