using System.Globalization;
using System.Net;
using System.Net.Sockets;
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

    [Fact]
    public async Task An_environment_that_is_mistyped_is_named_with_what_its_settings_lack()
    {
        const string Told = "The environment is 'Developement' (ASPNETCORE_ENVIRONMENT or DOTNET_ENVIRONMENT); did you mean 'Development'?";

        var start = await ServiceProgram.RunProcessAsync([], ("ASPNETCORE_ENVIRONMENT", "Developement"));
        var command = await ServiceProgram.RunProcessAsync(["org", "list"], ("ASPNETCORE_ENVIRONMENT", "Developement"));

        Assert.All([start, command], run => Assert.True(run.ExitCode == 1 && run.Everything.Contains(Told, StringComparison.Ordinal) && run.Everything.Contains("Mail:Host is required", StringComparison.Ordinal), run.Everything));
        // A team may have names of its own.
        Assert.DoesNotContain("The environment is", (await ServiceProgram.RunProcessAsync(["org", "list"], ("ASPNETCORE_ENVIRONMENT", "Acceptance"))).Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Database:ConnectionString", "nonsense", "Database:ConnectionString is not one that SQLite can read, which Database:Provider says")]
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
    [InlineData("Mail:EhloName", "auth_service", "Mail:EhloName must be a domain or an address in brackets")]
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
        await using var database = await Migrated.SqliteAsync();
        await (await Service.StartAsync(database)).DisposeAsync();

        var run = await ServiceProgram.RunProcessAsync(
            [], Service.Settings(database).Where(s => s.Key != "Secrets:MasterKey").Select(s => (s.Key, s.Value)).Append(("Secrets:MasterKey", Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(n => (byte)n)]))));

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

    /// <summary>What a server of PostgreSQL says to whoever comes, and how it is told.</summary>
    public static TheoryData<string, string, string> Refusals => new()
    {
        { "28P01", "password authentication failed for user \"registration\"", "cannot be used" },
        { "28000", "no pg_hba.conf entry for host \"192.0.2.1\"", "cannot be used" },
        { "3D000", "database \"registration\" does not exist", "cannot be used" },
        { "42501", "permission denied for database \"registration\"", "cannot be used" },
        { "53300", "sorry, too many clients already", "cannot be used as it is now" },
        { "57P03", "the database system is starting up", "cannot be used as it is now" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_the_server_says_is_what_is_told(string state, string words, string how)
    {
        await using var server = new RefusingServer(state, words);
        await using var database = await TestDatabase.SqliteAsync();
        // What may be over in a moment is waited for; what is final is not, however long one would.
        var settings = With(database, ("Database:Provider", "PostgreSql"), ("Database:ConnectionString", server.ConnectionString), ("Database:StartTimeout", how == "cannot be used" ? "01:00:00" : "00:00:00"));

        AssertTold(await ServiceProgram.StartAsync(settings), $"The service does not start: the database {how}: {words} (SQLSTATE {state}).");
        AssertTold(await ServiceProgram.RunAsync(["org", "list"], settings), $"Nothing was done: the database {how}: {words} (SQLSTATE {state}).");
    }

    /// <summary>Files of SQLite that are none, or not for this service, and what is said of them.</summary>
    public static TheoryData<string, string> Files => new()
    {
        { "in a folder that is not there", "SQLite Error 14" },
        { "in a file", "SQLite Error 14" },
        { "no database", "SQLite Error 26" },
        { "for reading, and empty", "SQLite Error" },
        { "for reading", "SQLite Error 8: 'attempt to write a readonly database'" },
        { "on a full disk", "SQLite Error" },
        { "on a disk for reading", "SQLite Error" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_that_cannot_be_used_is_told_at_once_by_the_process(string which, string words)
    {
        await using var database = await TestDatabase.SqliteAsync();
        var folder = Directory.CreateTempSubdirectory("dfns-file-").FullName;
        var file = Path.Combine(folder, "registration.db");
        using var disk = which switch { "on a full disk" => SmallDisk.Make(sizeBytes: 64 * 1024), "on a disk for reading" => SmallDisk.Make(sizeBytes: 16 * 1024 * 1024), _ => null };
        if (which == "on a full disk") disk!.Fill(leaving: 8192);
        if (which is "no database" or "in a file") await File.WriteAllTextAsync(file, new string('x', 4096));
        if (which == "for reading, and empty") await File.WriteAllTextAsync(file, "");
        if (which == "for reading") Assert.Equal(0, (await ServiceProgram.RunAsync(["migrate"], With(database, ("Database:ConnectionString", $"Data Source={file};Pooling=False")))).ExitCode);
        var source = which switch
        {
            "in a folder that is not there" => Path.Combine(folder, "more", "registration.db"),
            "in a file" => Path.Combine(file, "registration.db"),
            "for reading" or "for reading, and empty" => $"{file};Mode=ReadOnly",
            "on a full disk" or "on a disk for reading" => Path.Combine(disk!.Folder, "registration.db"),
            _ => file,
        };

        if (which == "on a disk for reading")
        {
            Assert.Equal(0, (await ServiceProgram.RunAsync(["migrate"], With(database, ("Database:ConnectionString", $"Data Source={source};Pooling=False")))).ExitCode);
            disk!.MakeReadOnly();
        }

        var run = await ServiceProgram.RunProcessAsync([], With(database, ("Database:ConnectionString", $"Data Source={source}"), ("Database:StartTimeout", "01:00:00")));

        Directory.Delete(folder, recursive: true);
        AssertTold(run, "The service does not start: the database cannot be used: ", words);
    }

    /// <summary>Where it is told to listen, what else it is told, and what is said of it.</summary>
    public static TheoryData<string, string, string> Listening => new()
    {
        { "http://127.0.0.1:PORT", "", "address already in use" },
        { "http://192.0.2.1:0", "", "Cannot assign requested address" },
        { "http://unix:/nowhere/registration.sock", "", "Another address is set with" },
        { "https://127.0.0.1:0", "", "certificate" },
        { "https://127.0.0.1:0", "Kestrel:Certificates:Default:Path=/nowhere/certificate.pfx", "/nowhere" },
        { "https://127.0.0.1:0", "Kestrel:Certificates:Default:Path=JUNK", "certificate" },
    };

    [Theory]
    [InlineData("Serilog:WriteTo:0:Args:formatter", "Nope, Nope", "The service does not start: what takes the log cannot be set up as the section 'Serilog' says.")]
    [InlineData("Serilog:WriteTo:0:Name", "File", "the section 'Serilog' names what there is not, or a file that cannot be written: ")]
    [InlineData("Serilog:Enrich:0", "FromLogContex", "the section 'Serilog' names what there is not, or a file that cannot be written: ")]
    [InlineData("Serilog:WriteTo:0:Args:pth", "a.log", "There is no setting 'Serilog:WriteTo:0:Args:pth' of Console; use one of ")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOIN", "http://127.0.0.1:4317", "There is no environment variable 'OTEL_EXPORTER_OTLP_ENDPOIN' that sets anything; did you mean 'OTEL_EXPORTER_OTLP_ENDPOINT'?")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "bad", "OTEL_EXPORTER_OTLP_HEADERS must be names with values")]
    [InlineData("Serilog:MinimumLevel:Default", "Debgu", "  - Serilog:MinimumLevel:Default must be one of Verbose, Debug, Information, Warning, Error, Fatal; 'Debgu' is none of them.")]
    public async Task A_log_that_cannot_be_set_up_is_told_by_the_process(string key, string value, string words)
    {
        await using var database = await TestDatabase.SqliteAsync();

        var run = await ServiceProgram.RunProcessAsync([], With(database, (key, value)));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(words, run.Faults, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    // The web server would take one for every address of the machine, or for a default.
    [Theory]
    [InlineData("http://localhost:99999", "'99999' is no port from 0 to 65535.")]
    [InlineData("htp://localhost:5081", "it begins with 'http://' or 'https://', such as 'http://localhost:5081'.")]
    [InlineData("localhost", "it begins with 'http://' or 'https://', such as 'http://localhost:5081'.")]
    [InlineData("http://loclhost:5081", "'loclhost' is neither an IP address nor 'localhost'; '*' is every address of this machine.")]
    public async Task An_address_that_is_misspelled_is_told_by_the_process(string url, string words)
    {
        await using var database = await TestDatabase.SqliteAsync();

        var run = await ServiceProgram.RunProcessAsync(["--urls", url], With(database));

        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"The service does not start; its settings need these corrections:\n  - '{url}' is no address to listen at: {words}", run.Faults.Trim().ReplaceLineEndings("\n"));
    }

    [Theory]
    [MemberData(nameof(Listening))]
    public async Task An_address_that_cannot_be_listened_at_is_told_by_the_process(string url, string setting, string words)
    {
        await using var database = await TestDatabase.SqliteAsync();
        var junk = Path.GetTempFileName();
        await File.WriteAllTextAsync(junk, "no certificate");
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var (key, value) = setting.Split('=') is [var name, var text] ? (name, text.Replace("JUNK", junk, StringComparison.Ordinal)) : ("ASPNETCORE_URLS", url);

        var told = url.Replace("PORT", ((IPEndPoint)other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

        var run = await ServiceProgram.RunProcessAsync(["--urls", told], With(database, (key, value)));

        File.Delete(junk);
        AssertTold(run, $"The service does not start: it cannot listen at {told}: ", words);
    }

    [Fact]
    public async Task A_database_that_only_reads_is_told_in_a_sentence()
    {
        await using var database = await Migrated.PostgreSqlAsync(PoolerKind.None);
        await (await Service.StartAsync(database)).DisposeAsync();
        var settings = With(database, ("Database:ConnectionString", database.ConnectionString + ";Options=-c default_transaction_read_only=on"), ("Database:StartTimeout", "00:00:00"));

        AssertTold(await ServiceProgram.StartAsync(settings), "The service does not start: the database takes no changes: it is a replica, or was made read-only (transaction_read_only). ");
        AssertTold(await ServiceProgram.RunAsync(["keys", "rotate"], settings), "Nothing was done: the database cannot be used as it is now: cannot execute INSERT in a read-only transaction (SQLSTATE 25006).");
    }

    [Theory]
    [InlineData("PostgreSql", "Database=registration", "must name the server")]
    [InlineData("PostgreSql", "Host=db;Root Certificate=/nowhere/ca.pem", "no file that is not there")]
    [InlineData("Sqlite", "Data Source=/tmp", "must name a file, not a folder")]
    public async Task A_connection_string_that_lacks_something_is_told_with_all_other_faults(string provider, string connectionString, string words)
    {
        var run = await ServiceProgram.StartAsync(("Database:Provider", provider), ("Database:ConnectionString", connectionString));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(words, run.Faults, StringComparison.Ordinal);
        Assert.Contains("Mail:Host is required", run.Faults, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("org list")]
    public async Task A_file_of_settings_that_cannot_be_read_is_told_with_the_place(string command)
    {
        var folder = Directory.CreateTempSubdirectory("dfns-settings-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "appsettings.json"), "{\n  \"Database\": {");

        var run = await ServiceProgram.RunProcessInAsync(folder.FullName, command.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        folder.Delete(recursive: true);
        AssertTold(run, Path.Combine(folder.FullName, "appsettings.json"), "LineNumber: 1");
    }

    // In one line on standard error, and no trace of it anywhere.
    private static void AssertTold(ServiceProgram.Run run, params string[] words)
    {
        Assert.Equal(1, run.ExitCode);
        Assert.Single(run.Faults.Trim().Split('\n'));
        Assert.All(words, word => Assert.Contains(word, run.Faults, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    private static (string Key, string Value)[] With(TestDatabase database, params (string Key, string Value)[] changes) =>
        [.. Service.Settings(database).Where(s => !Array.Exists(changes, c => c.Key == s.Key)).Select(s => (s.Key, s.Value)), .. changes];

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
