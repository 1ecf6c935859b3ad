using System.Security.Cryptography;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.TestKit;

/// <summary>A certificate authority in memory: a root, or one that another certified.</summary>
public sealed class TestAuthority
{
    private readonly TestAuthority? issuer;
    private readonly SoftwareKey key;
    private readonly string name;

    /// <summary>Makes an authority.</summary>
    /// <param name="name">Its common name.</param>
    /// <param name="issuer">Who certifies it; itself, when null.</param>
    /// <param name="key">Its key; fresh on P-256, unless given.</param>
    /// <param name="change">Changes its certificate before it is signed.</param>
    public TestAuthority(string name, TestAuthority? issuer = null, SoftwareKey? key = null, Action<CertificateDraft>? change = null)
    {
        (this.name, this.issuer, this.key) = (name, issuer, key ?? SoftwareKey.P256());
        var draft = CertificateDraft.ForAuthority(this.key, name);
        change?.Invoke(draft);
        Certificate = (issuer ?? this).Sign(draft);
    }

    /// <summary>The root that test relying parties trust.</summary>
    public static TestAuthority Trusted { get; } = new("Trusted test root");

    /// <summary>Its certificate, DER.</summary>
    public byte[] Certificate { get; }

    /// <summary>Its certificate, PEM.</summary>
    public string Pem => PemEncoding.WriteString("CERTIFICATE", Certificate);

    /// <summary>Its certificate, as the verifier takes what is trusted.</summary>
    public TrustAnchor Anchor =>
        TrustAnchor.Read(Certificate).Refused(out var why, out var anchor) ? throw new InvalidOperationException($"{why}") : anchor;

    /// <summary>Signs a certificate in its own name.</summary>
    public byte[] Sign(CertificateDraft draft)
    {
        draft.Issuer.Clear();
        draft.Issuer.Add(KeyValuePair.Create("2.5.4.3", name));
        return draft.Sign(key);
    }

    /// <summary>Certifies a leaf: its certificate, then those of the authorities up to the root, which stays at home.</summary>
    public byte[][] Certify(CertificateDraft leaf)
    {
        var chain = new List<byte[]> { Sign(leaf) };
        for (var authority = this; authority.issuer is not null; authority = authority.issuer) chain.Add(authority.Certificate);
        return [.. chain];
    }
}
