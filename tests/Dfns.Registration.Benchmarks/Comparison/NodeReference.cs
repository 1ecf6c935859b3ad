using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Npgsql;


namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>The service of <c>node-reference/</c>: what a team would write today for the same calls.</summary>
/// <param name="database">Its database.</param>
internal sealed class NodeReference(SeededPostgreSql database) : Contender
{
    public const string ShownName = "Node reference";

    private const string OrgId = "or-reference";

    private static readonly string Source = Path.Combine(Places.Repository, "tests", "Dfns.Registration.Benchmarks", "node-reference");

    public override string Name => $"{ShownName}, {database.Name}";

    /// <summary>Installs its packages, where they are not.</summary>
    /// <returns>The versions that are measured; null where Node or npm is not installed.</returns>
    public static async Task<string?> InstallAsync(CancellationToken ct)
    {
        if (!IsInstalled("node") || !IsInstalled("npm")) return null;
        // npm itself writes this file, once it has installed all that the lock file names.
        var (installed, locked) = (new FileInfo(Path.Combine(Source, "node_modules", ".package-lock.json")), new FileInfo(Path.Combine(Source, "package-lock.json")));
        if (!installed.Exists || installed.LastWriteTimeUtc < locked.LastWriteTimeUtc) await Command.RunAsync("npm", ["ci", "--no-audit", "--no-fund"], Source, ct);
        var packages = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Source, "package.json"), ct))!["dependencies"]!.AsObject();
        return $"Node {await Command.RunAsync("node", ["--version"], Source, ct)}: {string.Join(", ", packages.Select(package => $"{package.Key} {package.Value}"))}";
    }

    public override async Task<IReadOnlyList<Invitation>> InviteAsync(int count, CancellationToken ct)
    {
        await using var db = new NpgsqlConnection(await database.CreateAsync(ct));
        await db.OpenAsync(ct);
        await ExecuteAsync(await File.ReadAllTextAsync(Path.Combine(Source, "schema.sql"), ct));
        await ExecuteAsync(
            $"""
            INSERT INTO users (id, org_id, username, registered_at) SELECT 'us-older-' || n, '{OrgId}', 'older-' || n || '@example.co', now() FROM generate_series(1, {OlderUsers}) n;
            INSERT INTO credentials (id, user_id, kind, slot, cred_id, public_key)
            SELECT 'cr-' || slot || '-' || n, 'us-older-' || n, kind, slot, 'older-' || slot || '-' || n, sha256((slot || n)::bytea)
            FROM generate_series(1, {OlderUsers}) n, (VALUES ('Fido2', 'first'), ('RecoveryKey', 'recovery')) AS kinds (kind, slot);
            """);

        var invitations = Enumerable.Range(0, count).Select(n => new Invitation(OrgId, $"user-{n}@example.co", $"code-{n}")).ToList();
        await using (var users = await db.BeginBinaryImportAsync("COPY users (id, org_id, username) FROM STDIN (FORMAT binary)", ct))
        {
            for (var n = 0; n < count; n++) await users.WriteRowAsync(ct, $"us-{n}", OrgId, invitations[n].Username);
            await users.CompleteAsync(ct);
        }

        await using (var codes = await db.BeginBinaryImportAsync("COPY codes (user_id, hash, expires_at) FROM STDIN (FORMAT binary)", ct))
        {
            var expires = TimeProvider.System.GetUtcNow().AddHours(4).UtcDateTime;
            for (var n = 0; n < count; n++) await codes.WriteRowAsync(ct, $"us-{n}", SHA256.HashData(Encoding.ASCII.GetBytes(invitations[n].Code)), expires);
            await codes.CompleteAsync(ct);
        }

        await ExecuteAsync("VACUUM ANALYZE");
        return invitations;

        async Task ExecuteAsync(string statements)
        {
            await using var command = new NpgsqlCommand(statements, db) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(ct);
        }
    }

    public override async Task<RunningContender> StartAsync(CancellationToken ct)
    {
        var at = new NpgsqlConnectionStringBuilder(await database.CopyAsync(ct));
        var port = Start.FreePort();
        var start = new ProcessStartInfo("node", ["server.mjs"]) { WorkingDirectory = Source };
        start.Environment["NODE_ENV"] = "production";
        start.Environment["DATABASE_URL"] = $"postgres://{at.Username}@{at.Host}:{at.Port}/{at.Database}";
        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        start.Environment["ORIGIN"] = Device.Origin;
        start.Environment["RP_ID"] = Device.RpId;
        Machine.PinServer(start);
        var process = RunningProcess.Start(start);
        try
        {
            await process.Output.LineAsync(line => line == "listening");
            return new Running(process, port, database.ProcessId!.Value);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private sealed class Running(RunningProcess process, int port, int databaseProcessId) : RunningContender
    {
        public override int Port => port;

        public override int ProcessId => process.Id;

        public override int? DatabaseProcessId => databaseProcessId;

        public override long ResidentBytes => process.ResidentBytes;

        public override long? AllocatedBytes => null;

        public override ValueTask DisposeAsync() => process.DisposeAsync();
    }
}
