using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfns.Registration.TestKit;

/// <summary>One X.509 extension: its object identifier, its flag, and the DER inside its octet string.</summary>
public sealed record CertificateExtension(string Oid, bool Critical, byte[] Der);

/// <summary>An X.509 certificate (RFC 5280 §4.1) in the making, every field open to change before it is signed.</summary>
public sealed class CertificateDraft
{
    /// <summary>The AAGUID extension of FIDO.</summary>
    public const string AaguidOid = "1.3.6.1.4.1.45724.1.1.4";

    /// <summary>The firmware version and the serial number extension of FIDO.</summary>
    public const string FirmwareVersionOid = "1.3.6.1.4.1.45724.1.1.5", SerialNumberOid = "1.3.6.1.4.1.45724.1.1.2";

    /// <summary>Basic constraints.</summary>
    public const string BasicConstraintsOid = "2.5.29.19";

    /// <summary>The subject alternative name.</summary>
    public const string AlternativeNameOid = "2.5.29.17";

    /// <summary>The extended key usage.</summary>
    public const string ExtendedKeyUsageOid = "2.5.29.37";

    /// <summary>The attributes that name a TPM.</summary>
    public const string TpmManufacturer = "2.23.133.2.1", TpmModel = "2.23.133.2.2", TpmVersion = "2.23.133.2.3";

    private CertificateDraft(SoftwareKey key) => SubjectPublicKeyInfo = key.SubjectPublicKeyInfo;

    /// <summary>The version, counted from 1.</summary>
    public int Version { get; set; } = 3;

    /// <summary>The subject: object identifiers with texts.</summary>
    public IList<KeyValuePair<string, string>> Subject { get; } = [];

    /// <summary>The type of string of a subject attribute; PrintableString for the country and UTF8String for others, unless set.</summary>
    public Func<string, UniversalTagNumber> SubjectType { get; set; } = oid => oid == "2.5.4.6" ? UniversalTagNumber.PrintableString : UniversalTagNumber.UTF8String;

    /// <summary>The subject's relative names, encoded; those that <see cref="Subject"/> says, unless set.</summary>
    public Func<byte[][], byte[][]> RelativeNames { get; set; } = names => names;

    /// <summary>The issuer, in the same form.</summary>
    public IList<KeyValuePair<string, string>> Issuer { get; } = [KeyValuePair.Create("2.5.4.3", "Test authority")];

    /// <summary>The signature algorithm and its hash; those that go with the authority's key, unless set.</summary>
    public (string Oid, HashAlgorithmName Hash)? SignatureAlgorithm { get; set; }

    /// <summary>The algorithm that stands beside the signature; the same as inside, unless set.</summary>
    public string? OuterSignatureOid { get; set; }

    /// <summary>The first moment of validity.</summary>
    public DateTimeOffset NotBefore { get; set; } = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The last moment of validity.</summary>
    public DateTimeOffset NotAfter { get; set; } = new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The certified key, DER.</summary>
    public byte[] SubjectPublicKeyInfo { get; set; }

    /// <summary>The extensions.</summary>
    public IList<CertificateExtension> Extensions { get; } = [];

    /// <summary>The part that is signed, before that.</summary>
    public Func<byte[], byte[]> ToBeSigned { get; set; } = bytes => bytes;

    /// <summary>The certificate as a whole, after signing.</summary>
    public Func<byte[], byte[]> Encoded { get; set; } = bytes => bytes;

    /// <summary>A leaf as WebAuthn L3 §8.2.1 wants it, with the AAGUID extension.</summary>
    public static CertificateDraft ForAttestation(SoftwareKey key, Guid aaguid)
    {
        var draft = new CertificateDraft(key);
        draft.SetSubject("2.5.4.6", "CH").SetSubject("2.5.4.10", "Test vendor");
        draft.SetSubject("2.5.4.11", "Authenticator Attestation").SetSubject("2.5.4.3", "Test authenticator");
        draft.Extensions.Add(new(BasicConstraintsOid, Critical: true, BasicConstraints(authority: false)));
        draft.Extensions.Add(new(AaguidOid, Critical: false, OctetString(aaguid.ToByteArray(bigEndian: true))));
        return draft;
    }

    /// <summary>A leaf as U2F tokens carry one: nothing but a name and a key.</summary>
    public static CertificateDraft ForU2f(SoftwareKey key) => new CertificateDraft(key).SetSubject("2.5.4.3", "Test U2F token");

    /// <summary>A leaf as Android's key store makes one.</summary>
    public static CertificateDraft ForAndroidKey(SoftwareKey key, byte[] description)
    {
        var draft = new CertificateDraft(key).SetSubject("2.5.4.3", "Android Keystore Key");
        draft.Extensions.Add(new(AndroidKeyDescriptionDraft.Oid, Critical: false, description));
        return draft;
    }

    /// <summary>A leaf as Apple's anonymisation authority makes one.</summary>
    public static CertificateDraft ForApple(SoftwareKey key, byte[] nonce)
    {
        var draft = new CertificateDraft(key).SetSubject("2.5.4.3", "7c4f8d").SetSubject("2.5.4.11", "AAA Certification");
        draft.Extensions.Add(new(BasicConstraintsOid, Critical: true, BasicConstraints(authority: false)));
        draft.Extensions.Add(new(AttestationMaker.AppleNonceOid, Critical: false, nonce));
        return draft;
    }

    /// <summary>A leaf as WebAuthn L3 §8.3.1 wants it, for the attestation key of a TPM.</summary>
    public static CertificateDraft ForTpm(SoftwareKey key)
    {
        var draft = new CertificateDraft(key);
        draft.Extensions.Add(new(AlternativeNameOid, Critical: true, DirectoryName(oneRelativeName: true, UsualTpm)));
        draft.Extensions.Add(new(ExtendedKeyUsageOid, Critical: false, KeyUsages("2.23.133.8.3")));
        draft.Extensions.Add(new(BasicConstraintsOid, Critical: true, BasicConstraints(authority: false)));
        return draft;
    }

    /// <summary>A leaf as web servers have one.</summary>
    public static CertificateDraft ForHost(SoftwareKey key, string host)
    {
        var draft = new CertificateDraft(key).SetSubject("2.5.4.3", host);
        draft.Extensions.Add(new(AlternativeNameOid, Critical: false, HostNames(host)));
        return draft;
    }

    /// <summary>An authority.</summary>
    public static CertificateDraft ForAuthority(SoftwareKey key, string name)
    {
        var draft = new CertificateDraft(key);
        draft.SetSubject("2.5.4.3", name);
        draft.Extensions.Add(new(BasicConstraintsOid, Critical: true, BasicConstraints(authority: true)));
        return draft;
    }

    /// <summary>The content of basic constraints.</summary>
    /// <param name="authority">Whether it is an authority's.</param>
    /// <param name="authoritiesBelow">How many authorities may stand below it, if that is limited.</param>
    public static byte[] BasicConstraints(bool authority, int? authoritiesBelow = null) => Write(writer =>
    {
        using (writer.PushSequence())
        {
            if (authority) writer.WriteBoolean(true);
            if (authoritiesBelow is { } count) writer.WriteInteger(count);
        }
    });

    /// <summary>The content of a key usage.</summary>
    public static byte[] KeyUsage(X509KeyUsageFlags usage) => new X509KeyUsageExtension(usage, critical: true).RawData;

    /// <summary>The attributes of a TPM that exists nowhere, of a maker that the TCG has registered: other verifiers ask for one.</summary>
    public static KeyValuePair<string, string>[] UsualTpm =>
        [new(TpmManufacturer, "id:494E5443"), new(TpmModel, "Test TPM"), new(TpmVersion, "id:13")];

    /// <summary>The content of a subject alternative name with one directory name.</summary>
    /// <param name="oneRelativeName">Whether the attributes share one relative name, in this order whatever DER says, or have one each.</param>
    /// <param name="attributes">Object identifiers with texts.</param>
    public static byte[] DirectoryName(bool oneRelativeName, params KeyValuePair<string, string>[] attributes) =>
        DirectoryName(oneRelativeName, UniversalTagNumber.UTF8String, attributes);

    /// <summary>The same of attributes that share a relative name, in another type of string.</summary>
    public static byte[] DirectoryName(UniversalTagNumber type, params KeyValuePair<string, string>[] attributes) => DirectoryName(oneRelativeName: true, type, attributes);

    private static byte[] DirectoryName(bool oneRelativeName, UniversalTagNumber type, KeyValuePair<string, string>[] attributes) => Write(writer =>
    {
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4)))
        using (writer.PushSequence())
        {
            var encoded = attributes.Select(attribute => Write(inner =>
            {
                using (inner.PushSequence())
                {
                    inner.WriteObjectIdentifier(attribute.Key);
                    inner.WriteCharacterString(type, attribute.Value);
                }
            })).ToList();
            var relativeNames = oneRelativeName ? [[.. encoded.SelectMany(bytes => bytes)]] : encoded;
            // A set of fewer than 128 bytes, its members in the order they come in.
            foreach (var relativeName in relativeNames) writer.WriteEncodedValue([0x31, (byte)relativeName.Length, .. relativeName]);
        }
    });

    /// <summary>The content of a subject alternative name with DNS names.</summary>
    public static byte[] HostNames(params string[] hosts) => Write(writer =>
    {
        using (writer.PushSequence())
            foreach (var host in hosts)
                writer.WriteCharacterString(UniversalTagNumber.IA5String, host, new Asn1Tag(TagClass.ContextSpecific, 2));
    });

    /// <summary>The content of an extended key usage.</summary>
    public static byte[] KeyUsages(params string[] usages) => Write(writer =>
    {
        using (writer.PushSequence())
            foreach (var usage in usages) writer.WriteObjectIdentifier(usage);
    });

    /// <summary>A DER octet string.</summary>
    public static byte[] OctetString(byte[] content) => Write(writer => writer.WriteOctetString(content));

    /// <summary>Sets, adds, or with null removes a subject attribute.</summary>
    public CertificateDraft SetSubject(string oid, string? value)
    {
        if (Subject.Any(attribute => attribute.Key == oid)) Subject.Remove(Subject.Single(attribute => attribute.Key == oid));
        if (value is not null) Subject.Add(KeyValuePair.Create(oid, value));
        return this;
    }

    /// <summary>Replaces, or with null removes, an extension.</summary>
    public void SetExtension(string oid, CertificateExtension? extension)
    {
        Extensions.Remove(Extensions.Single(present => present.Oid == oid));
        if (extension is not null) Extensions.Add(extension);
    }

    /// <summary>Signs with the key of an authority.</summary>
    public byte[] Sign(SoftwareKey authority)
    {
        var (oid, hash) = SignatureAlgorithm ?? AlgorithmOf(authority);
        var toBeSigned = ToBeSigned(Write(writer => WriteToBeSigned(writer, oid)));
        var signature = authority.Sign(toBeSigned, hash);
        return Encoded(Write(writer =>
        {
            using (writer.PushSequence())
            {
                writer.WriteEncodedValue(toBeSigned);
                WriteSignatureAlgorithm(writer, OuterSignatureOid ?? oid);
                writer.WriteBitString(signature);
            }
        }));
    }

    internal static byte[] Write(Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }

    private static (string Oid, HashAlgorithmName Hash) AlgorithmOf(SoftwareKey authority) => authority.Name switch
    {
        "P-384" => ("1.2.840.10045.4.3.3", HashAlgorithmName.SHA384),
        "P-521" => ("1.2.840.10045.4.3.4", HashAlgorithmName.SHA512),
        "Ed25519" => ("1.3.101.112", HashAlgorithmName.SHA512),
        "RSA-2048" => ("1.2.840.113549.1.1.11", HashAlgorithmName.SHA256),
        "RSA-3072" => ("1.2.840.113549.1.1.12", HashAlgorithmName.SHA384),
        _ => ("1.2.840.10045.4.3.2", HashAlgorithmName.SHA256),
    };

    private static void WriteSignatureAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            // RFC 3279 §2.2.1: RSA has parameters, and they are null.
            if (oid.StartsWith("1.2.840.113549.1.1.", StringComparison.Ordinal)) writer.WriteNull();
        }
    }

    private static byte[] RelativeName(UniversalTagNumber type, string oid, string value) => Write(writer =>
    {
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteCharacterString(type, value);
        }
    });

    private static void WriteName(AsnWriter writer, IEnumerable<byte[]> relativeNames)
    {
        using (writer.PushSequence())
            foreach (var relativeName in relativeNames) writer.WriteEncodedValue(relativeName);
    }

    private void WriteToBeSigned(AsnWriter writer, string signatureOid)
    {
        using (writer.PushSequence())
        {
            if (Version > 1)
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0))) writer.WriteInteger(Version - 1);
            writer.WriteInteger(4711);
            WriteSignatureAlgorithm(writer, signatureOid);
            WriteName(writer, Issuer.Select(attribute => RelativeName(UniversalTagNumber.UTF8String, attribute.Key, attribute.Value)));
            using (writer.PushSequence())
            {
                WriteTime(writer, NotBefore);
                WriteTime(writer, NotAfter);
            }

            WriteName(writer, RelativeNames([.. Subject.Select(attribute => RelativeName(SubjectType(attribute.Key), attribute.Key, attribute.Value))]));
            writer.WriteEncodedValue(SubjectPublicKeyInfo);
            if (Version < 3) return;
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
            using (writer.PushSequence())
                foreach (var extension in Extensions)
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(extension.Oid);
                        if (extension.Critical) writer.WriteBoolean(true);
                        writer.WriteOctetString(extension.Der);
                    }
        }
    }

    // RFC 5280 §4.1.2.5: UTCTime through 2049.
    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.Year < 2050) writer.WriteUtcTime(time);
        else writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
    }
}
