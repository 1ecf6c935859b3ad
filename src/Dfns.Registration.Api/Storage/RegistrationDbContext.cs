using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Dfns.Registration.Api.Storage;

/// <summary>The one model of both databases. The derived types exist so that each database has migrations of its own.</summary>
public abstract class RegistrationDbContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<Organisation> Organisations => Set<Organisation>();

    public DbSet<RelyingParty> RelyingParties => Set<RelyingParty>();

    public DbSet<User> Users => Set<User>();

    public DbSet<OneTimeCode> Codes => Set<OneTimeCode>();

    public DbSet<Ceremony> Ceremonies => Set<Ceremony>();

    public DbSet<Credential> Credentials => Set<Credential>();

    public DbSet<CredentialCode> CredentialCodes => Set<CredentialCode>();

    public DbSet<AccessToken> AccessTokens => Set<AccessToken>();

    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    public DbSet<MetadataNumber> MetadataNumbers => Set<MetadataNumber>();

    public DbSet<AuditEvent> AuditEvents => Set<AuditEvent>();

    public DbSet<SocialProvider> SocialProviders => Set<SocialProvider>();

    public DbSet<SocialAccount> SocialAccounts => Set<SocialAccount>();

    public DbSet<AttemptBudget> AttemptBudgets => Set<AttemptBudget>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(RegistrationDbContext).Assembly);
}

public sealed class PostgreSqlDbContext(DbContextOptions<PostgreSqlDbContext> options) : RegistrationDbContext(options);

public sealed class SqliteDbContext(DbContextOptions<SqliteDbContext> options) : RegistrationDbContext(options)
{
    // SQLite keeps a DateTimeOffset as text, which it can neither order nor compare: there, instants are UTC ticks.
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
}

public sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(
    instant => instant.UtcTicks,
    ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
