using System.Reflection;
using System.Runtime.CompilerServices;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// What a request has changed is stored alike on both databases, whichever way it takes: PostgreSQL is told by one statement for rows that
/// are alike, SQLite by EF Core. Every table and every column goes through here.
/// </summary>
public abstract class ChangesTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ChangesTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ChangesTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
    {
        [Fact]
        public async Task Only_rows_with_lists_and_rows_to_be_removed_are_left_to_EF_Core()
        {
            var left = await Service.InDatabaseAsync(async db =>
            {
                var found = new List<string>();
                foreach (var rows in Rows(db.Model, "left", full: true).Select(row => ChangedRow.Added(TypeOf(db, row), row)))
                {
                    if (!await RowSave.TryAsync(db, [rows], [], Service.Noon)) { found.Add(rows.Row.GetType().Name); await SaveAsync([rows.Row]); }
                }

                var user = await db.Users.FirstAsync();
                Assert.False(await RowSave.TryAsync(db, [ChangedRow.Of(db.Remove(user))], [], Service.Noon));
                return found;
            });

            Assert.Equal(["PermissionSet", "RelyingParty", "SocialProvider", "SsoClient", "User", "Webhook"], left.Order(StringComparer.Ordinal));
        }

        // An operator finds it in the database's own log, without a value of anybody's.
        [Fact]
        public async Task The_database_is_told_in_words_what_it_finds_in_its_log()
        {
            var ceremony = await AddCeremonyAsync(100);
            await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.Id == ceremony.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, Service.Noon)));
            var told = await Service.InDatabaseAsync(async db =>
            {
                var row = ChangedRow.Watched(TypeOf(db, ceremony), ceremony, written: null);
                ceremony.ConsumedAt = Service.Noon.AddMinutes(1);
                return await Assert.ThrowsAsync<PostgresException>(() => RowSave.TryAsync(db, [row.Compared()], [], Service.Noon));
            });

            Assert.Equal("invalid input syntax for type integer: \"another request has changed a row of ceremonies meanwhile\"", told.MessageText);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_column_of_every_table_is_added_and_changed_as_told(bool full)
    {
        var model = await Service.InDatabaseAsync(db => Task.FromResult(db.Model));
        var added = Rows(model, full ? "full" : "bare", full);

        foreach (var row in added) await SaveAsync([row]);
        foreach (var row in added) await AssertStoredAsync(row);

        // Where the service's role may only add to a table, no row of it ever changes.
        var only = Service.Database.ServiceRole is null ? null : DatabaseGrants.All.Where(g => g.Privilege == "UPDATE").Select(g => g.Table).ToHashSet(StringComparer.Ordinal);
        var changed = added.Where(row => only?.Contains(model.FindEntityType(row.GetType())!.GetTableName()!) != false).Select(row => (Row: row, Differs: Rows(model, full ? "full" : "bare", full, turn: 1).Single(r => r.GetType() == row.GetType()))).ToList();
        foreach (var (row, differs) in changed)
        {
            await using var scope = Service.Services.CreateAsyncScope();
            var changes = scope.ServiceProvider.GetRequiredService<Changes>();
            changes.Watch(row);
            foreach (var property in model.FindEntityType(row.GetType())!.GetProperties().Where(p => !p.IsKey() && !p.IsForeignKey())) property.PropertyInfo!.SetValue(row, property.PropertyInfo.GetValue(differs));
            await changes.SaveAsync(CancellationToken.None);
        }

        foreach (var (row, _) in changed) await AssertStoredAsync(row);
    }

    // What requests look up together is not read by EF Core either.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_column_of_every_table_is_looked_up_as_stored(bool full)
    {
        var model = await Service.InDatabaseAsync(db => Task.FromResult(db.Model));
        var name = full ? "full-read" : "bare-read";
        foreach (var row in Rows(model, name, full)) await SaveAsync([row]);

        foreach (var type in model.GetEntityTypes())
        {
            var read = await (Task<List<object>>)typeof(ChangesTests).GetMethod(nameof(LookUpAllAsync), BindingFlags.Instance | BindingFlags.NonPublic)!.MakeGenericMethod(type.ClrType).Invoke(this, [])!;
            Assert.NotEmpty(read);
            foreach (var row in read) await AssertStoredAsync(row);
        }
    }

    [Fact]
    public async Task Nothing_is_asked_of_the_database_for_rows_that_stay_the_same()
    {
        var code = await AddCodeAsync("same");
        await using var scope = Service.Services.CreateAsyncScope();
        var changes = scope.ServiceProvider.GetRequiredService<Changes>();
        changes.Watch(code);
        await Service.AsOwnerAsync(db => db.Codes.Where(c => c.UserId == code.UserId).ExecuteDeleteAsync());

        Assert.Null(await changes.TrySaveAsync(CancellationToken.None));
        changes.Watch(code, nameof(OneTimeCode.SentAt));
        Assert.NotNull(await changes.TrySaveAsync(CancellationToken.None));
    }

    // The concurrency token of each is what it was; of one that is not, nothing of its request is stored, and of the others all.
    [Fact]
    public async Task Of_many_that_save_at_once_only_the_one_that_comes_too_late_loses_and_all_that_it_changed()
    {
        var ceremonies = new List<Ceremony>();
        for (var n = 0; n < 8; n++) ceremonies.Add(await AddCeremonyAsync(n));
        await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.Id == ceremonies[3].Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, Service.Noon)));

        var lost = await Task.WhenAll(ceremonies.Select(async (ceremony, n) =>
        {
            await using var scope = Service.Services.CreateAsyncScope();
            var changes = scope.ServiceProvider.GetRequiredService<Changes>();
            changes.Watch(ceremony);
            ceremony.ConsumedAt = Service.Noon.AddMinutes(1);
            changes.Add(Event($"au-{ceremony.Id}"));
            return await changes.TrySaveAsync(CancellationToken.None);
        }));

        Assert.Equal([3], Enumerable.Range(0, 8).Where(n => lost[n] is not null));
        Assert.Null(lost[3]!.Taken);
        var stored = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.Id.StartsWith("au-ce-late")).Select(e => e.Id).ToListAsync());
        Assert.Equal(ceremonies.Where((_, n) => n != 3).Select(c => $"au-{c.Id}").Order(StringComparer.Ordinal), stored.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_value_that_is_taken_is_told_by_its_name_and_nothing_else_is_stored()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var taken = await Service.InDatabaseAsync(db => db.Credentials.AsNoTracking().FirstAsync(c => c.OrganisationId == organisation.Id && c.UserId == user.UserId));

        await using var scope = Service.Services.CreateAsyncScope();
        var changes = scope.ServiceProvider.GetRequiredService<Changes>();
        typeof(Credential).GetProperty(nameof(Credential.Uuid))!.SetValue(taken, "cr-taken");
        changes.Add(taken);
        changes.Add(Event("au-taken"));
        var lost = await changes.TrySaveAsync(CancellationToken.None);

        // Both of its values are taken; which one is told first is the database's.
        Assert.True(lost?.Taken == ErrorCatalog.CredentialAlreadyRegistered || lost?.Taken == ErrorCatalog.PublicKeyAlreadyRegistered);
        Assert.False(await Service.InDatabaseAsync(db => db.AuditEvents.AnyAsync(e => e.Id == "au-taken")));
    }

    private async Task<List<object>> LookUpAllAsync<T>()
        where T : class
    {
        var table = await Service.InDatabaseAsync(db => Task.FromResult(db.Model.FindEntityType(typeof(T))!.GetTableName()));
        await using var all = new SharedQuery<string, List<object>>(
            "all",
            Service.Services.GetRequiredService<SharedQueries>(),
            [AskedColumn<string>.Of("whatever", ask => ask)],
            tables => $" SELECT a.n, {tables.Columns<T>("t")} FROM asked AS a CROSS JOIN {table} AS t",
            (row, read) => [.. read ?? [], row.Next<T>()!]);
        var answers = await Task.WhenAll(all.AskAsync("one", CancellationToken.None), all.AskAsync("two", CancellationToken.None), all.AskAsync("three", CancellationToken.None));
        Assert.All(answers, a => Assert.Equal(answers[0]!.Count, a!.Count));
        return answers[0]!;
    }

    private static RowType TypeOf(RegistrationDbContext db, object row) => RowType.Of(db.Model.FindEntityType(row.GetType())!);

    // A row of each table, in the order in which they refer to each other; the same in each turn but for what is no key.
    private static List<object> Rows(IModel model, string name, bool full, int turn = 0)
    {
        var rows = new List<object>();
        foreach (var type in model.GetEntityTypes().OrderBy(t => RowType.Of(t).Depth).ThenBy(t => t.Name, StringComparer.Ordinal))
        {
            var row = RuntimeHelpers.GetUninitializedObject(type.ClrType);
            foreach (var property in type.GetProperties()) property.PropertyInfo!.SetValue(row, Value(property, $"{name}-{type.ClrType.Name}", full, property.IsKey() ? 0 : turn));
            foreach (var key in type.GetForeignKeys())
            {
                var principal = rows.Single(r => r.GetType() == key.PrincipalEntityType.ClrType);
                foreach (var (from, to) in key.PrincipalKey.Properties.Zip(key.Properties)) to.PropertyInfo!.SetValue(row, from.PropertyInfo!.GetValue(principal));
            }

            rows.Add(row);
        }

        return rows;
    }

    private static object? Value(IProperty property, string name, bool full, int turn)
    {
        if (property.IsNullable && !full && !property.IsForeignKey()) return null;
        var type = Nullable.GetUnderlyingType(property.ClrType) ?? property.ClrType;
        // Some values are unique, some short.
        var text = $"{name}-{property.Name}-{turn}";
        if (property.GetMaxLength() is { } most && text.Length > most) text = text[^most..];
        return type switch
        {
            _ when type == typeof(string) => text,
            _ when type == typeof(byte[]) => System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)),
            _ when type == typeof(DateTimeOffset) => Service.Noon.AddDays(turn + 1),
            _ when type == typeof(bool) => turn == 0,
            _ when type == typeof(int) => 7 + turn,
            _ when type == typeof(long) => 70_000_000_000 + turn,
            _ when type == typeof(Guid) => new Guid(turn + 1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]),
            _ when type.IsEnum => Enum.GetValues(type).GetValue(turn % Enum.GetValues(type).Length),
            _ when type == typeof(List<string>) => new List<string> { text, "other" },
            _ when type == typeof(List<int>) => new List<int> { turn, 8 },
            _ when type == typeof(List<Guid>) => new List<Guid> { new(turn + 1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]) },
            _ => throw new InvalidOperationException($"{property} has a type without a value here."),
        };
    }

    private async Task SaveAsync(IEnumerable<object> rows)
    {
        await using var scope = Service.Services.CreateAsyncScope();
        var changes = scope.ServiceProvider.GetRequiredService<Changes>();
        foreach (var row in rows) changes.Add(row);
        await changes.SaveAsync(CancellationToken.None);
    }

    private async Task AssertStoredAsync(object row) => await Service.InDatabaseAsync(async db =>
    {
        var type = db.Model.FindEntityType(row.GetType())!;
        var stored = await db.FindAsync(row.GetType(), [.. type.FindPrimaryKey()!.Properties.Select(p => p.PropertyInfo!.GetValue(row))]);
        Assert.NotNull(stored);
        foreach (var property in type.GetProperties())
        {
            var (expected, actual) = (property.PropertyInfo!.GetValue(row), property.PropertyInfo.GetValue(stored));
            Assert.True(property.GetValueComparer().Equals(expected, actual), $"{property}: {expected} is not {actual}");
        }

        return 0;
    });

    private async Task<OneTimeCode> AddCodeAsync(string name)
    {
        var model = await Service.InDatabaseAsync(db => Task.FromResult(db.Model));
        var code = Rows(model, name, full: true).OfType<OneTimeCode>().Single();
        await SaveAsync([code]);
        return code;
    }

    protected async Task<Ceremony> AddCeremonyAsync(int number)
    {
        var organisation = await Service.NewOrganisationAsync();
        var ceremony = new Ceremony
        {
            OrganisationId = organisation.Id,
            Id = $"ce-late-{number}",
            Purpose = CeremonyPurpose.Login,
            UserId = null,
            Challenge = "challenge",
            CreatedAt = Service.Noon,
            ExpiresAt = Service.Noon.AddMinutes(10),
        };
        await SaveAsync([ceremony]);
        return ceremony;
    }

    private static AuditEvent Event(string id) => new()
    {
        OrganisationId = "or-changes",
        Id = id,
        At = Service.Noon,
        Action = "test",
        Actor = AuditActors.Service,
        SubjectId = "nobody",
    };
}
