using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>A file of SQLite as it is run: served by one process, with a log ahead of it, copied while it is written to.</summary>
public sealed class SqliteFileTests : IAsyncLifetime
{
    private TestDatabase database = null!;

    /// <summary>Ways to write the path of one file.</summary>
    public static TheoryData<string> Spellings => ["as it is", "by a detour", "as an address", "by a link to the file", "by a link to its folder"];

    private string File => new SqliteConnectionStringBuilder(database.ConnectionString).DataSource;

    public async ValueTask InitializeAsync() => database = await TestDatabase.SqliteAsync();

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task A_second_process_does_not_start_however_it_names_the_file(string spelling)
    {
        await using var service = await Service.StartAsync(database);
        var folder = Directory.CreateTempSubdirectory("dfns-link-").FullName;
        var source = File;
        switch (spelling)
        {
            case "by a detour": source = Path.Combine(Path.GetDirectoryName(File)!, ".", "..", Path.GetFileName(Path.GetDirectoryName(File)!), Path.GetFileName(File)); break;
            case "as an address": source = $"file:{File}"; break;
            case "by a link to the file": source = System.IO.File.CreateSymbolicLink(Path.Combine(folder, "linked.db"), File).FullName; break;
            case "by a link to its folder": source = Path.Combine(Directory.CreateSymbolicLink(Path.Combine(folder, "linked"), Path.GetDirectoryName(File)!).FullName, Path.GetFileName(File)); break;
        }

        var run = await ServiceProgram.RunProcessAsync([], Settings($"Data Source={source}"));

        Assert.Equal(
            (1, $"The service does not start: another service runs on the database file {File}, and SQLite serves one at a time. End that one first, or name another file in Database:ConnectionString; several want PostgreSQL."),
            (run.ExitCode, run.Faults.Trim()));
        Assert.Equal(200, await ReadyAsync(service));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_process_that_is_killed_leaves_its_file_to_the_next_and_commands_run_beside_it()
    {
        using (var process = ServiceProgram.StartProcess(["--urls=http://127.0.0.1:0"], Settings(database.ConnectionString)))
        {
            // What it writes to standard error nobody reads: it is little.
            while (await process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Now listening on", StringComparison.Ordinal))
            {
            }

            Assert.False(process.HasExited);
            string[][] commands = [["org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"], ["org", "list"], ["keys", "rotate"], ["migrate"]];
            foreach (var command in commands)
            {
                var run = await ServiceProgram.OperateProcessAsync(database, command);
                Assert.True(run.ExitCode == 0, run.Everything);
            }

            Assert.Contains("another service runs on the database file", (await ServiceProgram.StartAsync(Settings(database.ConnectionString))).Faults, StringComparison.Ordinal);
            process.Kill();
            await process.WaitForExitAsync();
        }

        await using var next = await Service.StartAsync(database);
        Assert.Equal(200, await ReadyAsync(next));
    }

    [Theory]
    [InlineData("Data Source=:memory:")]
    [InlineData("Data Source=of-this-test;Mode=Memory;Cache=Shared")]
    [InlineData("Data Source=file:of-this-test?mode=memory&cache=shared")]
    public async Task One_in_memory_is_nobody_elses(string connectionString)
    {
        await using var db = new SqliteDbContext(new DbContextOptionsBuilder<SqliteDbContext>().UseSqlite(connectionString).Options);

        Assert.Null(await new DatabaseSchema(db).FileAsync(CancellationToken.None));
        Assert.False(await new DatabaseSchema(db).LacksLogAheadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_service_that_has_ended_leaves_its_file_to_another_process()
    {
        await (await Service.StartAsync(database)).DisposeAsync();
        var lockFile = $"{File}-lock";
        Assert.True(OperatingSystem.IsWindows() || System.IO.File.GetUnixFileMode(lockFile) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));

        using var another = new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal(0, another.Length);
        using var instance = new SqliteInstance();
        Assert.False(instance.TryTake(File));
    }

    [Fact]
    public async Task A_first_start_writes_ahead_to_a_log_and_what_is_answered_waits_for_the_disk()
    {
        await using var service = await Service.StartAsync(database);

        Assert.Equal(("wal", 2L), (await PragmaAsync<string>(service, "journal_mode"), await PragmaAsync<long>(service, "synchronous")));
        Assert.True(System.IO.File.Exists($"{File}-wal"));
    }

    [Fact]
    public async Task A_log_that_somebody_has_switched_off_is_back_after_a_start()
    {
        // What a pool holds open would be in the way.
        await (await Service.StartAsync(database, ("Database:ConnectionString", database.ConnectionString + ";Pooling=False"))).DisposeAsync();
        await using (var other = new SqliteConnection(database.ConnectionString + ";Pooling=False"))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = DELETE";
            Assert.Equal("delete", await command.ExecuteScalarAsync());
        }

        await using var service = await Service.StartAsync(database);

        Assert.Equal("wal", await PragmaAsync<string>(service, "journal_mode"));
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("no write-ahead log", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_that_is_made_while_many_register_is_whole_and_so_is_everybody_in_it()
    {
        await using var service = await Service.StartAsync(database);
        var organisation = await service.NewOrganisationAsync();
        var folder = Directory.CreateTempSubdirectory("dfns-backup-").FullName;
        var registering = Parallel.ForEachAsync(
            Enumerable.Range(0, 200),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (n, _) => await Registered.NewAsync(organisation, CredentialKind.Key, recovery: true, username: $"user-{n}@example.co"));
        var copies = new List<string>();
        do
        {
            var copy = Path.Combine(folder, $"copy-{copies.Count}.db");
            var row = await ServiceProgram.RowAsync(database, "backup", copy);
            Assert.Equal((copy, new FileInfo(copy).Length), ((string?)row["file"], (long)row["bytes"]!));
            copies.Add(copy);
        }
        while (!registering.IsCompleted);
        await registering;
        copies.Add(Path.Combine(folder, "last.db"));
        Assert.Equal(0, (await ServiceProgram.OperateAsync(database, "backup", copies[^1])).ExitCode);

        var told = new List<long>();
        foreach (var copy in copies)
        {
            Assert.True(OperatingSystem.IsWindows() || System.IO.File.GetUnixFileMode(copy) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
            await using var opened = new SqliteConnection($"Data Source={copy};Pooling=False");
            await opened.OpenAsync();
            Assert.Equal("ok", await ScalarAsync<string>(opened, "PRAGMA integrity_check"));
            Assert.Equal(0, await ScalarAsync<long>(opened, "SELECT count(*) FROM pragma_foreign_key_check"));
            told.Add(await ScalarAsync<long>(opened, "SELECT count(*) FROM users WHERE registered_at IS NOT NULL"));
            // Who is registered has both credentials, the code is spent and the trail tells it; who is not has nothing.
            Assert.Equal(0, await ScalarAsync<long>(opened, "SELECT count(*) FROM users AS u WHERE (SELECT count(*) FROM credentials AS c WHERE c.user_id = u.id) <> CASE WHEN u.registered_at IS NULL THEN 0 ELSE 2 END"));
            Assert.Equal(0, await ScalarAsync<long>(opened, "SELECT count(*) FROM users AS u JOIN codes AS k ON k.user_id = u.id AND k.purpose = 'Registration' WHERE (u.registered_at IS NULL) <> (k.consumed_at IS NULL)"));
            Assert.Equal(0, await ScalarAsync<long>(opened, "SELECT count(*) FROM users AS u WHERE (SELECT count(*) FROM audit_events AS e WHERE e.subject_id = u.id AND e.action = 'user.registered') <> (u.registered_at IS NOT NULL)"));
        }

        Assert.Equal(200, told[^1]);
        Assert.Equal(told.Order(), told);
        Assert.Equal(copies.Count, Directory.GetFiles(folder).Length);

        // What is restored is served.
        await using (var restored = await Service.StartAsync(database, ("Database:ConnectionString", $"Data Source={copies[^1]};Pooling=False")))
        {
            Assert.Equal(200, await restored.InDatabaseAsync(db => db.Users.CountAsync(u => u.RegisteredAt != null)));
            Assert.Equal(200, await ReadyAsync(restored));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_copy_is_written_over_nothing_and_where_it_cannot_be_made_nothing_is_left()
    {
        await (await Service.StartAsync(database)).DisposeAsync();
        var folder = Directory.CreateTempSubdirectory("dfns-backup-").FullName;
        var there = Path.Combine(folder, "there.db");
        await System.IO.File.WriteAllTextAsync(there, "of somebody");

        AssertRefused(await ServiceProgram.OperateAsync(database, "backup", there), $"Nothing was done: '{there}' is there already, and nothing is written over it.");
        AssertRefused(await ServiceProgram.OperateAsync(database, "backup", Path.Combine(folder, "none", "copy.db")), $"Nothing was done: there is no folder {Path.Combine(folder, "none")}.");
        AssertRefused(await ServiceProgram.OperateAsync(database, "backup", folder), $"Nothing was done: {folder} is a folder; name a file in it, such as {Path.Combine(folder, "registration.db")}.");
        AssertRefused(await ServiceProgram.OperateAsync(database, "backup", $"{folder}/none/"), $"Nothing was done: {folder}/none/ is a folder; name a file in it, such as {folder}/none/registration.db.");
        AssertRefused(await ServiceProgram.OperateAsync(database, "backup", ""), "Nothing was done: name the file that the copy is written to.");
        AssertRefused(await ServiceProgram.RunAsync(["backup", Path.Combine(folder, "copy.db")], Settings($"Data Source={Path.Combine(folder, "absent.db")}")), "Nothing was kept: SQLite Error 14");
        Assert.Equal("of somebody", await System.IO.File.ReadAllTextAsync(there));
        Assert.Equal([there], Directory.GetFileSystemEntries(folder));

        using var disk = SmallDisk.Make(sizeBytes: 64 * 1024);
        AssertRefused(await ServiceProgram.OperateAsync(database, "backup", Path.Combine(disk.Folder, "copy.db")), "Nothing was kept: SQLite Error");
        Assert.Empty(Directory.GetFileSystemEntries(disk.Folder));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>As before an upgrade, by the newer version.</summary>
    [Fact]
    public async Task A_schema_of_before_is_copied_as_it_is()
    {
        await using (var db = Service.Open(database)) await db.GetService<IMigrator>().MigrateAsync("Initial");
        var copy = $"{File}.backup";

        Assert.Equal(0, (await ServiceProgram.OperateAsync(database, "backup", copy)).ExitCode);

        await using var opened = new SqliteConnection($"Data Source={copy};Pooling=False");
        await opened.OpenAsync();
        Assert.Equal("20261123120830_Initial", await ScalarAsync<string>(opened, "SELECT migration_id FROM \"__EFMigrationsHistory\""));
    }

    [Fact]
    public async Task PostgreSQL_is_copied_by_its_own_program()
    {
        (string, string)[] settings = [.. Settings("Host=nowhere.invalid").Where(s => s.Key != "Database:Provider"), ("Database:Provider", "PostgreSql")];

        AssertRefused(await ServiceProgram.RunAsync(["backup", $"{File}.backup"], settings), "Nothing was done: this copies a file of SQLite. PostgreSQL copies a database while it is used with pg_dump");
    }

    private static void AssertRefused(ServiceProgram.Run run, string why)
    {
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith(why, run.Faults, StringComparison.Ordinal);
        Assert.Single(run.Faults.Trim().Split('\n'));
    }

    private static async Task<int> ReadyAsync(Service service) => (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status;

    private static Task<T> PragmaAsync<T>(Service service, string name) => service.InDatabaseAsync(async db =>
    {
        await db.Database.OpenConnectionAsync();
        return await ScalarAsync<T>((SqliteConnection)db.Database.GetDbConnection(), $"PRAGMA {name}");
    });

    private static async Task<T> ScalarAsync<T>(SqliteConnection connection, string query)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = query;
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private IEnumerable<(string Key, string Value)> Settings(string connectionString) =>
        Service.Settings(database).Select(s => (s.Key, s.Value)).Where(s => s.Key != "Database:ConnectionString").Append(("Database:ConnectionString", connectionString));
}
