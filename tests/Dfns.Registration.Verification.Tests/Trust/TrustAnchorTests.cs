using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Trust;

/// <summary>RFC 7468 §5: the certificates that an operator trusts, as files hold them.</summary>
public sealed class TrustAnchorTests
{
    private static readonly TestAuthority One = new("One");
    private static readonly TestAuthority Two = new("Two");

    [Fact]
    public void Accepts_every_certificate_in_its_order_with_commentary_around_them() => Assert.Equal(
        [One.Anchor.Fingerprint, Two.Anchor.Fingerprint],
        Accepted(TrustAnchor.ReadPem($"The first.\n{One.Pem}\n\nThe second.\n{Two.Pem}\nThe end.")).Select(anchor => anchor.Fingerprint));

    [Theory]
    [InlineData("")]
    [InlineData("no block at all")]
    public void Refuses_a_text_without_a_certificate(string text) => Refused(RefusalReason.CertificateMalformed, TrustAnchor.ReadPem(text));

    [Fact]
    public void Refuses_a_block_of_something_else()
    {
        var key = PemEncoding.WriteString("PUBLIC KEY", One.Certificate);
        Assert.Equal("PUBLIC KEY", Refused(RefusalReason.CertificateMalformed, TrustAnchor.ReadPem($"{One.Pem}\n{key}")).Detail);
    }

    [Fact]
    public void Refuses_a_certificate_with_a_byte_behind_it() =>
        Refused(RefusalReason.CertificateMalformed, TrustAnchor.ReadPem(PemEncoding.WriteString("CERTIFICATE", [.. One.Certificate, 0])));

    /// <summary>Which the framework passes over: whoever trusts two roots must not find that it is one.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Refuses_a_certificate_that_is_no_base64_before_or_behind_a_sound_one(bool before)
    {
        var misspelled = Two.Pem.Replace("-----\nMI", "-----\n*I", StringComparison.Ordinal);
        Assert.NotEqual(Two.Pem, misspelled);
        Refused(RefusalReason.CertificateMalformed, TrustAnchor.ReadPem(before ? $"{misspelled}\n{One.Pem}" : $"{One.Pem}\n{misspelled}"));
    }

    [Fact]
    public void Refuses_a_certificate_without_its_end() =>
        Refused(RefusalReason.CertificateMalformed, TrustAnchor.ReadPem($"{One.Pem}\n{Two.Pem[..^5]}"));

    [Fact]
    public void Throws_at_no_text() => Assert.Throws<ArgumentNullException>(() => TrustAnchor.ReadPem(null!));
}
