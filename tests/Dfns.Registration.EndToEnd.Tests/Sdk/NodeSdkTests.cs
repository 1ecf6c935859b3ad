using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>The official SDK on a server, with keys made by Node.</summary>
public sealed class NodeSdkTests(DevelopmentService service) : IClassFixture<DevelopmentService>
{
    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public async Task Registers_a_key_of_each_type(string key)
    {
        var invitation = await service.InviteAsync();

        var answer = await RegisterAsync(invitation, new { first = new { key } });

        var row = Assert.Single(await service.Tables.CredentialsAsync(invitation.Username));
        Assert.Equal(("Key", "FirstFactor", (string?)answer["credential"]!["uuid"]), (row.Text("kind"), row.Text("slot"), row.Text("uuid")));
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----\n", row.Text("public_key_pem"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base", true)]
    [InlineData("base", false)]
    [InlineData("client", true)]
    [InlineData("client", false)]
    public async Task Registers_all_three_slots_through_each_surface_of_the_sdk(string surface, bool withOrgIdOption)
    {
        var invitation = await service.InviteAsync();

        var answer = await RegisterAsync(
            invitation,
            new
            {
                first = new { kind = "PasswordProtectedKey", name = "Laptop" },
                second = new { key = "Ed25519", name = "Server" },
                recovery = new { key = "P-384" },
            },
            surface,
            withOrgIdOption ? invitation.OrgId : null);

        Assert.Equal("""{"uuid":"*","kind":"PasswordProtectedKey","name":"Laptop","credentialKind":"PasswordProtectedKey"}""", Masked(answer["credential"]!));
        Assert.Equal((invitation.Username, invitation.OrgId), ((string?)answer["user"]!["username"], (string?)answer["user"]!["orgId"]));
        var rows = await service.Tables.CredentialsAsync(invitation.Username);
        Assert.Equal(
            ["PasswordProtectedKey FirstFactor Laptop", "Key SecondFactor Server", "RecoveryKey Recovery Default Recovery Credential"],
            rows.Select(row => $"{row.Text("kind")} {row.Text("slot")} {row.Text("name")}"));
        Assert.Equal([true, false, true], rows.Select(row => row.Text("encrypted_private_key") is not null));
    }

    [Fact]
    public async Task Tells_each_refusal_as_an_error_of_the_sdk_with_the_documented_message()
    {
        var invitation = await service.InviteAsync();

        var results = await NodeScript.RunAsync("errors.mjs", new { baseUrl = service.Origin, invitation });

        AssertError(results["wrongCode"], 403, "Invalid code", "invalid_code");
        AssertError(results["unknownUser"], 403, "Invalid code", "invalid_code");
        AssertError(results["unknownOrganisation"], 403, "Invalid code", "invalid_code");
        AssertError(results["noUsername"], 400, "This member is required and must not be empty.", "member_required");
        AssertError(results["noToken"], 401, "Not Authorized.", "not_authorized");
        AssertError(results["foreignToken"], 401, "Not Authorized.", "not_authorized");
        AssertError(results["otherChallenge"], 400, code: "challenge_mismatch");
        AssertError(results["wrongSlot"], 400, code: "credential_kind_misplaced");
        AssertError(results["password"], 400, code: "credential_kind_unsupported");
        Assert.Equal("Key", (string?)results["registered"]!["answer"]!["credential"]!["kind"]);
        Assert.Equal(results["registered"]!.ToJsonString(), results["repeated"]!.ToJsonString());
        AssertError(results["replayed"], 409, code: "session_already_completed");
        AssertError(results["otherSession"], 401, "User already exists.", "user_already_exists");
        AssertError(results["alreadyRegistered"], 401, "User already exists.", "user_already_exists");
        AssertError(results["wrongCodeAfterwards"], 403, "Invalid code", "invalid_code");
        AssertError(results["notServed"], 404, code: "call_not_served");
        Assert.Equal(2, (await service.Tables.CredentialsAsync(invitation.Username)).Count);
    }

    [Theory]
    [InlineData("Key")]
    [InlineData("PasswordProtectedKey")]
    public async Task Leads_an_account_through_its_whole_life(string kind)
    {
        var invitation = await service.InviteAsync();
        await using var script = NodeScript.Start("life.mjs");
        await script.WriteLineAsync(JsonSerializer.Serialize(new { baseUrl = service.Origin, invitation, kind }, JsonSerializerOptions.Web));
        await script.Output.LineAsync(l => l == """{"needs":"code"}""");
        var mailed = await service.Process.Output.LineAsync(l => l.Contains($"Recovery code for {invitation.Username} of", StringComparison.Ordinal));
        await script.WriteLineAsync(mailed[^"XXXX-XXXX-XXXX-XXXX".Length..]);

        var code = await script.ExitAsync();

        Assert.True(code == 0, script.Output.ToString());
        var results = JsonNode.Parse(script.Output.Lines[^1])!;
        const string refused = "User does not have a credential that can be used for the application.";
        Assert.Equal(kind, (string?)results["registered"]!["answer"]!["credential"]!["kind"]);
        Assert.Equal("Server", (string?)results["created"]!["answer"]!["name"]);
        Assert.Equal([kind, "RecoveryKey", "Key"], results["listed"]!["answer"]!["items"]!.AsArray().OrderBy(i => (string?)i!["name"] == "Server").ThenBy(i => (string?)i!["kind"] == "RecoveryKey").Select(i => (string?)i!["kind"]));
        AssertMessage(results["deactivated"]);
        AssertError(results["loginWithDeactivated"], 401, refused, "no_usable_credential");
        AssertMessage(results["activated"]);
        Assert.NotEmpty((string)results["loginWithActivated"]!["answer"]!["token"]!);
        Assert.Equal("Phone", (string?)results["createdWithCode"]!["answer"]!["name"]);
        Assert.NotEmpty((string)results["loginWithThird"]!["answer"]!["token"]!);
        AssertMessage(results["recoveryCodeSent"]);
        Assert.NotEmpty((string)results["allowed"]!.AsArray().Single()!["encryptedRecoveryKey"]!);
        Assert.Equal("New device", (string?)results["recovered"]!["answer"]!["credential"]!["name"]);
        AssertError(results["loginWithLost"], 401, refused, "no_usable_credential");
        AssertError(results["listWithOldSession"], 401, "Not Authorized.", "not_authorized");
        Assert.Equal([kind, "RecoveryKey"], results["listedAfterwards"]!["answer"]!["items"]!.AsArray().Select(i => (string?)i!["kind"]).Order(StringComparer.Ordinal));
        Assert.Equal(2, (await service.Tables.CredentialsAsync(invitation.Username)).Count(row => row.Text("status") == "Active"));
    }

    [Fact]
    public async Task Resends_a_code_that_registers_and_ends_the_earlier_one()
    {
        var invitation = await service.InviteAsync();

        var resent = await NodeScript.RunAsync("resend.mjs", new { baseUrl = service.Origin, username = invitation.Username, orgId = invitation.OrgId });
        var line = await service.Process.Output.LineAsync(l => l.Contains($"Registration code for {invitation.Username} of", StringComparison.Ordinal));
        var earlier = await OutcomeAsync(invitation, new { first = new { } });
        await RegisterAsync(invitation with { Code = line[^"XXXX-XXXX-XXXX-XXXX".Length..] }, new { first = new { } });

        Assert.Equal("""{"message":"success"}""", resent["answer"]!.ToJsonString());
        AssertError(earlier, 403, "Invalid code", "invalid_code");
        Assert.Single(await service.Tables.CredentialsAsync(invitation.Username));
    }

    [Fact]
    public async Task Answers_a_resend_for_nobody_as_for_somebody()
    {
        var resent = await NodeScript.RunAsync(
            "resend.mjs", new { baseUrl = service.Origin, username = "nobody@example.co", orgId = DemonstrationStore.OrganisationId });

        Assert.Equal("""{"message":"success"}""", resent["answer"]!.ToJsonString());
    }

    private async Task<JsonNode> RegisterAsync(Invitation invitation, object slots, string surface = "base", string? orgId = null)
    {
        var outcome = await OutcomeAsync(invitation, slots, surface, orgId);
        Assert.True(outcome["answer"] is not null, outcome.ToJsonString());
        return outcome["answer"]!;
    }

    private async Task<JsonNode> OutcomeAsync(Invitation invitation, object slots, string surface = "base", string? orgId = null) =>
        (await NodeScript.RunAsync("register.mjs", new { baseUrl = service.Origin, orgId, surface, invitations = new[] { invitation }, slots }))[0]!;

    private static void AssertError(JsonNode? outcome, int status, string? message = null, string? code = null)
    {
        var error = outcome!["error"];
        Assert.True(error is not null, outcome.ToJsonString());
        Assert.Equal(("DfnsError", status, code), ((string?)error["name"], (int?)error["httpStatus"], (string?)error["code"]));
        if (message is null) Assert.NotEmpty((string)error["message"]!);
        else Assert.Equal(message, (string?)error["message"]);
    }

    private static void AssertMessage(JsonNode? outcome) => Assert.Equal("""{"answer":{"message":"success"}}""", outcome!.ToJsonString());

    private static string Masked(JsonNode credential)
    {
        var masked = credential.DeepClone();
        masked["uuid"] = "*";
        return masked.ToJsonString();
    }
}
