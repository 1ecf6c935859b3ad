using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.8: format apple.</summary>
public sealed class AppleTests
{
    public static TheoryData<string> Malformed => ["", "0400", "3000", "30020500", "3004A1020400" + "00", "3004A0020400", "3006A10404000500", "3006A1020400" + "0500", "3080A10204000000"];

    [Fact]
    [Clause("8.8", "syntax")]
    [Clause("8.8", "nonce")]
    [Clause("8.8", "certified key")]
    public void Accepts_a_certificate_made_for_nonce_and_key()
    {
        var registration = Accepted(Make(AttestationMaker.Apple())).WebAuthn!;
        Assert.Equal("apple", registration.AttestationFormat);
        Assert.Equal(AttestationType.Certified, registration.AttestationType);
        Assert.Equal(2, registration.AttestationCertificates.Count);
    }

    [Theory]
    [InlineData(-7)]
    [InlineData(-257)]
    [Clause("8.8", "syntax")]
    public void Accepts_alg_of_the_credential_key_which_genuine_statements_carry(int algorithm) => Accepted(
        Make(AttestationMaker.Apple(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(algorithm)), algorithm));

    [Fact]
    [Clause("8.8", "syntax")]
    public void Refuses_alg_of_another_key() => Refused(
        RefusalReason.AttestationAlgorithmMismatch,
        Make(AttestationMaker.Apple(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(-257))));

    [Fact]
    [Clause("8.8", "syntax")]
    public void Refuses_alg_that_is_no_number() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.Apple(), draft => draft.Statement = map => map.Set("alg", Cbor.Text("ES256"))));

    [Theory]
    [InlineData("sig")]
    [InlineData("ver")]
    [Clause("8.8", "syntax")]
    public void Refuses_any_other_member(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.Apple(), draft => draft.Statement = map => map.Set(member, Cbor.Bytes([1]))));

    [Fact]
    [Clause("8.8", "syntax")]
    public void Refuses_a_statement_without_certificates() => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.Apple(), draft => draft.Statement = map => map.Remove("x5c")));

    [Fact]
    [Clause("8.8", "nonce")]
    public void Refuses_another_nonce() => Refused(RefusalReason.AppleNonceMismatch, Make(AttestationMaker.Apple(bytes => [.. bytes[1..], 0])));

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [Clause("8.8", "nonce")]
    public void Refuses_the_beginning_of_the_nonce(int length) =>
        Refused(RefusalReason.AppleNonceMismatch, Make(AttestationMaker.Apple(bytes => bytes[..length])));

    [Fact]
    [Clause("8.8", "nonce")]
    public void Refuses_a_nonce_over_authenticator_data_changed_since()
    {
        var made = Make(AttestationMaker.Apple(), draft => draft.ClientDataHash = bytes => [.. bytes[1..], 0]);
        Refused(RefusalReason.AppleNonceMismatch, made);
    }

    [Fact]
    [Clause("8.8", "nonce")]
    public void Refuses_a_certificate_without_nonce() => Refused(
        RefusalReason.AppleNonceMalformed, Make(AttestationMaker.Apple(change: leaf => leaf.SetExtension(AttestationMaker.AppleNonceOid, null))));

    [Theory]
    [MemberData(nameof(Malformed))]
    [Clause("8.8", "nonce")]
    public void Refuses_a_nonce_of_another_form(string hex) => Refused(
        RefusalReason.AppleNonceMalformed,
        Make(AttestationMaker.Apple(change: leaf => leaf.SetExtension(
            AttestationMaker.AppleNonceOid, new(AttestationMaker.AppleNonceOid, Critical: false, Convert.FromHexString(hex))))));

    [Theory]
    [InlineData("P-256")]
    [InlineData("RSA-2048")]
    [Clause("8.8", "certified key")]
    public void Refuses_the_certificate_of_another_key(string key) => Refused(
        RefusalReason.CertificateKeyMismatch, Make(AttestationMaker.Apple(certifiedKey: SoftwareKey.Named(key))));

    [Fact]
    public void Refuses_a_certificate_that_names_another_model() => Refused(
        RefusalReason.CertificateAaguidMismatch,
        Make(AttestationMaker.Apple(change: leaf => leaf.Extensions.Add(
            new(CertificateDraft.AaguidOid, Critical: false, CertificateDraft.OctetString(new byte[16]))))));
}
