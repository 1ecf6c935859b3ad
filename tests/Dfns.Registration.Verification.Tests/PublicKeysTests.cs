using System.Security.Cryptography;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests;

/// <summary>A key that is vouched for is held to the rules of one that registers itself.</summary>
public sealed class PublicKeysTests
{
    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("secp256k1")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public void Reads_a_key_of_each_type_as_SubjectPublicKeyInfo(string name)
    {
        var key = SoftwareKey.Named(name);

        Assert.Equal(key.SubjectPublicKeyInfo, Ceremony.Accepted(PublicKeys.ReadPem(key.Pem + "\n")).ToArray());
    }

    [Fact]
    public void Reads_PKCS1_as_the_same_key()
    {
        var key = SoftwareKey.Rsa();
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);

        Assert.Equal(key.SubjectPublicKeyInfo, Ceremony.Accepted(PublicKeys.ReadPem(rsa.ExportRSAPublicKeyPem())).ToArray());
    }

    [Fact]
    public void Refuses_a_private_key()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Ceremony.Refused(RefusalReason.PemPrivateKey, PublicKeys.ReadPem(key.ExportPkcs8PrivateKeyPem()));
    }

    [Fact]
    public void Refuses_text_around_it() =>
        Ceremony.Refused(RefusalReason.PemTextAround, PublicKeys.ReadPem("key: " + SoftwareKey.P256().Pem));

    [Fact]
    public void Refuses_two_keys() =>
        Ceremony.Refused(RefusalReason.PemSeveralBlocks, PublicKeys.ReadPem($"{SoftwareKey.P256().Pem}\n{SoftwareKey.P256().Pem}"));

    [Fact]
    public void Refuses_a_curve_that_is_not_offered() =>
        Ceremony.Refused(RefusalReason.CurveNotSupported, PublicKeys.ReadPem(SoftwareKey.BrainpoolP256().Pem));

    [Fact]
    public void Refuses_a_key_that_is_too_small() =>
        Ceremony.Refused(RefusalReason.RsaModulusNotAccepted, PublicKeys.ReadPem(SoftwareKey.Rsa(1024).Pem));

    [Theory]
    [InlineData("")]
    [InlineData("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")]
    public void Refuses_what_is_no_PEM(string text) => Ceremony.Refused(RefusalReason.PemMalformed, PublicKeys.ReadPem(text));
}
