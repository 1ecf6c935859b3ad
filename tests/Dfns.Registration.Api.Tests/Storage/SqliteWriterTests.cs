using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>The one connection that rounds write SQLite through: what waits for the disk, and what is left of a transaction that fails.</summary>
[Trait("Speed", "quick")]
public sealed class SqliteWriterTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private const string Insert = "INSERT INTO attempt_budgets (id, window_ends_at, used) VALUES ($1, 1, $2)";

    private SqliteWriter Writer => Service.Services.GetRequiredService<SqliteWriter>();

    [Fact]
    public async Task A_commit_is_written_ahead_and_waits_for_the_disk_unless_it_need_not()
    {
        Assert.Equal("wal", await Service.InDatabaseAsync(db => db.Database.SqlQuery<string>($"SELECT journal_mode AS \"Value\" FROM pragma_journal_mode").SingleAsync()));
        // FULL is 2 and NORMAL is 1; whatever does not come through here waits.
        foreach (var isDurable in new[] { true, false, false, true })
        {
            using var transaction = await Writer.BeginAsync(isDurable);
            Assert.Equal([isDurable ? 2L : 1L], transaction.Statements.Read("PRAGMA synchronous", row => row.GetInt64(0)));
            transaction.Commit();
        }

        Assert.Equal(2, await Service.InDatabaseAsync(db => db.Database.SqlQuery<long>($"SELECT synchronous AS \"Value\" FROM pragma_synchronous").SingleAsync()));
    }

    [Fact]
    public async Task What_is_not_committed_is_not_there_and_the_next_one_has_its_turn()
    {
        var (left, stored) = (Id(1), Id(2));
        using (var transaction = await Writer.BeginAsync(isDurable: true)) Assert.Equal(1, transaction.Statements.Run(Insert, left, 1L));
        using (var transaction = await Writer.BeginAsync(isDurable: false))
        {
            Assert.Equal(1, transaction.Statements.Run(Insert, stored, 1L));
            transaction.Commit();
        }

        await Assert.ThrowsAsync<SqliteException>(async () =>
        {
            using var transaction = await Writer.BeginAsync(isDurable: true);
            Assert.Equal(1, transaction.Statements.Run(Insert, left, 1L));
            transaction.Statements.Run(Insert, stored, 1L);
        });

        using var last = await Writer.BeginAsync(isDurable: true);
        Assert.Equal([stored], last.Statements.Read("SELECT id FROM attempt_budgets WHERE id IN ($1, $2)", row => row.GetFieldValue<byte[]>(0), left, stored));
        last.Commit();
    }

    private static byte[] Id(byte number) => [.. Enumerable.Repeat(number, 32)];
}
