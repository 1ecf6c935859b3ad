using System.Data.Common;
using System.Globalization;
using Dfns.Registration.TestKit.Databases;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Databases;

/// <summary>What every test that uses a database relies on: it is empty, it is the test's own, and it leaves nothing behind.</summary>
public abstract class TestDatabaseTests
{
    protected abstract Task<TestDatabase> CreateAsync();

    protected abstract DbConnection Connect(string connectionString);

    [Fact]
    public async Task Answers()
    {
        await using var database = await CreateAsync();

        Assert.Equal("1", await QueryAsync(database, "select 1"));
    }

    [Fact]
    public async Task Does_not_see_the_tables_of_another()
    {
        await using var one = await CreateAsync();
        await using var other = await CreateAsync();
        await QueryAsync(one, "create table notes (id integer primary key)");

        await QueryAsync(other, "create table notes (id integer primary key)");

        Assert.Equal("0", await QueryAsync(other, "select count(*) from notes"));
    }

    [Fact]
    public async Task Can_be_made_many_at_once()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CreateAsync()));

        Assert.Equal(databases.Length, databases.Select(database => database.ConnectionString).Distinct(StringComparer.Ordinal).Count());
        foreach (var database in databases) await database.DisposeAsync();
    }

    protected async Task<string?> QueryAsync(TestDatabase database, string sql)
    {
        await using var connection = Connect(database.Owner.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }
}

public sealed class TestDatabaseOnSqliteTests : TestDatabaseTests
{
    [Fact]
    public async Task Is_gone_with_its_directory_even_while_a_connection_is_pooled()
    {
        var database = await CreateAsync();
        await QueryAsync(database, "create table notes (id integer primary key)");
        var file = new FileInfo(new SqliteConnectionStringBuilder(database.ConnectionString).DataSource);
        Assert.True(file.Exists);

        await database.DisposeAsync();

        Assert.False(file.Directory!.Exists);
    }

    protected override Task<TestDatabase> CreateAsync() => TestDatabase.SqliteAsync();

    protected override DbConnection Connect(string connectionString) => new SqliteConnection(connectionString);
}

public sealed class TestDatabaseOnPostgreSqlTests : TestDatabaseTests
{
    [Fact]
    public async Task Is_gone_even_while_a_connection_is_open()
    {
        // A pooler in between would wait for it to come back.
        var database = await TestDatabase.PostgreSqlAsync(PoolerKind.None);
        await using var open = Connect(database.ConnectionString);
        await open.OpenAsync();

        await database.DisposeAsync();

        await using var late = Connect(database.ConnectionString);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => late.OpenAsync());
        // Of two roles, they are gone as well, and told first: by password or without one.
        string[] told = database.ServiceRole is null ? [PostgresErrorCodes.InvalidCatalogName] : [PostgresErrorCodes.InvalidAuthorizationSpecification, PostgresErrorCodes.InvalidPassword];
        Assert.Contains(refusal.SqlState, told);
    }

    protected override Task<TestDatabase> CreateAsync() => TestDatabase.PostgreSqlAsync();

    protected override DbConnection Connect(string connectionString) => new NpgsqlConnection(connectionString);
}
