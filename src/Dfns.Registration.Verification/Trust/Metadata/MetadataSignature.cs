using System.Buffers;
using System.Buffers.Text;
using System.Formats.Asn1;
using System.Text.Unicode;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Verification.Trust.Metadata;

/// <summary>The signature of a metadata BLOB (FIDO MDS 3 §3.1.7, §3.2 steps 3 to 5): whose it is, and that it is theirs.</summary>
internal static class MetadataSignature
{
    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    // RFC 7518 §3.1: the asymmetric algorithms of JSON web signatures, by the names that COSE gives the same ones.
    private static readonly CoseAlgorithm[] Accepted = [.. new[] { -7, -35, -36, -257, -258, -259, -37, -38, -39 }.Select(number => CoseAlgorithm.Find(number)!)];

    /// <summary>Verifies a compact serialization.</summary>
    /// <param name="bytes">ASCII text.</param>
    /// <param name="expected">Whose it must be.</param>
    /// <param name="payload">The signed payload, valid UTF-8, when the answer is null.</param>
    /// <returns>Null, or why it is not accepted.</returns>
    public static MetadataReading? Verify(ReadOnlyMemory<byte> bytes, MetadataExpectation expected, out ReadOnlyMemory<byte> payload)
    {
        payload = default;
        var text = bytes[..bytes.Span.TrimEnd("\r\n"u8).Length];
        var first = text.Span.IndexOf((byte)'.');
        var last = text.Span.LastIndexOf((byte)'.');
        if (first < 0 || first == last) return Malformed("not three parts");
        if (Decode(text.Span[..first]) is not { } header || Decode(text.Span[(first + 1)..last]) is not { } content || Decode(text.Span[(last + 1)..]) is not { } signature)
            return Malformed("not unpadded base64url");
        if (StrictJson.Read(header, CredentialPart.Credential).Refused(out _, out var members) || !members["crit"].Absent) return Malformed("header");

        // An algorithm that is listed; never the absence of one, never one with a shared secret.
        if (Array.Find(Accepted, row => row.Name == members["alg"].Text) is not { } algorithm) return MetadataReading.Of(MetadataFault.AlgorithmNotAccepted);

        // Step 5: the certificates lead to a root of the metadata service, and the first is the service's own.
        if (JsonWebSignature.ReadCertificates(members["x5c"]) is not { } x5c) return Malformed("x5c");
        if (AttestationCertificate.ReadChain(x5c).Refused(out var why, out var chain)) return Malformed($"x5c: {why.Reason}");
        var signer = chain.Leaf;
        if (CertificatePath.Find(chain.Certificates, expected.Roots, expected.Now).Refused(out why, out _))
        {
            var fault = why.Reason == RefusalReason.CertificateOutsideValidity ? MetadataFault.SignerOutsideValidity : MetadataFault.SignerNotTrusted;
            return MetadataReading.Of(fault, why.Detail);
        }

        if (!signer.IsForHost(expected.SignerHost)) return MetadataReading.Of(MetadataFault.SignerUnexpected);

        // And the signature is the signer's, over the text as it came.
        if (!algorithm.Fits(signer.Key) || Encode(signature, algorithm) is not { } encoded
            || !signer.Key.Verifies(text.Span[..last], encoded, algorithm.Scheme))
            return MetadataReading.Of(MetadataFault.SignatureInvalid);
        if (!Utf8.IsValid(content)) return Malformed("payload");
        payload = content;
        return null;
    }

    private static MetadataReading Malformed(string detail) => MetadataReading.Of(MetadataFault.Malformed, detail);

    // RFC 7515 §2. The framework's decoder takes white space and padding, so the alphabet is checked first.
    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text.ContainsAnyExcept(Alphabet)) return null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.DecodeFromUtf8(text, bytes, out _, out var written) == OperationStatus.Done ? bytes[..written] : null;
    }

    // RFC 7518 §3.4: an ECDSA signature is both numbers at full length, one behind the other; keys verify the DER of them.
    private static byte[]? Encode(byte[] signature, CoseAlgorithm algorithm)
    {
        if (algorithm.Curve is not { } curve) return signature;
        if (signature.Length != 2 * curve.CoordinateSizeBytes) return null;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Minimal(signature.AsSpan(..curve.CoordinateSizeBytes)));
            writer.WriteIntegerUnsigned(Minimal(signature.AsSpan(curve.CoordinateSizeBytes..)));
        }

        return writer.Encode();
    }

    private static ReadOnlySpan<byte> Minimal(ReadOnlySpan<byte> number)
    {
        var digits = number.TrimStart((byte)0);
        return digits.IsEmpty ? number[^1..] : digits;
    }
}
