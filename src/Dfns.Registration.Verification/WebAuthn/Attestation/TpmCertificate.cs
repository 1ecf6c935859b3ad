using System.Formats.Asn1;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>The requirements on the certificate of an attestation identity key (WebAuthn L3 §8.3.1).</summary>
internal static class TpmCertificate
{
    private const string SubjectAlternativeNameOid = "2.5.29.17";
    private const string ExtendedKeyUsageOid = "2.5.29.37";

    // tcg-kp-AIKCertificate.
    private const string AttestationKeyUsage = "2.23.133.8.3";

    // tcg-at-tpmManufacturer, tcg-at-tpmModel, tcg-at-tpmVersion (TCG EK Credential Profile §3.2.9).
    private const string ManufacturerOid = "2.23.133.2.1";
    private const string ModelOid = "2.23.133.2.2";
    private const string VersionOid = "2.23.133.2.3";

    // "id:" and the four bytes of the vendor id in hexadecimal.
    private const string IdPrefix = "id:";
    private const int ManufacturerLength = 3 + 8;

    /// <summary>Checks the requirements in the order of the text.</summary>
    /// <returns>
    /// Null when all are met, or <see cref="RefusalReason.CertificateVersionNotAccepted"/>,
    /// <see cref="RefusalReason.CertificateSubjectNotAccepted"/>, <see cref="RefusalReason.CertificateAlternativeNameNotAccepted"/>,
    /// <see cref="RefusalReason.CertificateKeyUsageNotAccepted"/> or <see cref="RefusalReason.CertificateIsAuthority"/>.
    /// </returns>
    public static Refusal? RefuseByRequirements(AttestationCertificate leaf)
    {
        if (leaf.Version != 3) return new(RefusalReason.CertificateVersionNotAccepted);
        if (!leaf.SubjectIsEmpty) return new(RefusalReason.CertificateSubjectNotAccepted, "not empty");
        try
        {
            if (RefuseAlternativeName(leaf.Extension(SubjectAlternativeNameOid)) is { } detail)
                return new(RefusalReason.CertificateAlternativeNameNotAccepted, detail);
            if (!AllowsAttestation(leaf.Extension(ExtendedKeyUsageOid))) return new(RefusalReason.CertificateKeyUsageNotAccepted);
        }
        catch (AsnContentException)
        {
            return new(RefusalReason.CertificateMalformed, "subject alternative name or extended key usage");
        }

        return leaf.IsAuthority is not false ? new(RefusalReason.CertificateIsAuthority) : null;
    }

    private static string? RefuseAlternativeName(AttestationCertificateExtension? extension)
    {
        if (extension is null) return "absent";
        // RFC 5280 §4.2.1.6: with an empty subject this is the only name, and critical.
        if (!extension.IsCritical) return "not critical";

        // Manufacturer, model and version, each once, whether they share a relative name or have one each.
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in ReadDirectoryNames(extension.Value))
        {
            // Attributes of other types than text are other people's; they read as empty.
            var text = attribute.Text(UniversalTagNumber.UTF8String, UniversalTagNumber.PrintableString, UniversalTagNumber.IA5String) ?? "";
            if (attribute.Oid is ManufacturerOid or ModelOid or VersionOid && !attributes.TryAdd(attribute.Oid, text)) return "an attribute twice";
        }

        if (attributes.GetValueOrDefault(ManufacturerOid) is not { Length: ManufacturerLength } manufacturer
            || !manufacturer.StartsWith(IdPrefix, StringComparison.Ordinal)
            || !manufacturer.AsSpan(IdPrefix.Length).ContainsOnlyHexDigits())
            return "manufacturer";
        if (attributes.GetValueOrDefault(ModelOid) is null or "") return "model";
        return attributes.GetValueOrDefault(VersionOid) is null or "" ? "version" : null;
    }

    // RFC 5280 §4.2.1.6: GeneralNames, of which the directory names ([4], explicit) are looked into.
    private static List<X509Attribute> ReadDirectoryNames(ReadOnlyMemory<byte> der)
    {
        var attributes = new List<X509Attribute>();
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var names = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var directoryName = new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true);
        while (names.HasData)
        {
            if (names.PeekTag() != directoryName)
            {
                names.ReadEncodedValue();
                continue;
            }

            var choice = names.ReadSequence(directoryName);
            attributes.AddRange(X509Name.Read(choice));
            choice.ThrowIfNotEmpty();
        }

        return attributes;
    }

    // RFC 5280 §4.2.1.12.
    private static bool AllowsAttestation(AttestationCertificateExtension? extension)
    {
        if (extension is null) return false;
        var outer = new AsnReader(extension.Value, AsnEncodingRules.DER);
        var usages = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var allows = false;
        while (usages.HasData) allows |= usages.ReadObjectIdentifier() == AttestationKeyUsage;
        return allows;
    }

    private static bool ContainsOnlyHexDigits(this ReadOnlySpan<char> text)
    {
        foreach (var character in text)
            if (!char.IsAsciiHexDigit(character)) return false;
        return true;
    }
}
