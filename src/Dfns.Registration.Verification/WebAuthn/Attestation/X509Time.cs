using System.Formats.Asn1;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Reads the times of a certificate (RFC 5280 §4.1.2.5): UTCTime with seconds, or GeneralizedTime with seconds and without fractions, both in
/// Greenwich Mean Time and spelled with a Z. X.690 §11.7 and §11.8 leave no other form; the years of UTCTime are 1950 to 2049.
/// </summary>
internal static class X509Time
{
    private const int UtcTimeLength = 13;
    private const int GeneralizedTimeLength = 15;
    private const int LastYearOfUtcTime = 2049;

    /// <summary>Reads two times, one behind the other.</summary>
    /// <returns>The first and the last moment of validity; which of them is earlier is not judged.</returns>
    /// <exception cref="AsnContentException">They are not of these forms, or name no day or time that there is.</exception>
    public static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) ReadValidity(ReadOnlySpan<byte> der)
    {
        var notBefore = Read(der, out var consumed);
        return (notBefore, Read(der[consumed..], out _));
    }

    private static DateTimeOffset Read(ReadOnlySpan<byte> der, out int consumed)
    {
        var tag = AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.DER, out _, out var length, out consumed);
        var isUtc = tag == Asn1Tag.UtcTime;
        if (length != (isUtc ? UtcTimeLength : GeneralizedTimeLength)) throw new AsnContentException("a time without seconds, or with more");
        return isUtc
            ? AsnDecoder.ReadUtcTime(der, AsnEncodingRules.DER, out _, LastYearOfUtcTime)
            : AsnDecoder.ReadGeneralizedTime(der, AsnEncodingRules.DER, out _);
    }
}
