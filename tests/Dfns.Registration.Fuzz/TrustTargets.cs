using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Fuzz;

/// <summary>What trust rests on: the certificates of an operator, and paths to them.</summary>
internal static class TrustTargets
{
    private const int MostCertificates = 4;

    // The extensions that both judge: basic constraints and key usage. And that of FIDO, which neither does.
    private static readonly string[] Judged = [CertificateDraft.BasicConstraintsOid, "2.5.29.15", CertificateDraft.AaguidOid];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("trust-anchor-pem", ReadPem, PemSeeds),
        new("certificate-path", input => FindPath(input, Certificates(input)), () => Chains().Select(chain => Surroundings.Join([.. chain, []]))),
        new("certificate-path-signed", input => FindPath(input, [.. Certificates(input).Select(Sign)]), () => Chains().Select(chain => Surroundings.Join([.. chain.Select(ToBeSigned), []]))),
    ];

    private static void ReadPem(byte[] input)
    {
        var text = System.Text.Encoding.Latin1.GetString(input);
        if (Invariant.Answers(input.Length, () => TrustAnchor.ReadPem(text)).Refused(out _, out var anchors)) return;

        Invariant.Holds(anchors.Count == text.Split("-----BEGIN").Length - 1, "passes over no block");
        var framework = new X509Certificate2Collection();
        framework.ImportFromPem(text);
        Invariant.Holds(framework.Select(certificate => certificate.RawData).SequenceEqual(Encoded(anchors), BytesComparer), "reads what the framework reads");
        Invariant.Holds(framework[0].GetCertHashString(HashAlgorithmName.SHA256).Equals(anchors[0].Fingerprint, StringComparison.OrdinalIgnoreCase), "has the framework's fingerprint");
        foreach (var certificate in framework) certificate.Dispose();

        var written = string.Join('\n', anchors.Select(anchor => PemEncoding.WriteString("CERTIFICATE", anchor.Encoded.Span)));
        Invariant.Holds(
            !TrustAnchor.ReadPem(written).Refused(out _, out var again) && Encoded(again).SequenceEqual(Encoded(anchors), BytesComparer), "is read again from its own text");
        Invariant.HasOneLength(anchors[^1].Encoded.ToArray(), TrustAnchor.Read);
    }

    private static void FindPath(byte[] input, IReadOnlyList<ReadOnlyMemory<byte>> certificates)
    {
        var outcome = Invariant.Answers(input.Length, () => CertificatePath.Find(Received(certificates), Surroundings.Trusted, Surroundings.Registration.Now));
        if (outcome.Refused(out var why, out var anchor))
        {
            Invariant.Holds(
                why.Reason is RefusalReason.CertificateOutsideValidity or RefusalReason.CertificatePathInvalid or RefusalReason.CertificatePathNotTrusted,
                "refuses for a reason of paths");
            return;
        }

        Invariant.Holds(Surroundings.Trusted.Contains(anchor), "leads to what is trusted");
        Invariant.Holds(CertificatePath.Find(Received(certificates), [], Surroundings.Registration.Now).Refused(out _, out _), "leads nowhere when nobody is trusted");
        Invariant.Holds(CertificatePath.Find(Received(certificates), Surroundings.Trusted, DateTimeOffset.MinValue).Refused(out _, out _), "was not valid at all times");
        Invariant.Holds(!CertificatePath.Find(Received([.. certificates, new byte[] { 0 }]), Surroundings.Trusted, Surroundings.Registration.Now).Refused(out _, out var same) && same == anchor, "depends on nothing behind its end");
        // The framework takes no authority below a root as an anchor, and looks into extensions that no path depends on.
        if (anchor != Surroundings.Trusted[0] || certificates.Any(HasOtherExtensions)) return;
        var refusal = FrameworkRefuses(certificates);
        Invariant.Holds(refusal is null, $"is a path to the framework: {refusal}");
    }

    private static bool HasOtherExtensions(ReadOnlyMemory<byte> der)
    {
        if (AttestationCertificate.Read(der).Refused(out _, out var certificate)) return false;
        return certificate.Extensions.Keys.Except(Judged).Any();
    }

    private static string? FrameworkRefuses(IReadOnlyList<ReadOnlyMemory<byte>> certificates)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = Surroundings.Registration.Now.LocalDateTime;
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(Surroundings.Trusted[0].Encoded.Span));
        // Behind the end of the path may stand anything.
        foreach (var certificate in certificates.Skip(1))
            if (!TrustAnchor.Read(certificate).Refused(out _, out _)) policy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(certificate.Span));
        using var leaf = X509CertificateLoader.LoadCertificate(certificates[0].Span);
        return chain.Build(leaf) ? null : string.Join(", ", chain.ChainStatus.Select(status => status.Status));
    }

    private static List<ReceivedCertificate> Received(IEnumerable<ReadOnlyMemory<byte>> certificates) => [.. certificates.Select(der => new ReceivedCertificate(der))];

    private static List<ReadOnlyMemory<byte>> Certificates(byte[] input) =>
        [.. Surroundings.Split(input, MostCertificates + 1).Where(part => part.Length > 0).Select(part => new ReadOnlyMemory<byte>(part))];

    // Every authority here has the published key, so what is left of the names and extensions decides.
    private static ReadOnlyMemory<byte> Sign(ReadOnlyMemory<byte> toBeSigned)
    {
        // What is no value of its own could not stand inside another.
        if (!AsnDecoder.TryReadEncodedValue(toBeSigned.Span, AsnEncodingRules.DER, out _, out _, out _, out var length) || length != toBeSigned.Length) return toBeSigned;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(toBeSigned.Span);
            using (writer.PushSequence()) writer.WriteObjectIdentifier("1.2.840.10045.4.3.2");
            writer.WriteBitString(Surroundings.Key.Sign(toBeSigned.ToArray(), HashAlgorithmName.SHA256));
        }

        return writer.Encode();
    }

    private static byte[] ToBeSigned(byte[] certificate) => new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().ToArray();

    private static IEnumerable<byte[]> Encoded(IEnumerable<TrustAnchor> anchors) => anchors.Select(anchor => anchor.Encoded.ToArray());

    private static EqualityComparer<byte[]> BytesComparer { get; } = EqualityComparer<byte[]>.Create((one, other) => one.AsSpan().SequenceEqual(other), bytes => bytes.Length);

    private static IEnumerable<byte[]> PemSeeds()
    {
        yield return System.Text.Encoding.ASCII.GetBytes(Surroundings.TrustedPem);
        yield return System.Text.Encoding.ASCII.GetBytes($"Root\n{Surroundings.Root.Pem}\n");
        yield return System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", Surroundings.Key.SubjectPublicKeyInfo));
    }

    // Short of a part each: what is left is empty.
    private static IEnumerable<byte[][]> Chains()
    {
        var leaf = CertificateDraft.ForAttestation(Surroundings.Key, Guid.Empty);
        var one = new TestAuthority("One", Surroundings.Root, Surroundings.Key, draft => draft.Extensions.Add(
            new("2.5.29.15", Critical: true, CertificateDraft.KeyUsage(X509KeyUsageFlags.KeyCertSign))));
        var two = new TestAuthority("Two", one, Surroundings.Key);
        yield return Surroundings.Root.Certify(leaf);
        yield return one.Certify(leaf);
        yield return two.Certify(leaf);
        yield return new TestAuthority("Published test intermediate", key: Surroundings.Key).Certify(leaf);
        yield return [.. one.Certify(CertificateDraft.ForTpm(Surroundings.Key)), Surroundings.Trusted[0].Encoded.ToArray()];
        yield return [Surroundings.Trusted[1].Encoded.ToArray()];
    }
}
