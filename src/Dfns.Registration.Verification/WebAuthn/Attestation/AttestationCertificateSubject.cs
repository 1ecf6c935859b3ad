using System.Formats.Asn1;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>The subject attributes that WebAuthn L3 §8.2.1 asks for.</summary>
internal sealed record AttestationCertificateSubject(string Country, string Organisation, string OrganisationalUnit, string CommonName)
{
    private const string CountryOid = "2.5.4.6";
    private const string OrganisationOid = "2.5.4.10";
    private const string OrganisationalUnitOid = "2.5.4.11";
    private const string CommonNameOid = "2.5.4.3";

    /// <summary>Finds the four among the attributes of a subject.</summary>
    /// <returns>The four; null when one is missing, occurs twice, shares its relative name with others, or is no text.</returns>
    /// <exception cref="AsnContentException">One of the four has a character that its type of string has not.</exception>
    public static AttestationCertificateSubject? Read(IReadOnlyList<X509Attribute> attributes)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in attributes)
        {
            if (attribute.Oid is not (CountryOid or OrganisationOid or OrganisationalUnitOid or CommonNameOid)) continue;
            var text = attribute.Text(
                UniversalTagNumber.UTF8String, UniversalTagNumber.PrintableString, UniversalTagNumber.IA5String, UniversalTagNumber.BMPString,
                UniversalTagNumber.NumericString, UniversalTagNumber.T61String);
            if (!attribute.IsAlone || text is null || !texts.TryAdd(attribute.Oid, text)) return null;
        }

        return texts.Count == 4 ? new(texts[CountryOid], texts[OrganisationOid], texts[OrganisationalUnitOid], texts[CommonNameOid]) : null;
    }
}
