using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// A JSON web signature in compact serialization (RFC 7515 §7.1), taken apart: three texts of unpadded base64url with dots between them,
/// the first two JSON objects. Which algorithm and whose key is for the caller to say.
/// </summary>
/// <param name="Header">The protected header.</param>
/// <param name="Payload">The payload.</param>
/// <param name="SignedBytes">What is signed: header and payload as they came, and the dot.</param>
/// <param name="Signature">The signature.</param>
internal sealed record JsonWebSignature(
    StrictJson Header, StrictJson Payload, ReadOnlyMemory<byte> SignedBytes, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Reads a compact serialization.</summary>
    /// <param name="bytes">ASCII text and nothing else.</param>
    /// <returns>The signature, or <see cref="RefusalReason.JwsMalformed"/>.</returns>
    public static Outcome<JsonWebSignature> Read(ReadOnlyMemory<byte> bytes)
    {
        // Latin-1 gives each byte a character; those that are not of the alphabet are refused below.
        var parts = System.Text.Encoding.Latin1.GetString(bytes.Span).Split('.');
        if (parts.Length != 3) return Malformed("not three parts");

        var decoded = new ReadOnlyMemory<byte>[parts.Length];
        for (var index = 0; index < parts.Length; index++)
        {
            // RFC 7515 §2: base64url without padding; the reader takes the spellings of shipped clients as well.
            if (parts[index].AsSpan().ContainsAny('=', '+', '/')) return Malformed("not unpadded base64url");
            if (Base64UrlText.Decode(parts[index], CredentialPart.AttestationData).Refused(out _, out decoded[index]))
                return Malformed("not unpadded base64url");
        }

        if (StrictJson.Read(decoded[0].Span, CredentialPart.AttestationData).Refused(out _, out var header)) return Malformed("header");
        if (StrictJson.Read(decoded[1].Span, CredentialPart.AttestationData).Refused(out _, out var payload)) return Malformed("payload");
        // RFC 7515 §4.1.11: extensions that must be understood, and none are.
        if (!header["crit"].Absent) return Malformed("crit");

        return new JsonWebSignature(header, payload, bytes[..(parts[0].Length + 1 + parts[1].Length)], decoded[2]);
    }

    /// <summary>Reads the header's <c>x5c</c> (RFC 7515 §4.1.6): an array of base64, not base64url, texts.</summary>
    /// <returns>The decoded texts, which may or may not be certificates; null for anything else.</returns>
    public static List<object>? ReadCertificates(JsonMember x5c)
    {
        if (x5c.Texts is not { Count: > 0 } texts) return null;
        var certificates = new List<object>(texts.Count);
        foreach (var text in texts)
        {
            if (text.AsSpan().ContainsAny('-', '_')) return null;
            if (Base64UrlText.Decode(text, CredentialPart.AttestationData).Refused(out _, out var der)) return null;
            certificates.Add(der);
        }

        return certificates;
    }

    private static Refusal Malformed(string detail) => new(RefusalReason.JwsMalformed, detail);
}
