using CsCheck;
using Dfns.Registration.Fuzz;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.WebAuthn.Attestation;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>
/// RFC 5280 §4.1: the form of a certificate. Each refusal begins with a certificate that is read, and changes one value in the part that is
/// signed, every length around it put right.
/// </summary>
public sealed class X509StructureTests
{
    // The values of the signed part (§4.1), by their place.
    private const int Version = 0, SerialNumber = 1, Algorithm = 2, Issuer = 3, Validity = 4, Subject = 5, Key = 6, Extensions = 7, Behind = 8;

    private static readonly SoftwareKey Authority = SoftwareKey.PublishedP256();

    [Theory]
    [InlineData(Version, "A003020102")]
    [InlineData(Version, "A003020100")]
    [InlineData(Version, "A003020163")]
    [InlineData(SerialNumber, "0201FF")]
    [InlineData(SerialNumber, "02100112233445566778899AABBCCDDEEFF0")]
    [InlineData(Issuer, "3000")]
    [InlineData(Issuer, "300D310B300906035504030C024141")]
    [InlineData(Issuer, "300E310C300A060355042D030300AAAA")]
    [InlineData(Issuer, "300D310B3009060355041030023000")]
    [InlineData(Issuer, "300F310D300B06035504031C0400000041")]
    [InlineData(Extensions, "A3023000")]
    [InlineData(Extensions, "")]
    [InlineData(Extensions, "A30E300C300A06032A03040101000400")]
    [Clause("RFC 5280 §4.1", "form")]
    public void Accepts_what_authorities_write(int place, string hex) => Accepted(X509Structure.Read(With(place, Convert.FromHexString(hex))));

    [Theory]
    [InlineData("81020055")]
    [InlineData("82020055")]
    [InlineData("8102005582020055")]
    [Clause("RFC 5280 §4.1", "form")]
    public void Accepts_unique_ids(string hex) => Accepted(X509Structure.Read(With(Key, key => [.. key, .. Convert.FromHexString(hex)])));

    [Theory]
    [InlineData(Version, "A00402020002")]
    [InlineData(Version, "A0020200")]
    [InlineData(Version, "A0030201FF")]
    [InlineData(Version, "A0050201020500")]
    [InlineData(Version, "A00702050100000000")]
    [InlineData(Version, "A00602047FFFFFFF")]
    [InlineData(Version, "A003020102A003020102")]
    [InlineData(Version, "800102")]
    [InlineData(SerialNumber, "")]
    [InlineData(SerialNumber, "0200")]
    [InlineData(SerialNumber, "02020001")]
    [InlineData(SerialNumber, "0202FFFF")]
    [InlineData(SerialNumber, "0101FF")]
    [InlineData(Algorithm, "")]
    [InlineData(Algorithm, "3000")]
    [InlineData(Algorithm, "3003020101")]
    [InlineData(Algorithm, "300E06082A8648CE3D04030205000500")]
    [InlineData(Algorithm, "300D06082A8648CE3D0403020101FF")]
    [InlineData(Algorithm, "300C06082A8648CE3D0403020000")]
    [InlineData(Algorithm, "300D06082A8648CE3D040302050100")]
    [InlineData(Algorithm, "300E06082A8648CE3D04030206028000")]
    [InlineData(Algorithm, "300C06082A8648CE3D0403021000")]
    [InlineData(Algorithm, "301006082A8648CE3D040302300404810141")]
    [InlineData(Algorithm, "300406028880")]
    [InlineData(Issuer, "")]
    [InlineData(Issuer, "3100")]
    [InlineData(Issuer, "30023100")]
    [InlineData(Issuer, "30023000")]
    [InlineData(Issuer, "3006310430020500")]
    [InlineData(Issuer, "3009310730050603550403")]
    [InlineData(Issuer, "300D310B300906035504030C000500")]
    [InlineData(Issuer, "300B3109300706035504030500")]
    [InlineData(Issuer, "300C310A30080603550403020101")]
    [InlineData(Issuer, "300C310A300806035504030101FF")]
    [InlineData(Issuer, "300C310A30080603550403040141")]
    [InlineData(Issuer, "300C310A300806035504031A0141")]
    [InlineData(Issuer, "300C310A30080603550403100141")]
    [InlineData(Issuer, "300E310C300A06035504032C030C0141")]
    [InlineData(Issuer, "300C310A300806035504038C0141")]
    [InlineData(Issuer, "300D310B300906035504030C02C328")]
    [InlineData(Issuer, "300E310C300A06035504030C03EDA080")]
    [InlineData(Issuer, "300E310C300A06035504031E03004100")]
    [InlineData(Issuer, "300D310B300906035504031E02D800")]
    [InlineData(Issuer, "300E310C300A06035504031C03000000")]
    [InlineData(Issuer, "300F310D300B06035504031C0400110000")]
    [InlineData(Issuer, "300F310D300B06035504031C040000D800")]
    [InlineData(Issuer, "300B31093007060355042D0300")]
    [InlineData(Issuer, "300C310A3008060355042D030108")]
    [InlineData(Validity, "")]
    [InlineData(Validity, "3000")]
    [InlineData(Validity, "300F170D3230303130313030303030305A")]
    [InlineData(Validity, "3006020101020101")]
    [InlineData(Subject, "")]
    [InlineData(Subject, "30023100")]
    [InlineData(Key, "")]
    [InlineData(Key, "3000")]
    [InlineData(Key, "300F300906072A8648CE3D020103020855")]
    [InlineData(Key, "3011300906072A8648CE3D0201030200550500")]
    [InlineData(Key, "3013300D06072A8648CE3D02010500050003020055")]
    [InlineData(Extensions, "A300")]
    [InlineData(Extensions, "A30430000500")]
    [InlineData(Extensions, "A306300406022A03")]
    [InlineData(Extensions, "A30E300C300A06032A03040101010400")]
    [InlineData(Extensions, "A30D300B300906032A030404000500")]
    [InlineData(Extensions, "A311300F300D06032A03040101FF0101FF0400")]
    [InlineData(Extensions, "A30A3008300606022A800400")]
    [InlineData(Extensions, "A3083006300406000400")]
    [InlineData(Extensions, "A30D300B300906032A0304030200AA")]
    [InlineData(Extensions, "A3023000A3023000")]
    [InlineData(Extensions, "A4023000")]
    [InlineData(Behind, "A4020500")]
    [InlineData(Behind, "0500")]
    [Clause("RFC 5280 §4.1", "form")]
    public void Refuses_a_value_of_another_form(int place, string hex) =>
        Refused(RefusalReason.CertificateMalformed, X509Structure.Read(With(place, Convert.FromHexString(hex))));

    [Theory]
    [InlineData("81020855")]
    [InlineData("8100")]
    [InlineData("8202005581020055")]
    [InlineData("A103030100")]
    [InlineData("83020055")]
    [Clause("RFC 5280 §4.1", "form")]
    public void Refuses_unique_ids_of_another_form(string hex) =>
        Refused(RefusalReason.CertificateMalformed, X509Structure.Read(With(Key, key => [.. key, .. Convert.FromHexString(hex)])));

    [Theory]
    [InlineData(1, "3000")]
    [InlineData(1, "300E06082A8648CE3D04030205000500")]
    [InlineData(2, "0300")]
    [InlineData(2, "03020855")]
    [InlineData(2, "03020101")]
    [InlineData(2, "040155")]
    [InlineData(2, "")]
    [InlineData(3, "0500")]
    [Clause("RFC 5280 §4.1", "form")]
    public void Refuses_a_signature_of_another_form(int place, string hex) =>
        Refused(RefusalReason.CertificateMalformed, X509Structure.Read(DerDraft.With(Draft(_ => { }).Sign(Authority), place, _ => Convert.FromHexString(hex))));

    [Theory]
    [InlineData("17", "200229000000Z")]
    [InlineData("17", "491231235959Z")]
    [InlineData("18", "20200229000000Z")]
    [InlineData("18", "99991231235959Z")]
    [Clause("RFC 5280 §4.1.2.5", "times")]
    public void Accepts_times_with_seconds_in_Greenwich(string tag, string text) => Accepted(AttestationCertificate.Read(WithNotAfter(tag, text)));

    [Theory]
    [InlineData("17", "491301000000Z")]
    [InlineData("17", "490001000000Z")]
    [InlineData("17", "490230000000Z")]
    [InlineData("17", "490101240000Z")]
    [InlineData("17", "490101006000Z")]
    [InlineData("17", "490101000060Z")]
    [InlineData("17", "4901010000Z")]
    [InlineData("17", "490101000000+0000")]
    [InlineData("17", "4901010000000")]
    [InlineData("17", "49010100000aZ")]
    [InlineData("17", "20490101000000Z")]
    [InlineData("17", "")]
    [InlineData("18", "20490101000000.5Z")]
    [InlineData("18", "20490101000000+0000")]
    [InlineData("18", "00000101000000Z")]
    [InlineData("18", "20491301000000Z")]
    [InlineData("18", "204901010000Z")]
    [InlineData("18", "490101000000Z")]
    [InlineData("18", "20490101000000")]
    [Clause("RFC 5280 §4.1.2.5", "times")]
    public void Refuses_times_of_another_form(string tag, string text) => Refused(RefusalReason.CertificateMalformed, AttestationCertificate.Read(WithNotAfter(tag, text)));

    /// <summary>§4.1.2.5.1: 50 to 99 are the last century's.</summary>
    [Theory]
    [InlineData("491231235959Z", 2049)]
    [InlineData("500101000000Z", 1950)]
    [InlineData("991231235959Z", 1999)]
    [InlineData("000101000000Z", 2000)]
    public void The_years_of_UTCTime_are_1950_to_2049(string text, int year) => Assert.Equal(year, Accepted(AttestationCertificate.Read(WithNotAfter("17", text))).NotAfter.Year);

    [Theory]
    [InlineData("3000", false, null)]
    [InlineData("3003010100", false, null)]
    [InlineData("30030101FF", true, null)]
    [InlineData("30060101FF020100", true, 0)]
    [InlineData("30060101FF02017F", true, 127)]
    [InlineData("3003020105", false, 5)]
    [Clause("RFC 5280 §4.2.1.9", "basic constraints")]
    public void Accepts_basic_constraints(string hex, bool authority, int? below)
    {
        var certificate = Accepted(AttestationCertificate.Read(WithExtension(CertificateDraft.BasicConstraintsOid, hex)));
        Assert.Equal((authority, below), (certificate.IsAuthority, certificate.MaxAuthoritiesBelow));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0101FF")]
    [InlineData("3003010101")]
    [InlineData("30060101FF0201FF")]
    [InlineData("300A0101FF02050100000000")]
    [InlineData("30020500")]
    [InlineData("30000500")]
    [InlineData("30060201000101FF")]
    [InlineData("3081030101FF")]
    [InlineData("30090101FF020100020100")]
    [Clause("RFC 5280 §4.2.1.9", "basic constraints")]
    public void Refuses_basic_constraints_of_another_form(string hex) =>
        Refused(RefusalReason.CertificateMalformed, AttestationCertificate.Read(WithExtension(CertificateDraft.BasicConstraintsOid, hex)));

    [Theory]
    [InlineData("03020204", true)]
    [InlineData("03020106", true)]
    [InlineData("03020006", true)]
    [InlineData("0303070480", true)]
    [InlineData("03020780", false)]
    [InlineData("030203F8", false)]
    [InlineData("030100", false)]
    [Clause("RFC 5280 §4.2.1.3", "key usage")]
    public void Accepts_a_key_usage(string hex, bool signsCertificates) =>
        Assert.Equal(signsCertificates, Accepted(AttestationCertificate.Read(WithExtension("2.5.29.15", hex))).SignsCertificates);

    [Theory]
    [InlineData("")]
    [InlineData("0300")]
    [InlineData("03020804")]
    [InlineData("03020304")]
    [InlineData("0101FF")]
    [InlineData("0302020400")]
    [Clause("RFC 5280 §4.2.1.3", "key usage")]
    public void Refuses_a_key_usage_of_another_form(string hex) =>
        Refused(RefusalReason.CertificateMalformed, AttestationCertificate.Read(WithExtension("2.5.29.15", hex)));

    /// <summary>The obsolete extension of a like name (2.5.29.10) says nothing.</summary>
    [Fact]
    public void Basic_constraints_are_those_of_RFC_5280_alone()
    {
        var draft = Draft(leaf => leaf.SetExtension(CertificateDraft.BasicConstraintsOid, new("2.5.29.10", Critical: false, [0x30, 0])));
        Assert.Null(Accepted(AttestationCertificate.Read(draft.Sign(Authority))).IsAuthority);
    }

    [Fact]
    public void What_is_read_is_read_alike_by_the_framework()
    {
        var certificates = FuzzTarget.Named("x509-structure").Seeds().ToArray();
        Gen.Select(Gen.Int[0, certificates.Length - 1], Gen.Double.Unit, Gen.Byte, Gen.Int[0, 3]).Sample(
            (which, place, octet, kind) =>
            {
                var der = certificates[which];
                var at = (int)(place * der.Length);
                byte[] changed = kind switch
                {
                    0 => [.. der[..at], octet, .. der[(at + 1)..]],
                    1 => [.. der[..at], (byte)(der[at] ^ (1 << (octet % 8))), .. der[(at + 1)..]],
                    2 => [.. der[..at], .. der[(at + 1)..]],
                    _ => [.. der[..at], octet, .. der[at..]],
                };
                FuzzTarget.Named("x509-structure").Run(changed);
            },
            iter: 4_000);
    }

    [Fact]
    public void A_certificate_is_taken_apart_and_read_once()
    {
        var certificate = new ReceivedCertificate(Draft(_ => { }).Sign(Authority));
        Assert.Null(certificate.RefuseForm());
        Assert.Same(Accepted(certificate.Read()), Accepted(certificate.Read()));
    }

    private static CertificateDraft Draft(Action<CertificateDraft> change)
    {
        var draft = CertificateDraft.ForAttestation(Authority, Guid.Empty);
        change(draft);
        return draft;
    }

    private static byte[] With(int place, byte[] value) => With(place, _ => value);

    private static byte[] With(int place, Func<byte[], byte[]> change) =>
        Draft(draft => draft.ToBeSigned = signed => DerDraft.With(signed, place, change)).Sign(Authority);

    private static byte[] WithNotAfter(string tag, string text) => Draft(draft => draft.ToBeSigned = signed =>
        DerDraft.With(signed, [Validity, 1], _ => DerDraft.Value(Convert.ToByte(tag, 16), System.Text.Encoding.ASCII.GetBytes(text)))).Sign(Authority);

    private static byte[] WithExtension(string oid, string hex) => Draft(draft =>
    {
        if (oid == CertificateDraft.BasicConstraintsOid) draft.SetExtension(oid, null);
        draft.Extensions.Add(new(oid, Critical: true, Convert.FromHexString(hex)));
    }).Sign(Authority);
}
