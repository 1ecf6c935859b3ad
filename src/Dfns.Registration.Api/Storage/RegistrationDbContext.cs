using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Dfns.Registration.Api.Storage;

/// <summary>The one model of both databases. The derived types exist so that each database has migrations of its own.</summary>
public abstract class RegistrationDbContext : DbContext
{
    // Two exchanges a save, to go on with a transaction whose save has failed. Nobody does; and where their answer is lost, the commit behind them fails
    // in a way that is not tried again.
    protected RegistrationDbContext(DbContextOptions options)
        : base(options) => Database.AutoSavepointsEnabled = false;

    /// <summary>As EF Core has it; sealed, since the constructor asks for it.</summary>
    public sealed override DatabaseFacade Database => base.Database;

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

    public DbSet<PermissionSet> PermissionSets => Set<PermissionSet>();

    public DbSet<PermissionSetAssignment> PermissionSetAssignments => Set<PermissionSetAssignment>();

    public DbSet<SocialProvider> SocialProviders => Set<SocialProvider>();

    public DbSet<SsoClient> SsoClients => Set<SsoClient>();

    public DbSet<SocialAccount> SocialAccounts => Set<SocialAccount>();

    public DbSet<AttemptBudget> AttemptBudgets => Set<AttemptBudget>();

    public DbSet<SignedAction> SignedActions => Set<SignedAction>();

    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    public DbSet<Webhook> Webhooks => Set<Webhook>();

    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();

    /// <summary>An instant as a parameter of a statement that stands as text.</summary>
    internal object Stored(DateTimeOffset instant) => Database.IsSqlite() ? instant.UtcTicks : instant;

    /// <summary>Saves, also where the answer was lost on the way. Within somebody's transaction that is known only once it has ended, and theirs to find out.</summary>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (Database.CurrentTransaction is not null) return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        var rows = 0;
        await this.SaveOnceAsync(async () => rows = await base.SaveChangesAsync(acceptAllChangesOnSuccess: false, cancellationToken), cancellationToken);
        if (acceptAllChangesOnSuccess) ChangeTracker.AcceptAllChanges();
        return rows;
    }

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
