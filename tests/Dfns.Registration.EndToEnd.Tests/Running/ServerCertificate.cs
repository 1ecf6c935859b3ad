using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A certificate for <c>localhost</c>, and the authority that issued it, both made for one test.</summary>
internal sealed class ServerCertificate : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("dfns-test-");

    public ServerCertificate()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=Test authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        authority.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        authority.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(authority.PublicKey, critical: false));
        using var issuer = authority.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var certificate = request.Create(issuer, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(16));

        CertificatePem = certificate.ExportCertificatePem();
        PrivateKeyPem = key.ExportPkcs8PrivateKeyPem();
        AuthorityFile = Path.Combine(directory.FullName, "authority.pem");
        File.WriteAllText(AuthorityFile, issuer.ExportCertificatePem());
    }

    public string CertificatePem { get; }

    public string PrivateKeyPem { get; }

    /// <summary>What <c>SSL_CERT_FILE</c> has to name for a process to trust the certificate.</summary>
    public string AuthorityFile { get; }

    public void Dispose() => directory.Delete(recursive: true);
}
