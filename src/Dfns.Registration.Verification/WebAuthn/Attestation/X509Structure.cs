using System.Formats.Asn1;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// An X.509 certificate taken apart (RFC 5280 §4.1): its fields as slices of what came, in their order, all of them, and nothing beside them.
/// What fields mean is for <see cref="AttestationCertificate"/>; here a certificate has its form, names and object identifiers included, or
/// is none.
/// </summary>
internal sealed record X509Structure
{
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag IssuerIdTag = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag SubjectIdTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3, isConstructed: true);

    /// <summary>The part that is signed, DER.</summary>
    public required ReadOnlyMemory<byte> ToBeSigned { get; init; }

    /// <summary>The X.509 version, counted from 1: 3 for one with extensions.</summary>
    public required int Version { get; init; }

    /// <summary>The signature algorithm as the signed part names it, DER.</summary>
    public required ReadOnlyMemory<byte> AlgorithmInside { get; init; }

    /// <summary>The issuer's distinguished name, DER.</summary>
    public required ReadOnlyMemory<byte> Issuer { get; init; }

    /// <summary>The two times of validity, DER, one behind the other.</summary>
    public required ReadOnlyMemory<byte> Validity { get; init; }

    /// <summary>The subject's distinguished name, DER.</summary>
    public required ReadOnlyMemory<byte> Subject { get; init; }

    /// <summary>The attributes of that name.</summary>
    public required IReadOnlyList<X509Attribute> SubjectAttributes { get; init; }

    /// <summary>The certified key, DER.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    /// <summary>The extensions, in their order.</summary>
    public required IReadOnlyList<KeyValuePair<string, AttestationCertificateExtension>> Extensions { get; init; }

    /// <summary>The signature algorithm as it stands beside the signature, DER.</summary>
    public required ReadOnlyMemory<byte> Algorithm { get; init; }

    /// <summary>The content of the signature's bit string.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>How many bits at the end of the signature are said not to count; they are zero.</summary>
    public required int UnusedSignatureBits { get; init; }

    /// <summary>Reads a certificate.</summary>
    /// <param name="der">The DER encoding and nothing else.</param>
    /// <returns>The structure, or <see cref="RefusalReason.CertificateTooLarge"/> or <see cref="RefusalReason.CertificateMalformed"/>.</returns>
    public static Outcome<X509Structure> Read(ReadOnlyMemory<byte> der)
    {
        if (der.Length > VerificationLimits.MaxCertificateSizeBytes) return RefusalReason.CertificateTooLarge;
        if (!DerStructure.IsDistinguished(der)) return RefusalReason.CertificateMalformed;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var certificate = outer.ReadSequence();
            outer.ThrowIfNotEmpty();

            var toBeSigned = certificate.PeekEncodedValue();
            var fields = certificate.ReadSequence();
            var algorithm = ReadAlgorithm(certificate);
            var signature = ReadBits(certificate, out var unusedBits);
            certificate.ThrowIfNotEmpty();

            var version = ReadVersion(fields);
            // serialNumber: any number.
            fields.ReadIntegerBytes();
            var algorithmInside = ReadAlgorithm(fields);
            var issuer = fields.PeekEncodedValue();
            X509Name.ReadOfCertificate(fields);
            var validity = ReadValidity(fields);
            var subject = fields.PeekEncodedValue();
            var subjectAttributes = X509Name.ReadOfCertificate(fields);
            var key = ReadKey(fields);
            SkipUniqueId(fields, IssuerIdTag);
            SkipUniqueId(fields, SubjectIdTag);
            var extensions = ReadExtensions(fields);
            fields.ThrowIfNotEmpty();

            return new X509Structure
            {
                ToBeSigned = toBeSigned,
                Version = version,
                AlgorithmInside = algorithmInside,
                Issuer = issuer,
                Validity = validity,
                Subject = subject,
                SubjectAttributes = subjectAttributes,
                SubjectPublicKeyInfo = key,
                Extensions = extensions,
                Algorithm = algorithm,
                Signature = signature,
                UnusedSignatureBits = unusedBits,
            };
        }
        catch (AsnContentException)
        {
            return RefusalReason.CertificateMalformed;
        }
    }

    // §4.1.2.1: explicitly tagged, counted from 0; the first where it is absent. Versions that there are none of are for who asks for one.
    private static int ReadVersion(AsnReader fields)
    {
        if (fields.PeekTag() != VersionTag) return 1;
        var field = fields.ReadSequence(VersionTag);
        if (!field.TryReadInt32(out var version) || version is < 0 or int.MaxValue) throw new AsnContentException("version");
        field.ThrowIfNotEmpty();
        return version + 1;
    }

    // §4.1.1.2: an object identifier, and parameters of its own or none. Algorithms have an object identifier there (RFC 5480 §2.1.1), NULL
    // (RFC 3279 §2.2.1), or a sequence.
    private static ReadOnlyMemory<byte> ReadAlgorithm(AsnReader fields)
    {
        var encoded = fields.PeekEncodedValue();
        var algorithm = fields.ReadSequence();
        algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
        {
            if (algorithm.PeekTag() == Asn1Tag.ObjectIdentifier) algorithm.ReadObjectIdentifier();
            else if (algorithm.PeekTag() == Asn1Tag.Null) algorithm.ReadNull();
            else algorithm.ReadSequence();
        }

        algorithm.ThrowIfNotEmpty();
        return encoded;
    }

    // §4.1.2.5: two times; which they are is for who asks.
    private static ReadOnlyMemory<byte> ReadValidity(AsnReader fields)
    {
        var encoded = fields.PeekContentBytes();
        var times = fields.ReadSequence();
        for (var time = 0; time < 2; time++)
        {
            if (times.PeekTag() != Asn1Tag.UtcTime && times.PeekTag() != Asn1Tag.GeneralizedTime) throw new AsnContentException("no time");
            times.ReadEncodedValue();
        }

        times.ThrowIfNotEmpty();
        return encoded;
    }

    // §4.1.2.7.
    private static ReadOnlyMemory<byte> ReadKey(AsnReader fields)
    {
        var encoded = fields.PeekEncodedValue();
        var key = fields.ReadSequence();
        ReadAlgorithm(key);
        ReadBits(key, out _);
        key.ThrowIfNotEmpty();
        return encoded;
    }

    // §4.1.2.8.
    private static void SkipUniqueId(AsnReader fields, Asn1Tag tag)
    {
        if (!fields.HasData || fields.PeekTag() != tag) return;
        fields.ReadBitString(out _, tag);
    }

    // §4.1.2.9: explicitly tagged; each an object identifier, perhaps critical, with an octet string.
    private static List<KeyValuePair<string, AttestationCertificateExtension>> ReadExtensions(AsnReader fields)
    {
        if (!fields.HasData) return [];
        var field = fields.ReadSequence(ExtensionsTag);
        var items = field.ReadSequence();
        field.ThrowIfNotEmpty();

        var extensions = new List<KeyValuePair<string, AttestationCertificateExtension>>();
        while (items.HasData)
        {
            var extension = items.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            // Certificates in use write false out as well, which DER leaves to the default.
            var isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
            if (!extension.TryReadPrimitiveOctetString(out var value)) throw new AsnContentException("no octet string in one piece");
            extension.ThrowIfNotEmpty();
            extensions.Add(KeyValuePair.Create(oid, new AttestationCertificateExtension(isCritical, value)));
        }

        return extensions;
    }

    private static ReadOnlyMemory<byte> ReadBits(AsnReader fields, out int unusedBits) =>
        fields.TryReadPrimitiveBitString(out unusedBits, out var content) ? content : throw new AsnContentException("no bit string in one piece");
}
