using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RawKey;

public sealed class KeyRegistrationTests
{
    [Theory]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    [InlineData(CredentialKind.RecoveryKey)]
    public void Accepts_the_three_kinds_by_the_same_proof(CredentialKind kind)
    {
        var key = SoftwareKey.P256();
        var verified = Accepted(key.Create(Challenge, kind));

        Assert.Equal(kind, verified.Kind);
        Assert.Equal(key.Pem, verified.PublicKeyPem);
        Assert.Equal(key.SubjectPublicKeyInfo, verified.SubjectPublicKeyInfo.ToArray());
        Assert.Equal("SHA256", verified.HashAlgorithm);
        Assert.Null(verified.WebAuthn);
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    [InlineData("RSA-3072")]
    public void Accepts_every_key_type_with_SHA256_when_none_is_named(string key) => Accepted(SoftwareKey.Named(key).Create(Challenge));

    [Fact]
    public void A_passkey_does_not_verify_as_a_raw_key_nor_the_other_way_round()
    {
        Refused(RefusalReason.TypeUnexpected, Make() with { Kind = CredentialKind.Key });
        Refused(RefusalReason.ClientDataMemberInvalid, MakeKey() with { Kind = CredentialKind.Fido2 });
    }

    // Client data.
    [Theory]
    [InlineData("type,challenge")]
    [InlineData("challenge,type")]
    [InlineData("challenge,crossOrigin,origin,type")]
    [InlineData("type,challenge,origin,crossOrigin")]
    [InlineData("challenge,crossOrigin,type")]
    [InlineData("type,challenge,crossOrigin")]
    public void Accepts_the_members_in_every_order_that_clients_write(string members) => Accepted(MakeKey(draft =>
    {
        draft.ClientData.Set("origin", "https://anywhere.example").Set("crossOrigin", true);
        draft.ClientData.Order(members.Split(','));
    }));

    [Theory]
    [InlineData("webauthn.create")]
    [InlineData("key.get")]
    [InlineData("Key.Create")]
    [InlineData("")]
    public void Refuses_any_type_but_key_create(string type) =>
        Refused(RefusalReason.TypeUnexpected, MakeKey(draft => draft.ClientData.Set("type", type)));

    [Theory]
    [InlineData("type")]
    [InlineData("challenge")]
    public void Refuses_client_data_without_a_required_member(string name) =>
        Refused(RefusalReason.ClientDataMemberInvalid, MakeKey(draft => draft.ClientData.Remove(name)));

    [Theory]
    [InlineData("type", "[]")]
    [InlineData("challenge", "1")]
    [InlineData("challenge", "null")]
    public void Refuses_a_required_member_that_is_no_text(string name, string json) =>
        Refused(RefusalReason.ClientDataMemberInvalid, MakeKey(draft => draft.ClientData.SetRaw(name, json)));

    [Fact]
    public void Refuses_client_data_with_a_member_twice() =>
        Refused(RefusalReason.JsonDuplicateMember, MakeKey(draft => draft.ClientData.AddRaw("type", "\"key.create\"")));

    [Fact]
    public void Refuses_client_data_changed_after_signing() => Refused(
        RefusalReason.KeySignatureInvalid,
        MakeKey(draft => draft.Texts = made => made with
        {
            ClientData = Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes($$"""{"type": "key.create","challenge":"{{Challenge}}"}""")),
        }));

    // Challenge: variants A and B, and what decodes to the same bytes.
    [Theory]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I=")]
    [InlineData("VmIzbVBRMW5ZMFpmSjVzVDhoWGsyd0xyN3VDZ0U5YURxT2lCNHlOeE02SQ")]
    [InlineData("VmIzbVBRMW5ZMFpmSjVzVDhoWGsyd0xyN3VDZ0U5YURxT2lCNHlOeE02SQ==")]
    public void Accepts_the_challenge_in_every_spelling_that_clients_write(string challenge) =>
        Accepted(MakeKey(draft => draft.ClientData.Set("challenge", challenge)));

    [Fact]
    public void Accepts_the_challenge_in_the_standard_alphabet()
    {
        const string Issued = "-_-_Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNx";
        Accepted(
            MakeKey(draft => draft.ClientData.Set("challenge", Issued.Replace('-', '+').Replace('_', '/'))), Expected with { Challenge = Issued });
    }

    [Theory]
    [InlineData("")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6J")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I==")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I ")]
    [InlineData("55bde63d0d6763465f279b13f215e4db02ebeee0a013d683a8e881e3237133a2")]
    [InlineData("Vm1JemJWQlJNVzVaTUZwbVNqVnpWRGhvV0dzeWQweHlOM1ZEWjBVNVlVUnhUMmxDTkhsT2VFMDJTUQ")]
    public void Refuses_every_other_challenge(string challenge) =>
        Refused(RefusalReason.ChallengeMismatch, MakeKey(draft => draft.ClientData.Set("challenge", challenge)));

    // Credential id.
    [Theory]
    [InlineData(1)]
    [InlineData(1023)]
    public void Accepts_a_credential_id_of_up_to_1023_bytes(int length) =>
        Assert.Equal(length, Accepted(MakeKey(draft => draft.CredentialId = new byte[length])).CredentialId.Length);

    [Fact]
    public void Refuses_a_longer_credential_id() =>
        Refused(RefusalReason.CredentialIdLength, MakeKey(draft => draft.CredentialId = new byte[1024]));

    [Fact]
    public void Refuses_an_empty_credential_id() => Refused(RefusalReason.Base64UrlInvalid, MakeKey(draft => draft.CredentialId = []));

    // Attestation.
    [Fact]
    public void Accepts_the_attestation_in_any_order_with_further_members_and_blanks() => Accepted(MakeKey(draft => draft.Attestation = json =>
    {
        json.Set("algorithm", "SHA256").Set("more", 1).Order("algorithm", "signature", "more", "publicKey");
        json.Encoded = text => System.Text.Encoding.UTF8.GetBytes(text.Replace("\":", "\" : ", StringComparison.Ordinal));
    }));

    [Theory]
    [InlineData("publicKey")]
    [InlineData("signature")]
    public void Refuses_an_attestation_without_a_required_member(string name) =>
        Refused(RefusalReason.KeyAttestationMemberInvalid, MakeKey(draft => draft.Attestation = json => json.Remove(name)));

    [Theory]
    [InlineData("publicKey", "{}")]
    [InlineData("signature", "12")]
    [InlineData("algorithm", "null")]
    [InlineData("algorithm", "256")]
    public void Refuses_a_member_of_the_attestation_that_is_no_text(string name, string json) =>
        Refused(RefusalReason.KeyAttestationMemberInvalid, MakeKey(draft => draft.Attestation = attestation => attestation.SetRaw(name, json)));

    [Fact]
    public void Refuses_an_attestation_with_a_member_twice() => Assert.Equal(
        CredentialPart.AttestationData,
        Refused(RefusalReason.JsonDuplicateMember, MakeKey(draft => draft.Attestation = json => json.AddRaw("signature", "\"00\""))).Part);

    // Signature.
    [Fact]
    public void Accepts_hex_in_either_case() =>
        Accepted(MakeKey(draft => draft.Attestation = json =>
            json.SetRaw("signature", json.Members.Single(member => member.Key == "signature").Value.ToUpperInvariant())));

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("0x30")]
    [InlineData("30 45")]
    [InlineData("MEUCIQ")]
    [InlineData("3g")]
    public void Refuses_a_signature_that_is_not_hex(string signature) =>
        Refused(RefusalReason.SignatureNotHex, MakeKey(draft => draft.Attestation = json => json.Set("signature", signature)));

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public void Refuses_a_signature_with_one_bit_changed(string key) => Refused(
        RefusalReason.KeySignatureInvalid,
        SoftwareKey.Named(key).Create(Challenge, change: draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]));

    [Theory]
    [InlineData("P-256")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public void Refuses_a_signature_with_a_byte_after_it(string key) => Refused(
        RefusalReason.KeySignatureInvalid, SoftwareKey.Named(key).Create(Challenge, change: draft => draft.Signature = signature => [.. signature, 0]));

    [Fact]
    public void Refuses_a_signature_of_another_key() =>
        Refused(RefusalReason.KeySignatureInvalid, MakeKey(draft => draft.Key = SoftwareKey.P256()));

    [Fact]
    public void Refuses_an_ECDSA_signature_that_is_not_DER() => Refused(
        RefusalReason.KeySignatureInvalid, MakeKey(draft => draft.Signature = ToRaw));

    [Fact]
    public void Refuses_an_RSA_signature_with_PSS_padding() => Refused(
        RefusalReason.KeySignatureInvalid, SoftwareKey.Rsa().Create(Challenge, change: draft => draft.Padding = RSASignaturePadding.Pss));

    [Theory]
    [InlineData(" ")]
    [InlineData("\n")]
    public void Refuses_a_fingerprint_with_anything_after_it(string more) =>
        Refused(RefusalReason.KeySignatureInvalid, MakeKey(draft => draft.Fingerprint = text => text + more));

    [Fact]
    public void Refuses_a_fingerprint_that_escapes_more_than_JSON_stringify_does() => Refused(
        RefusalReason.KeySignatureInvalid,
        MakeKey(draft => draft.Fingerprint = text => text.Replace("-----BEGIN", "\\u002D----BEGIN", StringComparison.Ordinal)));

    [Fact]
    public void Refuses_the_client_data_hash_in_upper_case() => Refused(
        RefusalReason.KeySignatureInvalid,
        MakeKey(draft => draft.Fingerprint = text => text[..20] + text[20..83].ToUpperInvariant() + text[83..]));

    // Hash.
    [Theory]
    [InlineData("SHA256", "SHA256")]
    [InlineData("sha256", "SHA256")]
    [InlineData("RSA-SHA256", "SHA256")]
    [InlineData("SHA384", "SHA384")]
    [InlineData("RSA-SHA384", "SHA384")]
    [InlineData("sha512", "SHA512")]
    [InlineData("RSA-SHA512", "SHA512")]
    public void Accepts_the_hash_that_is_named_and_tells_it(string algorithm, string hash)
    {
        var made = SoftwareKey.Rsa().Create(Challenge, change: draft =>
        {
            draft.Hash = new HashAlgorithmName(hash);
            draft.Attestation = json => json.Set("algorithm", algorithm);
        });
        Assert.Equal(hash, Accepted(made).HashAlgorithm);
    }

    [Theory]
    [InlineData("P-256", "SHA512")]
    [InlineData("P-384", "SHA384")]
    [InlineData("P-521", "SHA512")]
    [InlineData("secp256k1", "SHA384")]
    public void Accepts_any_of_the_hashes_on_any_curve(string key, string hash) => Accepted(SoftwareKey.Named(key).Create(Challenge, change: draft =>
    {
        draft.Hash = new HashAlgorithmName(hash);
        draft.Attestation = json => json.Set("algorithm", hash);
    }));

    [Theory]
    [InlineData("SHA1")]
    [InlineData("MD5")]
    [InlineData("SHA-256")]
    [InlineData("ES256")]
    [InlineData("")]
    [InlineData("SHA256 ")]
    [InlineData("SHA3-256")]
    public void Refuses_any_other_name(string algorithm) => Refused(
        RefusalReason.HashAlgorithmNotSupported, MakeKey(draft => draft.Attestation = json => json.Set("algorithm", algorithm)));

    [Fact]
    public void Refuses_a_signature_over_another_hash_than_the_named_one() => Refused(
        RefusalReason.KeySignatureInvalid,
        MakeKey(draft =>
        {
            draft.Hash = HashAlgorithmName.SHA384;
            draft.Attestation = json => json.Set("algorithm", "SHA512");
        }));

    [Theory]
    [InlineData("SHA512")]
    [InlineData("nonsense")]
    public void Ed25519_ignores_the_name_of_a_hash(string algorithm) => Assert.Null(
        Accepted(SoftwareKey.Ed25519().Create(Challenge, change: draft => draft.Attestation = json => json.Set("algorithm", algorithm))).HashAlgorithm);

    private static byte[] ToRaw(byte[] der)
    {
        var reader = new System.Formats.Asn1.AsnReader(der, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
        var r = reader.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
        var s = reader.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - r.Length], .. r, .. new byte[32 - s.Length], .. s];
    }
}
