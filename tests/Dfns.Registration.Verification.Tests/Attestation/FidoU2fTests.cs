using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.6: format fido-u2f.</summary>
public sealed class FidoU2fTests
{
    private static readonly Guid Model = new("12345678-9abc-def0-1234-56789abcdef0");

    [Fact]
    [Clause("8.6", "syntax")]
    [Clause("8.6", "signature")]
    public void Accepts_the_signature_of_a_token()
    {
        var registration = Accepted(Make(AttestationMaker.FidoU2f())).WebAuthn!;
        Assert.Equal("fido-u2f", registration.AttestationFormat);
        Assert.Equal(AttestationType.Certified, registration.AttestationType);
        Assert.Single(registration.AttestationCertificates);
    }

    [Theory]
    [InlineData("sig")]
    [InlineData("x5c")]
    [Clause("8.6", "syntax")]
    public void Refuses_a_statement_without_a_member(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.FidoU2f(), draft => draft.Statement = map => map.Remove(member)));

    [Theory]
    [InlineData("sig")]
    [InlineData("x5c")]
    [Clause("8.6", "syntax")]
    public void Refuses_a_member_of_the_wrong_type(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.FidoU2f(), draft => draft.Statement = map => map.Set(member, Cbor.Number(1))));

    [Fact]
    [Clause("8.6", "syntax")]
    public void Refuses_a_member_the_format_does_not_have() => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.FidoU2f(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(-7))));

    [Fact]
    [Clause("8.6", "syntax")]
    public void Refuses_a_statement_that_is_no_map() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.FidoU2f(), draft => draft.AttestationObject = map => map.Set("attStmt", Cbor.Array())));

    [Fact]
    [Clause("8.6", "one certificate")]
    public void Accepts_one_certificate_of_any_name_and_without_extensions() => Accepted(Make(AttestationMaker.FidoU2f(leaf => leaf.Version = 1)));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [Clause("8.6", "one certificate")]
    public void Refuses_any_other_number_of_certificates(int count) => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.FidoU2f(), draft => draft.Statement = map =>
            map.Set("x5c", Cbor.Array([.. Enumerable.Repeat(map.Entries[1].Value[1..], count)]))));

    [Fact]
    [Clause("8.6", "certificate key")]
    public void Accepts_a_certificate_key_on_P_256() => Accepted(Make(AttestationMaker.FidoU2f(batchKey: SoftwareKey.P256())));

    [Theory]
    [InlineData("P-384")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    [Clause("8.6", "certificate key")]
    public void Refuses_another_certificate_key(string key) => Refused(
        RefusalReason.CertificateKeyNotAccepted, Make(AttestationMaker.FidoU2f(batchKey: SoftwareKey.Named(key))));

    [Fact]
    [Clause("8.6", "credential key")]
    public void Accepts_a_credential_key_of_ES256() => Assert.Equal(-7, Accepted(Make(AttestationMaker.FidoU2f())).WebAuthn!.Algorithm);

    [Theory]
    [InlineData(-47)]
    [InlineData(-35)]
    [InlineData(-8)]
    [InlineData(-257)]
    [Clause("8.6", "credential key")]
    public void Refuses_another_credential_key(int algorithm) => Refused(
        RefusalReason.CredentialKeyNotAccepted, Make(AttestationMaker.FidoU2f(), algorithm: algorithm));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(65)]
    [InlineData(97)]
    [InlineData(98)]
    [InlineData(161)]
    [Clause("8.6", "signature")]
    public void Refuses_a_signature_over_other_data(int index) => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.FidoU2f(verificationData: bytes =>
        {
            bytes[index] ^= 1;
            return bytes;
        })));

    [Fact]
    [Clause("8.6", "signature")]
    public void Refuses_a_signature_over_what_packed_signs() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.PackedCertified(), draft =>
        {
            draft.Statement = map =>
            {
                map.Remove("alg");
                map.Set("x5c", Cbor.Array(FirstOf(map)));
            };
            draft.AttestationObject = map => map.Set("fmt", Cbor.Text("fido-u2f"));
        }));

    [Fact]
    [Clause("8.6", "signature")]
    public void Refuses_a_signature_with_a_byte_after_it() => Refused(
        RefusalReason.AttestationSignatureInvalid, Make(AttestationMaker.FidoU2f(), draft => draft.Signature = signature => [.. signature, 0]));

    [Fact]
    [Clause("8.6", "model")]
    public void Accepts_a_batch_certificate_that_names_a_model_which_U2F_cannot_name() =>
        Accepted(Make(AttestationMaker.FidoU2f(Naming(Model)), draft => draft.Aaguid = Guid.Empty));

    [Fact]
    [Clause("8.6", "model")]
    public void Accepts_authenticator_data_that_names_a_model() => Accepted(Make(AttestationMaker.FidoU2f(), draft => draft.Aaguid = Model));

    [Fact]
    [Clause("8.6", "model")]
    public void Refuses_a_certificate_that_names_another_model() =>
        Refused(RefusalReason.CertificateAaguidMismatch, Make(AttestationMaker.FidoU2f(Naming(Model))));

    private static Action<CertificateDraft> Naming(Guid model) => leaf => leaf.Extensions.Add(
        new(CertificateDraft.AaguidOid, Critical: false, CertificateDraft.OctetString(model.ToByteArray(bigEndian: true))));

    // The first element: an encoded byte string behind the head of the array, of the length its own head states.
    private static byte[] FirstOf(CborMapDraft map)
    {
        var x5c = map.Entries.Single(entry => entry.Key.AsSpan().SequenceEqual(Cbor.Text("x5c"))).Value;
        return x5c[1..(1 + 3 + ((x5c[2] << 8) | x5c[3]))];
    }
}
