using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

public abstract partial class AttestationMaker
{
    /// <summary>Format <c>fido-u2f</c>: a batch key on P-256, its certificate alone.</summary>
    /// <param name="change">Changes the certificate before it is signed.</param>
    /// <param name="verificationData">Turns what the token is to sign into what it signs.</param>
    /// <param name="batchKey">A key of another type, perhaps.</param>
    public static AttestationMaker FidoU2f(
        Action<CertificateDraft>? change = null, Func<byte[], byte[]>? verificationData = null, SoftwareKey? batchKey = null) =>
        new FidoU2fMaker(change ?? (_ => { }), verificationData ?? (bytes => bytes), batchKey);

    private sealed class FidoU2fMaker(Action<CertificateDraft> change, Func<byte[], byte[]> verificationData, SoftwareKey? batchKey)
        : AttestationMaker
    {
        public override string Format => "fido-u2f";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var attestationKey = batchKey ?? SoftwareKey.P256();
            var leaf = CertificateDraft.ForU2f(attestationKey);
            change(leaf);

            // The point is what a SubjectPublicKeyInfo ends with.
            byte[] toBeSigned =
                [0, .. signedBytes[..32], .. signedBytes[^32..], .. draft.CredentialId, 4, .. draft.CredentialKey.SubjectPublicKeyInfo.TakeLast(64)];
            return new CborMapDraft()
                .Set("sig", Cbor.Bytes(draft.Signature(attestationKey.Sign(verificationData(toBeSigned), HashAlgorithmName.SHA256))))
                .Set("x5c", Cbor.Array(Cbor.Bytes(draft.Certify(leaf)[0])));
        }
    }
}
