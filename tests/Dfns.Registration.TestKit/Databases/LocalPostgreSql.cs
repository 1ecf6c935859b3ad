using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Search = Dfns.Registration.TestKit.Databases.PostgreSqlServer.Search;

namespace Dfns.Registration.TestKit.Databases;

/// <summary>Starts the PostgreSQL that is installed on this machine, on a temporary directory and a free loopback port.</summary>
public static class LocalPostgreSql
{
    private const string User = "dfns";
    private const string KeepingNothing = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off";

    /// <summary>
    /// Its standard input is the server's lifetime: it is at its end when the test process is, however that ended, and then the
    /// shell stops the server that it started and removes the directory that it made.
    /// </summary>
    private const string Script = """
        trap '' INT
        bin=$1 port=$2 user=$3 connections=$4 settings=$5 primary=$6
        dir=$(mktemp -d) || exit
        make() {
            if [ -z "$primary" ]
            then "$bin/initdb" -D "$dir/data" -U "$user" -A trust -E UTF8 --locale=C --no-sync
            else "$bin/pg_basebackup" -h 127.0.0.1 -p "$primary" -U "$user" -D "$dir/data" -R -X stream -c fast --no-sync
            fi
        }
        if make >"$dir/log" 2>&1 &&
           "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w start >/dev/null -o "-c listen_addresses=127.0.0.1 -p $port \
             -c unix_socket_directories='' -c max_connections=$connections $settings"
        then echo "ready $(head -n 1 "$dir/data/postmaster.pid")"; else cat "$dir/log"; exec <&-; fi
        exec >/dev/null 2>&1
        cat
        "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop
        rm -rf "$dir"
        """;

    // Kept so that their standard input stays open until the process ends.
    private static readonly ConcurrentBag<Process> Shells = [];

    /// <summary>Starts a server that is not the tests' own, for as long as this process runs.</summary>
    /// <param name="settings">Options of the server, such as <c>-c shared_buffers=512MB</c>.</param>
    /// <returns>The server; null where no PostgreSQL is installed.</returns>
    public static async Task<StartedPostgreSql?> StartAsync(string settings) => Binaries() is { } binaries ? await StartAsync(binaries, settings) : null;

    /// <summary>Starts a standby of such a server, which follows it until it is promoted.</summary>
    /// <param name="primary">The server that it copies.</param>
    /// <param name="settings">Options of the standby.</param>
    public static Task<StartedPostgreSql> StartStandbyAsync(StartedPostgreSql primary, string settings) =>
        StartAsync(Binaries()!, settings, new NpgsqlConnectionStringBuilder(primary.ConnectionString).Port);

    internal static async Task<Search> LookAsync()
    {
        if (Binaries() is not { } binaries)
            return Search.Failed("no local PostgreSQL is installed (apt-get install postgresql)");

        return Search.Succeeded((await StartAsync(binaries, KeepingNothing)).ConnectionString, binaries);
    }

    private static async Task<StartedPostgreSql> StartAsync(string binaries, string settings, int? primary = null)
    {
        var port = FreePort();
        string[] script = ["sh", "-c", Script, "sh", binaries, $"{port}", User, $"{PostgreSqlServer.MaxConnections}", settings, $"{primary}"];
        // PostgreSQL refuses to run as root; its packages make this user.
        string[] command = Environment.IsPrivilegedProcess ? ["runuser", "-u", "postgres", "--", .. script] : script;
        var shell = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            // Whoever runs the server may enter it.
            WorkingDirectory = "/",
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

        Shells.Add(shell);

        var firstLine = await shell.StandardOutput.ReadLineAsync();
        if (firstLine?.Split(' ') is ["ready", var id])
        {
            var server = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = User, Database = "postgres" };
            return new StartedPostgreSql(server.ConnectionString, int.Parse(id, CultureInfo.InvariantCulture));
        }

        var log = firstLine + await shell.StandardOutput.ReadToEndAsync() + await shell.StandardError.ReadToEndAsync();
        throw new InvalidOperationException($"PostgreSQL of {binaries} did not start: {log}");
    }

    /// <summary>Debian keeps the server's binaries off the PATH, in a directory for each version; the newest one is taken.</summary>
    private static string? Binaries()
    {
        if (OperatingSystem.IsWindows()) return null;
        var debian = new DirectoryInfo("/usr/lib/postgresql");
        DirectoryInfo[] versions = debian.Exists ? debian.GetDirectories() : [];
        return versions.OrderByDescending(version => int.TryParse(version.Name, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Select(version => Path.Combine(version.FullName, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "initdb")) && File.Exists(Path.Combine(directory, "pg_ctl")));
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A PostgreSQL server that was started.</summary>
/// <param name="ConnectionString">Of a user who may create databases.</param>
/// <param name="ProcessId">Of the process whose children serve the connections.</param>
public sealed record StartedPostgreSql(string ConnectionString, int ProcessId);
