using System.Buffers.Text;
using CsCheck;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;
using Dfns.Registration.Verification.RawKey;
using Dfns.Registration.Verification.WebAuthn;
using Dfns.Registration.Verification.WebAuthn.Attestation;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Properties;

/// <summary>Whatever arrives, there is an answer: never an exception, the same one each time, and mostly a refusal.</summary>
public sealed class RobustnessTests
{
    private static readonly Gen<byte[]> Anything = Gen.Byte.Array[0, 300];
    private static readonly Gen<string> AnyText = Gen.String[0, 200];
    private static readonly Gen<int> Algorithms = Gen.Int[0, Expected.Algorithms.Count - 1].Select(index => Expected.Algorithms[index]);

    public static TheoryData<AttestationMaker> EveryStatement =>
    [
        AttestationMaker.None,
        AttestationMaker.PackedSelf,
        AttestationMaker.PackedCertified(),
        AttestationMaker.FidoU2f(),
        AttestationMaker.Tpm(),
        AttestationMaker.Tpm(-65535),
        AttestationMaker.AndroidKey(),
        AttestationMaker.Apple(),
        AttestationMaker.SafetyNet(),
        AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.Tpm(-7)),
    ];

    [Fact]
    public void Base64url_gives_back_what_was_encoded() => Gen.Byte.Array[1, 500].Sample(bytes =>
        Accepted(Base64UrlText.Decode(Base64Url.EncodeToString(bytes), CredentialPart.CredId)).Span.SequenceEqual(bytes)
        && Accepted(Base64UrlText.Decode(Convert.ToBase64String(bytes), CredentialPart.CredId)).Span.SequenceEqual(bytes));

    [Fact]
    public void Base64url_that_is_read_has_one_spelling_but_for_padding_and_alphabet() => Gen.String[Gen.Char["ABab01-_+/= \n"], 1, 12].Sample(text =>
        Base64UrlText.Decode(text, CredentialPart.CredId).Refused(out _, out var bytes)
        || Base64Url.EncodeToString(bytes.Span) == text.TrimEnd('=').Replace('+', '-').Replace('/', '_'));

    [Fact]
    public void Any_bytes_have_an_answer_from_every_parser() => Anything.Sample(bytes =>
    {
        StrictJson.Read(bytes, CredentialPart.ClientData).Refused(out _, out _);
        CollectedClientData.Read(bytes).Refused(out _, out _);
        CborMap.Read(bytes, "test").Refused(out _, out _);
        AuthenticatorData.Read(bytes).Refused(out _, out _);
        AttestationObject.Read(bytes).Refused(out _, out _);
        SubjectPublicKeyInfo.Read(bytes).Refused(out _, out _);
        SubjectPublicKeyInfo.ReadRsaPublicKey(bytes).Refused(out _, out _);
        TpmPublicArea.Read(bytes).Refused(out _, out _);
        TpmCertifyInfo.Read(bytes).Refused(out _, out _);
        AndroidKeyDescription.Read(bytes).Refused(out _, out _);
        JsonWebSignature.Read(bytes).Refused(out _, out _);
    });

    [Fact]
    public void Any_bytes_after_what_a_TPM_writes_first_have_an_answer() => Gen.Select(Gen.Bool, Anything).Sample((isRsa, bytes) =>
    {
        TpmPublicArea.Read((byte[])[0x00, (byte)(isRsa ? 0x01 : 0x23), 0x00, 0x0B, 0, 4, 4, 0x72, 0, 0, 0x00, 0x10, .. bytes]).Refused(out _, out _);
        TpmCertifyInfo.Read((byte[])[0xFF, 0x54, 0x43, 0x47, 0x80, 0x17, .. bytes]).Refused(out _, out _);
    });

    [Fact]
    public void A_structure_of_a_TPM_is_read_in_one_length_only()
    {
        byte[] publicArea = [], certInfo = [];
        Make(AttestationMaker.Tpm(describe: tpm =>
        {
            tpm.PublicArea = bytes => publicArea = bytes;
            tpm.CertInfo = bytes => certInfo = bytes;
        }));
        Gen.Select(Gen.Int[0, publicArea.Length - 1], Gen.Int[0, certInfo.Length - 1], Gen.Byte.Array[1, 20]).Sample((cut, cutInfo, more) =>
            TpmPublicArea.Read(publicArea.AsMemory(0, cut)).Refused(out _, out _)
            && TpmPublicArea.Read((byte[])[.. publicArea, .. more]).Refused(out _, out _)
            && TpmCertifyInfo.Read(certInfo.AsMemory(0, cutInfo)).Refused(out _, out _)
            && TpmCertifyInfo.Read((byte[])[.. certInfo, .. more]).Refused(out _, out _));
    }

    [Fact]
    public void Any_texts_between_dots_have_an_answer() => Gen.Select(AnyText, AnyText, AnyText).Sample((header, payload, signature) =>
        JsonWebSignature.Read(System.Text.Encoding.UTF8.GetBytes(
            $"{Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(payload))}.{signature}"))
            .Refused(out _, out _));

    [Fact]
    public void Any_text_has_an_answer_from_every_parser() => AnyText.Sample(text =>
    {
        Base64UrlText.Decode(text, CredentialPart.CredId).Refused(out _, out _);
        Base64UrlText.DecodeChosenId(text).Refused(out _, out _);
        PublicKeyPem.Read(text).Refused(out _, out _);
        PublicKeyPem.Read($"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----").Refused(out _, out _);
        new IssuedChallenge(Challenge).IsPresentedLooselyBy(text);
    });

    [Fact]
    public void Any_texts_are_refused() => Gen.Select(Gen.Enum<CredentialKind>(), AnyText, AnyText, AnyText).Sample((kind, credId, clientData, attestation) =>
        IsRefusedTwiceAlike(new MadeCredential(kind, credId, clientData, attestation)));

    [Fact]
    public void Any_bytes_in_base64url_are_refused() =>
        Gen.Select(Gen.Enum<CredentialKind>(), Anything, Anything, Anything).Sample((kind, credId, clientData, attestation) =>
            IsRefusedTwiceAlike(new MadeCredential(
                kind, Base64Url.EncodeToString(credId), Base64Url.EncodeToString(clientData), Base64Url.EncodeToString(attestation))));

    [Theory]
    [MemberData(nameof(EveryStatement), DisableDiscoveryEnumeration = true)]
    public void A_valid_passkey_with_one_byte_of_its_attestation_changed_has_an_answer(AttestationMaker attestation)
    {
        var valid = Make(attestation);
        var bytes = Base64Url.DecodeFromChars(valid.AttestationData);

        OneByte(bytes).Sample(changed => AnswersTwiceAlike(valid with { AttestationData = Base64Url.EncodeToString(changed) }));
    }

    [Theory]
    [MemberData(nameof(EveryStatement), DisableDiscoveryEnumeration = true)]
    public void A_valid_passkey_with_its_attestation_cut_anywhere_is_refused(AttestationMaker attestation)
    {
        var valid = Make(attestation);
        var bytes = Base64Url.DecodeFromChars(valid.AttestationData);
        Gen.Int[0, bytes.Length - 1].Sample(length => IsRefusedTwiceAlike(valid with { AttestationData = Base64Url.EncodeToString(bytes.AsSpan(0, length)) }));
    }

    [Fact]
    public void A_self_attested_passkey_with_one_byte_of_its_attestation_changed_is_refused()
    {
        var valid = Make(AttestationMaker.PackedSelf);
        var bytes = Base64Url.DecodeFromChars(valid.AttestationData);

        OneByte(bytes).Where(changed => !changed.AsSpan().SequenceEqual(bytes))
            .Sample(changed => IsRefusedTwiceAlike(valid with { AttestationData = Base64Url.EncodeToString(changed) }));
    }

    [Fact]
    public void A_valid_key_with_one_byte_of_its_client_data_changed_is_refused()
    {
        var valid = MakeKey();
        var bytes = Base64Url.DecodeFromChars(valid.ClientData);

        OneByte(bytes).Where(changed => !changed.AsSpan().SequenceEqual(bytes))
            .Sample(changed => IsRefusedTwiceAlike(valid with { ClientData = Base64Url.EncodeToString(changed) }));
    }

    [Fact]
    public void A_valid_key_cut_anywhere_is_refused()
    {
        var valid = MakeKey();
        Gen.Int[0, valid.AttestationData.Length - 1].Sample(length => IsRefusedTwiceAlike(valid with { AttestationData = valid.AttestationData[..length] }));
    }

    [Fact]
    public void A_certificate_with_one_byte_changed_has_an_answer()
    {
        var key = SoftwareKey.P256();
        var der = CertificateDraft.ForAttestation(key, Guid.Empty).Sign(key);
        OneByte(der).Sample(changed =>
        {
            _ = AttestationCertificate.ReadChain(new List<object> { new ReadOnlyMemory<byte>(changed) });
        });
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public void A_public_key_with_one_byte_changed_has_an_answer(string key) => OneByte(SoftwareKey.Named(key).SubjectPublicKeyInfo).Sample(changed =>
    {
        _ = SubjectPublicKeyInfo.Read(changed);
    });

    [Fact]
    public void Any_numbers_in_a_COSE_key_have_an_answer() =>
        Gen.Select(Gen.Int[1, 3], Algorithms, Gen.Int[0, 10], Gen.Byte.Array[0, 70], Gen.Byte.Array[0, 70])
            .Sample((keyType, algorithm, curve, x, y) =>
            {
                var draft = new CborMapDraft().Set(1, Cbor.Number(keyType)).Set(3, Cbor.Number(algorithm)).Set(-1, Cbor.Number(curve))
                    .Set(-2, Cbor.Bytes(x)).Set(-3, Cbor.Bytes(y));
                _ = CoseKey.Read(Accepted(CborMap.Read(draft.ToBytes(), "test")));
            });

    private static Gen<byte[]> OneByte(byte[] bytes) => Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, (index, octet) =>
    {
        var changed = bytes.ToArray();
        changed[index] = octet;
        return changed;
    });

    private static bool IsRefusedTwiceAlike(MadeCredential made) => Verdict(made) is { } first && first == Verdict(made);

    private static bool AnswersTwiceAlike(MadeCredential made) => Verdict(made) == Verdict(made);

    private static Refusal? Verdict(MadeCredential made) =>
        CredentialVerifiers.Verify(made.ToVerify(), Expected with { AllowSafetyNet = true }).Refused(out var why, out _) ? why : null;
}
