using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>A good request of three credentials with one thing changed: its passkey is self-attested, so that a proof covers all of it: refused, and nothing stored.</summary>
public abstract class MutationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MutationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MutationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Slot and member of everything that is signed, or hashed into what is signed.
    public static TheoryData<string, string> ProvenMembers => new()
    {
        { "firstFactorCredential", "clientData" },
        { "firstFactorCredential", "attestationData" },
        { "secondFactorCredential", "clientData" },
        { "secondFactorCredential", "attestationData" },
        { "recoveryCredential", "clientData" },
        { "recoveryCredential", "attestationData" },
    };

    [Theory]
    [MemberData(nameof(ProvenMembers))]
    public async Task Every_byte_counts(string slot, string member)
    {
        var challenge = await ChallengeAsync();
        var good = Body(challenge);
        var bytes = Base64Url.DecodeFromChars((string)good[slot]!["credentialInfo"]![member]!);

        // One bit of each byte, over the whole member; the bit moves along so that high and low bits are both tried.
        for (var index = 0; index < bytes.Length; index++)
        {
            var changed = bytes.ToArray();
            changed[index] ^= (byte)(1 << (index % 8));
            if (IsSameHex(bytes, changed, index)) continue;
            var body = good.DeepClone();
            body[slot]!["credentialInfo"]![member] = Base64Url.EncodeToString(changed);

            var answer = await challenge.CompleteAsync(body);

            Assert.True((int)answer.Status == 400, $"Byte {index} of {member} changed from {bytes[index]:x2} to {changed[index]:x2}: {answer.Text}");
        }

        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
        Assert.Equal(200, (int)(await challenge.CompleteAsync(good)).Status);
    }

    [Theory]
    [MemberData(nameof(ProvenMembers))]
    public async Task No_shorter_and_no_longer_member_passes(string slot, string member)
    {
        var challenge = await ChallengeAsync();
        var good = Body(challenge);
        var bytes = Base64Url.DecodeFromChars((string)good[slot]!["credentialInfo"]![member]!);

        foreach (var changed in new byte[][] { bytes[..^1], bytes[1..], bytes[..(bytes.Length / 2)], [.. bytes, 0], [0, .. bytes], [.. bytes, .. bytes] })
        {
            var body = good.DeepClone();
            body[slot]!["credentialInfo"]![member] = Base64Url.EncodeToString(changed);

            Assert.Equal(400, (int)(await challenge.CompleteAsync(body)).Status);
        }

        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Theory]
    [MemberData(nameof(ProvenMembers))]
    public async Task No_member_of_another_credential_passes(string slot, string member)
    {
        var challenge = await ChallengeAsync();
        var good = Body(challenge);

        foreach (var other in good.Select(c => c.Key).Where(k => k != slot))
        {
            var body = good.DeepClone();
            body[slot]!["credentialInfo"]![member] = good[other]!["credentialInfo"]![member]!.DeepClone();

            // The client data of two raw keys are the same bytes: what is signed is the challenge, and it is the same.
            var same = (string?)good[slot]!["credentialInfo"]![member] == (string?)good[other]!["credentialInfo"]![member];
            if (!same) Assert.Equal(400, (int)(await challenge.CompleteAsync(body)).Status);
        }

        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    private static JsonObject Body(Challenge challenge) => new()
    {
        ["firstFactorCredential"] = challenge.SelfAttestedFido2(),
        ["secondFactorCredential"] = challenge.Key(),
        ["recoveryCredential"] = challenge.RecoveryKey(),
    };

    // The digits of a signature are read in either case: flipping the case of one leaves the same signature.
    private static bool IsSameHex(byte[] before, byte[] after, int index) =>
        index > before.AsSpan().IndexOf("\"signature\""u8) && char.IsAsciiHexDigitLower((char)before[index])
        && after[index] == char.ToUpperInvariant((char)before[index]) && char.IsAsciiLetter((char)before[index]);

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
}
