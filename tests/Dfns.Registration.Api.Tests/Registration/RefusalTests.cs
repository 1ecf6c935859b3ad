using System.Text.Json;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>Every reason of the verifiers, over HTTP: its code, its path, and nothing stored.</summary>
public abstract class RefusalTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : RefusalTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : RefusalTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // SafetyNet is retired; its statements are refused by name before anything in them is looked at. Trust is a policy that this
    // organisation does not have.
    public static TheoryData<RefusalReason> Reasons => [.. Faults.Reasons.Where(reason => !Faults.NeedsSafetyNet(reason) && !Faults.NeedsDistrust(reason))];

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task A_credential_is_refused_for_its_one_fault(RefusalReason reason)
    {
        var organisation = await Service.NewOrganisationAsync(r => r.AllowCrossOrigin = Faults.NeedsCrossOrigin(reason));
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        var faulty = Faults.Make(reason, challenge.Text, organisation.RelyingPartyId, organisation.Origin).ToJson();
        var slot = (string?)faulty["credentialKind"] == "RecoveryKey" ? "recoveryCredential" : "firstFactorCredential";
        var body = challenge.GoodBody();
        if ((string?)faulty["credentialKind"] == "PasswordProtectedKey") faulty["encryptedPrivateKey"] = "b3BhcXVl";
        body[slot] = faulty;

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()), answer.Code);
        Assert.Equal(400, (int)answer.Status);
        Assert.StartsWith($"$.{slot}", answer.Path, StringComparison.Ordinal);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }
}
