using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Trust;

/// <summary>RFC 5280 §6.1: the path from an attestation certificate to a root.</summary>
public sealed class CertificatePathTests
{
    private const string BasicConstraints = CertificateDraft.BasicConstraintsOid;
    private const string KeyUsage = "2.5.29.15";

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    [InlineData("RSA-3072")]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Accepts_an_authority_with_any_type_of_key(string key)
    {
        var root = new TestAuthority("Root", key: SoftwareKey.Named(key));
        Accepted(Packed(new TestAuthority("Intermediate", root, SoftwareKey.Named(key))), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_a_root_of_the_same_name_and_another_key() =>
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(new TestAuthority("Root")), Trust(new TestAuthority("Root")));

    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_an_intermediate_that_did_not_sign()
    {
        var root = new TestAuthority("Root");
        var (one, other) = (new TestAuthority("Intermediate", root), new TestAuthority("Intermediate", root));
        Refused(RefusalReason.CertificatePathInvalid, Packed(leaf => [one.Certify(leaf)[0], other.Certificate]), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_a_signature_over_SHA_1()
    {
        var root = new TestAuthority("Root", key: SoftwareKey.Rsa());
        Refused(RefusalReason.CertificatePathInvalid, Packed(root, leaf => leaf.SignatureAlgorithm = ("1.2.840.113549.1.1.5", HashAlgorithmName.SHA1)), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_an_algorithm_outside_that_is_not_the_one_inside()
    {
        var root = new TestAuthority("Root");
        Refused(RefusalReason.CertificatePathInvalid, Packed(root, leaf => leaf.OuterSignatureOid = "1.2.840.10045.4.3.3"), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_a_signature_whose_algorithm_is_not_that_of_the_key()
    {
        var root = new TestAuthority("Root");
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(root, leaf => leaf.SignatureAlgorithm = ("1.3.101.112", HashAlgorithmName.SHA256)), Trust(root));
    }

    // As in some of Yubico's first certificates.
    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Accepts_an_RSA_signature_whose_last_zero_bits_are_said_not_to_count()
    {
        var root = new TestAuthority("Root", key: SoftwareKey.Rsa());
        Accepted(Packed(leaf => [WithUnusedBits(root, leaf, lastBit: 0)]), Trust(root));
    }

    // The framework's loader clears the bit, and so finds another certificate than the one that came.
    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_one_whose_last_bit_is_none() => Refused(
        RefusalReason.CertificateMalformed, Packed(leaf => [WithUnusedBits(new TestAuthority("Root", key: SoftwareKey.Rsa()), leaf, lastBit: 1)]));

    [Fact]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_an_ECDSA_signature_that_is_not_whole_bytes()
    {
        var root = new TestAuthority("Root");
        Refused(RefusalReason.CertificatePathInvalid, Packed(leaf => [WithUnusedBits(root, leaf, lastBit: 0)]), Trust(root));
    }

    // As in some of Feitian's first certificates. One number in 256 begins with nine ones, which no INTEGER may (X.690 §8.3.2).
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Accepts_an_ECDSA_signature_whose_numbers_lack_the_zero_that_makes_them_positive(bool nineOnes)
    {
        var root = new TestAuthority("Root");
        Accepted(Packed(leaf => [WithoutSigns(root, leaf, nineOnes)]), Trust(root));
    }

    // Whoever reads both numbers and no further takes many signatures for one.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("RFC 5280 §6.1", "signature")]
    public void Refuses_an_ECDSA_signature_with_more_behind_its_numbers(bool inside)
    {
        var root = new TestAuthority("Root");
        var refusal = Refused(
            RefusalReason.CertificatePathInvalid,
            Packed(leaf => [WithSignature(root.Certify(leaf)[0], signature => [0x30, (byte)(signature[1] + (inside ? 2 : 0)), .. signature[2..], 0x05, 0x00])]),
            Trust(root));
        Assert.Equal("certificate 0: signature algorithm", refusal.Detail);
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "validity")]
    public void Accepts_the_first_and_the_last_moment_of_validity()
    {
        var root = new TestAuthority("Root", change: draft => draft.NotAfter = Now);
        var intermediate = new TestAuthority("Intermediate", root, change: draft => draft.NotBefore = Now);
        Accepted(Packed(intermediate, leaf => (leaf.NotBefore, leaf.NotAfter) = (Now, Now)), Trust(root));
    }

    [Theory]
    [InlineData("leaf", 1)]
    [InlineData("leaf", -1)]
    [InlineData("intermediate", 1)]
    [InlineData("intermediate", -1)]
    [InlineData("root", 1)]
    [InlineData("root", -1)]
    [Clause("RFC 5280 §6.1", "validity")]
    public void Refuses_a_certificate_outside_its_validity(string which, int seconds)
    {
        var root = new TestAuthority("Root", change: For("root"));
        Refused(RefusalReason.CertificateOutsideValidity, Packed(new TestAuthority("Intermediate", root, change: For("intermediate")), For("leaf")), Trust(root));

        Action<CertificateDraft> For(string certificate) => draft =>
        {
            if (certificate != which) return;
            if (seconds > 0) draft.NotBefore = Now.AddSeconds(seconds);
            else draft.NotAfter = Now.AddSeconds(seconds);
        };
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "names")]
    public void Accepts_certificates_in_their_order()
    {
        var root = new TestAuthority("Root");
        Accepted(Packed(new TestAuthority("Three", new TestAuthority("Two", new TestAuthority("One", root)))), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "names")]
    public void Refuses_an_issuer_of_another_name_though_it_signed()
    {
        var key = SoftwareKey.P256();
        var root = new TestAuthority("Root");
        var (one, renamed) = (new TestAuthority("Intermediate", root, key), new TestAuthority("Renamed", root, key));
        Refused(RefusalReason.CertificatePathInvalid, Packed(leaf => [one.Certify(leaf)[0], renamed.Certificate]), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "names")]
    public void Refuses_certificates_in_another_order()
    {
        var root = new TestAuthority("Root");
        var lowest = new TestAuthority("Two", new TestAuthority("One", root));
        Refused(RefusalReason.CertificatePathInvalid, Packed(leaf => [lowest.Certify(leaf)[0], .. lowest.Certify(leaf)[1..].Reverse()]), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "names")]
    public void Refuses_a_path_without_its_intermediate()
    {
        var root = new TestAuthority("Root");
        var intermediate = new TestAuthority("Intermediate", root);
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(leaf => [intermediate.Certify(leaf)[0]]), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "authority")]
    public void Accepts_an_intermediate_that_is_an_authority()
    {
        var root = new TestAuthority("Root");
        Accepted(Packed(new TestAuthority("Intermediate", root)), Trust(root));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("RFC 5280 §6.1", "authority")]
    public void Refuses_an_intermediate_that_is_none(bool constrained)
    {
        var root = new TestAuthority("Root");
        var intermediate = new TestAuthority("Intermediate", root, change: WithoutAuthority(constrained));
        Refused(RefusalReason.CertificatePathInvalid, Packed(intermediate), Trust(root));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("RFC 5280 §6.1", "authority")]
    public void Refuses_what_was_certified_by_a_trusted_certificate_that_is_no_authority(bool constrained)
    {
        var root = new TestAuthority("Root", change: WithoutAuthority(constrained));
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(root), Trust(root));
    }

    [Fact]
    public void Tells_which_certificate_is_none()
    {
        var root = new TestAuthority("Root");
        var refusal = Refused(
            RefusalReason.CertificatePathInvalid, Packed(new TestAuthority("Intermediate", root, change: WithoutAuthority(true))), Trust(root));
        Assert.Equal("certificate 1: not an authority for this", refusal.Detail);
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "authority")]
    public void Refuses_an_intermediate_whose_key_cannot_be_read()
    {
        var root = new TestAuthority("Root");
        var unreadable = new TestAuthority("Intermediate", root, change: draft => draft.SubjectPublicKeyInfo = SoftwareKey.BrainpoolP256().SubjectPublicKeyInfo);
        Assert.StartsWith("certificate 1: ", Refused(RefusalReason.CertificatePathInvalid, Packed(unreadable), Trust(root)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "key usage")]
    public void Accepts_an_authority_whose_key_may_sign_certificates()
    {
        var root = new TestAuthority("Root", change: Using(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign));
        Accepted(Packed(new TestAuthority("Intermediate", root, change: Using(X509KeyUsageFlags.KeyCertSign))), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "key usage")]
    public void Refuses_an_authority_whose_key_may_not()
    {
        var root = new TestAuthority("Root");
        Refused(
            RefusalReason.CertificatePathInvalid,
            Packed(new TestAuthority("Intermediate", root, change: Using(X509KeyUsageFlags.DigitalSignature))),
            Trust(root));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [Clause("RFC 5280 §6.1", "path length")]
    public void Accepts_as_many_authorities_as_the_topmost_allows(int authorities, int allowed) => Accepted(Chained(authorities, allowed, out var root), Trust(root));

    [Theory]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    [Clause("RFC 5280 §6.1", "path length")]
    public void Refuses_more_than_that(int authorities, int allowed) =>
        Refused(RefusalReason.CertificatePathInvalid, Chained(authorities, allowed, out var root), Trust(root));

    [Fact]
    [Clause("RFC 5280 §6.1", "path length")]
    public void Refuses_more_authorities_than_the_root_allows()
    {
        var root = new TestAuthority("Root", change: draft => Constrain(draft, 0));
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(new TestAuthority("Intermediate", root)), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "path length")]
    public void Accepts_an_authority_that_certified_a_new_key_of_its_own_beyond_that()
    {
        var root = new TestAuthority("Root");
        var old = new TestAuthority("Intermediate", root, change: draft => Constrain(draft, 0));
        Accepted(Packed(new TestAuthority("Intermediate", old)), Trust(root));
    }

    // §8.3.1 demands a critical alternative name of a TPM's attestation key.
    [Fact]
    [Clause("RFC 5280 §6.1", "critical extensions")]
    public void Accepts_critical_extensions_that_are_processed() => Accepted(MakeCertified(AttestationMaker.Tpm(), TestAuthority.Trusted), Trusting());

    [Theory]
    [InlineData("leaf", "1.2.3.4")]
    [InlineData("intermediate", "1.2.3.4")]
    [InlineData("intermediate", "2.5.29.30")]
    [Clause("RFC 5280 §6.1", "critical extensions")]
    public void Refuses_critical_extensions_that_are_not(string which, string oid)
    {
        var root = new TestAuthority("Root");
        var extension = new CertificateExtension(oid, Critical: true, [0x30, 0x00]);
        var intermediate = new TestAuthority("Intermediate", root, change: draft => AddTo("intermediate", draft));
        Refused(RefusalReason.CertificatePathInvalid, Packed(intermediate, leaf => AddTo("leaf", leaf)), Trust(root));

        void AddTo(string certificate, CertificateDraft draft)
        {
            if (certificate == which) draft.Extensions.Add(extension);
        }
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Refuses_no_certificate_at_all() => Refused(
        RefusalReason.CertificatePathNotTrusted, Verification.Trust.CertificatePath.Find([], [TestAuthority.Trusted.Anchor], Now));

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Accepts_an_intermediate_that_is_trusted_itself()
    {
        var intermediate = new TestAuthority("Intermediate", new TestAuthority("Root"));
        Accepted(Packed(intermediate), Trust(intermediate));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Accepts_an_attestation_certificate_that_is_trusted_itself()
    {
        byte[] pinned = [];
        var made = Packed(leaf => [pinned = new TestAuthority("Root").Certify(leaf)[0]]);
        Assert.True(Verification.Trust.TrustAnchor.Read(pinned).Refused(out _, out var anchor) is false);
        Accepted(made, Trusting(trust => trust with { Roots = [new(anchor!)] }));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Accepts_a_trusted_root_that_came_along_and_more_behind_it()
    {
        var root = new TestAuthority("Root");
        Accepted(Packed(leaf => [.. root.Certify(leaf), root.Certificate, new TestAuthority("Stranger").Certificate]), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Refuses_a_root_that_came_along_and_is_not_trusted()
    {
        var forged = new TestAuthority("Root");
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(leaf => [.. forged.Certify(leaf), forged.Certificate]), Trust(new TestAuthority("Root")));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Refuses_a_trusted_root_behind_certificates_that_it_did_not_certify()
    {
        var (root, forged) = (new TestAuthority("Root"), new TestAuthority("Root"));
        Refused(RefusalReason.CertificatePathInvalid, Packed(leaf => [.. forged.Certify(leaf), root.Certificate]), Trust(root));
    }

    // The roots of SoloKeys and Nitrokey are of version 1; one of GoTrust's says CA false, and that its key signs certificates.
    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Accepts_a_root_of_version_1()
    {
        var root = new TestAuthority("Root", change: draft => draft.Version = 1);
        Accepted(Packed(root), Trust(root));
        Accepted(Packed(new TestAuthority("Intermediate", root)), Trust(root));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Accepts_a_root_that_says_by_key_usage_alone_that_it_is_one(bool constrained)
    {
        var root = new TestAuthority("Root", change: WithoutAuthority(constrained) + Using(X509KeyUsageFlags.KeyCertSign));
        Accepted(Packed(root), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Refuses_either_where_another_issued_it()
    {
        var above = new TestAuthority("Above");
        foreach (var change in new[] { draft => draft.Version = 1, WithoutAuthority(constrained: false) + Using(X509KeyUsageFlags.KeyCertSign) })
        {
            var anchor = new TestAuthority("Intermediate", above, change: change);
            Refused(RefusalReason.CertificatePathNotTrusted, Packed(leaf => [anchor.Certify(leaf)[0]]), Trust(anchor));
        }
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Refuses_a_trusted_root_whose_key_has_another_use()
    {
        var root = new TestAuthority("Root", change: WithoutAuthority(constrained: false) + Using(X509KeyUsageFlags.DigitalSignature));
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(root), Trust(root));
    }

    [Fact]
    [Clause("RFC 5280 §6.1", "anchor")]
    public void Refuses_a_certificate_of_version_1_that_came_along_as_an_authority()
    {
        var root = new TestAuthority("Root");
        Refused(RefusalReason.CertificatePathInvalid, Packed(new TestAuthority("Intermediate", root, change: draft => draft.Version = 1)), Trust(root));
    }

    /// <summary>Certificates that name places to fetch issuers and revocation lists from: nobody goes there.</summary>
    [Fact]
    public async Task Nothing_that_a_certificate_names_is_fetched()
    {
        using var canary = new TcpListener(IPAddress.Loopback, 0);
        canary.Start();
        var url = $"http://{canary.LocalEndpoint}/";
        var root = new TestAuthority("Root");
        var intermediate = new TestAuthority("Intermediate", root, change: Inviting);

        // With the issuer missing there would be something to fetch.
        Accepted(Packed(intermediate, Inviting), Trust(root));
        Refused(RefusalReason.CertificatePathNotTrusted, Packed(leaf => [intermediate.Certify(With(leaf))[0]]), Trust(root));
        Assert.False(canary.Pending());

        using var visitor = new TcpClient();
        await visitor.ConnectAsync((IPEndPoint)canary.LocalEndpoint, TestContext.Current.CancellationToken);
        Assert.True(canary.Pending());

        CertificateDraft With(CertificateDraft draft)
        {
            Inviting(draft);
            return draft;
        }

        void Inviting(CertificateDraft draft)
        {
            draft.Extensions.Add(new("1.3.6.1.5.5.7.1.1", Critical: false, new X509AuthorityInformationAccessExtension([url], [url]).RawData));
            draft.Extensions.Add(new("2.5.29.31", Critical: false, CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url]).RawData));
        }
    }

    private static RegistrationExpectation Trust(TestAuthority root) => Trusting(trust => trust with { Roots = [new(root.Anchor)] });

    private static MadeCredential Packed(TestAuthority authority, Action<CertificateDraft>? change = null) =>
        MakeCertified(AttestationMaker.PackedCertified(change: change), authority);

    private static MadeCredential Packed(Func<CertificateDraft, byte[][]> certify) =>
        Make(AttestationMaker.PackedCertified(), draft => draft.Certify = certify);

    private static MadeCredential Chained(int authorities, int allowed, out TestAuthority root)
    {
        root = new TestAuthority("Root");
        var lowest = new TestAuthority("Authority 1", root, change: draft => Constrain(draft, allowed));
        for (var count = 2; count <= authorities; count++) lowest = new TestAuthority($"Authority {count}", lowest);
        return Packed(lowest);
    }

    // Signs until the signature ends in the bit that is asked for, and then says that this bit does not count.
    private static byte[] WithUnusedBits(TestAuthority issuer, CertificateDraft leaf, int lastBit)
    {
        byte[] certificate;
        do
        {
            leaf.NotBefore = leaf.NotBefore.AddSeconds(1);
            certificate = issuer.Certify(leaf)[0];
        }
        while ((certificate[^1] & 1) != lastBit);

        // The count stands before the signature, the last thing in a certificate.
        var count = certificate.Length - 1 - SignatureOf(certificate).Length;
        certificate[count] = 1;
        return certificate;
    }

    // Signs until both numbers are of 33 bytes, the first of them zero, and then leaves that out of both.
    private static byte[] WithoutSigns(TestAuthority issuer, CertificateDraft leaf, bool nineOnes)
    {
        byte[] certificate, signature;
        do signature = SignatureOf(certificate = issuer.Certify(leaf)[0]);
        while (signature.Length != 72 || (signature[5] == 0xFF && signature[6] >= 0x80) != nineOnes);
        return WithSignature(certificate, signature => [0x30, 68, 0x02, 32, .. signature[5..37], 0x02, 32, .. signature[40..72]]);
    }

    private static byte[] WithSignature(byte[] certificate, Func<byte[], byte[]> change)
    {
        var fields = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(fields.ReadEncodedValue().Span);
            writer.WriteEncodedValue(fields.ReadEncodedValue().Span);
            writer.WriteBitString(change(fields.ReadBitString(out _)));
        }

        return writer.Encode();
    }

    private static byte[] SignatureOf(byte[] certificate)
    {
        var fields = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        fields.ReadEncodedValue();
        fields.ReadEncodedValue();
        return fields.ReadBitString(out _);
    }

    private static void Constrain(CertificateDraft draft, int allowed) =>
        draft.SetExtension(BasicConstraints, new(BasicConstraints, Critical: true, CertificateDraft.BasicConstraints(authority: true, allowed)));

    private static Action<CertificateDraft> Using(X509KeyUsageFlags usage) =>
        draft => draft.Extensions.Add(new(KeyUsage, Critical: true, CertificateDraft.KeyUsage(usage)));

    private static Action<CertificateDraft> WithoutAuthority(bool constrained) => draft => draft.SetExtension(
        BasicConstraints, constrained ? new(BasicConstraints, Critical: true, CertificateDraft.BasicConstraints(authority: false)) : null);
}
