using System.Buffers.Text;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using static Dfns.Registration.SecondOpinion.Tests.RelyingParty;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>Registrations of passkeys that we refuse: one for each reason, those of hostile size, and of some rules that have several sides.</summary>
internal static class FaultyRegistrations
{
    /// <summary>All of them, each under a name of its own.</summary>
    public static IEnumerable<RegistrationQuestion> All => OfEveryReason().Concat(OfHostileSize()).Concat(OfManySides()).Concat(OfOthers());

    private static IEnumerable<RegistrationQuestion> OfEveryReason()
    {
        foreach (var reason in Faults.Reasons)
        {
            var made = Faults.Make(reason, Challenge, RpId, Origin);
            // Raw keys are no business of WebAuthn.
            if (made.Kind != CredentialKind.Fido2) continue;
            var expected = Expected with
            {
                Algorithms = [-7, -8, -257],
                AllowCrossOrigin = Faults.NeedsCrossOrigin(reason),
                AllowSafetyNet = Faults.NeedsSafetyNet(reason),
                Trust = Faults.NeedsDistrust(reason) ? Faults.Distrust(reason) : new(),
            };
            yield return new($"{reason}", FormatOf(made), made.ToVerify(), expected, [Faults.RevokedModel]) { Fault = reason };
        }
    }

    private static IEnumerable<RegistrationQuestion> OfHostileSize() => HostileSizes.All(Challenge, RpId, Origin)
        .Where(size => size.Credential.Kind == CredentialKind.Fido2)
        .Select(size => new RegistrationQuestion(size.Name, FormatOf(size.Credential), size.Credential.ToVerify(), Expected) { Fault = size.Reason });

    private static IEnumerable<RegistrationQuestion> OfManySides()
    {
        yield return Passkey("origin in capitals", draft => draft.ClientData.Set("origin", "HTTPS://APP.EXAMPLE.CO"));
        yield return Passkey("origin with a path", draft => draft.ClientData.Set("origin", Origin + "/path"));
        yield return Passkey("origin with its default port", draft => draft.ClientData.Set("origin", Origin + ":443"));
        yield return Passkey("top origin in a ceremony that is not cross-origin", draft => draft.ClientData.Set("topOrigin", Origin));
        yield return Passkey("crossOrigin null", draft => draft.ClientData.SetRaw("crossOrigin", "null"));
        yield return Passkey("type in capitals", draft => draft.ClientData.Set("type", "WEBAUTHN.CREATE"));
        yield return Passkey("challenge with padding", draft => draft.ClientData.Set("challenge", Challenge + "="));
        yield return Passkey("challenge with a bit that is spare", draft => draft.ClientData.Set("challenge", Challenge[..^1] + "J"));
        yield return Passkey("credential id of no bytes", draft => draft.CredentialId = []);
        yield return Passkey("RSA key of 1,024 bits", draft => draft.CoseKey = SoftwareKey.Rsa(1024).CoseKey(-257));
        yield return Passkey("extensions that are no map", draft => (draft.Flags, draft.Extensions) = (0xC5, Cbor.Array()));
        yield return Passkey("extensions out of order", draft => (draft.Flags, draft.Extensions) =
            (0xC5, new CborMapDraft().Set("hmac-secret", Cbor.True).Set("credProtect", Cbor.Number(2)).ToBytes()));
        yield return Passkey("extension named by a number", draft => (draft.Flags, draft.Extensions) = (0xC5, new CborMapDraft().Set(1, Cbor.True).ToBytes()));
        yield return With("packed signed by SHA-1", AttestationMaker.PackedCertified(-65535));
        yield return With("packed with a member it does not define", AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set("more", Cbor.True));
        yield return With("packed with a signature in a long form", AttestationMaker.PackedSelf, draft => draft.Signature = der => [0x30, 0x81, der[1], .. der[2..]]);
        foreach (var attestation in new[] { AttestationMaker.Tpm(change: Lengthen), AttestationMaker.AndroidKey(change: Lengthen), AttestationMaker.FidoU2f(Lengthen) })
            yield return With($"{attestation.Format} with a byte behind its certificate", attestation, draft => draft.Aaguid = Guid.Empty);
        yield return With("tpm with a member it does not define", AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set("more", Cbor.True));
        yield return With("tpm of a version that is null", AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set("ver", Cbor.Null));
        yield return With("tpm whose name is by another hash", AttestationMaker.Tpm(describe: tpm => tpm.Name = name => [0x00, 0x0C, .. name[2..], .. new byte[16]]));
        yield return With("tpm with an alternative name that is not critical", AttestationMaker.Tpm(change: leaf => leaf.SetExtension(
            CertificateDraft.AlternativeNameOid,
            new(CertificateDraft.AlternativeNameOid, Critical: false, CertificateDraft.DirectoryName(oneRelativeName: true, CertificateDraft.UsualTpm)))));
        yield return With("fido-u2f with two certificates", AttestationMaker.FidoU2f(), draft =>
        {
            draft.Aaguid = Guid.Empty;
            draft.Statement = map => map.Set("x5c", Cbor.Array(Cbor.Bytes(TestAuthority.Trusted.Certificate), Cbor.Bytes(TestAuthority.Trusted.Certificate)));
        });
    }

    private static void Lengthen(CertificateDraft leaf) => leaf.Encoded = der => [.. der, 0];

    private static IEnumerable<RegistrationQuestion> OfOthers() => Recorded.All.Where(vector => vector.ExpectedReason is not null).Select(Recorded.AsIssued);

    private static string FormatOf(MadeCredential made) => AttestationParts.FormatOf(Base64Url.DecodeFromChars(made.AttestationData));

    private static RegistrationQuestion Passkey(string name, Action<RegistrationDraft> change) => With(name, AttestationMaker.None, change);

    private static RegistrationQuestion With(string name, AttestationMaker attestation, Action<RegistrationDraft>? change = null) =>
        new(name, attestation.Format, new SoftwareAuthenticator { Attestation = attestation }.Create(Challenge, RpId, Origin, change).ToVerify(), Expected);
}
