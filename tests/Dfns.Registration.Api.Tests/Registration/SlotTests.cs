using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>Which kind may fill which slot, and which members each needs; a refusal stores nothing and leaves the session open.</summary>
public abstract class SlotTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SlotTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SlotTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Theory]
    [InlineData("firstFactorCredential", "RecoveryKey", "credential_kind_misplaced")]
    [InlineData("secondFactorCredential", "RecoveryKey", "credential_kind_misplaced")]
    [InlineData("recoveryCredential", "Fido2", "credential_kind_misplaced")]
    [InlineData("recoveryCredential", "Key", "credential_kind_misplaced")]
    [InlineData("recoveryCredential", "PasswordProtectedKey", "credential_kind_misplaced")]
    [InlineData("firstFactorCredential", "Password", "credential_kind_unsupported")]
    [InlineData("secondFactorCredential", "Totp", "credential_kind_unsupported")]
    [InlineData("firstFactorCredential", "fido2", "credential_kind_unknown")]
    [InlineData("firstFactorCredential", "Fido2, Key", "credential_kind_unknown")]
    [InlineData("firstFactorCredential", "0", "credential_kind_unknown")]
    [InlineData("firstFactorCredential", " Key", "credential_kind_unknown")]
    [InlineData("firstFactorCredential", "", "member_required")]
    public async Task Refuses_a_kind_in_a_slot(string slot, string kind, string code)
    {
        await AssertRefusedAsync(
            (challenge, body) =>
            {
                body[slot] = challenge.RecoveryKey();
                body[slot]!["credentialKind"] = kind;
            },
            code,
            $"$.{slot}.credentialKind");
    }

    [Theory]
    [InlineData("Password")]
    [InlineData("Totp")]
    public async Task Names_the_kinds_to_use_instead_of_a_deprecated_one(string kind)
    {
        var challenge = await ChallengeAsync();
        var body = new JsonObject { ["firstFactorCredential"] = new JsonObject { ["credentialKind"] = kind, ["credentialInfo"] = new JsonObject { ["password"] = "hunter2" } } };

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal("This credentialKind is deprecated and not supported. Use Fido2, Key, PasswordProtectedKey.", answer.Message);
    }

    [Theory]
    [InlineData("$.firstFactorCredential")]
    [InlineData("$.firstFactorCredential.credentialKind")]
    [InlineData("$.firstFactorCredential.credentialInfo")]
    [InlineData("$.firstFactorCredential.credentialInfo.credId")]
    [InlineData("$.firstFactorCredential.credentialInfo.clientData")]
    [InlineData("$.firstFactorCredential.credentialInfo.attestationData")]
    [InlineData("$.recoveryCredential.credentialKind")]
    [InlineData("$.recoveryCredential.credentialInfo")]
    [InlineData("$.recoveryCredential.credentialInfo.credId")]
    public async Task Names_a_member_that_is_missing(string path) =>
        await AssertRefusedAsync((_, body) => Remove(body, path), "member_required", path);

    [Fact]
    public async Task Names_the_encrypted_private_key_that_a_password_protected_key_lacks() =>
        await AssertRefusedAsync(
            (challenge, body) =>
            {
                body["firstFactorCredential"] = challenge.PasswordProtectedKey();
                Remove(body, "$.firstFactorCredential.encryptedPrivateKey");
            },
            "member_required",
            "$.firstFactorCredential.encryptedPrivateKey");

    [Fact]
    public async Task Accepts_a_recovery_key_without_an_encrypted_private_key()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        Remove(body, "$.recoveryCredential.encryptedPrivateKey");

        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
    }

    [Theory]
    [InlineData("$.firstFactorCredential", "[]")]
    [InlineData("$.firstFactorCredential", "\"text\"")]
    [InlineData("$.firstFactorCredential.credentialKind", "1")]
    [InlineData("$.firstFactorCredential.credentialInfo", "[]")]
    [InlineData("$.firstFactorCredential.credentialInfo.credId", "1")]
    [InlineData("$.firstFactorCredential.credentialInfo.clientData", "{}")]
    [InlineData("$.firstFactorCredential.credentialInfo.attestationData", "true")]
    [InlineData("$.firstFactorCredential.credentialName", "[\"a\"]")]
    [InlineData("$.recoveryCredential.encryptedPrivateKey", "{}")]
    [InlineData("$.firstFactorCredential.credentialName", "\"a\\u0000b\"")]
    public async Task Names_a_member_of_the_wrong_type_or_form(string path, string json) =>
        await AssertRefusedAsync((_, body) => Replace(body, path, JsonNode.Parse(json)), "member_invalid", path);

    [Theory]
    [InlineData("$.firstFactorCredential.credentialName", 101)]
    [InlineData("$.recoveryCredential.encryptedPrivateKey", 32769)]
    public async Task Names_a_member_that_is_too_long(string path, int length) =>
        await AssertRefusedAsync((_, body) => Replace(body, path, new string('x', length)), "member_too_long", path);

    [Fact]
    public async Task Accepts_a_name_of_a_hundred_characters()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        Replace(body, "$.firstFactorCredential.credentialName", new string('ä', 100));

        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
    }

    [Fact]
    public async Task Refuses_one_credential_in_two_slots() =>
        await AssertRefusedAsync(
            (_, body) => body["secondFactorCredential"] = body["firstFactorCredential"]!.DeepClone(),
            "credential_repeated",
            "$.secondFactorCredential.credentialInfo.credId");

    [Fact]
    public async Task Refuses_one_key_that_signs_in_and_recovers() =>
        await AssertRefusedAsync(
            (challenge, body) =>
            {
                var key = challenge.Key();
                body["firstFactorCredential"] = key;
                body["recoveryCredential"] = key.DeepClone();
                body["recoveryCredential"]!["credentialKind"] = "RecoveryKey";
                body["recoveryCredential"]!["credentialInfo"]!["credId"] = "YW5vdGhlcg";
            },
            "public_key_repeated",
            "$.recoveryCredential.credentialInfo.attestationData");

    [Fact]
    public async Task Refuses_a_key_that_another_user_of_the_organisation_has_registered()
    {
        var organisation = await Service.NewOrganisationAsync();
        var key = SoftwareKey.P256();
        foreach (var (username, status) in new[] { ("jane@example.co", 200), ("john@example.co", 409) })
        {
            var challenge = await (await Service.InviteAsync(organisation, username)).InitAsync();
            var credential = key.Create(challenge.Text).ToJson();
            credential["credentialInfo"]!["credId"] = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(username));

            var answer = await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = credential });

            Assert.Equal(status, (int)answer.Status);
            Assert.Equal(status == 200 ? null : "public_key_already_registered", answer.Code);
            Assert.Equal(status == 200 ? 1 : 0, (await challenge.StoredAsync()).Credentials);
        }
    }

    [Theory]
    [InlineData("firstFactorCredential")]
    [InlineData("secondFactorCredential")]
    [InlineData("recoveryCredential")]
    public async Task Refuses_the_whole_request_when_any_one_credential_is_over_another_challenge(string slot)
    {
        var other = await ChallengeAsync();
        await AssertRefusedAsync(
            (challenge, body) =>
            {
                body["secondFactorCredential"] = challenge.Key();
                body[slot] = slot == "recoveryCredential" ? other.RecoveryKey() : other.Key();
            },
            "challenge_mismatch",
            $"$.{slot}.credentialInfo.clientData");
    }

    [Theory]
    [InlineData("firstFactorCredential")]
    [InlineData("secondFactorCredential")]
    [InlineData("recoveryCredential")]
    public async Task Refuses_the_whole_request_when_any_one_signature_is_another_keys(string slot)
    {
        await AssertRefusedAsync(
            (challenge, body) =>
            {
                body["secondFactorCredential"] = challenge.Key();
                if (slot == "firstFactorCredential") body[slot] = challenge.Key();
                // The proof of a key over the same challenge, with client data that differ in one blank.
                var clientData = System.Buffers.Text.Base64Url.DecodeFromChars((string)body[slot]!["credentialInfo"]!["clientData"]!);
                body[slot]!["credentialInfo"]!["clientData"] = System.Buffers.Text.Base64Url.EncodeToString([(byte)' ', .. clientData]);
            },
            "key_signature_invalid",
            $"$.{slot}.credentialInfo.attestationData");
    }

    [Fact]
    public async Task Refuses_a_passkey_made_for_another_origin() =>
        await AssertRefusedAsync(
            (challenge, body) => body["firstFactorCredential"] = (challenge with { Organisation = challenge.Organisation with { Origin = "https://app.example.co.evil.example" } }).Fido2(),
            "origin_not_allowed",
            "$.firstFactorCredential.credentialInfo.clientData");

    [Fact]
    public async Task Refuses_a_passkey_made_for_another_relying_party() =>
        await AssertRefusedAsync(
            (challenge, body) => body["firstFactorCredential"] = (challenge with { Organisation = challenge.Organisation with { RelyingPartyId = "evil.example" } }).Fido2(),
            "rp_id_hash_mismatch",
            "$.firstFactorCredential.credentialInfo.attestationData");

    [Fact]
    public async Task Refuses_a_passkey_whose_algorithm_the_organisation_did_not_offer()
    {
        var organisation = await Service.NewOrganisationAsync(r => r.Algorithms = [-257]);
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();

        var answer = await challenge.CompleteAsync(challenge.GoodBody());

        Assert.Equal("algorithm_not_offered", answer.Code);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    private static void Remove(JsonObject body, string path)
    {
        var (parent, name) = Locate(body, path);
        parent.Remove(name);
    }

    private static void Replace(JsonObject body, string path, JsonNode? value)
    {
        var (parent, name) = Locate(body, path);
        parent[name] = value;
    }

    private static (JsonObject Parent, string Name) Locate(JsonObject body, string path)
    {
        var names = path[2..].Split('.');
        return (names[..^1].Aggregate(body, (node, name) => node[name]!.AsObject()), names[^1]);
    }

    private async Task AssertRefusedAsync(Action<Challenge, JsonObject> fault, string code, string path)
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        fault(challenge, body);

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal((400, code, path), ((int)answer.Status, answer.Code, answer.Path));
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
}
