using System.Diagnostics;
using System.Security.Cryptography;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>The service as it is published, in Production. Its limits are lifted, not switched off: what they count they still count.</summary>
/// <param name="directory">Where it was published to.</param>
/// <param name="database">Its database.</param>
internal sealed class ThisService(string directory, SeededDatabase database) : Contender
{
    private const int BatchSize = 2_000;
    private const string Assembly = "Dfns.Registration.Api.dll";

    public override string Name => $"this service, {database.Name}";

    /// <summary>The version of a published service, with its commit.</summary>
    public static string VersionIn(string directory) => FileVersionInfo.GetVersionInfo(Path.Combine(directory, Assembly)).ProductVersion ?? "unknown";

    public override async Task<IReadOnlyList<Invitation>> InviteAsync(int count, CancellationToken ct)
    {
        var seed = new Seed(database.Provider, await database.CreateAsync(ct));
        await using (var db = seed.Open()) await db.Database.MigrateAsync(ct);
        var orgId = await seed.OrganisationAsync(Device.RpId, Device.Origin);
        for (var done = 0; done < OlderUsers; done += BatchSize) await AddOlderUsersAsync(seed, orgId, done, ct);
        var invitations = new List<Invitation>(count);
        foreach (var names in Enumerable.Range(0, count).Select(n => $"user-{n}@example.co").Chunk(BatchSize)) invitations.AddRange(await seed.InviteAsync(orgId, names));
        await seed.AnalyzeAsync();
        return invitations;
    }

    public override async Task<RunningContender> StartAsync(CancellationToken ct)
    {
        var connectionString = await database.CopyAsync(ct);
        if (database.ProcessId is not null) connectionString += ";Maximum Pool Size=32";
        var probe = new AllocationProbe();
        var service = await ServiceProcess.StartAsync(
            "Production",
            // The reference has no request log either.
            [.. ServiceProcess.ProductionSettings(database.Provider, connectionString), ("Serilog:MinimumLevel:Default", "Warning")],
            directory,
            start =>
            {
                start.ArgumentList[0] = Path.Combine(directory, Assembly);
                probe.AddTo(start);
                Machine.PinServer(start);
            });
        return new Running(service, probe, database.ProcessId);
    }

    private static async Task AddOlderUsersAsync(Seed seed, string orgId, int first, CancellationToken ct)
    {
        var entropy = new SystemEntropy();
        var now = TimeProvider.System.GetUtcNow();
        await using var db = seed.Open();
        foreach (var number in Enumerable.Range(first, BatchSize))
        {
            var name = $"older-{number}@example.co";
            var user = new User { OrganisationId = orgId, Id = entropy.Id("us"), Username = name, UsernameFolded = User.Fold(name), Kind = UserKind.EndUser, CreatedAt = now, RegisteredAt = now };
            db.Add(user);
            db.AddRange(OneTimeCode.NotIssued(user, CodePurpose.Login, now), OneTimeCode.NotIssued(user, CodePurpose.Recovery, now));
            db.AddRange(Credential(CredentialKind.Fido2, CredentialSlot.FirstFactor), Credential(CredentialKind.RecoveryKey, CredentialSlot.Recovery));

            // Nobody will ever sign with them: any bytes will do.
            Credential Credential(CredentialKind kind, CredentialSlot slot) => new()
            {
                OrganisationId = orgId,
                Uuid = entropy.Id("cr"),
                UserId = user.Id,
                Kind = kind,
                Slot = slot,
                Name = "Older",
                CredentialId = RandomNumberGenerator.GetBytes(32),
                CredentialIdText = "",
                PublicKey = RandomNumberGenerator.GetBytes(91),
                RelyingPartyId = Device.RpId,
                CreatedAt = now,
            };
        }

        await db.SaveChangesAsync(ct);
    }

    private sealed class Running(ServiceProcess service, AllocationProbe probe, int? databaseProcessId) : RunningContender
    {
        public override int Port => service.Address.Port;

        public override int ProcessId => service.Id;

        public override int? DatabaseProcessId => databaseProcessId;

        public override long ResidentBytes => service.ResidentBytes;

        public override long? AllocatedBytes => probe.Read();

        public override async ValueTask DisposeAsync()
        {
            probe.Dispose();
            if (!service.HasExited) await service.TerminateAsync();
            await service.ExitedOrderlyAsync();
            await service.DisposeAsync();
        }
    }
}
