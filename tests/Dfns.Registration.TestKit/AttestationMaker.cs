namespace Dfns.Registration.TestKit;

/// <summary>Makes the attestation statements of one format.</summary>
public abstract partial class AttestationMaker
{
    /// <summary>Format <c>none</c>.</summary>
    public static AttestationMaker None { get; } = new NoneMaker();

    /// <summary>Format <c>packed</c>, signed with the credential key.</summary>
    public static AttestationMaker PackedSelf { get; } = new PackedSelfMaker();

    /// <summary>The format identifier.</summary>
    public abstract string Format { get; }

    /// <summary>Makes a statement.</summary>
    /// <param name="draft">The registration; its <see cref="RegistrationDraft.Signature"/> is applied to what is signed.</param>
    /// <param name="signedBytes">Authenticator data and client data hash.</param>
    public abstract CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes);

    /// <summary>Format <c>packed</c> with certificates: an attestation key of its own, certified by an authority of its own.</summary>
    /// <param name="algorithm">The COSE algorithm number of the attestation key.</param>
    /// <param name="change">Changes the leaf certificate before it is signed.</param>
    public static AttestationMaker PackedCertified(int algorithm = -7, Action<CertificateDraft>? change = null) =>
        new PackedCertifiedMaker(algorithm, change ?? (_ => { }));

    /// <summary>The array of certificates that a leaf and its authorities make.</summary>
    private static byte[] X5c(RegistrationDraft draft, CertificateDraft leaf) => Cbor.Array([.. draft.Certify(leaf).Select(der => Cbor.Bytes(der))]);

    private sealed class NoneMaker : AttestationMaker
    {
        public override string Format => "none";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes) => new();
    }

    private sealed class PackedSelfMaker : AttestationMaker
    {
        public override string Format => "packed";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes) => new CborMapDraft()
            .Set("alg", Cbor.Number(draft.Algorithm))
            .Set("sig", Cbor.Bytes(draft.Signature(draft.CredentialKey.Sign(signedBytes, draft.Algorithm))));
    }

    private sealed class PackedCertifiedMaker(int algorithm, Action<CertificateDraft> change) : AttestationMaker
    {
        public override string Format => "packed";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var attestationKey = SoftwareKey.ForAlgorithm(algorithm);
            var leaf = CertificateDraft.ForAttestation(attestationKey, draft.Aaguid);
            change(leaf);
            return new CborMapDraft()
                .Set("alg", Cbor.Number(algorithm))
                .Set("sig", Cbor.Bytes(draft.Signature(attestationKey.Sign(signedBytes, algorithm))))
                .Set("x5c", X5c(draft, leaf));
        }
    }
}
