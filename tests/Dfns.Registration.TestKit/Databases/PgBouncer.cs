using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Dfns.Registration.TestKit.Databases;

/// <summary>
/// A pooler in front of the PostgreSQL server of this test process, which hands each transaction to whichever session is free. With
/// <c>DFNS_TEST_POSTGRES_POOLER</c> = <c>transaction</c> it brings no prepared statements along, with <c>transaction-prepared</c> it does (from
/// version 1.21 on). Ends with the process.
/// </summary>
public static partial class PgBouncer
{
    private const string Variable = "DFNS_TEST_POSTGRES_POOLER";

    /// <summary>As of LocalPostgreSql: its standard input is its lifetime.</summary>
    private const string Script = """
        trap '' INT
        dir=$(mktemp -d) || exit
        printf '%s\n' "$2" >"$dir/pgbouncer.ini"
        printf '"%s" "%s"\n' "$3" "$4" >"$dir/users"
        cd "$dir"
        "$1" pgbouncer.ini >log 2>&1 &
        until grep -q 'process up' log; do kill -0 $! || { cat log; exit; }; sleep 0.1; done
        echo ready
        exec >/dev/null 2>&1
        cat
        kill $!
        rm -rf "$dir"
        """;

    private static readonly Lazy<Task<int>> SharedTransaction = new(() => StartSharedAsync(prepares: false));
    private static readonly Lazy<Task<int>> SharedPrepared = new(() => StartSharedAsync(prepares: true));

    // Kept so that its standard input stays open until the process ends.
    private static readonly ConcurrentBag<Process> Shells = [];

    /// <summary>Which pooler the tests of PostgreSQL go through.</summary>
    public static PoolerKind Kind => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" or "none" => PoolerKind.None,
        "transaction" => PoolerKind.Transaction,
        "transaction-prepared" => PoolerKind.TransactionPrepared,
        var other => throw new InvalidOperationException($"{Variable} is '{other}'; it may be none, transaction or transaction-prepared."),
    };

    /// <summary>The same database through a pooler. Where there is none the running test is skipped, or fails in CI.</summary>
    /// <param name="connectionString">Of the server of this test process. Where that asks for passwords, of the user who may create databases.</param>
    /// <param name="kind">Another than none.</param>
    public static async Task<string> ThroughAsync(string connectionString, PoolerKind kind) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = await (kind == PoolerKind.Transaction ? SharedTransaction : SharedPrepared).Value }.ConnectionString;

    private static async Task<int> StartSharedAsync(bool prepares)
    {
        if (Binary() is not { } binary)
        {
            Prerequisite.IsMissing("No pooler for this test: pgbouncer is not installed (apt-get install pgbouncer).");
            return 0;
        }

        var isAble = Version(binary) >= new Version(1, 21);
        if (prepares && !isAble) Prerequisite.IsMissing($"No pooler for this test: {binary} keeps no prepared statements, which it does from version 1.21 on.");
        var server = await PostgreSqlServer.SharedAsync();
        var direct = new NpgsqlConnectionStringBuilder(server.ConnectionString);

        var port = LocalPostgreSql.FreePort();
        var settings = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            [databases]
            * = host={direct.Host} port={direct.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = users
            auth_user = {direct.Username}
            pool_mode = transaction
            max_client_conn = 2000
            default_pool_size = 16
            server_idle_timeout = 5
            log_connections = 0
            log_disconnections = 0
            {(isAble ? $"max_prepared_statements = {(prepares ? 200 : 0)}" : "")}
            """);
        string[] script = ["sh", "-c", Script, "sh", binary, settings, direct.Username!, direct.Password ?? ""];
        // It refuses to run as root, as the server does.
        string[] command = Environment.IsPrivilegedProcess ? ["runuser", "-u", "postgres", "--", .. script] : script;
        var shell = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = "/",
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Shells.Add(shell);
        var firstLine = await shell.StandardOutput.ReadLineAsync();
        return firstLine == "ready"
            ? port
            : throw new InvalidOperationException($"{binary} did not start: {firstLine}{await shell.StandardOutput.ReadToEndAsync()}{await shell.StandardError.ReadToEndAsync()}");
    }

    /// <summary>Of the PATH, on which Debian does not put it for everybody.</summary>
    private static string? Binary() => OperatingSystem.IsWindows()
        ? null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").Select(directory => Path.Combine(directory, "pgbouncer")).FirstOrDefault(File.Exists);

    private static Version Version(string binary)
    {
        using var asked = Process.Start(new ProcessStartInfo(binary, ["--version"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var told = asked.StandardOutput.ReadToEnd();
        asked.WaitForExit();
        return System.Version.Parse(VersionNumber().Match(told).Value);
    }

    [GeneratedRegex(@"[0-9]+\.[0-9]+(\.[0-9]+)?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionNumber();
}

/// <summary>What stands between a service and its PostgreSQL.</summary>
public enum PoolerKind
{
    None,
    Transaction,
    TransactionPrepared,
}
