using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>A credential that is large, deep or long somewhere, and the reason it must be refused for.</summary>
/// <param name="Name">What is large.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Credential">The credential; its signature, where it gets as far as that, is in order.</param>
public sealed record HostileSize(string Name, RefusalReason Reason, MadeCredential Credential)
{
    /// <summary>The three texts together, in characters.</summary>
    public int Length => Credential.CredId.Length + Credential.ClientData.Length + Credential.AttestationData.Length;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// What an attacker sends to cost more than it costs to send: sizes and depths far beyond any real credential's. The relying party
/// offers every algorithm and verifies every format.
/// </summary>
public static class HostileSizes
{
    private const int Levels = 10_000;
    private const int Mebibyte = 1024 * 1024;
    private const ulong TwoTo62 = 1UL << 62;

    /// <summary>Makes them all.</summary>
    /// <param name="challenge">The challenge as it was issued.</param>
    /// <param name="rpId">The RP ID.</param>
    /// <param name="origin">An allowed origin.</param>
    public static IEnumerable<HostileSize> All(string challenge, string rpId, string origin)
    {
        // Members.
        yield return Passkey("credential id of 1 MiB", RefusalReason.MemberTooLarge, draft => draft.Texts = made => made with { CredId = Text(Mebibyte) });
        yield return Passkey("client data of 1 MiB", RefusalReason.MemberTooLarge, draft => draft.ClientData.Set("more", new string('x', Mebibyte)));
        yield return Passkey("attestation of 1 MiB", RefusalReason.MemberTooLarge, draft => draft.Texts = made => made with { AttestationData = Text(Mebibyte) });
        yield return Key("attestation of a raw key of 1 MiB", RefusalReason.MemberTooLarge, draft => draft.Attestation = json => json.Set("more", new string('x', Mebibyte)));
        yield return Passkey("attested credential id of 60,000 bytes", RefusalReason.CredentialIdLength, draft => draft.CredentialId = new byte[60_000]);

        // JSON.
        yield return Passkey("JSON, 10,000 arrays deep", RefusalReason.JsonTooDeep, draft => draft.ClientData.SetRaw("more", Nested("[", "]")));
        yield return Passkey("JSON, 10,000 objects deep", RefusalReason.JsonTooDeep, draft => draft.ClientData.SetRaw("more", Nested("{\"\":", "}", "1")));
        yield return Passkey("JSON, 6,000 members and one twice", RefusalReason.JsonDuplicateMember, draft =>
        {
            for (var index = 0; index < 6_000; index++) draft.ClientData.AddRaw($"{index}", "1");
            draft.ClientData.AddRaw("0", "1");
        });
        yield return Passkey("JSON, a number of 50,000 digits as type", RefusalReason.ClientDataMemberInvalid, draft => draft.ClientData.SetRaw("type", new string('9', 50_000)));

        // CBOR.
        yield return Object("CBOR, 10,000 arrays deep", RefusalReason.CborTooDeep, [0xA1, 0x00, .. Cbor.NestedArrays(Levels)]);
        yield return Object("CBOR, 10,000 maps deep", RefusalReason.CborTooDeep, [.. Enumerable.Repeat<byte[]>([0xA1, 0x00], Levels).SelectMany(item => item), 0x00]);
        yield return Statement("CBOR, statement 10,000 arrays deep", RefusalReason.CborTooDeep, Cbor.NestedArrays(Levels));
        yield return Object("CBOR, map of 2^62 entries", RefusalReason.CborMalformed, Cbor.Head(5, TwoTo62));
        yield return Object("CBOR, array of 2^62 items", RefusalReason.CborMalformed, [0xA1, 0x00, .. Cbor.Head(4, TwoTo62)]);
        yield return Object("CBOR, byte string of 2^62 bytes", RefusalReason.CborMalformed, [0xA1, 0x00, .. Cbor.Head(2, TwoTo62)]);
        yield return Object("CBOR, text of 2^62 bytes", RefusalReason.CborMalformed, [0xA1, .. Cbor.Head(3, TwoTo62)]);
        yield return Object("CBOR, array of 513 items", RefusalReason.CborTooManyItems, [0xA1, 0x00, .. Cbor.Head(4, 513), .. new byte[513]]);
        yield return Object("CBOR, 60,000 items", RefusalReason.CborTooManyItems, [0xA1, 0x00, .. Cbor.Head(4, 60_000), .. new byte[60_000]]);
        yield return Object("CBOR, map of 30,000 entries, one key", RefusalReason.CborTooManyItems, [.. Cbor.Head(5, 30_000), .. new byte[60_000]]);

        // Certificates.
        yield return Certificates("chain of 50 certificates", RefusalReason.CertificateChainTooLong, leaf => Enumerable.Repeat(leaf, 50));
        yield return Certificates("chain of 9 certificates", RefusalReason.CertificateChainTooLong, leaf => Enumerable.Repeat(leaf, 9));
        yield return Certificates("certificate of 17 KiB", RefusalReason.CertificateTooLarge, _ => [new byte[17 * 1024]]);
        yield return Certificates("DER, 3,000 sequences deep", RefusalReason.CertificateMalformed, _ => [NestedSequences(3_000)]);
        yield return Certificates("DER, lengths of 2^31 - 1", RefusalReason.CertificateMalformed, _ => [Convert.FromHexString("30847FFFFFFF30847FFFFFFF")]);
        yield return Certified("certified RSA modulus of 16,384 bits", RefusalReason.RsaModulusNotAccepted, leaf => leaf.SubjectPublicKeyInfo = RsaInfo(16_384));
        yield return Certified("extension named by 1,000 arcs", RefusalReason.CertificateMalformed, leaf => leaf.Extensions.Add(new(LongOid(1_000), Critical: false, [0x05, 0x00])));
        yield return Certified("negative firmware version of 14,000 bytes", RefusalReason.CertificateExtensionNotAccepted, leaf =>
            leaf.Extensions.Add(new(CertificateDraft.FirmwareVersionOid, Critical: false, NegativeInteger(14_000))));

        // Keys.
        yield return Passkey("RSA modulus of 16,384 bits in COSE", RefusalReason.RsaModulusNotAccepted, draft => draft.CoseKey =
            new CborMapDraft().Set(1, Cbor.Number(3)).Set(3, Cbor.Number(-257)).Set(-1, Cbor.Bytes(Odd(16_384))).Set(-2, Cbor.Bytes([1, 0, 1])));
        yield return Passkey("RSA exponent of 16,384 bits in COSE", RefusalReason.RsaExponentNotAccepted, draft => draft.CoseKey =
            new CborMapDraft().Set(1, Cbor.Number(3)).Set(3, Cbor.Number(-257)).Set(-1, Cbor.Bytes(Odd(2_048))).Set(-2, Cbor.Bytes(Odd(16_384))));
        yield return Key("RSA modulus of 16,384 bits in PEM", RefusalReason.RsaModulusNotAccepted, draft => draft.Pem = Pem(RsaInfo(16_384)));
        yield return Key("RSA modulus of 260,000 bits in PEM", RefusalReason.RsaModulusNotAccepted, draft => draft.Pem = Pem(RsaInfo(260_000)));
        yield return Key("algorithm named by one arc of 30,000 bytes", RefusalReason.PublicKeyDerMalformed, draft => draft.Pem = Pem(InfoOf([.. Enumerable.Repeat((byte)0xFF, 30_000), 0x7F])));
        yield return Key("algorithm named by 30,000 arcs", RefusalReason.PublicKeyDerMalformed, draft => draft.Pem = Pem(InfoOf([.. Enumerable.Repeat((byte)0x01, 30_000)])));
        yield return Key("signature of 60,000 hexadecimal digits", RefusalReason.KeySignatureInvalid, draft => draft.Attestation = json => json.Set("signature", new string('a', 60_000)));

        // Statements.
        yield return Made("compound of 40 statements", RefusalReason.AttestationStatementInvalid, AttestationMaker.Compound([.. Enumerable.Repeat(AttestationMaker.None, 40)]));
        yield return Made("web signature of 60,000 dots", RefusalReason.JwsMalformed, AttestationMaker.SafetyNet(response => response.Compact = _ => new string('.', 60_000)));
        yield return Made("TPM structure of 60,000 bytes", RefusalReason.TpmPublicAreaMalformed, AttestationMaker.Tpm(describe: tpm => tpm.PublicArea = area => [.. area, .. new byte[60_000]]));
        yield return Passkey("signature of 60,000 bytes", RefusalReason.AttestationSignatureInvalid, draft =>
        {
            draft.Attestation = AttestationMaker.PackedSelf;
            draft.Signature = _ => new byte[60_000];
        });

        HostileSize Passkey(string name, RefusalReason reason, Action<RegistrationDraft> change) =>
            new(name, reason, new SoftwareAuthenticator().Create(challenge, rpId, origin, change));

        HostileSize Object(string name, RefusalReason reason, byte[] bytes) => Passkey(name, reason, draft => draft.AttestationObject = map => map.Encoded = _ => bytes);

        HostileSize Statement(string name, RefusalReason reason, byte[] bytes) => Passkey(name, reason, draft => draft.Statement = map => map.Encoded = _ => bytes);

        HostileSize Made(string name, RefusalReason reason, AttestationMaker attestation) =>
            new(name, reason, new SoftwareAuthenticator { Attestation = attestation }.Create(challenge, rpId, origin));

        HostileSize Certified(string name, RefusalReason reason, Action<CertificateDraft> change) => Made(name, reason, AttestationMaker.PackedCertified(change: change));

        HostileSize Certificates(string name, RefusalReason reason, Func<byte[], IEnumerable<byte[]>> chain) => Passkey(name, reason, draft =>
        {
            var key = SoftwareKey.P256();
            var leaf = CertificateDraft.ForAttestation(key, draft.Aaguid).Sign(key);
            draft.Attestation = AttestationMaker.PackedSelf;
            draft.Statement = map => map.Set("x5c", Cbor.Array([.. chain(leaf).Select(der => Cbor.Bytes(der))]));
        });

        HostileSize Key(string name, RefusalReason reason, Action<KeyDraft> change) => new(name, reason, SoftwareKey.P256().Create(challenge, change: change));
    }

    private static string Text(int size) => Base64Url.EncodeToString(new byte[size]);

    private static string Nested(string open, string close, string innermost = "") =>
        string.Concat(Enumerable.Repeat(open, Levels)) + innermost + string.Concat(Enumerable.Repeat(close, Levels));

    private static byte[] NestedSequences(int levels)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        for (var level = 0; level < levels; level++) writer.PushSequence();
        for (var level = 0; level < levels; level++) writer.PopSequence();
        return writer.Encode();
    }

    private static byte[] Odd(int bits) => [0x80, .. new byte[(bits / 8) - 2], 1];

    private static byte[] NegativeInteger(int sizeBytes) => CertificateDraft.Write(writer => writer.WriteInteger([0x80, .. new byte[sizeBytes - 1]]));

    private static string LongOid(int arcs) => "1.2" + string.Concat(Enumerable.Repeat(".3", arcs));

    private static string Pem(byte[] der) => PemEncoding.WriteString("PUBLIC KEY", der);

    private static byte[] RsaInfo(int bits) => Info("1.2.840.113549.1.1.1", CertificateDraft.Write(writer =>
    {
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Odd(bits));
            writer.WriteInteger(65537);
        }
    }));

    private static byte[] Info(string oid, byte[] key) => CertificateDraft.Write(writer =>
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(oid);
                writer.WriteNull();
            }

            writer.WriteBitString(key);
        }
    });

    // An object identifier whose content no text can be given for.
    private static byte[] InfoOf(byte[] oidContent) => CertificateDraft.Write(writer =>
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                var octets = CertificateDraft.Write(inner => inner.WriteOctetString(oidContent));
                octets[0] = 0x06;
                writer.WriteEncodedValue(octets);
                writer.WriteNull();
            }

            writer.WriteBitString(new byte[32]);
        }
    });
}
