using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.CommandLine.Verifying;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary><c>verify</c>, without a database or settings.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private const string Challenge = "Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I";
    private const string RpId = "example.co";
    private const string Origin = "https://app.example.co";

    private static readonly string[] Members =
        ["verdict", "reason", "detail", "steps", "message", "format", "algorithm", "aaguid", "aaguidAttested", "trust"];

    private readonly string directory = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task An_accepted_passkey_passes_every_step()
    {
        var run = await RunAsync(Captured(Passkey()));

        Assert.Equal((0, "accepted", ""), (run.ExitCode, LastLine(run), run.Faults));
        Assert.Equal(20, run.Output.Split('\n').Count(line => line.StartsWith("passed", StringComparison.Ordinal)));
        Assert.Contains("format none, algorithm -7, model f00dbabe-0123-4567-89ab-cdef00112233, trust none", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_one_ends_with_the_code_of_the_service_and_tells_what_was_found()
    {
        var run = await RunAsync(Captured(Passkey(), input => input["origins"] = new JsonArray("https://other.example")));

        Assert.Equal((1, "origin_not_allowed", ""), (run.ExitCode, LastLine(run), run.Faults));
        Assert.Matches("passed +§7.1 step 8 .*\nREFUSED +§7.1 step 9 .*\n- +§7.1 step 10 ", run.Output);
    }

    [Fact]
    public async Task JSON_has_every_member_whatever_the_verdict()
    {
        var accepted = JsonNode.Parse((await RunAsync(Captured(Passkey(AttestationMaker.PackedSelf)), "--json")).Output)!.AsObject();
        var refused = JsonNode.Parse((await RunAsync(Captured(Passkey(), input => input["acceptNone"] = false), "--json")).Output)!.AsObject();

        Assert.All([accepted, refused], answer => Assert.Equal(Members.Order(), answer.Select(member => member.Key).Order()));
        Assert.Equal(("accepted", null, "packed", -7, "self", false), Told(accepted));
        Assert.Equal("f00dbabe-0123-4567-89ab-cdef00112233", (string?)accepted["aaguid"]);
        Assert.Equal(("refused", "attestation_none_not_accepted", null, null, null, null), Told(refused));
        Assert.Equal("§7.1 step 24", RefusingStep(refused));
    }

    [Theory]
    [InlineData("", "The input is not one JSON object")]
    [InlineData("nonsense", "The input is not one JSON object")]
    [InlineData("[]", "The input is not one JSON object")]
    [InlineData("{\"kind\":\"Fido2\",\"kind\":\"Key\"}", "The input is not one JSON object")]
    [InlineData("{}", "'kind' is required.")]
    [InlineData("{\"kind\":null}", "'kind' is required.")]
    [InlineData("{\"kind\":\"Password\"}", "'kind' must be one of Fido2, Key, PasswordProtectedKey, RecoveryKey.")]
    [InlineData("{\"kind\":7}", "'kind' must be text.")]
    [InlineData("{\"kind\":\"Key\",\"credentialInfo\":{}}", "'credentialInfo.credId' is required.")]
    public async Task Input_that_cannot_be_used_is_told_in_a_sentence(string input, string told)
    {
        var run = await RunAsync(Encoding.UTF8.GetBytes(input));

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith(told, run.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_cannot_be_used()
    {
        var run = await ServiceProgram.RunAsync(["verify", Path.Combine(directory, "missing.json")]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"There is no file {Path.Combine(directory, "missing.json")}.", run.Faults.Trim());
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("verify one.json --batch two.jsonl")]
    [InlineData("verify one.json --unknown")]
    public async Task A_mistyped_command_is_not_mistaken_for_a_refusal(string arguments) =>
        Assert.Equal(2, (await ServiceProgram.RunAsync(arguments.Split(' '))).ExitCode);

    [Fact]
    public async Task It_leaves_nothing_behind_in_Development()
    {
        var file = Path.Combine(directory, "captured.json");
        await File.WriteAllBytesAsync(file, Captured(Passkey()), TestContext.Current.CancellationToken);

        var run = await ServiceProgram.RunProcessAsync(["verify", file], ("ASPNETCORE_ENVIRONMENT", "Development"), ("ASPNETCORE_CONTENTROOT", directory));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal([file], Directory.GetFileSystemEntries(directory));
    }

    [Theory]
    [InlineData("Key")]
    [InlineData("PasswordProtectedKey")]
    [InlineData("RecoveryKey")]
    public async Task Raw_keys_have_steps_of_their_own(string kind)
    {
        var credential = SoftwareKey.P256().Create(Challenge, Enum.Parse<CredentialKind>(kind));
        var answers = await BatchAsync(
            Captured(credential, input => input.Remove("rpId")),
            Captured(credential, input => input["challenge"] = "other"),
            Captured(SoftwareKey.P256().Create(Challenge, Enum.Parse<CredentialKind>(kind), draft => draft.Key = SoftwareKey.P256())),
            Captured(credential, input => input["knownCredentialIds"] = new JsonArray("AAAA", credential.CredId)));

        Assert.Equal(
            [null, "challenge_mismatch", "key_signature_invalid", "credential_already_registered"],
            answers.Select(answer => (string?)answer["reason"]));
        Assert.Equal([null, "challenge", "signature", "uniqueness"], answers.Select(RefusingStep));
    }

    /// <summary>Each reason tells the same code as the service, and a step before which all have passed.</summary>
    [Fact]
    public async Task Every_reason_has_its_step()
    {
        var reasons = Faults.Reasons.Where(reason => reason != RefusalReason.AuthenticatorStatusNotAccepted).ToList();
        var answers = await BatchAsync([.. reasons.Select(reason => Captured(Faults.Make(reason, Challenge, RpId, Origin), input =>
        {
            input["algorithms"] = new JsonArray(-7, -8, -257);
            input["allowCrossOrigin"] = Faults.NeedsCrossOrigin(reason);
            input["allowSafetyNet"] = Faults.NeedsSafetyNet(reason);
            if (!Faults.NeedsDistrust(reason)) return;
            var trust = Faults.Distrust(reason);
            (input["acceptNone"], input["acceptSelf"]) = (trust.AcceptNone, trust.AcceptSelf);
            input["roots"] = new JsonArray(TestAuthority.Trusted.Pem);
            input["allowedAaguids"] = new JsonArray([.. trust.AllowedAaguids.Select(aaguid => JsonValue.Create($"{aaguid}"))]);
            input["deniedAaguids"] = new JsonArray([.. trust.DeniedAaguids.Select(aaguid => JsonValue.Create($"{aaguid}"))]);
        }))]);

        Assert.Equal(reasons.Select(reason => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{reason}")), answers.Select(answer => (string?)answer["reason"]));
        Assert.All(answers, answer => Assert.Matches("^(passed,)*refused(,not_reached)*$", string.Join(',', answer["steps"]!.AsArray().Select(step => (string)step!["verdict"]!))));
        var steps = reasons.Zip(answers.Select(RefusingStep)).ToDictionary(pair => pair.First, pair => pair.Second);
        Assert.Equal(
            ["wire", "§7.1 step 6", "§7.1 step 13", "§7.1 step 20", "§7.1 step 22", "§7.1 step 24", "§7.1 step 25", "public key"],
            new[]
            {
                RefusalReason.MemberTooLarge, RefusalReason.JsonTooDeep, RefusalReason.CborTooDeep, RefusalReason.AlgorithmKeyMismatch,
                RefusalReason.TpmNameMismatch, RefusalReason.CertificateOutsideValidity, RefusalReason.CredentialIdLength, RefusalReason.PemPrivateKey,
            }.Select(reason => steps[reason]));
    }

    [Fact]
    public async Task The_key_of_a_certificate_is_refused_with_the_statement()
    {
        var made = Passkey(AttestationMaker.PackedCertified(change: leaf => leaf.SubjectPublicKeyInfo = SoftwareKey.Rsa(1024).SubjectPublicKeyInfo));

        var answer = Assert.Single(await BatchAsync(Captured(made)));

        Assert.Equal(("rsa_modulus_not_accepted", "§7.1 step 22"), ((string?)answer["reason"], RefusingStep(answer)));
    }

    [Fact]
    public async Task Roots_decide_whether_paths_are_assessed_and_now_when()
    {
        var made = new SoftwareAuthenticator { Attestation = AttestationMaker.PackedCertified(), Certify = TestAuthority.Trusted.Certify }.Create(Challenge, RpId, Origin);
        var root = TestAuthority.Trusted.Pem;
        var answers = await BatchAsync(
            Captured(made),
            Captured(made, input => input["roots"] = new JsonArray()),
            Captured(made, input => input["roots"] = new JsonArray(root)),
            Captured(made, input => input["roots"] = new JsonArray("commentary\n" + new TestAuthority("Stranger").Pem + "\n" + root)),
            Captured(made, input => input["roots"] = new JsonArray(new TestAuthority("Stranger").Pem)),
            Captured(made, input => (input["roots"], input["now"]) = (new JsonArray(root), "2019-12-31T23:59:59Z")),
            Captured(made, input => (input["roots"], input["now"]) = (new JsonArray(root), "2020-01-01T01:00:00.5+01:00")),
            Captured(made, input => input["now"] = "2019-12-31t23:59:59z"));

        Assert.Equal(
            [null, null, null, null, "certificate_path_not_trusted", "certificate_outside_validity", null, null],
            answers.Select(answer => (string?)answer["reason"]));
        Assert.Equal(
            ["not_assessed", "not_assessed", "trusted", "trusted", null, null, "trusted", "not_assessed"],
            answers.Select(answer => (string?)answer["trust"]));
    }

    [Fact]
    public async Task Every_policy_of_the_input_is_applied()
    {
        var made = Passkey();
        var answers = await BatchAsync(
            Captured(Passkey(change: draft => draft.Flags = 0x41), input => input["requireUserVerification"] = true),
            Captured(Passkey(change: draft => draft.Flags = 0x41), input => input["requireUserVerification"] = false),
            Captured(Passkey(change: draft => draft.ClientData.Set("crossOrigin", true)), input => input["allowCrossOrigin"] = false),
            Captured(Passkey(change: draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", "https://top.example")), input =>
                (input["allowCrossOrigin"], input["topOrigins"]) = (true, new JsonArray("https://top.example"))),
            Captured(Passkey(AttestationMaker.PackedSelf), input => input["acceptSelf"] = false),
            Captured(Passkey(AttestationMaker.AndroidKey(description => description.TeeEnforced.Remove(AndroidKeyDescriptionDraft.OriginTag))), input => input["requireTee"] = true),
            Captured(made, input => input["algorithms"] = new JsonArray(-8)),
            Captured(made, input => input["algorithms"] = null),
            Captured(made, input => input["knownCredentialIds"] = new JsonArray(made.CredId)),
            Captured(made, input => input["knownCredentialIds"] = new JsonArray("AAAA")),
            Captured(made, input => input["more"] = new JsonObject { ["unknown"] = true }));

        Assert.Equal(
            [
                "user_not_verified", null, "cross_origin_not_allowed", null, "attestation_self_not_accepted", "android_origin_not_generated",
                "algorithm_not_offered", null, "credential_already_registered", null, null,
            ],
            answers.Select(answer => (string?)answer["reason"]));
    }

    [Theory]
    [InlineData("credentialInfo", "7")]
    [InlineData("challenge", "null")]
    [InlineData("rpId", "[]")]
    [InlineData("origins", "\"https://app.example.co\"")]
    [InlineData("origins", "[7]")]
    [InlineData("algorithms", "[\"ES256\"]")]
    [InlineData("algorithms", "[7.5]")]
    [InlineData("algorithms", "[4294967296]")]
    [InlineData("acceptNone", "\"true\"")]
    [InlineData("roots", "[\"nonsense\"]")]
    [InlineData("roots", "[\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\"]")]
    [InlineData("knownCredentialIds", "[\"a b\"]")]
    [InlineData("allowedAaguids", "[\"one\"]")]
    [InlineData("now", "\"yesterday\"")]
    [InlineData("now", "\"2026-11-23T12:00:00\"")]
    [InlineData("now", "1764000000")]
    [InlineData("rpId", "\"\\ud800\"")]
    public void A_member_of_another_form_makes_the_input_unusable(string member, string json)
    {
        var input = Encoding.UTF8.GetString(Captured(Passkey(), input => input[member] = "replaced")).Replace("\"replaced\"", json, StringComparison.Ordinal);

        Assert.True(CapturedCredential.Read(Encoding.UTF8.GetBytes(input), Service.Noon).Failed(out var why, out _));
        Assert.Matches("^'[A-Za-z]+' .*[.]$", why);
    }

    [Fact]
    public async Task A_batch_answers_each_line_whatever_it_holds_in_order()
    {
        byte[] good = Captured(Passkey());
        byte[][] lines =
        [
            good, [], "{"u8.ToArray(), [0xFF, 0xFE, 0x00], [.. good, (byte)'\r'], "null"u8.ToArray(), "{} {}"u8.ToArray(), Encoding.UTF8.GetBytes(new string('[', 100_000)),
            Encoding.UTF8.GetBytes($"{{\"kind\":\"{new string('x', LineReader.MaxLineSizeBytes)}\"}}"),
            Captured(Passkey(change: draft => draft.ClientData.Set("more", new string('x', 2_000_000)))), "{\"\\ud800\":1,\"\\ud800\":2}"u8.ToArray(), "   "u8.ToArray(), good,
        ];
        const string unusable = "input_unusable";

        var answers = await BatchAsync(lines);

        Assert.Equal(
            [null, unusable, unusable, unusable, null, unusable, unusable, unusable, unusable, "member_too_large", unusable, unusable, null],
            answers.Select(answer => (string?)answer["reason"]));
        Assert.Equal("unusable", (string?)answers[1]["verdict"]);
        Assert.All(answers, answer => Assert.True(answer["reason"] is null || (string?)answer["detail"] is not null || answer["message"] is not null));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n", 1)]
    [InlineData("\n\n", 2)]
    [InlineData("a", 1)]
    [InlineData("a\n", 1)]
    [InlineData("a\nb", 2)]
    public async Task A_batch_has_as_many_answers_as_lines(string text, int count)
    {
        var run = await RunAsync(Encoding.UTF8.GetBytes(text), "--batch");

        Assert.Equal((0, count), (run.ExitCode, run.Output.Count(character => character == '\n')));
    }

    [Fact]
    public async Task A_file_may_begin_with_a_byte_order_mark() => Assert.Equal(0, (await RunAsync([0xEF, 0xBB, 0xBF, .. Captured(Passkey())])).ExitCode);

    private static MadeCredential Passkey(AttestationMaker? attestation = null, Action<RegistrationDraft>? change = null) =>
        new SoftwareAuthenticator { Attestation = attestation ?? AttestationMaker.None }.Create(Challenge, RpId, Origin, change);

    private static byte[] Captured(MadeCredential made, Action<JsonObject>? change = null)
    {
        var input = new JsonObject
        {
            ["kind"] = $"{made.Kind}",
            ["credentialInfo"] = made.ToJson()["credentialInfo"]!.DeepClone(),
            ["challenge"] = Challenge,
            ["rpId"] = RpId,
            ["origins"] = new JsonArray(Origin),
            ["requireUserVerification"] = true,
        };
        change?.Invoke(input);
        return JsonSerializer.SerializeToUtf8Bytes(input);
    }

    private static string LastLine(ServiceProgram.Run run) => run.Output.TrimEnd('\n').Split('\n')[^1];

    private static string? RefusingStep(JsonNode answer) =>
        (string?)answer["steps"]!.AsArray().SingleOrDefault(step => (string?)step!["verdict"] == "refused")?["step"];

    private static (string?, string?, string?, int?, string?, bool?) Told(JsonObject answer) => (
        (string?)answer["verdict"], (string?)answer["reason"], (string?)answer["format"], (int?)answer["algorithm"], (string?)answer["trust"], (bool?)answer["aaguidAttested"]);

    private async Task<ServiceProgram.Run> RunAsync(byte[] content, params string[] options)
    {
        var file = Path.Combine(directory, "input");
        await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
        return await ServiceProgram.RunAsync(["verify", .. options, file]);
    }

    private async Task<List<JsonNode>> BatchAsync(params byte[][] lines)
    {
        var run = await RunAsync([.. lines.SelectMany(line => line.Append((byte)'\n'))], "--batch");
        Assert.Equal((0, ""), (run.ExitCode, run.Faults));
        return [.. run.Output.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];
    }
}
