using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.RawKey;

namespace Dfns.Registration.Fuzz;

/// <summary>Whole registrations and assertions, their parts joined into one input, and the binding of a recovery.</summary>
internal static class CredentialTargets
{
    private const string NewCredentials = """{"firstFactorCredential":{"credentialKind":"Key","credentialInfo":{"credId":"AA","n":1.0,"list":[true,null,"\u00e9"]}}}""";

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("registration-fido2", input => Register(CredentialKind.Fido2, input), () =>
            [Joined(Surroundings.Passkey), Joined(Surroundings.Make(AttestationMaker.PackedSelf)), Joined(Surroundings.Make(AttestationMaker.PackedCertified()))]),
        new("registration-key", input => Register(CredentialKind.Key, input), () =>
            [Joined(Surroundings.RawKey), Joined(Surroundings.MakeKey(draft => draft.Attestation = json => json.Set("algorithm", "SHA256"))), Joined(SoftwareKey.Ed25519().Create(Surroundings.Challenge)), Joined(SoftwareKey.Rsa().Create(Surroundings.Challenge))]),
        new("assertion-fido2", input => Assert(Surroundings.StoredPasskey, input), () => [Joined(Surroundings.Get()), Joined(Surroundings.Get(draft => draft.SignCount = 7))]),
        new("assertion-key", input => Assert(Surroundings.StoredKey, input), () =>
            [Joined(Surroundings.Key.Get(Surroundings.Challenge, Surroundings.RawKey.CredId)), Joined(Surroundings.Key.Get(Surroundings.Challenge, Surroundings.RawKey.CredId, draft => draft.Algorithm = "SHA256"))]),
        new("recovery", BindRecovery, () =>
            [Surroundings.Join(Utf8(NewCredentials), Utf8(NewCredentials)), Surroundings.Join(Utf8("{\"a\":1,\"b\":[{}]}"), Utf8("{ \"b\" : [ { } ], \"a\" : 1 }"))]),
    ];

    private static void Register(CredentialKind kind, byte[] input)
    {
        var parts = Surroundings.Split(input, 3);
        var outcome = Invariant.Answers(input.Length, () => CredentialVerifiers.Verify(Of(parts[1]), Surroundings.Registration));
        if (outcome.Refused(out _, out var verified)) return;

        Invariant.Holds(verified.CredentialId.Span.SequenceEqual(parts[0]) && parts[0].Length is > 0 and <= VerificationLimits.MaxCredentialIdSizeBytes, "has the id that was sent");
        Invariant.Holds(verified.WebAuthn is null || Surroundings.Registration.Algorithms.Contains(verified.WebAuthn.Algorithm), "has an algorithm that was offered");
        Invariant.Holds(
            CredentialVerifiers.Verify(Of(parts[1]), Surroundings.Registration with { Challenge = "another" }).Refused(out var why, out _)
            && why.Reason == RefusalReason.ChallengeMismatch,
            "is bound to the challenge");
        if (verified.WebAuthn?.AttestationType != AttestationType.None)
            Invariant.Holds(CredentialVerifiers.Verify(Of([.. parts[1], (byte)' ']), Surroundings.Registration).Refused(out _, out _), "is bound to client data");

        RegistrationCredential Of(byte[] clientData) => new()
        {
            Kind = kind,
            CredId = Base64Url.EncodeToString(parts[0]),
            ClientData = Base64Url.EncodeToString(clientData),
            AttestationData = Base64Url.EncodeToString(parts[2]),
        };
    }

    private static void Assert(StoredCredential credential, byte[] input)
    {
        var parts = Surroundings.Split(input, 5);
        var outcome = Invariant.Answers(input.Length, () => AssertionVerifiers.Verify(Of(parts[1]), credential, Surroundings.Assertion));
        if (outcome.Refused(out _, out _)) return;

        Invariant.Holds(parts[0].AsSpan().SequenceEqual(credential.CredentialId.Span), "has the id that is stored");
        Invariant.Holds(
            AssertionVerifiers.Verify(Of(parts[1]), credential, Surroundings.Assertion with { Challenge = "another" }).Refused(out var why, out _)
            && why.Reason == RefusalReason.ChallengeMismatch,
            "is bound to the challenge");
        Invariant.Holds(AssertionVerifiers.Verify(Of([.. parts[1], (byte)' ']), credential, Surroundings.Assertion).Refused(out _, out _), "is bound to client data");
        Invariant.Holds(
            AssertionVerifiers.Verify(Of(parts[1]), credential with { UserId = "us-other" }, Surroundings.Assertion).Refused(out _, out _), "is bound to the user");

        CredentialAssertion Of(byte[] clientData) => new()
        {
            CredId = Base64Url.EncodeToString(parts[0]),
            ClientData = Base64Url.EncodeToString(clientData),
            Signature = Base64Url.EncodeToString(parts[2]),
            AuthenticatorData = Base64Url.EncodeToString(parts[3]),
            // Of a passkey the last part is the user handle, of a raw key the name of the hash.
            UserHandle = credential.Kind == CredentialKind.Fido2 ? Base64Url.EncodeToString(parts[4]) : null,
            Algorithm = credential.Kind == CredentialKind.Fido2 || parts[4] is [] ? null : System.Text.Encoding.Latin1.GetString(parts[4]),
        };
    }

    private static void BindRecovery(byte[] input)
    {
        var parts = Surroundings.Split(input, 2);
        var (signed, received) = (Base64Url.EncodeToString(parts[0]), parts[1]);
        var outcome = Invariant.Answers(input.Length, () => AsOutcome(RecoveryBinding.Refuse(signed, received)));
        var turned = AsOutcome(RecoveryBinding.Refuse(Base64Url.EncodeToString(received), parts[0]));
        var bound = !outcome.Refused(out _, out _);
        Invariant.Holds(bound == !turned.Refused(out _, out _), "is bound either way round");
        if (bound) Invariant.Holds(JsonNode.DeepEquals(Parse(parts[0]), Parse(received)), "binds equal values");
    }

    private static Outcome<string> AsOutcome(Refusal? refusal) => refusal is null ? "bound" : refusal;

    private static JsonNode? Parse(byte[] json) => JsonNode.Parse(json.AsSpan(json is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0));

    private static byte[] Joined(MadeCredential made) => Surroundings.Join(Bytes(made.CredId), Bytes(made.ClientData), Bytes(made.AttestationData));

    private static byte[] Joined(MadeAssertion made) => Surroundings.Join(
        Bytes(made.CredId), Bytes(made.ClientData), Bytes(made.Signature), Bytes(made.AuthenticatorData ?? ""), made.Algorithm is { } name ? Utf8(name) : Bytes(made.UserHandle ?? ""));

    private static byte[] Bytes(string text) => Base64Url.DecodeFromChars(text);

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
