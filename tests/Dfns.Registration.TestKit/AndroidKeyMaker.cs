using System.Formats.Asn1;

namespace Dfns.Registration.TestKit;

/// <summary>The key description of Android key attestation in the making.</summary>
public sealed class AndroidKeyDescriptionDraft
{
    /// <summary>The object identifier of the extension.</summary>
    public const string Oid = "1.3.6.1.4.1.11129.2.1.17";

    /// <summary>The tags of purpose, allApplications and origin.</summary>
    public const int PurposeTag = 1, AllApplicationsTag = 600, OriginTag = 702;

    internal AndroidKeyDescriptionDraft(byte[] challenge) => Challenge = challenge;

    /// <summary>The attestation challenge.</summary>
    public byte[] Challenge { get; set; }

    /// <summary>What software enforces: tags with encoded values, written in the order of the tags.</summary>
    public SortedDictionary<int, byte[]> SoftwareEnforced { get; } = new() { [701] = Number(1_700_000_000_000), [709] = CertificateDraft.OctetString([1, 2]) };

    /// <summary>What hardware enforces.</summary>
    public SortedDictionary<int, byte[]> TeeEnforced { get; } = new()
    {
        [PurposeTag] = Numbers(2),
        [2] = Number(3),
        [3] = Number(256),
        [5] = Numbers(4),
        [10] = Number(1),
        [503] = Null,
        [OriginTag] = Number(0),
    };

    /// <summary>The encoded whole.</summary>
    public Func<byte[], byte[]> Encoded { get; set; } = bytes => bytes;

    /// <summary>An encoded NULL.</summary>
    public static byte[] Null => [0x05, 0x00];

    /// <summary>An encoded INTEGER.</summary>
    public static byte[] Number(long value) => CertificateDraft.Write(writer => writer.WriteInteger(value));

    /// <summary>An encoded SET OF INTEGER.</summary>
    public static byte[] Numbers(params int[] values) => CertificateDraft.Write(writer =>
    {
        using (writer.PushSetOf())
            foreach (var value in values) writer.WriteInteger(value);
    });

    internal byte[] ToBytes() => Encoded(CertificateDraft.Write(writer =>
    {
        using (writer.PushSequence())
        {
            writer.WriteInteger(300);
            writer.WriteEnumeratedValue(SecurityLevel.TrustedEnvironment);
            writer.WriteInteger(300);
            writer.WriteEnumeratedValue(SecurityLevel.TrustedEnvironment);
            writer.WriteOctetString(Challenge);
            writer.WriteOctetString([]);
            WriteList(writer, SoftwareEnforced);
            WriteList(writer, TeeEnforced);
        }
    }));

    private static void WriteList(AsnWriter writer, SortedDictionary<int, byte[]> fields)
    {
        using (writer.PushSequence())
            foreach (var (tag, value) in fields)
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, tag)))
                {
                    // As many values as a test has put there.
                    var values = new AsnReader(value, AsnEncodingRules.DER);
                    while (values.HasData) writer.WriteEncodedValue(values.ReadEncodedValue().Span);
                }
    }

    private enum SecurityLevel
    {
        Software,
        TrustedEnvironment,
    }
}

public abstract partial class AttestationMaker
{
    /// <summary>Format <c>android-key</c>: a certificate of the credential key, signed with that key.</summary>
    /// <param name="describe">Changes the key description.</param>
    /// <param name="change">Changes the leaf certificate before it is signed.</param>
    /// <param name="certifiedKey">Another key than the credential key, perhaps, in the certificate and for the signature.</param>
    public static AttestationMaker AndroidKey(
        Action<AndroidKeyDescriptionDraft>? describe = null, Action<CertificateDraft>? change = null, SoftwareKey? certifiedKey = null) =>
        new AndroidKeyMaker(describe ?? (_ => { }), change ?? (_ => { }), certifiedKey);

    private sealed class AndroidKeyMaker(
        Action<AndroidKeyDescriptionDraft> describe, Action<CertificateDraft> change, SoftwareKey? certifiedKey) : AttestationMaker
    {
        public override string Format => "android-key";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var key = certifiedKey ?? draft.CredentialKey;
            var description = new AndroidKeyDescriptionDraft(signedBytes[^32..]);
            describe(description);
            var leaf = CertificateDraft.ForAndroidKey(key, description.ToBytes());
            change(leaf);
            return new CborMapDraft()
                .Set("alg", Cbor.Number(draft.Algorithm))
                .Set("sig", Cbor.Bytes(draft.Signature(key.Sign(signedBytes, draft.Algorithm))))
                .Set("x5c", X5c(draft, leaf));
        }
    }
}
