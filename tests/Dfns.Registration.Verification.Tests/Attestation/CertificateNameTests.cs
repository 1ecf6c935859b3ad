using System.Formats.Asn1;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust.Metadata;
using static Dfns.Registration.TestKit.CertificateDraft;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>
/// §8.2.1, §8.3.1, §8.5: every text of a certificate that a rule is about counts to its last character, wherever a NUL stands in it, and
/// whichever type of string it is.
/// </summary>
public sealed class CertificateNameTests
{
    private const string Literal = "Authenticator Attestation";

    public static TheoryData<string, string, UniversalTagNumber> SubjectsWithNul
    {
        get
        {
            var data = new TheoryData<string, string, UniversalTagNumber>();
            foreach (var (oid, value) in new[] { ("2.5.4.6", "CH"), ("2.5.4.10", "Test vendor"), ("2.5.4.11", Literal), ("2.5.4.3", "Test authenticator") })
                foreach (var changed in WithNul(value))
                    foreach (var type in new[] { UniversalTagNumber.UTF8String, UniversalTagNumber.IA5String, UniversalTagNumber.BMPString, UniversalTagNumber.T61String })
                        data.Add(oid, changed, type);
            return data;
        }
    }

    public static TheoryData<string, string, UniversalTagNumber> TpmsWithNul
    {
        get
        {
            var data = new TheoryData<string, string, UniversalTagNumber>();
            foreach (var (oid, value) in UsualTpm)
                foreach (var changed in WithNul(value))
                    foreach (var type in new[] { UniversalTagNumber.UTF8String, UniversalTagNumber.IA5String })
                        data.Add(oid, changed, type);
            return data;
        }
    }

    [Theory]
    [InlineData(UniversalTagNumber.UTF8String)]
    [InlineData(UniversalTagNumber.PrintableString)]
    [InlineData(UniversalTagNumber.IA5String)]
    [InlineData(UniversalTagNumber.BMPString)]
    [InlineData(UniversalTagNumber.T61String)]
    [Clause("8.2.1", "subject")]
    public void Accepts_the_literal_in_any_type_of_string(UniversalTagNumber type) => Accepted(Certified(leaf => leaf.SubjectType = _ => type));

    [Theory]
    [MemberData(nameof(SubjectsWithNul))]
    [Clause("8.2.1", "subject")]
    public void Refuses_a_subject_with_a_NUL_in_an_attribute(string oid, string value, UniversalTagNumber type) => Refused(
        RefusalReason.CertificateSubjectNotAccepted,
        Certified(leaf =>
        {
            leaf.SubjectType = attribute => attribute == oid ? type : UniversalTagNumber.UTF8String;
            leaf.SetSubject(oid, value);
        }));

    /// <summary>No rule is about what else a subject names.</summary>
    [Fact]
    [Clause("8.2.1", "subject")]
    public void Accepts_a_NUL_in_an_attribute_that_nobody_asks_about() => Accepted(Certified(leaf => leaf.SetSubject("2.5.4.7", "Zürich\0")));

    [Theory]
    [InlineData("13", "Authenticator_Attestation")]
    [InlineData("16", "Authenticator Attestati\u00F6n")]
    [InlineData("0C", "Authenticator_Attestation")]
    [Clause("8.2.1", "subject")]
    public void Refuses_a_character_that_the_type_of_string_has_not(string tag, string value)
    {
        var made = Certified(leaf => leaf.RelativeNames = names => [.. names.Select(name => IsOrganisationalUnit(name)
            ? Attribute([0x55, 4, 11], [Convert.ToByte(tag, 16), (byte)value.Length, .. System.Text.Encoding.Latin1.GetBytes(value)])
            : name)]);
        Refused(tag == "0C" ? RefusalReason.CertificateSubjectNotAccepted : RefusalReason.CertificateMalformed, made);
    }

    /// <summary>Which of two counts would depend on the reader, also where one of them stands beside other attributes.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("8.2.1", "subject")]
    public void Refuses_a_second_organisational_unit_in_a_relative_name_of_two(bool first)
    {
        var other = AttributeOf([0x55, 4, 11], [0x0C, 5, .. "Other"u8]);
        var serial = AttributeOf([0x55, 4, 5], [0x13, 1, (byte)'1']);
        byte[] both = first ? [.. other, .. serial] : [.. serial, .. other];
        Refused(RefusalReason.CertificateSubjectNotAccepted, Certified(leaf => leaf.RelativeNames = names => [.. names, [0x31, (byte)both.Length, .. both]]));
    }

    /// <summary>Nor does one of the four count that shares its relative name: not all readers look there.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("8.2.1", "subject")]
    public void Refuses_an_organisational_unit_that_shares_its_relative_name(bool first)
    {
        var unit = AttributeOf([0x55, 4, 11], [0x0C, (byte)Literal.Length, .. System.Text.Encoding.ASCII.GetBytes(Literal)]);
        var serial = AttributeOf([0x55, 4, 5], [0x13, 1, (byte)'1']);
        byte[] both = first ? [.. unit, .. serial] : [.. serial, .. unit];
        Refused(
            RefusalReason.CertificateSubjectNotAccepted,
            Certified(leaf => leaf.RelativeNames = names => [.. names.Select(name => IsOrganisationalUnit(name) ? [0x31, (byte)both.Length, .. both] : name)]));
    }

    [Fact]
    [Clause("8.2.1", "subject")]
    public void Accepts_a_relative_name_of_two_attributes_that_nobody_asks_about() => Accepted(Certified(leaf => leaf.RelativeNames = names =>
        [.. names, [0x31, 20, .. AttributeOf([0x55, 4, 5], [0x13, 1, (byte)'1']), .. AttributeOf([0x55, 4, 7], [0x13, 1, (byte)'Z'])]]));

    [Theory]
    [MemberData(nameof(TpmsWithNul))]
    [Clause("8.3.1", "alternative name")]
    public void Refuses_a_TPM_with_a_NUL_in_an_attribute(string oid, string value, UniversalTagNumber type) => Refused(
        RefusalReason.CertificateAlternativeNameNotAccepted,
        Make(AttestationMaker.Tpm(change: leaf => leaf.SetExtension(
            AlternativeNameOid, new(AlternativeNameOid, Critical: true, DirectoryName(type, [.. UsualTpm.Select(attribute => attribute.Key == oid ? KeyValuePair.Create(oid, value) : attribute)]))))));

    [Theory]
    [InlineData("attest.android.com\0")]
    [InlineData("\0attest.android.com")]
    [InlineData("attest.android.com\0.example.com")]
    [InlineData("attest\0.android.com")]
    [Clause("8.5", "host")]
    public void Refuses_a_host_with_a_NUL(string host)
    {
        Refused(
            RefusalReason.SafetyNetHostNotAccepted,
            Make(AttestationMaker.SafetyNet(change: leaf => leaf.SetExtension(AlternativeNameOid, new(AlternativeNameOid, Critical: false, HostNames(host))))),
            Expected with { AllowSafetyNet = true });

        var draft = new MetadataDraft { Signer = leaf => leaf.SetExtension(AlternativeNameOid, new(AlternativeNameOid, Critical: false, HostNames(host.Replace("attest.android.com", MetadataDraft.Host, StringComparison.Ordinal)))) };
        var reading = MetadataBlob.Read(draft.ToBytes(), new MetadataExpectation { Roots = [MetadataDraft.Root.Anchor], SignerHost = MetadataDraft.Host, Now = Now, MaxOverdue = TimeSpan.FromDays(30) });
        Assert.Equal(MetadataFault.SignerUnexpected, reading.Fault);
    }

    private static string[] WithNul(string value) => [value + "\0", value + "\0\0", "\0" + value, value[..1] + "\0" + value[1..], value + "\0x", "\0"];

    private static MadeCredential Certified(Action<CertificateDraft> change) => Make(AttestationMaker.PackedCertified(change: change));

    private static bool IsOrganisationalUnit(byte[] relativeName) => relativeName.AsSpan().IndexOf<byte>([0x06, 3, 0x55, 4, 11]) >= 0;

    private static byte[] AttributeOf(byte[] oid, byte[] value) => [0x30, (byte)(2 + oid.Length + value.Length), 0x06, (byte)oid.Length, .. oid, .. value];

    private static byte[] Attribute(byte[] oid, byte[] value) => [0x31, (byte)(4 + oid.Length + value.Length), .. AttributeOf(oid, value)];
}
