using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>One service and one database for the tests of a class, which run one after the other. A missing database skips them, or fails in CI.</summary>
public abstract class ServiceFixture(Func<Task<TestDatabase>> makeEmpty, Func<Task<TestDatabase>> makeMigrated, params (string Key, string Value)[] settings) : IAsyncDisposable
{
    private readonly SemaphoreSlim starting = new(1);
    private Service? running;

    public async Task<Service> RunningAsync()
    {
        await starting.WaitAsync();
        try
        {
            return running ??= await Service.StartAsync(await makeMigrated(), settings);
        }
        finally
        {
            starting.Release();
        }
    }

    /// <summary>One more database, with its tables and without a row.</summary>
    public Task<TestDatabase> NewDatabaseAsync() => makeMigrated();

    /// <summary>One without any table, as a first start finds it.</summary>
    public Task<TestDatabase> EmptyDatabaseAsync() => makeEmpty();

    public async ValueTask DisposeAsync()
    {
        starting.Dispose();
        if (running is not null)
        {
            await running.DisposeAsync();
            await running.Database.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    public sealed class Sqlite() : ServiceFixture(TestDatabase.SqliteAsync, Migrated.SqliteAsync);

    /// <summary>As whoever develops with it runs it: with pages, and with what the framework adds there.</summary>
    public sealed class InDevelopment() : ServiceFixture(TestDatabase.SqliteAsync, Migrated.SqliteAsync, Service.InDevelopment);

    public sealed class PostgreSql() : ServiceFixture(TestDatabase.PostgreSqlAsync, Migrated.PostgreSqlAsync);

    /// <summary>With no pooler in between: for what concerns sessions.</summary>
    public sealed class PostgreSqlItself() : ServiceFixture(() => TestDatabase.PostgreSqlAsync(PoolerKind.None), () => Migrated.PostgreSqlAsync(PoolerKind.None));
}

/// <summary>Base of the classes that run on both databases: starts the service before each test, when it is not running yet.</summary>
public abstract class ServiceTests(ServiceFixture fixture) : IAsyncLifetime
{
    protected ServiceFixture Fixture => fixture;

    protected Service Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await fixture.RunningAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
