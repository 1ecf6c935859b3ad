using System.Formats.Asn1;
using Dfns.Registration.TestKit;
using static Dfns.Registration.TestKit.CertificateDraft;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.3.1: the certificate of a TPM's attestation key.</summary>
public sealed class TpmCertificateTests
{
    [Fact]
    [Clause("8.3.1", "version")]
    [Clause("8.3.1", "subject")]
    public void Accepts_version_3_and_an_empty_subject() => Accepted(MakeWith(_ => { }));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Clause("8.3.1", "version")]
    public void Refuses_an_older_version(int version) => Refused(RefusalReason.CertificateVersionNotAccepted, MakeWith(leaf => leaf.Version = version));

    [Fact]
    [Clause("8.3.1", "subject")]
    public void Refuses_a_subject() => Refused(RefusalReason.CertificateSubjectNotAccepted, MakeWith(leaf => leaf.SetSubject("2.5.4.3", "TPM")));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("8.3.1", "alternative name")]
    public void Accepts_the_attributes_in_one_relative_name_or_in_several(bool oneRelativeName) =>
        Accepted(Named(DirectoryName(oneRelativeName, UsualTpm)));

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Accepts_the_attributes_in_any_order() => Accepted(Named(DirectoryName(oneRelativeName: true, [.. UsualTpm.Reverse()])));

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Accepts_further_names() => Accepted(Named([0x30, .. Grown(DirectoryName(oneRelativeName: false, UsualTpm), [0x82, 0x01, (byte)'a'])]));

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Accepts_further_attributes_that_are_no_text()
    {
        Accepted(Named(WithAttribute(writer => writer.WriteInteger(7))));
        // The number of UTF8String, but not of the universal class.
        Accepted(Named(WithAttribute(writer => writer.WriteOctetString([0xFF], new Asn1Tag(TagClass.ContextSpecific, 12)))));
    }

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_a_directory_name_of_two_names()
    {
        var name = DirectoryName(oneRelativeName: false, UsualTpm);
        // The name inside [4], and behind it an empty one.
        Refused(RefusalReason.CertificateMalformed, Named([0x30, (byte)(name[1] + 2), name[2], (byte)(name[3] + 2), .. name[4..], 0x30, 0x00]));
    }

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_an_attribute_of_two_values() => Refused(RefusalReason.CertificateMalformed, Named(WithAttribute(writer =>
    {
        writer.WriteInteger(7);
        writer.WriteNull();
    })));

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_a_certificate_without() =>
        Refused(RefusalReason.CertificateAlternativeNameNotAccepted, MakeWith(leaf => leaf.SetExtension(AlternativeNameOid, null)));

    [Fact]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_one_that_is_not_critical_beside_an_empty_subject() => Refused(
        RefusalReason.CertificateAlternativeNameNotAccepted,
        MakeWith(leaf => leaf.SetExtension(
            AlternativeNameOid, new(AlternativeNameOid, Critical: false, DirectoryName(oneRelativeName: true, UsualTpm)))));

    [Theory]
    [InlineData(TpmManufacturer)]
    [InlineData(TpmModel)]
    [InlineData(TpmVersion)]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_one_without_an_attribute(string oid) => Refused(
        RefusalReason.CertificateAlternativeNameNotAccepted,
        Named(DirectoryName(oneRelativeName: true, [.. UsualTpm.Where(attribute => attribute.Key != oid)])));

    [Theory]
    [InlineData(TpmManufacturer, "")]
    [InlineData(TpmManufacturer, "FFFFF1D0")]
    [InlineData(TpmManufacturer, "id:FFFFF1D")]
    [InlineData(TpmManufacturer, "id:FFFFF1D00")]
    [InlineData(TpmManufacturer, "id:FFFFF1DG")]
    [InlineData(TpmManufacturer, "ID:FFFFF1D0")]
    [InlineData(TpmModel, "")]
    [InlineData(TpmVersion, "")]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_one_with_an_attribute_of_another_form(string oid, string value) => Refused(
        RefusalReason.CertificateAlternativeNameNotAccepted,
        Named(DirectoryName(
            oneRelativeName: true, [.. UsualTpm.Select(attribute => attribute.Key == oid ? KeyValuePair.Create(oid, value) : attribute)])));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_one_with_an_attribute_twice(int index) => Refused(
        RefusalReason.CertificateAlternativeNameNotAccepted, Named(DirectoryName(oneRelativeName: false, [.. UsualTpm, UsualTpm[index]])));

    [Theory]
    [InlineData("3000", RefusalReason.CertificateAlternativeNameNotAccepted)]
    [InlineData("", RefusalReason.CertificateMalformed)]
    [InlineData("300382016100", RefusalReason.CertificateMalformed)]
    [InlineData("308082016100" + "00", RefusalReason.CertificateMalformed)]
    [InlineData("3004A402" + "0500", RefusalReason.CertificateMalformed)]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_one_of_another_form(string hex, RefusalReason reason) => Refused(reason, Named(Convert.FromHexString(hex)));

    [Fact]
    [Clause("8.3.1", "extended key usage")]
    public void Accepts_further_usages() => Accepted(MakeWith(leaf => leaf.SetExtension(
        ExtendedKeyUsageOid, new(ExtendedKeyUsageOid, Critical: true, KeyUsages("1.3.6.1.5.5.7.3.2", "2.23.133.8.3", "2.23.133.8.3")))));

    [Fact]
    [Clause("8.3.1", "extended key usage")]
    public void Refuses_a_certificate_without_usages() =>
        Refused(RefusalReason.CertificateKeyUsageNotAccepted, MakeWith(leaf => leaf.SetExtension(ExtendedKeyUsageOid, null)));

    [Fact]
    [Clause("8.3.1", "extended key usage")]
    public void Refuses_bytes_after_the_usages() => Refused(
        RefusalReason.CertificateMalformed,
        MakeWith(leaf => leaf.SetExtension(ExtendedKeyUsageOid, new(ExtendedKeyUsageOid, Critical: false, [.. KeyUsages("2.23.133.8.3"), 5, 0]))));

    [Theory]
    [InlineData("2.23.133.8.1")]
    [InlineData("2.5.29.37.0")]
    [Clause("8.3.1", "extended key usage")]
    public void Refuses_other_usages(string usage) => Refused(
        RefusalReason.CertificateKeyUsageNotAccepted,
        MakeWith(leaf => leaf.SetExtension(ExtendedKeyUsageOid, new(ExtendedKeyUsageOid, Critical: false, KeyUsages(usage)))));

    [Fact]
    [Clause("8.3.1", "basic constraints")]
    public void Accepts_a_certificate_that_is_no_authority() => Accepted(MakeWith(_ => { }));

    [Fact]
    [Clause("8.3.1", "basic constraints")]
    public void Refuses_an_authority() => Refused(
        RefusalReason.CertificateIsAuthority,
        MakeWith(leaf => leaf.SetExtension(BasicConstraintsOid, new(BasicConstraintsOid, Critical: true, BasicConstraints(authority: true)))));

    [Fact]
    [Clause("8.3.1", "basic constraints")]
    public void Refuses_a_certificate_that_does_not_say() =>
        Refused(RefusalReason.CertificateIsAuthority, MakeWith(leaf => leaf.SetExtension(BasicConstraintsOid, null)));

    [Fact]
    [Clause("8.3", "AAGUID extension")]
    public void Accepts_a_certificate_that_names_the_attested_model()
    {
        var model = new Guid("12345678-9abc-def0-1234-56789abcdef0");
        Accepted(Make(AttestationMaker.Tpm(change: Naming(model)), draft => draft.Aaguid = model));
    }

    [Fact]
    [Clause("8.3", "AAGUID extension")]
    public void Refuses_a_certificate_that_names_another_model() => Refused(RefusalReason.CertificateAaguidMismatch, MakeWith(Naming(Guid.Empty)));

    private static MadeCredential MakeWith(Action<CertificateDraft> change) => Make(AttestationMaker.Tpm(change: change));

    private static MadeCredential Named(byte[] alternativeName) =>
        MakeWith(leaf => leaf.SetExtension(AlternativeNameOid, new(AlternativeNameOid, Critical: true, alternativeName)));

    private static Action<CertificateDraft> Naming(Guid model) => leaf => leaf.Extensions.Add(
        new(AaguidOid, Critical: false, OctetString(model.ToByteArray(bigEndian: true))));

    // Length and content of a sequence of fewer than 128 bytes with one more element.
    // The usual directory name, and in front of it a relative name of one attribute that names nothing of a TPM.
    private static byte[] WithAttribute(Action<AsnWriter> writeValue)
    {
        var usual = new AsnReader(DirectoryName(oneRelativeName: false, UsualTpm), AsnEncodingRules.DER).ReadSequence();
        var relativeNames = usual.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 4)).ReadSequence();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4)))
        using (writer.PushSequence())
        {
            using (writer.PushSetOf())
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("2.5.4.5");
                writeValue(writer);
            }

            while (relativeNames.HasData) writer.WriteEncodedValue(relativeNames.ReadEncodedValue().Span);
        }

        return writer.Encode();
    }

    private static byte[] Grown(byte[] sequence, byte[] element) => [(byte)(sequence[1] + element.Length), .. sequence[2..], .. element];
}
