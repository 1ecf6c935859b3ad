using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Fuzz;

/// <summary>The structures inside attestation statements.</summary>
internal static class AttestationTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("certificate", ReadCertificate, CertificateSeeds),
        new("x509-structure", ReadStructure, CertificateSeeds),
        new("distinguished-name", ReadName, NameSeeds),
        new("tpm-public-area", ReadPublicArea, () => Tpm().Select(pair => pair.PublicArea)),
        new("tpm-certify-info", ReadCertifyInfo, () => Tpm().Select(pair => pair.CertInfo)),
        new("android-key-description", ReadKeyDescription, KeyDescriptionSeeds),
        new("json-web-signature", ReadJsonWebSignature, JsonWebSignatureSeeds),
    ];

    private static void ReadCertificate(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => AttestationCertificate.ReadChain(Chain(input))).Refused(out _, out var chain)) return;

        var leaf = chain.Leaf;
        Invariant.Holds(chain.Certificates is [var only] && only.Encoded.Span.SequenceEqual(input), "keeps the certificate as it came");
        Invariant.Holds(leaf.Certifies(leaf.Key), "certifies its own key");
        Invariant.Holds(leaf.Extensions.Values.All(extension => extension.Value.Length < input.Length), "has extensions within its bytes");
        Invariant.Holds(leaf.Aaguid is null || leaf.Extension(AttestationCertificate.AaguidOid) is not null, "names a model by its extension");
        Invariant.Holds(!leaf.IsValidAt(DateTimeOffset.MinValue), "has a beginning");
        KeyTargets.IsReadAgain(leaf.Key);
        // None of what the formats ask of a certificate throws.
        TpmCertificate.RefuseByRequirements(leaf);
        Invariant.HasOneLength(input, bytes => AttestationCertificate.ReadChain(Chain(bytes)));
    }

    private static void ReadStructure(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => X509Structure.Read(input)).Refused(out _, out var read)) return;
        Invariant.Holds(
            new[] { read.ToBeSigned, read.AlgorithmInside, read.Issuer, read.Validity, read.Subject, read.SubjectPublicKeyInfo, read.Algorithm, read.Signature }
                .All(part => Invariant.IsSlice(part, input)),
            "keeps slices");
        Invariant.Holds(Rewriting.Der(input).AsSpan().SequenceEqual(input), "is in DER");
        Invariant.Holds(new ReceivedCertificate(input).RefuseForm() is null, "has its form for who received it");
        var refusal = FrameworkCertificate.Contradicts(input, read);
        Invariant.Holds(refusal is null, $"is read alike by the framework: {refusal}");
        Invariant.HasOneLength(input, bytes => X509Structure.Read(bytes));
    }

    private static void ReadName(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => Name(input)).Refused(out _, out var attributes)) return;
        Invariant.Holds(attributes.TrueForAll(attribute => Invariant.IsSlice(attribute.Value, input)), "keeps slices");
        // A relative name of several attributes is one to the framework.
        var alone = new X500DistinguishedName(input).EnumerateRelativeDistinguishedNames(reversed: false).Where(name => !name.HasMultipleElements).Select(name => name.GetSingleElementType().Value);
        Invariant.Holds(alone.SequenceEqual(attributes.Where(attribute => attribute.IsAlone).Select(attribute => attribute.Oid)), "has the framework's attributes");
        foreach (var attribute in attributes)
        {
            try
            {
                Invariant.Holds(attribute.Text(UniversalTagNumber.UTF8String, UniversalTagNumber.PrintableString)?.Contains('\0', StringComparison.Ordinal) is not true, "has no NUL in a text");
            }
            catch (AsnContentException)
            {
                // What a reader of names answers with to a character that the type has not.
            }
        }
    }

    private static Outcome<List<X509Attribute>> Name(byte[] der)
    {
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER);
            var attributes = X509Name.ReadOfCertificate(reader);
            reader.ThrowIfNotEmpty();
            return attributes;
        }
        catch (AsnContentException)
        {
            return RefusalReason.CertificateMalformed;
        }
    }

    private static List<object> Chain(ReadOnlyMemory<byte> der) => [der];

    private static void ReadPublicArea(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => TpmPublicArea.Read(input)).Refused(out _, out var area)) return;
        Invariant.Holds(Invariant.IsSlice(area.Unique, input) && Invariant.IsSlice(area.UniqueY, input), "keeps slices");
        Invariant.Holds(area.Curve is null == area.UniqueY.IsEmpty || area.Curve is not null, "has two numbers for a curve alone");
        Invariant.Holds(area.Exponent != 0, "has an exponent");
        Invariant.HasOneLength(input, TpmPublicArea.Read);
    }

    private static void ReadCertifyInfo(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => TpmCertifyInfo.Read(input)).Refused(out _, out var info)) return;
        Invariant.Holds(input is [0xFF, (byte)'T', (byte)'C', (byte)'G', 0x80, 0x17, ..], "was made by a TPM, in certifying");
        Invariant.Holds(Invariant.IsSlice(info.ExtraData, input) && Invariant.IsSlice(info.Name, input), "keeps slices");
        Invariant.HasOneLength(input, TpmCertifyInfo.Read);
    }

    private static void ReadKeyDescription(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => AndroidKeyDescription.Read(input)).Refused(out _, out var description)) return;
        Invariant.Holds(description.Challenge.Length < input.Length, "has a challenge within its bytes");
        Invariant.Holds(Rewriting.Der(input).AsSpan().SequenceEqual(input), "is in DER");
        Invariant.Holds(!description.TeeEnforced.IsEmpty || description.TeeEnforced is { AllApplications: false, Purposes: [], Origin: null }, "says nothing when it is empty");
        Invariant.HasOneLength(input, AndroidKeyDescription.Read);
    }

    private static void ReadJsonWebSignature(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => JsonWebSignature.Read(input)).Refused(out _, out var signed)) return;
        byte[] written = [.. signed.SignedBytes.Span, (byte)'.', .. System.Text.Encoding.ASCII.GetBytes(Base64Url.EncodeToString(signed.Signature.Span))];
        Invariant.Holds(written.AsSpan().SequenceEqual(input), "encodes again to the input");
        Invariant.Holds(signed.Header["crit"].Absent, "demands no extension");
    }

    private static IEnumerable<byte[]> CertificateSeeds()
    {
        var authority = SoftwareKey.P256();
        yield return CertificateDraft.ForAttestation(Surroundings.Key, Guid.Empty).Sign(authority);
        yield return CertificateDraft.ForAttestation(SoftwareKey.Rsa(), Guid.Empty).Sign(authority);
        yield return CertificateDraft.ForAttestation(SoftwareKey.Ed25519(), Guid.Empty).Sign(authority);
        yield return CertificateDraft.ForU2f(Surroundings.Key).Sign(authority);
        yield return CertificateDraft.ForTpm(SoftwareKey.P384()).Sign(authority);
        yield return CertificateDraft.ForHost(Surroundings.Key, "attest.android.com").Sign(authority);
        yield return CertificateDraft.ForAuthority(authority, "Test authority").Sign(authority);
    }

    private static IEnumerable<byte[]> NameSeeds()
    {
        var structure = X509Structure.Read(CertificateDraft.ForAttestation(Surroundings.Key, Guid.Empty).Sign(Surroundings.Key)).Refused(out _, out var read) ? throw new InvariantBrokenException("seed") : read;
        yield return structure.Subject.ToArray();
        yield return structure.Issuer.ToArray();
        // Two attributes in one relative name; texts of two and of four bytes a character; a postal address.
        yield return Convert.FromHexString("301A311830090603550405130131300B06035504070C045A7572" + "69");
        yield return Convert.FromHexString("3020310F300D06035504031E060041004200C4310D300B06035504031C0400000041");
        yield return Convert.FromHexString("3000");
    }

    private static IEnumerable<(byte[] PublicArea, byte[] CertInfo)> Tpm()
    {
        yield return TpmStructures(_ => { });
        yield return TpmStructures(tpm => (tpm.Symmetric, tpm.Scheme) = ([0, 6, 0, 128, 0, 0x43], [0, 0x18, 0, 0x0B]));
        yield return TpmStructures(tpm => (tpm.Scheme, tpm.KeyDerivation) = ([0, 0x1A, 0, 0x0B, 0, 0], [0, 0x20, 0, 0x0B]));
        yield return TpmStructures(tpm =>
        {
            (tpm.KeyType, tpm.Scheme, tpm.KeyBits) = (1, [0, 0x14, 0, 0x0B], 2048);
            tpm.Unique.RemoveAt(1);
            tpm.Unique[0] = [.. Enumerable.Repeat((byte)0x81, 256)];
        });
    }

    private static (byte[] PublicArea, byte[] CertInfo) TpmStructures(Action<TpmDraft> describe)
    {
        byte[] publicArea = [], certInfo = [];
        Surroundings.Make(AttestationMaker.Tpm(-7, tpm =>
        {
            tpm.ClockAndFirmware = new byte[25];
            describe(tpm);
            tpm.PublicArea = bytes => publicArea = bytes;
            tpm.CertInfo = bytes => certInfo = bytes;
        }));
        return (publicArea, certInfo);
    }

    private static IEnumerable<byte[]> KeyDescriptionSeeds()
    {
        yield return KeyDescription(_ => { });
        yield return KeyDescription(description => description.SoftwareEnforced[AndroidKeyDescriptionDraft.AllApplicationsTag] = AndroidKeyDescriptionDraft.Null);
        yield return KeyDescription(description =>
        {
            description.SoftwareEnforced.Clear();
            description.TeeEnforced.Clear();
        });
    }

    private static byte[] KeyDescription(Action<AndroidKeyDescriptionDraft> describe)
    {
        byte[] encoded = [];
        Surroundings.Make(AttestationMaker.AndroidKey(description =>
        {
            describe(description);
            description.Encoded = bytes => encoded = bytes;
        }));
        return encoded;
    }

    private static IEnumerable<byte[]> JsonWebSignatureSeeds()
    {
        string compact = "";
        Surroundings.Make(AttestationMaker.SafetyNet(response => response.Compact = text => compact = text));
        yield return System.Text.Encoding.ASCII.GetBytes(compact);
        yield return "e30.e30.AA"u8.ToArray();
        yield return "eyJjcml0IjpbXX0.e30.AA"u8.ToArray();
    }
}
