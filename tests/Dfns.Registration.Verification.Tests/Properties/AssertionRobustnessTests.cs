using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.RawKey;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.Properties;

/// <summary>Whatever arrives as an assertion, there is an answer, and no bit of what was signed can be changed.</summary>
public sealed class AssertionRobustnessTests
{
    private static readonly Gen<byte[]> Anything = Gen.Byte.Array[0, 300];
    private static readonly Gen<string> AnyText = Gen.String[0, 200];

    public static TheoryData<int> Passkeys => [-7, -8, -257, -37];

    public static TheoryData<string> Keys => ["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "RSA-2048"];

    [Fact]
    public void Any_texts_are_refused() => Gen.Select(Gen.Enum<CredentialKind>(), Gen.Select(AnyText, AnyText, AnyText), Gen.Select(AnyText, AnyText, AnyText))
        .Sample((kind, first, second) =>
            IsRefusedTwiceAlike(kind, new MadeAssertion(first.Item1, first.Item2, first.Item3, second.Item1, second.Item2, second.Item3)));

    [Fact]
    public void Any_bytes_in_base64url_are_refused() => Gen.Select(Gen.Enum<CredentialKind>(), Anything, Anything, Anything, Anything)
        .Sample((kind, clientData, signature, authenticatorData, userHandle) => IsRefusedTwiceAlike(
            kind, new MadeAssertion(CredId(Passkey), Text(clientData), Text(signature), Text(authenticatorData), Text(userHandle))));

    [Fact]
    public void Any_bytes_with_a_valid_signature_over_them_have_an_answer() => Gen.Select(Anything, Anything).Sample((clientData, data) =>
    {
        var passkey = Get(draft =>
        {
            draft.ClientData.Encoded = _ => clientData;
            draft.AuthenticatorData = _ => data;
        });
        var key = GetKey(draft => draft.ClientData.Encoded = _ => clientData);
        return IsRefusedTwiceAlike(CredentialKind.Fido2, passkey) && IsRefusedTwiceAlike(CredentialKind.Key, key);
    });

    [Fact]
    public void Any_stored_key_has_an_answer() => Gen.Select(Gen.Enum<CredentialKind>(), Anything, Gen.Int[-300, 10]).Sample((kind, key, algorithm) =>
    {
        var stored = Passkey with { Kind = kind, SubjectPublicKeyInfo = key, Algorithm = algorithm };
        return AssertionVerifiers.Verify(Get().ToVerify(), stored, Expected).Refused(out _, out _);
    });

    [Theory]
    [MemberData(nameof(Passkeys))]
    public void A_passkeys_assertion_with_any_one_bit_changed_is_refused(int algorithm)
    {
        var (authenticator, credential) = Registered(algorithm);
        var valid = Sign(authenticator, credential, draft => draft.SignCount = 7);
        Accepted(valid, credential: credential);

        Assert.All(EachBit(valid.CredId), text => IsRefused(valid with { CredId = text }));
        Assert.All(EachBit(valid.ClientData), text => IsRefused(valid with { ClientData = text }));
        Assert.All(EachBit(valid.Signature), text => IsRefused(valid with { Signature = text }));
        Assert.All(EachBit(valid.AuthenticatorData!), text => IsRefused(valid with { AuthenticatorData = text }));
        Assert.All(EachBit(valid.UserHandle!), text => IsRefused(valid with { UserHandle = text }));

        void IsRefused(MadeAssertion changed) =>
            Assert.True(AssertionVerifiers.Verify(changed.ToVerify(), credential, Expected).Refused(out _, out _));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_raw_keys_assertion_with_any_one_bit_changed_is_refused(string name)
    {
        var key = SoftwareKey.Named(name);
        var credential = Store(key.Create(Ceremony.Challenge));
        var valid = key.Get(Ceremony.Challenge, CredId(credential));
        Accepted(valid, credential: credential);

        Assert.All(EachBit(valid.CredId), text => IsRefused(valid with { CredId = text }));
        Assert.All(EachBit(valid.ClientData), text => IsRefused(valid with { ClientData = text }));
        Assert.All(EachBit(valid.Signature), text => IsRefused(valid with { Signature = text }));

        void IsRefused(MadeAssertion changed) =>
            Assert.True(AssertionVerifiers.Verify(changed.ToVerify(), credential, Expected).Refused(out _, out _));
    }

    [Fact]
    public void A_recovery_with_any_one_bit_changed_is_refused()
    {
        var valid = GetRecovery();
        Recovered(valid);

        Assert.All(EachBit(valid.ClientData), text => IsRefused(valid with { ClientData = text }, Recovery()));
        Assert.All(EachBit(valid.Signature), text => IsRefused(valid with { Signature = text }, Recovery()));
        Assert.All(
            EachBit(Text(System.Text.Encoding.UTF8.GetBytes(NewCredentials))),
            text => IsRefused(valid, Recovery() with { NewCredentials = Base64Url.DecodeFromChars(text) }));

        static void IsRefused(MadeAssertion changed, RecoveryExpectation expected) =>
            Assert.True(AssertionVerifiers.VerifyRecovery(changed.ToVerify(), RecoveryKey, expected).Refused(out _, out _));
    }

    [Fact]
    public void Any_challenge_and_any_new_credentials_have_an_answer() => Gen.Select(AnyText, Anything).Sample((challenge, newCredentials) =>
        RecoveryBinding.Refuse(challenge, newCredentials) is not null);

    [Fact]
    public void New_credentials_are_bound_in_any_order_and_to_nothing_else()
    {
        var objects = Gen.Dictionary(Gen.String.AlphaNumeric, Gen.String.AlphaNumeric)[0, 6];
        Gen.Select(Gen.Dictionary(Gen.String.AlphaNumeric, objects)[1, 6], Gen.String.AlphaNumeric).Sample((value, name) =>
        {
            var signed = Text(JsonSerializer.SerializeToUtf8Bytes(value));
            var sameInReverse = value.Reverse().ToDictionary(member => member.Key, member => member.Value.Reverse().ToDictionary());
            var other = JsonSerializer.SerializeToNode(value)!.AsObject();
            if (!other.Remove(name)) other[name] = new JsonObject();

            return RecoveryBinding.Refuse(signed, Indented(sameInReverse)) is null
                && RecoveryBinding.Refuse(signed, Indented(other))?.Reason == RefusalReason.RecoveryCredentialsDiffer;
        });
    }

    private static byte[] Indented<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Spacious);

    private static readonly JsonSerializerOptions Spacious = new() { WriteIndented = true };

    private static IEnumerable<string> EachBit(string text)
    {
        var bytes = Base64Url.DecodeFromChars(text);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = bytes.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            yield return Text(changed);
        }
    }

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static bool IsRefusedTwiceAlike(CredentialKind kind, MadeAssertion made) =>
        Verdict(kind, made) is { } first && first == Verdict(kind, made);

    private static Refusal? Verdict(CredentialKind kind, MadeAssertion made)
    {
        var credential = (kind == CredentialKind.Fido2 ? Passkey : Key) with { Kind = kind };
        var outcome = kind == CredentialKind.RecoveryKey
            ? AssertionVerifiers.VerifyRecovery(made.ToVerify(), credential, Recovery())
            : AssertionVerifiers.Verify(made.ToVerify(), credential, Expected);
        return outcome.Refused(out var why, out _) ? why : null;
    }
}
