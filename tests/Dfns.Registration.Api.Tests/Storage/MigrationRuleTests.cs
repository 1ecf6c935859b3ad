using System.Text.RegularExpressions;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// Expand, then contract one release later: instances of the version before run on while a newer one migrates. Every migration is read; one that takes something away
/// from them says so in its name, with the migration that whoever does without it knows: <c>DropOldCodes_ServesFrom_EarlierCodes</c>.
/// </summary>
[Trait("Speed", "quick")]
public sealed partial class MigrationRuleTests
{
    /// <summary>What was taken away before there was a release: nobody runs what came before it. None is added.</summary>
    private static readonly string[] BeforeTheFirstRelease = ["Callers", "ArchivedUsers", "CodesByPurpose"];

    /// <summary>What is in the way of the version before, a step of each kind.</summary>
    private static readonly Dictionary<string, Action<MigrationBuilder>> Takes = new(StringComparer.Ordinal)
    {
        ["a table is dropped"] = m => m.DropTable("codes"),
        ["a table is renamed"] = m => m.RenameTable("codes", newName: "all_codes"),
        ["a column is dropped"] = m => m.DropColumn("note", "audit_events"),
        ["a column is renamed"] = m => m.RenameColumn("note", "audit_events", "remark"),
        ["a column is demanded"] = m => m.AddColumn<string>("colour", "users", nullable: false),
        ["a column changes its type"] = m => m.AlterColumn<long>("version", "permission_sets", nullable: false, oldClrType: typeof(int)),
        ["a column may be null no longer"] = m => m.AlterColumn<string>("note", "audit_events", nullable: false, oldClrType: typeof(string), oldNullable: true),
        ["a column may be null that was always there"] = m => m.AlterColumn<string>("action", "audit_events", nullable: true, oldClrType: typeof(string)),
        ["a key is another"] = m => m.DropPrimaryKey("pk_codes", "codes"),
        ["rows must be unique"] = m => m.CreateIndex("ix_users_external", "users", "external_id", unique: true),
        ["rows must be unique by a constraint"] = m => m.AddUniqueConstraint("ak_users", "users", "external_id"),
        ["rows are unique no longer, which a statement names"] = m => m.DropIndex("ix_unique", "users"),
        ["values are held to a check"] = m => m.AddCheckConstraint("ck_users", "users", "id <> ''"),
        ["another row must be there"] = m => m.AddForeignKey("fk_codes", "codes", "user_id", "users"),
        ["SQL drops"] = m => m.Sql("alter table users drop column external_id"),
        ["SQL renames"] = m => m.Sql("ALTER TABLE users RENAME COLUMN external_id TO outer_id"),
    };

    /// <summary>What is in nobody's way.</summary>
    private static readonly Dictionary<string, Action<MigrationBuilder>> Adds = new(StringComparer.Ordinal)
    {
        ["a table"] = m => m.CreateTable("colours", t => new { id = t.Column<string>(nullable: false) }),
        ["a table with an index"] = m =>
        {
            m.CreateTable("colours", t => new { id = t.Column<string>(nullable: false) });
            m.CreateIndex("ix_colours", "colours", "id", unique: true);
        },
        ["a column that may be null"] = m => m.AddColumn<string>("colour", "users", nullable: true),
        ["a column with a default"] = m => m.AddColumn<int>("colour", "users", nullable: false, defaultValue: 0),
        ["a column with a default of the database"] = m => m.AddColumn<string>("colour", "users", nullable: false, defaultValueSql: "'{}'"),
        ["an index"] = m => m.CreateIndex("ix_users_external", "users", "external_id"),
        ["an index is dropped that only found rows"] = m => m.DropIndex("ix_other", "users"),
        ["rows are changed"] = m => m.Sql("UPDATE users SET external_id = NULL WHERE external_id = ''"),
    };

    public static TheoryData<string> AllTakes => [.. Takes.Keys];

    public static TheoryData<string> AllAdds => [.. Adds.Keys];

    /// <summary>The names of all migrations of a database, in their order.</summary>
    internal static IReadOnlyList<string> NamesOf<TContext>()
        where TContext : RegistrationDbContext
    {
        using var db = Make<TContext>();
        return [.. db.Database.GetMigrations().Select(SchemaFit.Name)];
    }

    [Fact]
    public void Both_databases_have_the_same_migrations() => Assert.Equal(NamesOf<PostgreSqlDbContext>(), NamesOf<SqliteDbContext>());

    [Fact]
    public void Whatever_a_migration_takes_from_the_version_before_its_name_says()
    {
        Assert.Equal(BeforeTheFirstRelease, Undeclared<PostgreSqlDbContext>());
        Assert.Equal(BeforeTheFirstRelease, Undeclared<SqliteDbContext>());
    }

    /// <summary>Whom it serves is a version that there was: an earlier migration that took nothing away itself.</summary>
    [Fact]
    public void Whatever_says_so_names_an_earlier_migration()
    {
        var names = NamesOf<PostgreSqlDbContext>();
        foreach (var (place, name) in names.Index())
        {
            if (SchemaFit.NeedOf(name) is not { } need) continue;
            Assert.Contains(need, names.Take(place));
            Assert.Null(SchemaFit.NeedOf(need));
        }
    }

    [Theory]
    [MemberData(nameof(AllTakes))]
    public void A_step_that_takes_is_found(string what) => Assert.NotEmpty(Taken(Steps(Takes[what]), ["ix_unique"]));

    [Theory]
    [MemberData(nameof(AllAdds))]
    public void A_step_that_adds_is_none(string what) => Assert.Empty(Taken(Steps(Adds[what]), ["ix_unique"]));

    [Theory]
    [InlineData("", "", null)]
    [InlineData("9_Later", "9_Later", null)]
    [InlineData("9_Less_ServesFrom_Two", "9_Less_ServesFrom_Two", null)]
    [InlineData("9_Less_ServesFrom_Later", "9_Less_ServesFrom_Later", "'9_Less_ServesFrom_Later' took away what this version uses. Start a version that knows 'Later'")]
    [InlineData("8_Later 9_Less_ServesFrom_Later", "8_Later 9_Less_ServesFrom_Later", "Start a version that knows 'Later'")]
    [InlineData("8_Less_ServesFrom_One 9_Less_ServesFrom_Later", "8_Less_ServesFrom_One 9_Less_ServesFrom_Later", "Start a version that knows 'Later'")]
    public void A_version_serves_what_it_does_without(string applied, string later, string? fault)
    {
        var fit = SchemaFit.Of(["1_One", "2_Two", "3_Three"], ["1_One", "2_Two", .. applied.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(["3_Three"], fit.Pending);
        Assert.Equal(later, string.Join(' ', fit.Later));
        if (fault is null) Assert.Null(fit.Fault);
        else Assert.Contains(fault, fit.Fault!, StringComparison.Ordinal);
    }

    private static List<string> Undeclared<TContext>()
        where TContext : RegistrationDbContext
    {
        using var db = Make<TContext>();
        var assembly = db.GetService<IMigrationsAssembly>();
        var (undeclared, unique) = (new List<string>(), new List<string>());
        foreach (var (id, type) in assembly.Migrations)
        {
            var migration = assembly.CreateMigration(type, db.Database.ProviderName!);
            if (Taken(migration.UpOperations, unique).Any() && SchemaFit.NeedOf(id) is null) undeclared.Add(SchemaFit.Name(id));
            unique = [.. migration.TargetModel.GetEntityTypes().SelectMany(t => t.GetIndexes()).Where(i => i.IsUnique).Select(i => i.GetDatabaseName()!)];
        }

        return undeclared;
    }

    // What the version before reads, names or writes, and finds otherwise afterwards.
    private static IEnumerable<MigrationOperation> Taken(IReadOnlyList<MigrationOperation> steps, IReadOnlyCollection<string> unique)
    {
        var made = steps.OfType<CreateTableOperation>().Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        return steps.Where(step => step switch
        {
            CreateTableOperation or InsertDataOperation or UpdateDataOperation => false,
            AddColumnOperation column => !column.IsNullable && column.DefaultValue is null && column.DefaultValueSql is null && column.ComputedColumnSql is null,
            CreateIndexOperation index => index.IsUnique && !made.Contains(index.Table),
            DropIndexOperation index => unique.Contains(index.Name, StringComparer.Ordinal),
            SqlOperation sql => Changing().IsMatch(sql.Sql),
            // Whatever else there is has not been thought of, or is in the way: drops, renames, alterations, constraints.
            _ => true,
        });
    }

    private static List<MigrationOperation> Steps(Action<MigrationBuilder> build)
    {
        var builder = new MigrationBuilder("Npgsql.EntityFrameworkCore.PostgreSQL");
        build(builder);
        return builder.Operations;
    }

    private static RegistrationDbContext Make<TContext>() => typeof(TContext) == typeof(SqliteDbContext)
        ? new SqliteDesignTimeFactory().CreateDbContext([])
        : new PostgreSqlDesignTimeFactory().CreateDbContext([]);

    [GeneratedRegex(@"\b(ALTER|DROP|RENAME|TRUNCATE)\b", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Changing();
}
