using Dfns.Registration.Api.Settings;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Storage;

/// <summary>Chooses the database.</summary>
internal static class DatabaseSetup
{
    public static void AddDatabase(this WebApplicationBuilder builder)
    {
        var development = builder.Environment.IsDevelopment();
        builder.Bind<DatabaseOptions>(DatabaseOptions.Section)
            .PostConfigure(o => o.ConnectionString ??= o.Provider == DatabaseProvider.Sqlite && development ? $"Data Source={builder.DataFile("registration.db")}" : null)
            .Validate(o => !string.IsNullOrWhiteSpace(o.ConnectionString), "Database:ConnectionString is required, such as 'Host=db;Database=registration;Username=registration;Password=…'.")
            .Validate(
                o => string.IsNullOrWhiteSpace(o.ConnectionString) || o.Provider != DatabaseProvider.PostgreSql || o.IsConnectionString(),
                "Database:ConnectionString is not one that Npgsql can read; write it such as 'Host=db;Database=registration;Username=registration;Password=…'.")
            .Validate(
                o => string.IsNullOrWhiteSpace(o.ConnectionString) || o.Provider != DatabaseProvider.Sqlite || o.IsConnectionString(),
                "Database:ConnectionString is not one that SQLite can read, which Database:Provider says; write it such as 'Data Source=/var/lib/registration/registration.db', or set Database:Provider to 'PostgreSql'.")
            .Validate(o => o.HasNoFilePassword(), "Database:ConnectionString must not have a Password for SQLite: nothing encrypts the file. Leave it out; an encrypted disk keeps the file from others.")
            .Validate(o => o.IsNoFolder(), "Database:ConnectionString must name a file, not a folder, such as 'Data Source=/var/lib/registration/registration.db'.")
            .Validate(o => o.IsKept(), "Database:ConnectionString must name a file by its whole path, such as 'Data Source=/var/lib/registration/registration.db': a database in memory ends with the service, and a path without its beginning is another file in each folder.")
            .Validate(o => o.IsWhole(), "Database:ConnectionString must name the server, such as 'Host=db', and no file that is not there (Root Certificate, SSL Certificate, SSL Key, Passfile).")
            .Validate(o => o.StartTimeout >= TimeSpan.Zero, "Database:StartTimeout must not be negative, such as '00:00:30'.");
        builder.Services.AddScoped<Audit>();
        builder.Services.AddScoped<Events>();
        builder.Services.AddScoped<AuditStore>();
        builder.Services.AddScoped<Changes>();
        builder.Services.AddSingleton<SqliteWriter>();
        builder.Services.AddSingleton<SqliteReader>();
        builder.Services.AddSingleton<SqliteInstance>();
        builder.Services.AddSingleton<SqliteBackup>();
        builder.Services.AddSingleton<DatabaseWatch>();
        builder.Services.AddSingleton<SharedQueries>();
        builder.Services.AddSingleton<GroupCommit>();
        builder.Services.AddSingleton<TableStatistics>();
        builder.Services.AddSingleton<PostgreSqlSessions>();
        builder.Services.AddScoped<DatabaseSchema>();
        builder.Services.AddScoped<DatabaseGrants>();
        builder.Services.AddScoped<ExpiredRows>();
        builder.Services.AddScoped<OutboxStore>();

        // A word that is no provider is told with all other faults of the settings.
        if (Enum.TryParse<DatabaseProvider>(builder.Configuration[$"{DatabaseOptions.Section}:{nameof(DatabaseOptions.Provider)}"], ignoreCase: true, out var provider)
            && provider == DatabaseProvider.PostgreSql)
        {
            builder.Services.AddDbContextPool<RegistrationDbContext, PostgreSqlDbContext>((services, options) => options
                .UseNpgsql(services.GetRequiredService<PostgreSqlSessions>().ConnectionString(), npgsql => npgsql.ExecutionStrategy(dependencies => new PostgreSqlRetries(dependencies)))
                .UseSnakeCaseNamingConvention()
                .ConfigureWarnings(LogOnce));
        }
        else
        {
            builder.Services.AddDbContextPool<RegistrationDbContext, SqliteDbContext>((services, options) => options
                // A list as one parameter, as on PostgreSQL: as one a member, SQL would be built anew for each length.
                .UseSqlite(
                    services.GetRequiredService<IOptions<DatabaseOptions>>().Value.SqliteConnectionString(),
                    sqlite => sqlite.UseParameterizedCollectionMode(ParameterTranslationMode.Parameter))
                .AddInterceptors(new SqliteOpening())
                .UseSnakeCaseNamingConvention()
                .ConfigureWarnings(LogOnce)
                // SQLite changes a table by building it anew, with foreign keys off meanwhile. Nobody who starts a service can act on it.
                .ConfigureWarnings(warnings => warnings.Log((RelationalEventId.NonTransactionalMigrationOperationWarning, LogLevel.Debug))));
        }
    }

    // A failed command surfaces as an exception, and is logged where that ends up, if it is a failure at all: losing a race is not, nor
    // is asking an empty database for its migrations, nor what ends with a client that hangs up.
    private static void LogOnce(WarningsConfigurationBuilder warnings) =>
        warnings.Log(
            (RelationalEventId.CommandError, LogLevel.Debug), (RelationalEventId.ConnectionError, LogLevel.Debug), (RelationalEventId.TransactionError, LogLevel.Debug),
            (CoreEventId.QueryIterationFailed, LogLevel.Debug), (CoreEventId.SaveChangesFailed, LogLevel.Debug), (CoreEventId.OptimisticConcurrencyException, LogLevel.Debug));
}
