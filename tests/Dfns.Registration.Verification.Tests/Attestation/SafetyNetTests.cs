using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.5: format android-safetynet, retired, and verified where an organisation asks for it.</summary>
public sealed class SafetyNetTests
{
    private static RegistrationExpectation OptedIn => Expected with { AllowSafetyNet = true };

    [Fact]
    [Clause("8.5", "retired")]
    [Clause("8.5", "syntax")]
    [Clause("8.5", "signature")]
    [Clause("8.5", "nonce")]
    public void Accepts_a_response_of_the_service_where_it_is_asked_for()
    {
        var registration = Accepted(Make(AttestationMaker.SafetyNet()), OptedIn).WebAuthn!;
        Assert.Equal("android-safetynet", registration.AttestationFormat);
        Assert.Equal(AttestationType.Certified, registration.AttestationType);
        Assert.Equal(2, registration.AttestationCertificates.Count);
    }

    [Fact]
    [Clause("8.5", "retired")]
    public void Refuses_a_response_of_the_service_otherwise() =>
        Refused(RefusalReason.AttestationFormatNotSupported, Make(AttestationMaker.SafetyNet()));

    [Theory]
    [InlineData("ver")]
    [InlineData("response")]
    [Clause("8.5", "syntax")]
    public void Refuses_a_statement_without_a_member(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.SafetyNet(), draft => draft.Statement = map => map.Remove(member)), OptedIn);

    [Theory]
    [InlineData("ver")]
    [InlineData("response")]
    [Clause("8.5", "syntax")]
    public void Refuses_a_member_of_the_wrong_type(string member) => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.SafetyNet(), draft => draft.Statement = map => map.Set(member, Cbor.Number(1))),
        OptedIn);

    [Fact]
    [Clause("8.5", "syntax")]
    public void Refuses_an_empty_version() => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.SafetyNet(), draft => draft.Statement = map => map.Set("ver", Cbor.Text(""))), OptedIn);

    [Fact]
    [Clause("8.5", "syntax")]
    public void Refuses_a_member_the_format_does_not_have() => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.SafetyNet(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(-257))), OptedIn);

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.AA.AA")]
    [InlineData("e30.e30.A A")]
    [InlineData("e30=.e30.AA")]
    [InlineData("e30.W10.AA")]
    [InlineData("eyJhIjoxLCJhIjoxfQ.e30.AA")]
    [InlineData("ä.e30.AA")]
    [Clause("8.5", "signature")]
    public void Refuses_a_response_that_is_no_JSON_web_signature(string text) =>
        Refused(RefusalReason.JwsMalformed, MakeWith(response => response.Compact = _ => text), OptedIn);

    [Fact]
    [Clause("8.5", "signature")]
    public void Refuses_a_padded_signature() =>
        Refused(RefusalReason.JwsMalformed, MakeWith(response => response.Compact = text => text + "=="), OptedIn);

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"AA==\"")]
    [InlineData("[1]")]
    [InlineData("[\"AA==\",1]")]
    [InlineData("[[\"AA==\"]]")]
    [InlineData("[{\"a\":\"AA==\"}]")]
    [InlineData("[\"A A\"]")]
    [InlineData("[\"__\"]")]
    [Clause("8.5", "signature")]
    public void Refuses_a_header_without_certificates(string x5c) =>
        Refused(RefusalReason.JwsMalformed, MakeWith(response => response.Header.SetRaw("x5c", x5c)), OptedIn);

    [Fact]
    [Clause("8.5", "signature")]
    public void Refuses_extensions_that_must_be_understood() =>
        Refused(RefusalReason.JwsMalformed, MakeWith(response => response.Header.SetRaw("crit", "[\"exp\"]")), OptedIn);

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("ES256")]
    [InlineData("rs256")]
    [Clause("8.5", "signature")]
    public void Refuses_another_algorithm(string algorithm) =>
        Refused(RefusalReason.AttestationAlgorithmNotSupported, MakeWith(response => response.Header.Set("alg", algorithm)), OptedIn);

    [Fact]
    [Clause("8.5", "signature")]
    public void Refuses_a_key_of_another_type() => Refused(
        RefusalReason.AttestationAlgorithmMismatch, Make(AttestationMaker.SafetyNet(serviceKey: SoftwareKey.P256())), OptedIn);

    [Fact]
    [Clause("8.5", "signature")]
    public void Refuses_a_signature_with_one_bit_changed() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.SafetyNet(), draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]),
        OptedIn);

    [Fact]
    [Clause("8.5", "nonce")]
    public void Refuses_another_nonce() =>
        Refused(RefusalReason.SafetyNetNonceMismatch, MakeWith(response => response.Payload.Set("nonce", Convert.ToBase64String(new byte[32]))), OptedIn);

    [Fact]
    [Clause("8.5", "nonce")]
    public void Refuses_the_nonce_in_base64url() => Refused(
        RefusalReason.SafetyNetNonceMismatch,
        MakeWith(response =>
        {
            var nonce = response.Payload.Members[0].Value;
            response.Payload.SetRaw("nonce", nonce.Replace("=", "", StringComparison.Ordinal));
        }),
        OptedIn);

    [Fact]
    [Clause("8.5", "nonce")]
    public void Refuses_a_payload_without_nonce() =>
        Refused(RefusalReason.SafetyNetNonceMismatch, MakeWith(response => response.Payload.Remove("nonce")), OptedIn);

    [Fact]
    [Clause("8.5", "integrity")]
    public void Accepts_a_device_that_matches_a_profile() => Accepted(Make(AttestationMaker.SafetyNet()), OptedIn);

    [Theory]
    [InlineData("false")]
    [InlineData("\"true\"")]
    [InlineData("1")]
    [InlineData("null")]
    [Clause("8.5", "integrity")]
    public void Refuses_a_device_that_does_not(string ctsProfileMatch) =>
        Refused(RefusalReason.SafetyNetIntegrityFailed, MakeWith(response => response.Payload.SetRaw("ctsProfileMatch", ctsProfileMatch)), OptedIn);

    [Fact]
    [Clause("8.5", "integrity")]
    public void Refuses_a_device_nobody_speaks_of() =>
        Refused(RefusalReason.SafetyNetIntegrityFailed, MakeWith(response => response.Payload.Remove("ctsProfileMatch")), OptedIn);

    [Fact]
    [Clause("8.5", "host")]
    public void Accepts_the_certificate_of_the_service_in_any_case_of_letters() =>
        Accepted(Make(AttestationMaker.SafetyNet(change: leaf => SetHosts(leaf, "example.com", "Attest.Android.COM"))), OptedIn);

    [Fact]
    [Clause("8.5", "host")]
    public void Accepts_the_host_beside_names_of_other_types_and_twice()
    {
        Accepted(Make(AttestationMaker.SafetyNet(change: leaf => SetHosts(leaf, "attest.android.com", "attest.android.com"))), OptedIn);
        Accepted(Make(AttestationMaker.SafetyNet(change: leaf => SetNames(leaf, ["\u0081\u0001a", "\u0082\u0012attest.android.com", "\u0087\u0004\u007F\0\0\u0001"]))), OptedIn);
    }

    [Fact]
    [Clause("8.5", "host")]
    public void Refuses_names_of_another_form()
    {
        const string Host = "\u0082\u0012attest.android.com";
        Refused(RefusalReason.SafetyNetHostNotAccepted, Make(AttestationMaker.SafetyNet(change: leaf => SetNames(leaf, [Host, "\u0082\u0001\u00FF"]))), OptedIn);
        Refused(RefusalReason.SafetyNetHostNotAccepted, Make(AttestationMaker.SafetyNet(change: leaf => SetNames(leaf, [Host, "\u0082\u0005a"]))), OptedIn);
        Refused(RefusalReason.SafetyNetHostNotAccepted, Make(AttestationMaker.SafetyNet(change: leaf => SetNames(leaf, [Host], behind: [5, 0]))), OptedIn);
        Refused(RefusalReason.SafetyNetHostNotAccepted, Make(AttestationMaker.SafetyNet(change: leaf => SetNames(leaf, ["\u0086\u0012attest.android.com"]))), OptedIn);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("attest.android.com.evil.example")]
    [InlineData("evilattest.android.com")]
    [InlineData("*.android.com")]
    [Clause("8.5", "host")]
    public void Refuses_the_certificate_of_another_host(string host) =>
        Refused(RefusalReason.SafetyNetHostNotAccepted, Make(AttestationMaker.SafetyNet(change: leaf => SetHosts(leaf, host))), OptedIn);

    [Fact]
    [Clause("8.5", "host")]
    public void Refuses_a_certificate_that_names_the_host_in_its_subject_alone() => Refused(
        RefusalReason.SafetyNetHostNotAccepted,
        Make(AttestationMaker.SafetyNet(change: leaf => leaf.SetExtension(CertificateDraft.AlternativeNameOid, null))),
        OptedIn);

    private static MadeCredential MakeWith(Action<SafetyNetDraft> describe) => Make(AttestationMaker.SafetyNet(describe));

    // Encoded names, a byte a character.
    private static void SetNames(CertificateDraft leaf, string[] names, params byte[] behind)
    {
        var content = System.Text.Encoding.Latin1.GetBytes(string.Concat(names));
        leaf.SetExtension(
            CertificateDraft.AlternativeNameOid, new(CertificateDraft.AlternativeNameOid, Critical: false, [0x30, (byte)content.Length, .. content, .. behind]));
    }

    private static void SetHosts(CertificateDraft leaf, params string[] hosts) => leaf.SetExtension(
        CertificateDraft.AlternativeNameOid, new(CertificateDraft.AlternativeNameOid, Critical: false, CertificateDraft.HostNames(hosts)));
}
