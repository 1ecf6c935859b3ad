using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.WebAuthn.Attestation;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.2 and §8.2.1: format packed, signed with an attestation key whose certificates come along.</summary>
public sealed class PackedCertifiedTests
{
    private const string Country = "2.5.4.6";
    private const string Organisation = "2.5.4.10";
    private const string OrganisationalUnit = "2.5.4.11";
    private const string CommonName = "2.5.4.3";

    [Theory]
    [InlineData(-7)]
    [InlineData(-35)]
    [InlineData(-36)]
    [InlineData(-47)]
    [InlineData(-8)]
    [InlineData(-257)]
    [InlineData(-39)]
    [Clause("8.2", "certified: signature")]
    [Clause("8.2", "certified: algorithm")]
    public void Accepts_a_signature_of_the_attestation_key(int algorithm) => Assert.Equal(
        AttestationType.Certified, Accepted(Make(AttestationMaker.PackedCertified(algorithm))).WebAuthn!.AttestationType);

    [Fact]
    [Clause("8.2", "certified: algorithm")]
    public void Accepts_an_attestation_key_of_another_algorithm_than_the_credential_key() =>
        Assert.Equal(-257, Accepted(Make(AttestationMaker.PackedCertified(), algorithm: -257)).WebAuthn!.Algorithm);

    [Fact]
    [Clause("8.2", "certified: signature")]
    public void Refuses_a_signature_with_one_bit_changed() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.PackedCertified(), draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]));

    [Theory]
    [InlineData(-7, -35)]
    [InlineData(-7, -47)]
    [InlineData(-7, -257)]
    [InlineData(-7, -8)]
    [InlineData(-35, -7)]
    [InlineData(-8, -7)]
    [Clause("8.2", "certified: algorithm")]
    public void Refuses_an_algorithm_that_is_not_the_leafs(int keyAlgorithm, int named) => Refused(
        RefusalReason.AttestationAlgorithmMismatch,
        Make(AttestationMaker.PackedCertified(keyAlgorithm), draft => draft.Statement = map => map.Set("alg", Cbor.Number(named))));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Accepts_a_leaf_alone() =>
        Assert.Single(Accepted(Make(AttestationMaker.PackedCertified(), draft => draft.Statement = KeepCertificates(1))).WebAuthn!.AttestationCertificates);

    [Fact]
    [Clause("8.2", "x5c")]
    public void Accepts_eight_certificates() => Assert.Equal(
        8,
        Accepted(Make(AttestationMaker.PackedCertified(), draft => draft.Statement = RepeatAuthority(7))).WebAuthn!.AttestationCertificates.Count);

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_nine_certificates() => Refused(
        RefusalReason.CertificateChainTooLong, Make(AttestationMaker.PackedCertified(), draft => draft.Statement = RepeatAuthority(8)));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_no_certificates() =>
        Refused(RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.PackedCertified(), draft => draft.Statement = KeepCertificates(0)));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_x5c_that_is_no_array() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.PackedCertified(), draft => draft.Statement = map => map.Set("x5c", Cbor.Bytes([0x30, 0]))));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_x5c_with_null_in_place_of_self_attestation() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set("x5c", Cbor.Null)));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_an_issuer_that_is_no_certificate() => Refused(
        RefusalReason.CertificateMalformed,
        Make(
            AttestationMaker.PackedCertified(),
            draft => draft.Statement = map => map.Set("x5c", Cbor.Array(Certificates(map)[0], Cbor.Bytes([0x30, 0x03, 0x02, 0x01, 0x01])))));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_a_certificate_beyond_the_size_that_is_read() => Refused(
        RefusalReason.CertificateTooLarge, MakeWith(leaf => leaf.Extensions.Add(new("1.2.3.4", Critical: false, new byte[17_000]))));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_bytes_after_a_certificate() =>
        Refused(RefusalReason.CertificateMalformed, MakeWith(leaf => leaf.Encoded = bytes => [.. bytes, 0]));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_a_certificate_in_BER() => Refused(
        RefusalReason.CertificateMalformed,
        // Basic constraints, their length in two bytes where one does: one byte more in everything around them.
        MakeWith(leaf => leaf.Encoded = bytes => Lengthened(bytes, [0x30, 0x0C, 0x06, 0x03, 0x55, 0x1D, 0x13])));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_a_certificate_in_PEM() => Refused(
        RefusalReason.CertificateMalformed,
        MakeWith(leaf => leaf.Encoded = bytes => System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", bytes))));

    [Fact]
    [Clause("8.2", "x5c")]
    public void Refuses_an_extension_that_occurs_twice() =>
        Refused(RefusalReason.CertificateMalformed, MakeWith(leaf => leaf.Extensions.Add(leaf.Extensions[0])));

    [Fact]
    [Clause("8.2.1", "version")]
    public void Accepts_version_3() => Accepted(MakeWith(_ => { }));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Clause("8.2.1", "version")]
    public void Refuses_an_older_version(int version) =>
        Refused(RefusalReason.CertificateVersionNotAccepted, MakeWith(leaf => leaf.Version = version));

    [Fact]
    [Clause("8.2.1", "subject")]
    public void Accepts_a_subject_with_further_attributes() => Accepted(MakeWith(leaf => leaf.SetSubject("2.5.4.7", "Zürich")));

    [Theory]
    [InlineData(Country, null)]
    [InlineData(Organisation, null)]
    [InlineData(OrganisationalUnit, null)]
    [InlineData(CommonName, null)]
    [InlineData(Country, "CHE")]
    [InlineData(Country, "")]
    [InlineData(Organisation, "")]
    [InlineData(CommonName, "")]
    [InlineData(OrganisationalUnit, "authenticator attestation")]
    [InlineData(OrganisationalUnit, "Authenticator Attestation ")]
    [Clause("8.2.1", "subject")]
    public void Refuses_a_subject_without_one_of_the_four_attributes(string oid, string? value) =>
        Refused(RefusalReason.CertificateSubjectNotAccepted, MakeWith(leaf => leaf.SetSubject(oid, value)));

    [Fact]
    [Clause("8.2.1", "subject")]
    public void Refuses_a_subject_with_two_organisational_units() => Refused(
        RefusalReason.CertificateSubjectNotAccepted, MakeWith(leaf => leaf.Subject.Add(KeyValuePair.Create(OrganisationalUnit, "Another"))));

    [Fact]
    [Clause("8.2.1", "basic constraints")]
    public void Accepts_CA_false() => Accepted(MakeWith(_ => { }));

    [Fact]
    [Clause("8.2.1", "basic constraints")]
    public void Refuses_CA_true() => Refused(
        RefusalReason.CertificateIsAuthority,
        MakeWith(leaf => leaf.SetExtension(
            CertificateDraft.BasicConstraintsOid, new(CertificateDraft.BasicConstraintsOid, Critical: true, CertificateDraft.BasicConstraints(true)))));

    [Fact]
    [Clause("8.2.1", "basic constraints")]
    public void Refuses_a_certificate_without_basic_constraints() =>
        Refused(RefusalReason.CertificateIsAuthority, MakeWith(leaf => leaf.SetExtension(CertificateDraft.BasicConstraintsOid, null)));

    [Fact]
    [Clause("8.2.1", "basic constraints")]
    public void Refuses_basic_constraints_that_do_not_decode() => Refused(
        RefusalReason.CertificateMalformed,
        MakeWith(leaf => leaf.SetExtension(CertificateDraft.BasicConstraintsOid, new(CertificateDraft.BasicConstraintsOid, Critical: true, [4, 4]))));

    [Fact]
    [Clause("8.2.1", "AAGUID extension")]
    public void Accepts_the_attested_model() => Accepted(MakeWith(_ => { }));

    [Fact]
    [Clause("8.2.1", "AAGUID extension")]
    public void Accepts_a_certificate_without_the_extension() =>
        Accepted(MakeWith(leaf => leaf.SetExtension(CertificateDraft.AaguidOid, null)));

    [Fact]
    [Clause("8.2.1", "AAGUID extension")]
    public void Refuses_another_model() => Refused(
        RefusalReason.CertificateAaguidMismatch, MakeWith(leaf => SetAaguid(leaf, critical: false, CertificateDraft.OctetString(new byte[16]))));

    [Fact]
    [Clause("8.2.1", "AAGUID extension")]
    public void Refuses_the_extension_marked_critical() => Refused(
        RefusalReason.CertificateAaguidCritical,
        MakeWith(leaf => SetAaguid(leaf, critical: true, leaf.Extensions.Single(extension => extension.Oid == CertificateDraft.AaguidOid).Der)));

    [Theory]
    [InlineData("")]
    [InlineData("00112233445566778899AABBCCDDEEFF")]
    [InlineData("040F00112233445566778899AABBCCDDEE")]
    [InlineData("041000112233445566778899AABBCCDDEEFF00")]
    [InlineData("040400112233")]
    [Clause("8.2.1", "AAGUID extension")]
    public void Refuses_an_extension_that_is_no_octet_string_of_16_bytes(string hex) =>
        Refused(RefusalReason.CertificateAaguidMalformed, MakeWith(leaf => SetAaguid(leaf, critical: false, Convert.FromHexString(hex))));

    [Fact]
    public void Refuses_a_leaf_key_that_is_too_short_for_RSA() => Refused(
        RefusalReason.RsaModulusNotAccepted, MakeWith(leaf => leaf.SubjectPublicKeyInfo = SoftwareKey.Rsa(1024).SubjectPublicKeyInfo));

    [Fact]
    public void Refuses_a_leaf_key_on_a_curve_nobody_offers() => Refused(
        RefusalReason.CurveNotSupported, MakeWith(leaf => leaf.SubjectPublicKeyInfo = SoftwareKey.BrainpoolP256().SubjectPublicKeyInfo));

    [Theory]
    [InlineData("020100")]
    [InlineData("02012A")]
    [InlineData("020900FFFFFFFFFFFFFFFF")]
    [Clause("8.2.1", "firmware version")]
    public void Accepts_a_firmware_version(string der) =>
        Accepted(MakeWith(leaf => leaf.Extensions.Add(new(CertificateDraft.FirmwareVersionOid, Critical: false, Convert.FromHexString(der)))));

    [Theory]
    [InlineData("02012A", true)]
    [InlineData("0201FF", false)]
    [InlineData("0402002A", false)]
    [InlineData("0202002A", false)]
    [InlineData("02012A00", false)]
    [InlineData("", false)]
    [Clause("8.2.1", "firmware version")]
    public void Refuses_a_firmware_version_that_is_critical_or_no_natural_number(string der, bool critical) => Refused(
        RefusalReason.CertificateExtensionNotAccepted,
        MakeWith(leaf => leaf.Extensions.Add(new(CertificateDraft.FirmwareVersionOid, critical, Convert.FromHexString(der)))));

    [Fact]
    [Clause("8.2.2", "serial number")]
    public void Accepts_a_serial_number() => Accepted(MakeWith(leaf => leaf.Extensions.Add(
        new(CertificateDraft.SerialNumberOid, Critical: false, CertificateDraft.OctetString([1, 2, 3])))));

    [Fact]
    [Clause("8.2.2", "serial number")]
    public void Refuses_a_serial_number_that_is_critical() => Refused(
        RefusalReason.CertificateExtensionNotAccepted,
        MakeWith(leaf => leaf.Extensions.Add(new(CertificateDraft.SerialNumberOid, Critical: true, CertificateDraft.OctetString([1, 2, 3])))));

    // The signature over the certificate no longer holds then; it is not for the statement to verify.
    [Theory]
    [InlineData(16 * 1024, true)]
    [InlineData((16 * 1024) + 1, false)]
    public void Takes_certificates_of_16_KiB_and_no_more(int sizeBytes, bool taken)
    {
        // An authority whose signatures are all of one length; nobody verifies them.
        var authority = SoftwareKey.Ed25519();
        var leaf = CertificateDraft.ForAttestation(SoftwareKey.P256(), Guid.Empty);
        leaf.Extensions.Add(new("1.3.6.1.4.1.45724.1.1.99", Critical: false, new byte[15_000]));
        leaf.Extensions[^1] = leaf.Extensions[^1] with { Der = new byte[15_000 + sizeBytes - leaf.Sign(authority).Length] };
        var der = leaf.Sign(authority);
        Assert.Equal(sizeBytes, der.Length);

        var chain = AttestationCertificate.ReadChain(new List<object> { new ReadOnlyMemory<byte>(der) });
        if (taken) Accepted(chain);
        else Refused(RefusalReason.CertificateTooLarge, chain);
    }

    private static byte[] Lengthened(byte[] certificate, byte[] extension)
    {
        var at = certificate.AsSpan().IndexOf(extension);
        byte[] changed = [.. certificate[..at], 0x30, 0x81, 0x0C, .. certificate[(at + 2)..]];
        // Certificate and toBeSigned have lengths of two bytes; the extensions, [3] and a sequence, of one.
        changed[3]++;
        changed[7]++;
        var extensions = changed.AsSpan()[..at].LastIndexOf<byte>([0xA3]);
        changed[extensions + (changed[extensions + 1] == 0x81 ? 2 : 1)]++;
        var sequence = extensions + (changed[extensions + 1] == 0x81 ? 3 : 2);
        changed[sequence + (changed[sequence + 1] == 0x81 ? 2 : 1)]++;
        return changed;
    }

    private static MadeCredential MakeWith(Action<CertificateDraft> change) => Make(AttestationMaker.PackedCertified(change: change));

    private static void SetAaguid(CertificateDraft leaf, bool critical, byte[] der) =>
        leaf.SetExtension(CertificateDraft.AaguidOid, new(CertificateDraft.AaguidOid, critical, der));

    private static Action<CborMapDraft> KeepCertificates(int count) => map => map.Set("x5c", Cbor.Array(Certificates(map)[..count]));

    private static Action<CborMapDraft> RepeatAuthority(int count) => map =>
        map.Set("x5c", Cbor.Array([Certificates(map)[0], .. Enumerable.Repeat(Certificates(map)[1], count)]));

    // The two certificates of the statement, each as its CBOR byte string.
    private static byte[][] Certificates(CborMapDraft statement)
    {
        var reader = new System.Formats.Cbor.CborReader(statement.Entries.Single(entry => entry.Key.AsSpan().SequenceEqual(Cbor.Text("x5c"))).Value);
        reader.ReadStartArray();
        return [reader.ReadEncodedValue().ToArray(), reader.ReadEncodedValue().ToArray()];
    }
}
