using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Api.Tests.Trust;

/// <summary>Metadata BLOBs of a test service, each with its fault: what is decided, and the line in the log.</summary>
public abstract class MetadataTests(Func<Task<TestDatabase>> makeDatabase) : IAsyncLifetime
{
    private static readonly Guid Model = new("f00dbabe-0123-4567-89ab-cdef00112233");
    private static readonly TestAuthority Vendor = new("Vendor");

    private readonly TrustFiles files = new();
    private TestDatabase database = null!;

    public sealed class OnSqlite() : MetadataTests(Migrated.SqliteAsync);

    public sealed class OnPostgreSql() : MetadataTests(Migrated.PostgreSqlAsync);

    public static TheoryData<string, string> FaultyBlobs => new()
    {
        { "expired signer", "SignerOutsideValidity (certificate 0)" },
        { "bad chain", "SignerNotTrusted" },
        { "signer of another host", "SignerUnexpected" },
        { "bad signature", "SignatureInvalid" },
        { "alg none", "AlgorithmNotAccepted" },
        { "rolled back", "RolledBack (6 after 7)" },
        { "overdue", "Stale (8 was to be followed by 2026-10-23)" },
        { "malformed", "Malformed (payload)" },
        { "no JWT", "Malformed (not three parts)" },
        { "oversized", "TooLarge" },
        { "missing", "FileNotFoundException" },
    };

    public async ValueTask InitializeAsync() => database = await makeDatabase();

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_accepted_BLOB_is_in_use_before_the_first_request_and_told()
    {
        files.WriteMetadata(new MetadataDraft().Add(Model, [], Vendor.Certificate, [1, 2, 3]).ToBytes());

        await using var service = await StartAsync();

        Assert.Equal(7, service.MetadataInUse());
        var line = Line(service, "Metadata {Number} accepted");
        Assert.Equal((7, 1, 1, "Information"), ((int)line["Number"]!, (int)line["Models"]!, (int)line["UnreadableRoots"]!, (string?)line["@l"] ?? "Information"));
    }

    [Theory]
    [MemberData(nameof(FaultyBlobs))]
    public async Task A_faulty_BLOB_leaves_the_last_one_in_use(string fault, string why)
    {
        files.WriteMetadata(new MetadataDraft().ToBytes());
        await using var service = await StartAsync();
        WriteFaulty(fault);

        Assert.False(await service.RefreshTrustAsync());

        Assert.Equal(7, service.MetadataInUse());
        var line = Line(service, "Metadata not accepted: {Why}; metadata {Number} stays in use");
        Assert.StartsWith(why, (string)line["Why"]!, StringComparison.Ordinal);
        Assert.Equal((7, "Warning"), ((int)line["Number"]!, (string?)line["@l"]));
    }

    [Theory]
    [MemberData(nameof(FaultyBlobs))]
    public async Task A_faulty_BLOB_at_the_start_trusts_nobody_and_hinders_nobody(string fault, string why)
    {
        if (fault == "rolled back")
        {
            files.WriteMetadata(new MetadataDraft().ToBytes());
            await (await StartAsync()).DisposeAsync();
        }

        WriteFaulty(fault);
        await using var service = await StartAsync();

        Assert.Null(service.MetadataInUse());
        var line = Line(service, "Metadata not accepted: {Why}; there is none in use, so no model of it is trusted");
        Assert.StartsWith(why, (string)line["Why"]!, StringComparison.Ordinal);
        Assert.Equal("Error", (string?)line["@l"]);
        Assert.Equal("certificate_path_not_trusted", (await RegisterAsync(service)).Code);
    }

    [Fact]
    public async Task An_overdue_BLOB_is_taken_up_within_the_time_that_is_tolerated_and_told()
    {
        files.WriteMetadata(new MetadataDraft { NextUpdate = "2026-11-22" }.ToBytes());

        await using var service = await StartAsync();

        Assert.Equal(7, service.MetadataInUse());
        Assert.Equal("2026-11-22", (string?)Line(service, "Metadata {Number} is overdue: its successor was due {NextUpdate}")["NextUpdate"]);
    }

    [Fact]
    public async Task A_copy_that_is_kept_stays_in_use_however_overdue_and_that_is_told()
    {
        files.WriteMetadata(new MetadataDraft().ToBytes());
        await using var service = await StartAsync();
        File.Delete(files.Metadata);
        service.Clock.Advance(TimeSpan.FromDays(100));

        Assert.False(await service.RefreshTrustAsync());

        Assert.Equal(7, service.MetadataInUse());
        Assert.NotNull(Line(service, "Metadata {Number} is overdue: its successor was due {NextUpdate}"));
    }

    [Fact]
    public async Task A_newer_BLOB_is_taken_up_at_the_next_interval()
    {
        files.WriteMetadata(new MetadataDraft().ToBytes());
        await using var service = await StartAsync();
        files.WriteMetadata(new MetadataDraft { Number = 8 }.ToBytes());

        // The waiting begins at a moment of its own choosing; so the clock moves until it was awaited.
        for (var minute = 0; minute < 100 && service.MetadataInUse() != 8; minute++)
        {
            service.Clock.Advance(TimeSpan.FromMinutes(1));
            SpinWait.SpinUntil(() => service.MetadataInUse() == 8, TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(8, service.MetadataInUse());
    }

    [Fact]
    public async Task No_instance_goes_back_behind_what_another_took_up()
    {
        files.WriteMetadata(new MetadataDraft { Number = 9 }.ToBytes());
        await using var first = await StartAsync();
        files.WriteMetadata(new MetadataDraft { Number = 8 }.ToBytes());
        await using var second = await StartAsync();

        Assert.Equal((9, null), (first.MetadataInUse(), second.MetadataInUse()));
        Assert.Equal("RolledBack (8 after 9)", (string?)Line(second, "Metadata not accepted: {Why}; there is none in use, so no model of it is trusted")["Why"]);
    }

    [Fact]
    public async Task Instances_that_start_at_once_all_take_it_up()
    {
        files.WriteMetadata(new MetadataDraft().ToBytes());

        var services = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(StartAsync)));

        Assert.All(services, service => Assert.Equal(7, service.MetadataInUse()));
        foreach (var service in services) await service.DisposeAsync();
    }

    [Theory]
    [InlineData("FIDO_CERTIFIED_L2", null)]
    [InlineData("REVOKED", "authenticator_status_not_accepted")]
    [InlineData("ATTESTATION_KEY_COMPROMISE", "authenticator_status_not_accepted")]
    [InlineData("USER_KEY_REMOTE_COMPROMISE", "authenticator_status_not_accepted")]
    [InlineData("USER_KEY_PHYSICAL_COMPROMISE", "authenticator_status_not_accepted")]
    [InlineData("USER_VERIFICATION_BYPASS", "authenticator_status_not_accepted")]
    public async Task A_model_is_accepted_or_refused_by_its_status_and_that_is_told(string status, string? code)
    {
        files.WriteMetadata(new MetadataDraft().Add(Model, [status], Vendor.Certificate).ToBytes());
        await using var service = await StartAsync();

        Assert.Equal(code, (await RegisterAsync(service)).Code);

        var line = service.Log.Lines.Select(text => JsonNode.Parse(text)!).Last(json => (string?)json["Route"] == "/auth/registration");
        Assert.Equal(code ?? "ok", (string?)line["Outcome"]);
    }

    private static async Task<Answer> RegisterAsync(Service service)
    {
        var organisation = await service.NewOrganisationAsync(relyingParty => (relyingParty.Attestation, relyingParty.RequireTrustedRoot) = ("direct", true));
        var challenge = await (await service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        var made = new SoftwareAuthenticator { Attestation = AttestationMaker.PackedCertified(), Certify = Vendor.Certify }.Create(challenge.Text, organisation.RelyingPartyId, organisation.Origin);
        return await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = made.ToJson(), ["recoveryCredential"] = challenge.RecoveryKey() });
    }

    private static JsonNode Line(Service service, string beginning) =>
        service.Log.Lines.Select(line => JsonNode.Parse(line)!).Last(line => ((string)line["@mt"]!).StartsWith(beginning, StringComparison.Ordinal));

    private Task<Service> StartAsync() => Service.StartAsync(database, files.MetadataSettings);

    private void WriteFaulty(string fault)
    {
        if (fault == "missing") File.Delete(files.Metadata);
        else files.WriteMetadata(Faulty(fault));
    }

    private static byte[] Faulty(string fault)
    {
        var draft = new MetadataDraft { Number = 8 };
        switch (fault)
        {
            case "expired signer":
                draft.Signer = leaf => leaf.NotAfter = Service.Noon.AddSeconds(-1);
                break;
            case "bad chain":
                draft.Certify = new TestAuthority("Test metadata root").Certify;
                break;
            case "signer of another host":
                draft.Signer = leaf => leaf.SetExtension(CertificateDraft.AlternativeNameOid, null);
                break;
            case "bad signature":
                draft.Key = SoftwareKey.P256();
                draft.Signer = leaf => leaf.SubjectPublicKeyInfo = SoftwareKey.P256().SubjectPublicKeyInfo;
                break;
            case "alg none":
                (draft.AlgorithmName, draft.Signature) = ("none", _ => []);
                // A signature that is not there is no base64url text; so that the algorithm speaks, one is.
                draft.Signature = _ => [0];
                break;
            case "rolled back":
                draft.Number = 6;
                break;
            case "overdue":
                draft.NextUpdate = "2026-10-23";
                break;
            case "malformed":
                draft.Payload = payload => payload["entries"] = 7;
                break;
            case "no JWT":
                return "nonsense"u8.ToArray();
            case "oversized":
                return new byte[MetadataBlob.MaxSizeBytes + 1000];
        }

        return draft.ToBytes();
    }
}
