using System.Formats.Asn1;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Keys;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Verification.Trust;

/// <summary>
/// The signature of a certificate, taken off it (RFC 5280 §4.1.1): ECDSA, RSA by PKCS #1 v1.5 or Ed25519, over SHA-256 or longer. SHA-1,
/// which lets a certificate be forged from another, and RSASSA-PSS, which no attestation authority uses, are not read.
/// </summary>
/// <param name="SignedBytes">The part that is signed, as received.</param>
/// <param name="KeyType">The type of key that can have made it.</param>
/// <param name="Scheme">Hash and padding.</param>
/// <param name="Signature">The signature.</param>
internal sealed record CertificateSignature(
    ReadOnlyMemory<byte> SignedBytes, Type KeyType, SignatureScheme Scheme, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Takes the signature off a certificate.</summary>
    /// <returns>
    /// The signature; null when its algorithm is not accepted, or the certificate names one inside and another outside
    /// (RFC 5280 §4.1.1.2), or the signature is none of that algorithm.
    /// </returns>
    public static CertificateSignature? Read(X509Structure certificate)
    {
        if (!certificate.AlgorithmInside.Span.SequenceEqual(certificate.Algorithm.Span)) return null;
        try
        {
            if (Find(new AsnReader(certificate.Algorithm, AsnEncodingRules.DER).ReadSequence().ReadObjectIdentifier()) is not var (keyType, scheme)) return null;

            // Signatures are whole bytes. In some of Yubico's first certificates the zero bits at the end of an RSA signature are said not to
            // count, as in a list of named bits; they do.
            if (certificate.UnusedSignatureBits != 0 && keyType != typeof(RsaPublicKey)) return null;
            return new CertificateSignature(
                certificate.ToBeSigned, keyType, scheme, keyType == typeof(EcdsaPublicKey) ? WithPositiveNumbers(certificate.Signature) : certificate.Signature);
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether two certificates are one as far as their issuer signed them. Anybody can turn an ECDSA signature into another that is as
    /// good, and with it the certificate into other bytes.
    /// </summary>
    /// <returns>False as well when one of them has no such part.</returns>
    public static bool IsOfSameContent(ReadOnlyMemory<byte> der, ReadOnlyMemory<byte> other) =>
        der.Span.SequenceEqual(other.Span)
        || (ToBeSigned(der) is { } one && ToBeSigned(other) is { } two && one.Span.SequenceEqual(two.Span));

    /// <summary>Whether a key made it.</summary>
    public bool IsBy(PublicKey key) => key.GetType() == KeyType && key.Verifies(SignedBytes.Span, Signature.Span, Scheme);

    // RFC 3279 §2.2.3: r and s are positive. Certificates of Feitian leave out the leading zero that says so.
    private static byte[] WithPositiveNumbers(ReadOnlyMemory<byte> signature)
    {
        var reader = new AsnReader(signature, AsnEncodingRules.DER);
        var numbers = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(ReadPositive(numbers).Span);
            writer.WriteIntegerUnsigned(ReadPositive(numbers).Span);
        }

        numbers.ThrowIfNotEmpty();
        return writer.Encode();
    }

    // What lacks its zero is no INTEGER to a strict reader when it begins with nine ones (X.690 §8.3.2), as one number in 256 does.
    private static ReadOnlyMemory<byte> ReadPositive(AsnReader numbers)
    {
        var encoded = numbers.PeekContentBytes();
        if (encoded.IsEmpty || encoded.Span[0] < 0x80 || numbers.PeekTag() != Asn1Tag.Integer) return numbers.ReadIntegerBytes();
        numbers.ReadEncodedValue();
        return encoded;
    }

    private static ReadOnlyMemory<byte>? ToBeSigned(ReadOnlyMemory<byte> der)
    {
        try
        {
            return new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue();
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    // RFC 5758 §3.2, RFC 8017 A.2.4, RFC 8410 §3.
    private static (Type KeyType, SignatureScheme Scheme)? Find(string oid) => oid switch
    {
        "1.2.840.10045.4.3.2" => (typeof(EcdsaPublicKey), new(HashAlgorithmName.SHA256, Padding: null)),
        "1.2.840.10045.4.3.3" => (typeof(EcdsaPublicKey), new(HashAlgorithmName.SHA384, Padding: null)),
        "1.2.840.10045.4.3.4" => (typeof(EcdsaPublicKey), new(HashAlgorithmName.SHA512, Padding: null)),
        "1.2.840.113549.1.1.11" => (typeof(RsaPublicKey), new(HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        "1.2.840.113549.1.1.12" => (typeof(RsaPublicKey), new(HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1)),
        "1.2.840.113549.1.1.13" => (typeof(RsaPublicKey), new(HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)),
        "1.3.101.112" => (typeof(Ed25519PublicKey), new(HashAlgorithmName.SHA512, Padding: null)),
        _ => null,
    };
}
