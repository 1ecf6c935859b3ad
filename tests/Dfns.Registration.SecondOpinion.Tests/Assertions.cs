using System.Buffers.Text;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using static Dfns.Registration.SecondOpinion.Tests.RelyingParty;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>Assertions with passkeys: those that we accept, and one that we refuse for each reason.</summary>
internal static class Assertions
{
    private const string UserId = "us-6b58p-r53sr-rlrd3l5cj3uc4ome";

    private static readonly Passkey Usual = new(-7);

    private static readonly AssertionExpectation ExpectedAssertion = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        UserId = UserId,
    };

    /// <summary>The reasons that a passkey's assertion can be refused for: the others are those of raw keys.</summary>
    public static IEnumerable<RefusalReason> Reasons => Enum.GetValues<RefusalReason>().Where(RefusalReasons.CanRefuseAssertion).Except(
    [
        RefusalReason.CredentialKindNotAccepted, RefusalReason.RecoveryNotBound, RefusalReason.RecoveryCredentialsDiffer, RefusalReason.HashAlgorithmNotSupported,
        // Of an id that is stored, and so has the length it must have.
        RefusalReason.CredentialIdLength,
    ]);

    /// <summary>What we accept.</summary>
    public static IEnumerable<AssertionQuestion> Good
    {
        get
        {
            foreach (var algorithm in RegistrationExpectation.SupportedAlgorithms) yield return Ask($"assertion {algorithm}", passkey: new(algorithm));
            yield return Ask("assertion without a user handle", draft => draft.UserHandle = null);
            yield return Ask("assertion with an empty user handle", draft => draft.UserHandle = []);
            yield return Ask("assertion with a user handle encoded twice", draft => draft.UserHandle = System.Text.Encoding.ASCII.GetBytes(System.Buffers.Text.Base64Url.EncodeToString(draft.UserHandle!)));
            yield return Ask("assertion of a user nobody knew beforehand", expected: ExpectedAssertion with { UserId = null });
            yield return Ask("assertion with one of the ids that were offered", expected: ExpectedAssertion with { AllowCredentials = [new byte[32], Usual.Stored.CredentialId] });
            yield return Ask("assertion with a counter that grew", draft => draft.SignCount = 8, stored: Usual.Stored with { SignCount = 7 });
            yield return Ask("assertion with extensions", draft => (draft.Flags, draft.Extensions) = (0x85, new CborMapDraft().Set("credProtect", Cbor.Number(2)).ToBytes()));
            yield return Ask("assertion with the challenge as text", draft => draft.EncodeChallengeText(Challenge));
            yield return Ask("assertion behind a byte order mark", draft => draft.ClientData.Encoded = text => [0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(text)]);
            foreach (var (vector, registration) in Recorded.Assertions.Where(recorded => recorded.Assertion.ExpectedReason is null)) yield return Recorded.AsIssued(vector, registration);
        }
    }

    /// <summary>What we refuse.</summary>
    public static IEnumerable<AssertionQuestion> Faulty => Reasons.Select(reason => Make(reason) with { Name = $"assertion, {reason}", Fault = reason })
        .Concat(Recorded.Assertions.Where(recorded => recorded.Assertion.ExpectedReason is not null).Select(recorded => Recorded.AsIssued(recorded.Assertion, recorded.Registration)))
        .Append(Ask("assertion with a byte behind its signature", draft => draft.Signature = der => [.. der, 0]));

    private static AssertionQuestion Make(RefusalReason reason) => reason switch
    {
        RefusalReason.Base64UrlInvalid => Broken(draft => draft.Texts = made => made with { Signature = made.Signature + "!" }),
        RefusalReason.MemberTooLarge => Broken(draft => draft.ClientData.Set("more", new string('x', VerificationLimits.MaxMemberSizeBytes))),
        RefusalReason.JsonNotUtf8 => Broken(draft => draft.ClientData.Encoded = text => [.. System.Text.Encoding.UTF8.GetBytes(text), 0xFF]),
        RefusalReason.JsonMalformed => Broken(draft => draft.ClientData.Encoded = text => System.Text.Encoding.UTF8.GetBytes(text + "}")),
        RefusalReason.JsonNotObject => Broken(draft => draft.ClientData.Encoded = text => System.Text.Encoding.UTF8.GetBytes($"[{text}]")),
        RefusalReason.JsonDuplicateMember => Broken(draft => draft.ClientData.AddRaw("type", "\"webauthn.get\"")),
        RefusalReason.JsonTooDeep => Broken(draft => draft.ClientData.SetRaw("more", "[[[[[[[[]]]]]]]]")),

        RefusalReason.CborMalformed => Extended(new CborMapDraft().Set("x", Cbor.Null).ToBytes()[..^1]),
        RefusalReason.CborNotMap => Extended(Cbor.Array()),
        RefusalReason.CborItemNotAllowed => Extended(new CborMapDraft().Set("x", [0xF7]).ToBytes()),
        RefusalReason.CborIndefiniteLength => Extended([0xBF, 0xFF]),
        RefusalReason.CborNotShortest => Extended(Cbor.Head(5, 0, argumentSizeBytes: 1)),
        RefusalReason.CborIntegerOutOfRange => Extended(new CborMapDraft().Set("x", Cbor.Head(0, ulong.MaxValue)).ToBytes()),
        RefusalReason.CborDuplicateKey => Extended([0xA2, 0x61, (byte)'x', 0xF6, 0x61, (byte)'x', 0xF6]),
        RefusalReason.CborKeyOrder => Extended(new CborMapDraft().Set("hmac-secret", Cbor.True).Set("x", Cbor.Null).ToBytes()),
        RefusalReason.CborTooDeep => Extended(new CborMapDraft().Set("x", Cbor.NestedArrays(10_000)).ToBytes()),
        RefusalReason.CborTooManyItems => Extended(new CborMapDraft().Set("x", Cbor.Array([.. Enumerable.Repeat(Cbor.Null, 1000)])).ToBytes()),

        RefusalReason.ClientDataMemberInvalid => Broken(draft => draft.ClientData.Remove("origin")),
        RefusalReason.TypeUnexpected => Broken(draft => draft.ClientData.Set("type", "webauthn.create")),
        RefusalReason.ChallengeMismatch => Broken(draft => draft.ClientData.Set("challenge", Base64Url.EncodeToString(new byte[32]))),
        RefusalReason.OriginNotAllowed => Broken(draft => draft.ClientData.Set("origin", Origin + ".evil.example")),
        RefusalReason.CrossOriginNotAllowed => Broken(draft => draft.ClientData.Set("crossOrigin", true)),
        RefusalReason.TopOriginNotExpected => Broken(draft => draft.ClientData.Set("topOrigin", "https://evil.example")),
        RefusalReason.TopOriginNotAllowed => Broken(
            draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", "https://evil.example"), expected: ExpectedAssertion with { AllowCrossOrigin = true }),

        RefusalReason.AuthenticatorDataTruncated => Broken(draft => draft.AuthenticatorData = bytes => bytes[..36]),
        RefusalReason.AuthenticatorDataTrailingBytes => Broken(draft => draft.AuthenticatorData = bytes => [.. bytes, 0]),
        RefusalReason.RpIdHashMismatch => Broken(draft => draft.RpId = "evil." + RpId),
        RefusalReason.UserNotPresent => Broken(draft => draft.Flags = 0x04),
        RefusalReason.UserNotVerified => Broken(draft => draft.Flags = 0x01),
        RefusalReason.BackupStateWithoutEligibility => Broken(draft => draft.Flags = 0x15),
        RefusalReason.AttestedCredentialDataUnexpected => Broken(draft =>
        {
            draft.Flags |= 0x40;
            draft.Extensions = [.. new byte[16], 0, 1, 7, .. Usual.CoseKey.Span];
        }),

        RefusalReason.CredentialNotAllowed => Broken(_ => { }, expected: ExpectedAssertion with { AllowCredentials = [new byte[32]] }),
        RefusalReason.CredentialIdUnexpected => Broken(draft => draft.CredentialId = new byte[32]),
        RefusalReason.CredentialOfAnotherUser => Broken(_ => { }, expected: ExpectedAssertion with { UserId = "us-another" }),
        RefusalReason.UserHandleMissing => Broken(draft => draft.UserHandle = null, expected: ExpectedAssertion with { UserId = null }),
        RefusalReason.UserHandleMismatch => Broken(draft => draft.UserHandle = new byte[32]),
        RefusalReason.BackupEligibilityChanged => Broken(draft => draft.Flags |= 0x08),
        RefusalReason.AssertionSignatureInvalid => Broken(draft => draft.CredentialKey = SoftwareKey.P256()),
        RefusalReason.SignCountRegressed => Broken(_ => { }, stored: Usual.Stored with { SignCount = 1 }),
        RefusalReason.StoredCredentialUnusable =>
            Broken(_ => { }, stored: Usual.Stored with { SubjectPublicKeyInfo = new byte[32] }) with { CoseKey = new byte[32] },
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no assertion is made with this fault"),
    };

    private static AssertionQuestion Broken(Action<AssertionDraft> change, AssertionExpectation? expected = null, StoredCredential? stored = null) => Ask("", change, expected, stored);

    private static AssertionQuestion Extended(byte[] extensions) => Broken(draft => (draft.Flags, draft.Extensions) = (0x85, extensions));

    private static AssertionQuestion Ask(
        string name, Action<AssertionDraft>? change = null, AssertionExpectation? expected = null, StoredCredential? stored = null, Passkey? passkey = null)
    {
        var used = passkey ?? Usual;
        var made = used.Authenticator.Get(Challenge, RpId, Origin, Base64Url.EncodeToString(used.Stored.CredentialId.Span), UserId, change);
        return new(name, made.ToVerify(), stored ?? used.Stored, used.CoseKey, expected ?? ExpectedAssertion);
    }

    /// <summary>An authenticator with a passkey, and what each side stores of it.</summary>
    private sealed class Passkey
    {
        public Passkey(int algorithm)
        {
            Authenticator = new SoftwareAuthenticator { Algorithm = algorithm };
            var made = Authenticator.Create(Challenge, RpId, Origin).ToVerify();
            if (CredentialVerifiers.Verify(made, Expected).Refused(out var why, out var verified)) throw new InvalidOperationException($"{why}");
            CoseKey = verified.WebAuthn!.CoseKey;
            Stored = new StoredCredential
            {
                Kind = verified.Kind,
                CredentialId = verified.CredentialId,
                UserId = UserId,
                SubjectPublicKeyInfo = verified.SubjectPublicKeyInfo,
                Algorithm = algorithm,
            };
        }

        public SoftwareAuthenticator Authenticator { get; }

        public StoredCredential Stored { get; }

        public ReadOnlyMemory<byte> CoseKey { get; }
    }
}
