using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.RawKey;

public sealed class KeyAssertionTests
{
    public static TheoryData<string> KeyTypes => ["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "RSA-2048", "RSA-3072"];

    [Theory]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public void Accepts_the_two_kinds_by_the_same_proof(CredentialKind kind)
    {
        var assertion = Accepted(GetKey(), credential: Key with { Kind = kind });
        Assert.Equal(Ceremony.Challenge, assertion.ClientDataChallenge);
        Assert.Null(assertion.WebAuthn);
    }

    [Theory]
    [MemberData(nameof(KeyTypes))]
    public void Accepts_every_key_type_with_SHA256_when_none_is_named(string name)
    {
        var (key, credential) = Registered(name);
        Accepted(key.Get(Ceremony.Challenge, CredId(credential)), credential: credential);
    }

    // Kinds.
    [Fact]
    public void Refuses_a_recovery_key_outside_a_recovery()
    {
        Refused(RefusalReason.CredentialKindNotAccepted, GetKey(), credential: RecoveryKey);
        Refused(RefusalReason.CredentialKindNotAccepted, GetRecovery(), credential: RecoveryKey);
    }

    [Fact]
    public void A_passkey_does_not_assert_as_a_raw_key_nor_the_other_way_round()
    {
        Refused(RefusalReason.TypeUnexpected, Get(), credential: Passkey with { Kind = CredentialKind.Key });
        Refused(RefusalReason.Base64UrlInvalid, GetKey(), credential: Key with { Kind = CredentialKind.Fido2 });
    }

    // Credential and user.
    [Fact]
    public void Accepts_a_credential_that_was_offered() => Accepted(GetKey(), Expected with { AllowCredentials = [Key.CredentialId] });

    [Fact]
    public void Refuses_a_credential_that_was_not_offered() =>
        Refused(RefusalReason.CredentialNotAllowed, GetKey(), Expected with { AllowCredentials = [Passkey.CredentialId] });

    [Fact]
    public void Refuses_the_id_of_another_credential() =>
        Refused(RefusalReason.CredentialIdUnexpected, GetKey(draft => draft.CredentialId = new byte[32]));

    [Fact]
    public void Refuses_a_credential_of_another_user_than_the_known_one() =>
        Refused(RefusalReason.CredentialOfAnotherUser, GetKey(), Expected with { UserId = "us-another" });

    [Fact]
    public void Accepts_any_user_where_none_was_known() => Accepted(GetKey(), Expected with { UserId = null });

    [Theory]
    [InlineData("my-own-cred-id")]
    [InlineData("my-own-cred-ic")]
    [InlineData("my-own-cred-id==")]
    [InlineData("my+own+cred+id")]
    public void Accepts_every_spelling_of_an_id_that_the_client_chose(string credId) => Accepted(
        GetKey(draft => draft.Texts = made => made with { CredId = credId }),
        credential: Key with { CredentialId = Ceremony.Accepted(CredentialIds.Read("my-own-cred-id")) });

    // Client data.
    [Theory]
    [InlineData("type,challenge")]
    [InlineData("challenge,type")]
    [InlineData("challenge,crossOrigin,origin,type")]
    [InlineData("type,challenge,origin,crossOrigin")]
    public void Accepts_the_members_in_every_order_that_clients_write(string members) => Accepted(GetKey(draft =>
    {
        draft.ClientData.Set("origin", "https://anywhere.example").Set("crossOrigin", true);
        draft.ClientData.Order(members.Split(','));
    }));

    [Theory]
    [InlineData("key.create")]
    [InlineData("webauthn.get")]
    [InlineData("Key.Get")]
    [InlineData("")]
    public void Refuses_any_type_but_key_get(string type) =>
        Refused(RefusalReason.TypeUnexpected, GetKey(draft => draft.ClientData.Set("type", type)));

    [Theory]
    [InlineData("type")]
    [InlineData("challenge")]
    public void Refuses_client_data_without_a_required_member(string name) =>
        Refused(RefusalReason.ClientDataMemberInvalid, GetKey(draft => draft.ClientData.Remove(name)));

    [Fact]
    public void Refuses_client_data_with_a_member_twice() =>
        Refused(RefusalReason.JsonDuplicateMember, GetKey(draft => draft.ClientData.AddRaw("challenge", "\"x\"")));

    [Fact]
    public void Refuses_client_data_spelled_anew_after_signing() => Refused(
        RefusalReason.AssertionSignatureInvalid,
        GetKey(draft => draft.Texts = made => made with
        {
            ClientData = Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes($$"""{"type": "key.get","challenge":"{{Ceremony.Challenge}}"}""")),
        }));

    [Theory]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I=")]
    [InlineData("VmIzbVBRMW5ZMFpmSjVzVDhoWGsyd0xyN3VDZ0U5YURxT2lCNHlOeE02SQ")]
    [InlineData("VmIzbVBRMW5ZMFpmSjVzVDhoWGsyd0xyN3VDZ0U5YURxT2lCNHlOeE02SQ==")]
    public void Accepts_the_challenge_in_every_spelling_that_clients_write_and_tells_it(string challenge) =>
        Assert.Equal(challenge, Accepted(GetKey(draft => draft.ClientData.Set("challenge", challenge))).ClientDataChallenge);

    [Theory]
    [InlineData("")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6J")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I ")]
    [InlineData("55bde63d0d6763465f279b13f215e4db02ebeee0a013d683a8e881e3237133a2")]
    public void Refuses_every_other_challenge(string challenge) =>
        Refused(RefusalReason.ChallengeMismatch, GetKey(draft => draft.ClientData.Set("challenge", challenge)));

    // Signature.
    [Theory]
    [MemberData(nameof(KeyTypes))]
    public void Refuses_a_signature_with_one_bit_changed(string name)
    {
        var (key, credential) = Registered(name);
        var made = key.Get(
            Ceremony.Challenge, CredId(credential), draft => draft.Signature = bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);
        Assert.Equal(CredentialPart.Signature, Refused(RefusalReason.AssertionSignatureInvalid, made, credential: credential).Part);
    }

    [Theory]
    [MemberData(nameof(KeyTypes))]
    public void Refuses_a_signature_with_a_byte_after_it(string name)
    {
        var (key, credential) = Registered(name);
        var made = key.Get(Ceremony.Challenge, CredId(credential), draft => draft.Signature = bytes => [.. bytes, 0]);
        Refused(RefusalReason.AssertionSignatureInvalid, made, credential: credential);
    }

    [Fact]
    public void Refuses_a_signature_of_another_key() =>
        Refused(RefusalReason.AssertionSignatureInvalid, GetKey(draft => draft.Key = SoftwareKey.P256()));

    [Fact]
    public void Refuses_a_signature_in_hex() => Refused(
        RefusalReason.AssertionSignatureInvalid,
        GetKey(draft => draft.Texts = made => made with
        {
            // Two digits more make the text one of a base64url length, so that it is the signature that fails.
            Signature = Convert.ToHexStringLower(Base64Url.DecodeFromChars(made.Signature)).PadRight(144, '0'),
        }));

    [Theory]
    [InlineData("")]
    [InlineData("MEU CIQ")]
    [InlineData("M")]
    public void Refuses_a_signature_that_is_not_base64url(string signature) => Assert.Equal(
        CredentialPart.Signature,
        Refused(RefusalReason.Base64UrlInvalid, GetKey(draft => draft.Texts = made => made with { Signature = signature })).Part);

    [Fact]
    public void Accepts_a_signature_with_padding_and_in_the_standard_alphabet() => Accepted(GetKey(draft => draft.Texts = made => made with
    {
        Signature = Convert.ToBase64String(Base64Url.DecodeFromChars(made.Signature)),
    }));

    [Fact]
    public void Refuses_a_signature_over_the_fingerprint_of_registration() => Refused(
        RefusalReason.AssertionSignatureInvalid,
        GetKey(draft => draft.SignedBytes = clientData =>
            Dfns.Registration.Verification.RawKey.KeyRegistration.Fingerprint(clientData, draft.Key.Pem)));

    [Fact]
    public void Refuses_a_signature_over_the_hash_of_client_data() =>
        Refused(RefusalReason.AssertionSignatureInvalid, GetKey(draft => draft.SignedBytes = SHA256.HashData));

    [Fact]
    public void Refuses_an_RSA_signature_with_PSS_padding()
    {
        var (key, credential) = Registered("RSA-2048");
        Refused(
            RefusalReason.AssertionSignatureInvalid,
            key.Get(Ceremony.Challenge, CredId(credential), draft => draft.Padding = RSASignaturePadding.Pss),
            credential: credential);
    }

    // Hash.
    [Theory]
    [InlineData("SHA256", "SHA256")]
    [InlineData("RSA-SHA256", "SHA256")]
    [InlineData("sha384", "SHA384")]
    [InlineData("SHA512", "SHA512")]
    [InlineData("rsa-sha512", "SHA512")]
    public void Accepts_the_hash_that_the_assertion_names_whatever_was_registered(string algorithm, string hash)
    {
        foreach (var registered in new[] { "SHA256", "SHA384", "SHA512", null })
            Accepted(
                GetKey(draft => (draft.Algorithm, draft.Hash) = (algorithm, new HashAlgorithmName(hash))),
                credential: Key with { HashAlgorithm = registered });
    }

    [Theory]
    [InlineData(null, "SHA256")]
    [InlineData("SHA256", "SHA256")]
    [InlineData("SHA384", "SHA384")]
    [InlineData("SHA512", "SHA512")]
    public void Accepts_the_registered_hash_when_the_assertion_names_none(string? registered, string hash) =>
        Accepted(GetKey(draft => draft.Hash = new HashAlgorithmName(hash)), credential: Key with { HashAlgorithm = registered });

    [Fact]
    public void Refuses_another_hash_than_the_registered_one_when_the_assertion_names_none() =>
        Refused(RefusalReason.AssertionSignatureInvalid, GetKey(draft => draft.Hash = HashAlgorithmName.SHA512));

    [Fact]
    public void Refuses_another_hash_than_the_assertion_names() => Refused(
        RefusalReason.AssertionSignatureInvalid,
        GetKey(draft => (draft.Algorithm, draft.Hash) = ("SHA512", HashAlgorithmName.SHA256)));

    [Theory]
    [InlineData("SHA1")]
    [InlineData("SHA-256")]
    [InlineData("")]
    [InlineData("ES256")]
    public void Refuses_any_other_name(string algorithm) => Assert.Equal(
        CredentialPart.Algorithm, Refused(RefusalReason.HashAlgorithmNotSupported, GetKey(draft => draft.Algorithm = algorithm)).Part);

    [Fact]
    public void Refuses_a_stored_hash_that_is_none() =>
        Refused(RefusalReason.StoredCredentialUnusable, GetKey(), credential: Key with { HashAlgorithm = "MD5" });

    [Theory]
    [InlineData("SHA512")]
    [InlineData("nonsense")]
    public void Ed25519_ignores_the_name_of_a_hash(string algorithm)
    {
        var (key, credential) = Registered("Ed25519");
        Accepted(key.Get(Ceremony.Challenge, CredId(credential), draft => draft.Algorithm = algorithm), credential: credential);
    }

    private static (SoftwareKey Key, StoredCredential Credential) Registered(string name)
    {
        var key = SoftwareKey.Named(name);
        return (key, Store(key.Create(Ceremony.Challenge)));
    }
}
