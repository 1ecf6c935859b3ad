using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>A start with settings at fault: the service tells every fault at once, and ends.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task Production_without_settings_names_each_that_is_required()
    {
        var run = await ServiceProgram.RunProcessAsync([]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Database:ConnectionString is required", run.Everything, StringComparison.Ordinal);
        Assert.Contains("Secrets:MasterKey must be 32 random bytes", run.Everything, StringComparison.Ordinal);
        Assert.Contains("Tokens:Issuer must be the public https address", run.Everything, StringComparison.Ordinal);
        Assert.Contains("Mail:Host is required", run.Everything, StringComparison.Ordinal);
        Assert.Contains("Mail:From is required", run.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Database:ConnectionString", "nonsense", "Database:ConnectionString is not one that Npgsql or Microsoft.Data.Sqlite can read")]
    [InlineData("Secrets:MasterKey", "c2hvcnQ=", "Secrets:MasterKey must be 32 random bytes")]
    [InlineData("Tokens:Issuer", "http://auth.example.co", "Tokens:Issuer must be the public https address")]
    [InlineData("Tokens:SigningKeyLifetime", "00:01:00", "Tokens:SigningKeyLifetime must be at least a day")]
    [InlineData("Tokens:SigningKeyLifetime", "9000000.00:00:00", "at most a year")]
    [InlineData("Registration:CodeLifetime", "8.00:00:00", "Registration:CodeLifetime must be more than zero and at most 7 days")]
    [InlineData("Registration:ChallengeLifetime", "00:00:00", "Registration:ChallengeLifetime must be more than zero")]
    [InlineData("Registration:MaxCodeFailures", "1001", "Registration:MaxCodeFailures must be from 1 to 1000")]
    [InlineData("Registration:ResendInterval", "02:00:00", "Registration:ResendInterval must not be negative")]
    [InlineData("Registration:MaxOpenChallenges", "0", "Registration:MaxOpenChallenges must be from 1 to 20")]
    [InlineData("Registration:MaxBodySizeBytes", "1", "Registration:MaxBodySizeBytes must be from 16384")]
    [InlineData("Registration:CodeLifetme", "04:00:00", "CodeLifetme")]
    [InlineData("Registration:CodeLifetime", "soon", "Registration:CodeLifetime")]
    [InlineData("Mail:Delivery", "Log", "Mail:Delivery may be 'Log' in Development only")]
    [InlineData("Mail:Port", "0", "Mail:Port must be from 1 to 65535")]
    [InlineData("Mail:Link", "https://app.example.co/", "Mail:Link must contain '{code}'")]
    [InlineData("Network:TrustedProxies:0", "everyone", "Network:TrustedProxies must hold addresses or networks")]
    [InlineData("Network:MaxConnections", "0", "Network:MaxConnections must be from 10 to 1000000")]
    [InlineData("Network:MaxConnections", "many", "Network:MaxConnections must be a number in digits")]
    [InlineData("Network:TrustedProxies:0", "0.0.0.0/0", "Network:TrustedProxies must hold addresses or networks of proxies, not of everybody")]
    [InlineData("SignIn:SessionLifetime", "6", "SignIn:SessionLifetime must be a time as [days.]hours:minutes:seconds")]
    [InlineData("Database:Provider", "1", "Database:Provider must be one of Sqlite, PostgreSql")]
    [InlineData("Secrets:MasterKeyFile", "/nowhere", "Secrets:MasterKeyFile must name a file that the service can read")]
    [InlineData("Registratoin:CodeLifetime", "04:00:00", "did you mean 'Registration'?")]
    [InlineData("Trust:RootsDirectory", "/nowhere", "Trust:RootsDirectory must be a directory")]
    [InlineData("Trust:MetadataSource", "http://mds.example.co/", "Trust:MetadataSource must be a file or an https address")]
    [InlineData("Trust:MetadataSource", "https://mds.example.co/", "Trust:MetadataRoots must be a PEM file")]
    [InlineData("Trust:MetadataMaxOverdue", "400.00:00:00", "Trust:MetadataMaxOverdue must not be negative and at most a year")]
    [InlineData("Trust:RefreshInterval", "00:00:01", "Trust:RefreshInterval must be at least a minute")]
    [InlineData("RateLimits:PermitsPerMinute", "0", "RateLimits:PermitsPerMinute must be from 1")]
    [InlineData("RateLimits:StartsPerHour", "0", "RateLimits:StartsPerHour must be from 1")]
    [InlineData("RateLimits:AttemptsPerUser", "1001", "RateLimits:AttemptsPerUser must be from 1")]
    [InlineData("Social:MaxTokenAge", "1.00:00:01", "Social:MaxTokenAge must be more than zero")]
    public async Task A_setting_at_fault_is_named_with_a_valid_example(string key, string value, string told)
    {
        var run = await ServiceProgram.StartAsync((key, value));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_master_key_that_does_not_fit_the_database_is_told_in_a_sentence()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await (await Service.StartAsync(database)).DisposeAsync();

        var run = await ServiceProgram.RunProcessAsync(
            [], Service.Settings(database).Where(s => s.Key != "Secrets:MasterKey").Select(s => (s.Key, s.Value)).Append(("Secrets:MasterKey", Convert.ToBase64String(new byte[32]))));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Secrets:MasterKey is not the one that this database was sealed with.", run.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_told_in_a_sentence()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new string('x', 4096));
        await using var database = await TestDatabase.SqliteAsync();

        var run = await ServiceProgram.RunProcessAsync(
            [],
            [
                .. Service.Settings(database).Where(s => s.Key is not ("Database:ConnectionString" or "Database:StartTimeout")).Select(s => (s.Key, s.Value)),
                ("Database:ConnectionString", $"Data Source={file}"), ("Database:StartTimeout", "00:00:00"),
            ]);
        File.Delete(file);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("The service does not start: the database cannot be used: SQLite Error 26", run.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    /// <summary>With a role that is not there, a database that is not, a host that is not; a directory that cannot be.</summary>
    public static TheoryData<string, string, string> Unusable => new()
    {
        { "PostgreSql", "Username=of_nobody", "SQLSTATE 28" },
        { "PostgreSql", "Database=of_nobody", "database \"of_nobody\" does not exist (SQLSTATE 3D000)" },
        { "PostgreSql", "Host=nowhere.invalid", "not known" },
        { "Sqlite", "Data Source=/proc/of-nobody/registration.db", "SQLite Error 14" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task A_database_that_cannot_be_used_is_told_at_once_in_the_words_of_its_server(string provider, string change, string words)
    {
        // Whoever waited would wait for an hour.
        await using var database = provider == "Sqlite" ? await TestDatabase.SqliteAsync() : await TestDatabase.PostgreSqlAsync();
        var connectionString = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = database.ConnectionString };
        connectionString[change.Split('=')[0]] = change.Split('=')[1];
        (string, string)[] settings =
            [.. Service.Settings(database).Where(s => s.Key != "Database:ConnectionString").Select(s => (s.Key, s.Value)), ("Database:ConnectionString", connectionString.ConnectionString), ("Database:StartTimeout", "01:00:00")];

        string[] command = provider == "Sqlite" ? ["migrate"] : ["keys", "rotate"];

        foreach (var run in new[] { await ServiceProgram.StartAsync(settings), await ServiceProgram.RunAsync(command, settings) })
        {
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("the database cannot be used: ", run.Faults, StringComparison.Ordinal);
            Assert.Contains(words, run.Faults, StringComparison.Ordinal);
            Assert.Single(run.Faults.Trim().Split('\n'));
        }
    }

    [Fact]
    public async Task The_settings_beside_the_executable_are_read_from_every_folder()
    {
        var elsewhere = Directory.CreateTempSubdirectory("dfns-elsewhere-");
        var environment = elsewhere.Name;
        var settings = Path.Combine(AppContext.BaseDirectory, $"appsettings.{environment}.json");
        await File.WriteAllTextAsync(settings, """{"Registratoin":{"CodeLifetime":"04:00:00"}}""");

        var run = await ServiceProgram.RunProcessInAsync(elsewhere.FullName, [], ("ASPNETCORE_ENVIRONMENT", environment));

        File.Delete(settings);
        elsewhere.Delete(recursive: true);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("did you mean 'Registration'?", run.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_used_is_told_in_a_sentence()
    {
        var folder = Directory.CreateTempSubdirectory("dfns-folder-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "appsettings.json"), "{}");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "data"), "a file");

        var run = await ServiceProgram.RunProcessInAsync(folder.FullName, [], ("ASPNETCORE_ENVIRONMENT", "Development"));

        folder.Delete(recursive: true);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("The folder of its data cannot be used: ", run.Faults, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_is_not_ready_says_so_by_its_exit_code()
    {
        // Port 1 on loopback: nothing listens there.
        var run = await ServiceProgram.RunProcessAsync(["healthcheck"], ("ASPNETCORE_HTTP_PORTS", "1"));

        Assert.Equal(1, run.ExitCode);
    }
}
