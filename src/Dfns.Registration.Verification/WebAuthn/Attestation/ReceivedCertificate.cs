namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// A certificate as it came along with a statement. It is taken apart once, and its facts are read once, however many ask: the format, the
/// path to a root, and the assessment of trust. For the length of one verification, by one thread.
/// </summary>
/// <param name="encoded">The DER encoding and nothing else.</param>
internal sealed class ReceivedCertificate(ReadOnlyMemory<byte> encoded)
{
    private Outcome<X509Structure>? structure;
    private Outcome<AttestationCertificate>? facts;

    /// <summary>The certificate as received.</summary>
    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>Takes the certificate apart.</summary>
    /// <returns>Null when it has its form; otherwise what <see cref="X509Structure.Read"/> refuses.</returns>
    public Refusal? RefuseForm() => (structure ??= X509Structure.Read(encoded)).Refused(out var why, out _) ? why : null;

    /// <summary>Reads its facts.</summary>
    /// <returns>The certificate, or what <see cref="X509Structure.Read"/> or <see cref="AttestationCertificate.ReadFacts"/> refuses.</returns>
    public Outcome<AttestationCertificate> Read() => facts ??= (structure ??= X509Structure.Read(encoded)).Refused(out var why, out var read)
        ? why
        : AttestationCertificate.ReadFacts(encoded, read);
}
