using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Trust;

/// <summary>FIDO MDS 3 §3.1.1 to §3.1.4, §3.2: what an accepted BLOB means for a registration.</summary>
public sealed class MetadataTrustTests
{
    private static readonly Guid Model = new("f00dbabe-0123-4567-89ab-cdef00112233");
    private static readonly Guid Other = new("00000000-0000-4000-8000-000000000042");
    private static readonly TestAuthority Vendor = new("Vendor");
    private static readonly TestAuthority OtherVendor = new("Other vendor");

    [Theory]
    [InlineData("packed")]
    [InlineData("tpm")]
    [InlineData("android-key")]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Accepts_the_roots_of_the_model_and_takes_the_model_as_attested(string format)
    {
        var verdict = Accepted(MakeCertified(Maker(format), Vendor), With(Both)).WebAuthn!.Trust;
        Assert.Equal((TrustVerdict.Trusted, true), (verdict.Verdict, verdict.AaguidAttested));
    }

    [Theory]
    [InlineData("packed")]
    [InlineData("tpm")]
    [InlineData("android-key")]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Refuses_the_roots_of_another_model(string format) =>
        Refused(RefusalReason.CertificatePathNotTrusted, MakeCertified(Maker(format), OtherVendor), With(Both));

    [Fact]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Refuses_a_root_of_the_operator_where_metadata_speaks_of_the_model() => Refused(
        RefusalReason.CertificatePathNotTrusted, MakeCertified(AttestationMaker.PackedCertified(), TestAuthority.Trusted), With(Both, TestAuthority.Trusted));

    [Fact]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Accepts_a_root_of_the_operator_where_it_does_not() => Accepted(
        MakeCertified(AttestationMaker.PackedCertified(), TestAuthority.Trusted), With(new MetadataDraft().Add(Other, [], Vendor.Certificate), TestAuthority.Trusted));

    [Fact]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Refuses_a_model_that_nobody_speaks_of() =>
        Refused(RefusalReason.CertificatePathNotTrusted, MakeCertified(AttestationMaker.PackedCertified(), Vendor), With(new MetadataDraft().Add(Other, [], Vendor.Certificate)));

    [Fact]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Refuses_a_model_that_nobody_speaks_of_where_the_operator_names_no_roots()
    {
        var expected = With(new MetadataDraft().Add(Other, [], Vendor.Certificate));
        Refused(
            RefusalReason.CertificatePathNotTrusted, MakeCertified(AttestationMaker.PackedCertified(), Vendor), expected with { Trust = expected.Trust with { Roots = null } });
    }

    [Fact]
    [Clause("MDS §3.1.1", "key identifiers")]
    public void Accepts_a_U2F_token_by_its_key_though_its_certificate_names_a_model_with_other_roots()
    {
        var batchKey = SoftwareKey.P256();
        var made = MakeCertified(AttestationMaker.FidoU2f(leaf => leaf.Extensions.Add(Naming), batchKey: batchKey), Vendor);
        Accepted(made, With(new MetadataDraft().AddU2f(Identifier(batchKey), [], Vendor.Certificate).Add(Model, [], OtherVendor.Certificate)));
    }

    [Fact]
    [Clause("MDS §3.1.1", "key identifiers")]
    public void Accepts_a_U2F_token_by_the_key_of_its_certificate()
    {
        var batchKey = SoftwareKey.P256();
        Accepted(MakeCertified(AttestationMaker.FidoU2f(batchKey: batchKey), Vendor), With(new MetadataDraft().AddU2f(Identifier(batchKey), [], Vendor.Certificate)));
    }

    [Fact]
    [Clause("MDS §3.1.1", "key identifiers")]
    public void Refuses_a_U2F_token_of_another_key()
    {
        var blob = new MetadataDraft().AddU2f(Identifier(SoftwareKey.P256()), [], Vendor.Certificate);
        Refused(RefusalReason.CertificatePathNotTrusted, MakeCertified(AttestationMaker.FidoU2f(), Vendor), With(blob));
    }

    [Fact]
    [Clause("MDS §3.1.1", "key identifiers")]
    public void Refuses_a_U2F_token_that_claims_a_model_whose_roots_it_has()
    {
        // The model is not signed by U2F; so its roots, which are there for it, do not speak for a token.
        Refused(RefusalReason.CertificatePathNotTrusted, MakeCertified(AttestationMaker.FidoU2f(), Vendor), With(Both));
    }

    [Fact]
    [Clause("MDS §3.1.1", "key identifiers")]
    public void Accepts_a_U2F_token_whose_certificate_names_a_model_with_that_root()
    {
        var verdict = Accepted(MakeCertified(AttestationMaker.FidoU2f(leaf => leaf.Extensions.Add(Naming)), Vendor), With(Both)).WebAuthn!.Trust;
        Assert.True(verdict.AaguidAttested);
    }

    [Theory]
    [InlineData("FIDO_CERTIFIED_L1")]
    [InlineData("UPDATE_AVAILABLE")]
    [InlineData("NOT_FIDO_CERTIFIED")]
    [InlineData("A_STATUS_OF_A_LATER_EDITION")]
    [Clause("MDS §3.1.3", "status reports")]
    public void Accepts_a_status_that_is_not_refused(string status) =>
        Accepted(MakeCertified(AttestationMaker.PackedCertified(), Vendor), With(new MetadataDraft().Add(Model, [status], Vendor.Certificate)));

    [Theory]
    [InlineData("REVOKED")]
    [InlineData("ATTESTATION_KEY_COMPROMISE")]
    [InlineData("USER_KEY_REMOTE_COMPROMISE")]
    [InlineData("USER_KEY_PHYSICAL_COMPROMISE")]
    [InlineData("USER_VERIFICATION_BYPASS")]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_a_status_that_is_whatever_came_later(string status) => Refused(
        RefusalReason.AuthenticatorStatusNotAccepted,
        MakeCertified(AttestationMaker.PackedCertified(), Vendor),
        With(new MetadataDraft().Add(Model, ["FIDO_CERTIFIED", status, "UPDATE_AVAILABLE"], Vendor.Certificate)));

    [Fact]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_a_revoked_model_that_is_only_claimed() =>
        Refused(RefusalReason.AuthenticatorStatusNotAccepted, Make(AttestationMaker.PackedSelf), With(new MetadataDraft().Add(Model, ["REVOKED"])));

    [Fact]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_a_revoked_U2F_token()
    {
        var batchKey = SoftwareKey.P256();
        Refused(
            RefusalReason.AuthenticatorStatusNotAccepted,
            MakeCertified(AttestationMaker.FidoU2f(batchKey: batchKey), Vendor),
            With(new MetadataDraft().AddU2f(Identifier(batchKey), ["REVOKED"], Vendor.Certificate)));
    }

    [Theory]
    [InlineData("2026-11-24", false)]
    [InlineData("2026-11-23", true)]
    [InlineData(null, true)]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_from_the_day_of_the_report_on(string? effective, bool refused)
    {
        var blob = new MetadataDraft().Add(new JsonObject { ["aaguid"] = $"{Model}" }, ["REVOKED"], [Vendor.Certificate], entry =>
        {
            var report = entry["statusReports"]![0]!.AsObject();
            report.Remove("effectiveDate");
            if (effective is not null) report["effectiveDate"] = effective;
        });
        var made = MakeCertified(AttestationMaker.PackedCertified(), Vendor);
        if (refused) Refused(RefusalReason.AuthenticatorStatusNotAccepted, made, With(blob));
        else Accepted(made, With(blob));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_a_report_about_a_certificate_where_that_stands_in_the_path(bool inPath)
    {
        var compromised = new TestAuthority("Compromised", Vendor);
        var blob = new MetadataDraft().Add(new JsonObject { ["aaguid"] = $"{Model}" }, ["ATTESTATION_KEY_COMPROMISE"], [Vendor.Certificate], entry =>
            entry["statusReports"]![0]!["certificate"] = Convert.ToBase64String(compromised.Certificate));
        if (inPath) Refused(RefusalReason.AuthenticatorStatusNotAccepted, MakeCertified(AttestationMaker.PackedCertified(), compromised), With(blob));
        else Accepted(MakeCertified(AttestationMaker.PackedCertified(), new TestAuthority("Sound", Vendor)), With(blob));
    }

    // With (r, s), (r, n - s) is a signature as well; it takes no key to make it.
    [Fact]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_a_report_about_a_certificate_also_under_the_other_signature_of_its_issuer()
    {
        var compromised = new TestAuthority("Compromised", Vendor);
        var other = WithOtherSignature(compromised.Certificate);
        Assert.NotEqual(compromised.Certificate, other);
        var made = Make(AttestationMaker.PackedCertified(), draft => draft.Certify = leaf => [compromised.Certify(leaf)[0], other]);

        Accepted(made, With(new MetadataDraft().Add(Model, [], Vendor.Certificate)));
        Refused(RefusalReason.AuthenticatorStatusNotAccepted, made, With(new MetadataDraft().Add(
            new JsonObject { ["aaguid"] = $"{Model}" }, ["ATTESTATION_KEY_COMPROMISE"], [Vendor.Certificate], entry =>
                entry["statusReports"]![0]!["certificate"] = Convert.ToBase64String(compromised.Certificate))));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [Clause("MDS §3.1.3", "status reports")]
    public void Refuses_from_the_first_moment_of_that_day_on(int seconds, bool refused)
    {
        var expected = With(new MetadataDraft().Add(Model, ["REVOKED"], Vendor.Certificate)) with { Now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(seconds) };
        var made = MakeCertified(AttestationMaker.PackedCertified(), Vendor);
        if (refused) Refused(RefusalReason.AuthenticatorStatusNotAccepted, made, expected);
        else Accepted(made, expected);
    }

    [Fact]
    [Clause("MDS §3.1.3", "status reports")]
    public void Accepts_what_policy_does_not_refuse()
    {
        var expected = With(new MetadataDraft().Add(Model, ["USER_VERIFICATION_BYPASS"], Vendor.Certificate));
        Accepted(MakeCertified(AttestationMaker.PackedCertified(), Vendor), expected with { Trust = expected.Trust with { RefusedStatuses = ["REVOKED"] } });
    }

    private static byte[] WithOtherSignature(byte[] certificate)
    {
        // FIPS 186-4 D.1.2.3: the order of P-256.
        var order = new BigInteger(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
        var fields = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        var (signedBytes, algorithm) = (fields.ReadEncodedValue(), fields.ReadEncodedValue());
        var numbers = new AsnReader(fields.ReadBitString(out _), AsnEncodingRules.DER).ReadSequence();
        var (r, s) = (numbers.ReadInteger(), numbers.ReadInteger());

        var signature = new AsnWriter(AsnEncodingRules.DER);
        using (signature.PushSequence())
        {
            signature.WriteInteger(r);
            signature.WriteInteger(order - s);
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signedBytes.Span);
            writer.WriteEncodedValue(algorithm.Span);
            writer.WriteBitString(signature.Encode());
        }

        return writer.Encode();
    }

    // The extension by which a certificate names a model.
    private static CertificateExtension Naming => new(CertificateDraft.AaguidOid, Critical: false, CertificateDraft.OctetString(Model.ToByteArray(bigEndian: true)));

    private static MetadataDraft Both => new MetadataDraft().Add(Model, ["FIDO_CERTIFIED_L2"], Vendor.Certificate).Add(Other, [], OtherVendor.Certificate);

    private static RegistrationExpectation With(MetadataDraft blob, params TestAuthority[] roots) =>
        Expected with { Trust = new AttestationTrust { Metadata = blob.Read(), Roots = [.. roots.Select(root => new TrustedRoot(root.Anchor))] } };

    private static AttestationMaker Maker(string format) => format switch
    {
        "packed" => AttestationMaker.PackedCertified(),
        "tpm" => AttestationMaker.Tpm(),
        _ => AttestationMaker.AndroidKey(),
    };

    // The point is what a SubjectPublicKeyInfo ends with: 65 bytes on P-256.
    private static string Identifier(SoftwareKey key) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1, key.SubjectPublicKeyInfo[^65..]));
}
