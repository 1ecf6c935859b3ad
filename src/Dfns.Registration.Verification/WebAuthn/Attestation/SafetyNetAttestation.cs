using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Format <c>android-safetynet</c> (WebAuthn L3 §8.5): a statement of Google's SafetyNet service about the device, which ended in 2025.
/// Refused unless an organisation asks for it, to read what it has on record.
/// </summary>
internal static class SafetyNetAttestation
{
    private const string Host = "attest.android.com";

    /// <summary>Follows the verification procedure of §8.5.</summary>
    /// <returns>
    /// Attestation type Certified, or <see cref="RefusalReason.AttestationFormatNotSupported"/>,
    /// <see cref="RefusalReason.AttestationStatementInvalid"/>, <see cref="RefusalReason.JwsMalformed"/>,
    /// <see cref="RefusalReason.AttestationAlgorithmNotSupported"/>, <see cref="RefusalReason.AttestationAlgorithmMismatch"/>,
    /// <see cref="RefusalReason.AttestationSignatureInvalid"/>, one of the reasons that begin with SafetyNet, or what
    /// <see cref="AttestationCertificate"/> refuses.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        if (!subject.Expected.AllowSafetyNet)
            return new Refusal(RefusalReason.AttestationFormatNotSupported, $"{subject.Object.Format} is retired");

        // The statement is a map of ver and response. The version is reserved for future use, so any will do.
        if (subject.Object.Statement is not CborMap statement || !statement.HasExactly("ver", "response"))
            return Invalid("members are ver, response");
        if (statement["ver"] is not string { Length: > 0 }) return Invalid("ver");
        if (statement["response"] is not ReadOnlyMemory<byte> response) return Invalid("response");

        // The response is a JSON web signature, by RS256 as the service made them, and by the key of the first certificate in it.
        if (JsonWebSignature.Read(response).Refused(out var why, out var signed)) return why;
        var algorithm = CoseAlgorithm.Rs256;
        if (signed.Header["alg"].Text != algorithm.Name)
            return new Refusal(RefusalReason.AttestationAlgorithmNotSupported, signed.Header["alg"].Text);
        if (JsonWebSignature.ReadCertificates(signed.Header["x5c"]) is not { } x5c) return new Refusal(RefusalReason.JwsMalformed, "x5c");
        if (AttestationCertificate.ReadChain(x5c).Refused(out why, out var chain)) return why;
        var leaf = chain.Leaf;
        if (!algorithm.Fits(leaf.Key)) return new Refusal(RefusalReason.AttestationAlgorithmMismatch, algorithm.Name);
        if (!leaf.Key.Verifies(signed.SignedBytes.Span, signed.Signature.Span, algorithm.Scheme)) return RefusalReason.AttestationSignatureInvalid;

        // The nonce is base64 of the hash of authenticator data and client data hash.
        if (signed.Payload["nonce"].Text != Convert.ToBase64String(SHA256.HashData(subject.SignedBytes)))
            return RefusalReason.SafetyNetNonceMismatch;
        // The service found the device to be one that passed its compatibility tests.
        if (signed.Payload["ctsProfileMatch"].Token != JsonTokenType.True) return RefusalReason.SafetyNetIntegrityFailed;
        // It came from the service: its certificate is for that host. Whether the path to a root holds is decided with trust.
        if (!leaf.IsForHost(Host)) return RefusalReason.SafetyNetHostNotAccepted;

        // Attestation type Basic, if the root is known.
        return new AttestationFinding(subject.Object.Format, AttestationType.Certified, chain.Certificates);
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
