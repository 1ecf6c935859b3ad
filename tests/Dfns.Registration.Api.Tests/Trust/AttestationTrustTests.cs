using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Trust;

/// <summary>What an organisation asks of attestation, with roots and metadata from files.</summary>
public abstract class AttestationTrustTests(Func<Task<TestDatabase>> makeDatabase) : IAsyncLifetime
{
    private static readonly Guid Model = new("f00dbabe-0123-4567-89ab-cdef00112233");

    private readonly TrustFiles files = new();
    private TestDatabase database = null!;
    private Service service = null!;

    public sealed class OnSqlite() : AttestationTrustTests(Migrated.SqliteAsync);

    public sealed class OnPostgreSql() : AttestationTrustTests(Migrated.PostgreSqlAsync);

    /// <summary>Those that hang on policy, but for the status of a model, which needs metadata.</summary>
    public static TheoryData<RefusalReason> Reasons => [.. Faults.Reasons.Where(Faults.NeedsDistrust).Where(reason => reason != RefusalReason.AuthenticatorStatusNotAccepted)];

    public async ValueTask InitializeAsync()
    {
        files.WriteRoot("all.pem", TestAuthority.Trusted);
        database = await makeDatabase();
        service = await Service.StartAsync(database, files.RootSettings);
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        await database.DisposeAsync();
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task A_credential_is_refused_by_the_policy_of_its_organisation_and_nothing_is_stored(RefusalReason reason)
    {
        var policy = Faults.Distrust(reason);
        var challenge = await OpenAsync(relyingParty =>
        {
            (relyingParty.RefuseNoAttestation, relyingParty.RefuseSelfAttestation) = (!policy.AcceptNone, !policy.AcceptSelf);
            (relyingParty.AllowedAaguids, relyingParty.DeniedAaguids) = ([.. policy.AllowedAaguids], [.. policy.DeniedAaguids]);
        });

        var answer = await CompleteAsync(challenge, Faults.Make(reason, challenge.Text, "example.co", "https://app.example.co"));

        Assert.Equal((400, JsonNamingPolicy.SnakeCaseLower.ConvertName($"{reason}")), ((int)answer.Status, answer.Code));
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Fact]
    public async Task A_trusted_passkey_is_stored_with_the_verdict_and_its_root()
    {
        var challenge = await OpenAsync(relyingParty => relyingParty.AllowedAaguids = [Model]);

        Assert.Equal(200, (int)(await CompleteAsync(challenge, Certified(challenge, TestAuthority.Trusted))).Status);

        var stored = await StoredAsync(challenge);
        Assert.Equal(
            (AttestationType.Certified, TrustVerdict.Trusted, true, TestAuthority.Trusted.Anchor.Fingerprint),
            (stored.AttestationType, stored.AttestationTrust, stored.AaguidAttested, stored.AttestationRoot));
    }

    [Fact]
    public async Task An_organisation_that_asks_for_no_root_takes_any_and_says_so()
    {
        var challenge = await OpenAsync(relyingParty => relyingParty.RequireTrustedRoot = false);

        Assert.Equal(200, (int)(await CompleteAsync(challenge, Certified(challenge, new TestAuthority("Stranger")))).Status);

        var stored = await StoredAsync(challenge);
        Assert.Equal((TrustVerdict.NotAssessed, false, null), (stored.AttestationTrust, stored.AaguidAttested, stored.AttestationRoot));
    }

    [Fact]
    public async Task A_root_counts_for_the_format_of_its_file_alone()
    {
        files.Delete("all.pem");
        files.WriteRoot("tpm.vendor.pem", TestAuthority.Trusted);
        await service.RefreshTrustAsync();
        var challenge = await OpenAsync();

        Assert.Equal("certificate_path_not_trusted", (await CompleteAsync(challenge, Certified(challenge, TestAuthority.Trusted))).Code);
        Assert.Equal(200, (int)(await CompleteAsync(challenge, Certified(challenge, TestAuthority.Trusted, AttestationMaker.Tpm()))).Status);
    }

    [Theory]
    [InlineData("all.pem", "nonsense")]
    [InlineData("unheard-of.pem", null)]
    public async Task Roots_that_cannot_be_read_leave_the_earlier_ones_in_use(string file, string? content)
    {
        if (content is null) files.WriteRoot(file, TestAuthority.Trusted);
        else files.Write(file, content);

        Assert.False(await service.RefreshTrustAsync());

        Assert.Contains(service.Log.Lines, line => line.Contains("Roots not taken up", StringComparison.Ordinal) && line.Contains(file, StringComparison.Ordinal));
        var challenge = await OpenAsync();
        Assert.Equal(200, (int)(await CompleteAsync(challenge, Certified(challenge, TestAuthority.Trusted))).Status);
    }

    [Fact]
    public async Task Where_trust_is_asked_for_and_nobody_is_trusted_every_certificate_is_refused()
    {
        files.Delete("all.pem");
        Assert.True(await service.RefreshTrustAsync());
        var challenge = await OpenAsync();

        Assert.Equal("certificate_path_not_trusted", (await CompleteAsync(challenge, Certified(challenge, TestAuthority.Trusted))).Code);
    }

    private static MadeCredential Certified(Challenge challenge, TestAuthority authority, AttestationMaker? attestation = null) =>
        new SoftwareAuthenticator { Attestation = attestation ?? AttestationMaker.PackedCertified(), Certify = authority.Certify }
            .Create(challenge.Text, "example.co", "https://app.example.co");

    private static Task<Answer> CompleteAsync(Challenge challenge, MadeCredential made)
    {
        var body = new JsonObject { ["firstFactorCredential"] = made.ToJson(), ["recoveryCredential"] = challenge.RecoveryKey() };
        return challenge.CompleteAsync(body);
    }

    private async Task<Challenge> OpenAsync(Action<RelyingParty>? change = null)
    {
        var organisation = await service.NewOrganisationAsync(relyingParty =>
        {
            relyingParty.Attestation = "direct";
            relyingParty.RequireTrustedRoot = true;
            change?.Invoke(relyingParty);
        });
        return await (await service.InviteAsync(organisation, "jane@example.co")).InitAsync();
    }

    private Task<Credential> StoredAsync(Challenge challenge) => service.InDatabaseAsync(db => db.Credentials.AsNoTracking().SingleAsync(
        c => c.OrganisationId == challenge.Organisation.Id && c.UserId == challenge.UserId && c.Kind == CredentialKind.Fido2));
}
