using System.Buffers;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.RawKey;

/// <summary>
/// Reads the PEM text (RFC 7468) of a raw public key: one block, <c>PUBLIC KEY</c> or <c>RSA PUBLIC KEY</c>, with line breaks
/// anywhere between its parts or nowhere, as clients write all of these.
/// </summary>
internal static class PublicKeyPem
{
    private static readonly SearchValues<char> BodyCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n");

    /// <summary>Reads a PEM text.</summary>
    /// <param name="pem">The text; its own bytes, not its meaning, enter the fingerprint.</param>
    /// <returns>
    /// The key, or <see cref="RefusalReason.PemMalformed"/>, <see cref="RefusalReason.PemTextAround"/>,
    /// <see cref="RefusalReason.PemSeveralBlocks"/>, <see cref="RefusalReason.PemPrivateKey"/>,
    /// <see cref="RefusalReason.PemLabelNotSupported"/>, or what <see cref="SubjectPublicKeyInfo"/> refuses.
    /// </returns>
    public static Outcome<PublicKey> Read(string pem)
    {
        if (!PemEncoding.TryFind(pem, out var block)) return RefusalReason.PemMalformed;

        // The framework would import private keys without complaint, so the label decides before anything is decoded.
        var label = pem[block.Label];
        if (label.Contains("PRIVATE KEY", StringComparison.Ordinal)) return RefusalReason.PemPrivateKey;

        var before = pem.AsSpan(0, block.Location.Start.Value);
        var after = pem.AsSpan(block.Location.End.Value);
        if (before.Contains("-----BEGIN", StringComparison.Ordinal) || after.Contains("-----BEGIN", StringComparison.Ordinal))
            return RefusalReason.PemSeveralBlocks;
        if (before.ContainsAnyExcept('\r', '\n') || after.ContainsAnyExcept('\r', '\n')) return RefusalReason.PemTextAround;

        // The framework allows blanks and tabs between "-----BEGIN …-----" and "-----END …-----"; no client writes any.
        var bodyStart = block.Label.End.Value + "-----".Length;
        var bodyEnd = block.Location.End.Value - $"-----END {label}-----".Length;
        var body = pem.AsSpan(bodyStart, bodyEnd - bodyStart);
        if (body.ContainsAnyExcept(BodyCharacters)) return RefusalReason.PemMalformed;
        var der = new byte[block.DecodedDataLength];
        if (!Convert.TryFromBase64Chars(body, der, out var written) || written != der.Length) return RefusalReason.PemMalformed;

        return label switch
        {
            "PUBLIC KEY" => SubjectPublicKeyInfo.Read(der),
            "RSA PUBLIC KEY" => SubjectPublicKeyInfo.ReadRsaPublicKey(der),
            _ => new Refusal(RefusalReason.PemLabelNotSupported, label),
        };
    }
}
