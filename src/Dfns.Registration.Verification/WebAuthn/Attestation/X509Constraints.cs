using System.Formats.Asn1;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>What a certificate says of those that may stand below it (RFC 5280 §4.2.1.3, §4.2.1.9).</summary>
/// <param name="IsAuthority">The CA component of basic constraints; null without that extension.</param>
/// <param name="MaxAuthoritiesBelow">How many further authorities may stand below this one (basic constraints); null without a limit.</param>
/// <param name="SignsCertificates">Whether the key usage allows to sign certificates; null without that extension.</param>
internal readonly record struct X509Constraints(bool? IsAuthority, int? MaxAuthoritiesBelow, bool? SignsCertificates)
{
    private const string BasicConstraintsOid = "2.5.29.19";
    private const string KeyUsageOid = "2.5.29.15";

    // keyCertSign is bit 5 of the list, and bits are counted from the first of the first byte.
    private const byte KeyCertSign = 0x80 >> 5;

    /// <summary>Reads both extensions.</summary>
    /// <exception cref="AsnContentException">One is there and does not decode.</exception>
    public static X509Constraints Read(IReadOnlyDictionary<string, AttestationCertificateExtension> extensions)
    {
        var constraints = default(X509Constraints);
        if (extensions.TryGetValue(BasicConstraintsOid, out var basic)) constraints = ReadBasicConstraints(basic.Value);
        return extensions.TryGetValue(KeyUsageOid, out var usage) ? constraints with { SignsCertificates = ReadKeyUsage(usage.Value) } : constraints;
    }

    // A sequence of a boolean, false where it is absent, and a number that is not negative, or none. Certificates in use write false out.
    private static X509Constraints ReadBasicConstraints(ReadOnlyMemory<byte> der)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var fields = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var isAuthority = fields.HasData && fields.PeekTag() == Asn1Tag.Boolean && fields.ReadBoolean();
        int? authoritiesBelow = null;
        if (fields.HasData)
        {
            if (!fields.TryReadInt32(out var count) || count < 0) throw new AsnContentException("path length");
            authoritiesBelow = count;
        }

        fields.ThrowIfNotEmpty();
        return new X509Constraints(isAuthority, authoritiesBelow, SignsCertificates: null);
    }

    // A list of named bits; authorities in use leave zeros at its end, which DER leaves out.
    private static bool ReadKeyUsage(ReadOnlyMemory<byte> der)
    {
        var bits = AsnDecoder.ReadBitString(der.Span, AsnEncodingRules.DER, out _, out var consumed);
        if (consumed != der.Length) throw new AsnContentException("more behind the key usage");
        return bits is [var first, ..] && (first & KeyCertSign) != 0;
    }
}
