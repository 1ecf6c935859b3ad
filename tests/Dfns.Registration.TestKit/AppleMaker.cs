using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

public abstract partial class AttestationMaker
{
    /// <summary>The extension of Apple's nonce.</summary>
    public const string AppleNonceOid = "1.2.840.113635.100.8.2";

    /// <summary>Format <c>apple</c>: a certificate of the credential key with the nonce in it.</summary>
    /// <param name="nonce">Turns the nonce into the one that is certified.</param>
    /// <param name="change">Changes the leaf certificate before it is signed.</param>
    /// <param name="certifiedKey">Another key than the credential key, perhaps.</param>
    public static AttestationMaker Apple(
        Func<byte[], byte[]>? nonce = null, Action<CertificateDraft>? change = null, SoftwareKey? certifiedKey = null) =>
        new AppleMaker(nonce ?? (bytes => bytes), change ?? (_ => { }), certifiedKey);

    private sealed class AppleMaker(Func<byte[], byte[]> nonce, Action<CertificateDraft> change, SoftwareKey? certifiedKey) : AttestationMaker
    {
        public override string Format => "apple";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var leaf = CertificateDraft.ForApple(certifiedKey ?? draft.CredentialKey, CertificateDraft.Write(writer =>
            {
                using (writer.PushSequence())
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    writer.WriteOctetString(nonce(SHA256.HashData(signedBytes)));
            }));
            change(leaf);
            return new CborMapDraft().Set("x5c", X5c(draft, leaf));
        }
    }
}
