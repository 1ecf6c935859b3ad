using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.TestKit;

/// <summary>
/// For each reason a credential that is refused for it, and is otherwise in order. The relying party requires user verification,
/// offers -7, -8 and -257, and expects no cross-origin ceremonies, but for the one fault that <see cref="NeedsCrossOrigin"/> names; nor does it verify
/// SafetyNet, but for those that <see cref="NeedsSafetyNet"/> names.
/// </summary>
public static class Faults
{
    private static readonly byte[] Dot = "."u8.ToArray();
    private static readonly byte[] X25519Key = Convert.FromHexString("300E300506032B656E030500AABBCCDD");
    private static readonly Guid AllowedModel = new("a110ed00-0000-4000-8000-000000000001");
    private static readonly Guid DeniedModel = new("de41ed00-0000-4000-8000-000000000002");
    private static readonly byte[] OtherModel = CertificateDraft.OctetString(new byte[16]);

    /// <summary>The model that the metadata of <see cref="Distrust"/> reports as revoked.</summary>
    public static Guid RevokedModel { get; } = new("4e70ed00-0000-4000-8000-000000000003");

    private static readonly MetadataDraft RevokedBlob = new MetadataDraft().Add(RevokedModel, ["REVOKED"]);

    /// <summary>The reasons for which a new credential can be made: all but the one that nothing has, and those of assertions.</summary>
    public static IEnumerable<RefusalReason> Reasons =>
        Enum.GetValues<RefusalReason>().Where(reason => reason != RefusalReason.NotVerified && !RefusalReasons.IsOfAssertion(reason));

    /// <summary>Whether the fault shows only where cross-origin ceremonies are allowed and no top origin is listed.</summary>
    public static bool NeedsCrossOrigin(RefusalReason reason) => reason == RefusalReason.TopOriginNotAllowed;

    /// <summary>Whether the fault shows only where the retired format of SafetyNet is verified.</summary>
    public static bool NeedsSafetyNet(RefusalReason reason) => reason is RefusalReason.JwsMalformed or RefusalReason.SafetyNetNonceMismatch
        or RefusalReason.SafetyNetIntegrityFailed or RefusalReason.SafetyNetHostNotAccepted;

    /// <summary>Whether the fault shows only under a policy on trust, which <see cref="Distrust"/> is.</summary>
    public static bool NeedsDistrust(RefusalReason reason) => reason is RefusalReason.CertificateOutsideValidity
        or RefusalReason.AttestationNoneNotAccepted or RefusalReason.AttestationSelfNotAccepted or RefusalReason.CertificatePathInvalid
        or RefusalReason.CertificatePathNotTrusted or RefusalReason.AaguidDenied or RefusalReason.AaguidNotAttested
        or RefusalReason.AaguidNotAllowed or RefusalReason.AuthenticatorStatusNotAccepted;

    /// <summary>A policy that trusts <see cref="TestAuthority.Trusted"/> alone, and under which the fault shows.</summary>
    public static AttestationTrust Distrust(RefusalReason reason) => new()
    {
        AcceptNone = reason != RefusalReason.AttestationNoneNotAccepted,
        AcceptSelf = reason != RefusalReason.AttestationSelfNotAccepted,
        Roots = [new(TestAuthority.Trusted.Anchor)],
        AllowedAaguids = reason is RefusalReason.AaguidNotAttested or RefusalReason.AaguidNotAllowed ? [AllowedModel] : [],
        DeniedAaguids = reason == RefusalReason.AaguidDenied ? [DeniedModel] : [],
        Metadata = reason == RefusalReason.AuthenticatorStatusNotAccepted ? RevokedBlob.Read() : null,
    };

    /// <summary>Makes the credential.</summary>
    /// <param name="reason">The reason it is to be refused for.</param>
    /// <param name="challenge">The challenge as it was issued.</param>
    /// <param name="rpId">The RP ID.</param>
    /// <param name="origin">An allowed origin.</param>
    public static MadeCredential Make(RefusalReason reason, string challenge, string rpId, string origin)
    {
        return reason switch
        {
            RefusalReason.NotVerified => throw NoSuchFault(),
            RefusalReason.CredentialNotAllowed
                or RefusalReason.CredentialIdUnexpected
                or RefusalReason.CredentialOfAnotherUser
                or RefusalReason.CredentialKindNotAccepted
                or RefusalReason.UserHandleMissing
                or RefusalReason.UserHandleMismatch
                or RefusalReason.AttestedCredentialDataUnexpected
                or RefusalReason.BackupEligibilityChanged
                or RefusalReason.AssertionSignatureInvalid
                or RefusalReason.SignCountRegressed
                or RefusalReason.StoredCredentialUnusable
                or RefusalReason.RecoveryNotBound
                or RefusalReason.RecoveryCredentialsDiffer => throw NoSuchFault(),

            RefusalReason.Base64UrlInvalid => Passkey(draft => draft.Texts = made => made with { CredId = made.CredId + "!" }),
            RefusalReason.MemberTooLarge => Passkey(draft => draft.ClientData.Set("more", new string('x', VerificationLimits.MaxMemberSizeBytes))),
            RefusalReason.JsonNotUtf8 => Passkey(draft => draft.ClientData.Encoded = text => [.. Utf8(text), 0xFF]),
            RefusalReason.JsonMalformed => Passkey(draft => draft.ClientData.Encoded = text => Utf8(text + "}")),
            RefusalReason.JsonNotObject => Passkey(draft => draft.ClientData.Encoded = text => Utf8($"[{text}]")),
            RefusalReason.JsonDuplicateMember => Passkey(draft => draft.ClientData.AddRaw("type", "\"webauthn.create\"")),
            RefusalReason.JsonTooDeep => Passkey(draft => draft.ClientData.SetRaw("more", "[[[[[[[[]]]]]]]]")),

            RefusalReason.CborMalformed => Object(map => map.Encoded = bytes => bytes[..^1]),
            RefusalReason.CborNotMap => Object(map => map.Encoded = bytes => Cbor.Array(bytes)),
            RefusalReason.CborItemNotAllowed => Object(map => map.Set("more", [0xF7])),
            RefusalReason.CborIndefiniteLength => Object(map => map.Encoded = bytes => [0xBF, .. bytes[1..], 0xFF]),
            RefusalReason.CborNotShortest => Object(map => map.Encoded = bytes => [.. Cbor.Head(5, 3, argumentSizeBytes: 1), .. bytes[1..]]),
            RefusalReason.CborIntegerOutOfRange => Object(map => map.Set("more", Cbor.Head(0, ulong.MaxValue))),
            RefusalReason.CborDuplicateKey => Object(map => map.Entries.Add(map.Entries[0])),
            RefusalReason.CborKeyOrder => Passkey(draft =>
                (draft.CoseKey.Entries[0], draft.CoseKey.Entries[1]) = (draft.CoseKey.Entries[1], draft.CoseKey.Entries[0])),
            RefusalReason.CborTooDeep => Object(map => map.Set("more", Cbor.NestedArrays(10_000))),
            RefusalReason.CborTooManyItems => Object(map => map.Set("more", Cbor.Array([.. Enumerable.Repeat(Cbor.Null, 1000)]))),
            RefusalReason.CborTrailingBytes => Object(map => map.Encoded = bytes => [.. bytes, 0]),

            RefusalReason.CredentialIdLength => Passkey(draft => draft.CredentialId = new byte[VerificationLimits.MaxCredentialIdSizeBytes + 1]),
            RefusalReason.CredentialIdMismatch => Passkey(draft => draft.Texts = made => made with { CredId = Base64Url.EncodeToString(Dot) }),

            RefusalReason.ClientDataMemberInvalid => Passkey(draft => draft.ClientData.Remove("origin")),
            RefusalReason.TypeUnexpected => Passkey(draft => draft.ClientData.Set("type", "webauthn.get")),
            RefusalReason.ChallengeMismatch => Passkey(draft => draft.ClientData.Set("challenge", Base64Url.EncodeToString(new byte[32]))),
            RefusalReason.OriginNotAllowed => Passkey(draft => draft.ClientData.Set("origin", origin + ".evil.example")),
            RefusalReason.CrossOriginNotAllowed => Passkey(draft => draft.ClientData.Set("crossOrigin", true)),
            RefusalReason.TopOriginNotExpected => Passkey(draft => draft.ClientData.Set("topOrigin", "https://evil.example")),
            RefusalReason.TopOriginNotAllowed => Passkey(draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", "https://evil.example")),

            RefusalReason.AttestationObjectMemberInvalid => Object(map => map.Remove("authData")),
            RefusalReason.AuthenticatorDataTruncated => Passkey(draft => draft.AuthenticatorData = bytes => bytes[..36]),
            RefusalReason.AuthenticatorDataTrailingBytes => Passkey(draft => draft.AuthenticatorData = bytes => [.. bytes, 0]),
            RefusalReason.AttestedCredentialDataMissing => Passkey(draft =>
            {
                draft.Flags = 0x05;
                draft.AuthenticatorData = bytes => bytes[..37];
            }),
            RefusalReason.RpIdHashMismatch => Passkey(draft => draft.RpId = "evil." + rpId),
            RefusalReason.UserNotPresent => Passkey(draft => draft.Flags = 0x44),
            RefusalReason.UserNotVerified => Passkey(draft => draft.Flags = 0x41),
            RefusalReason.BackupStateWithoutEligibility => Passkey(draft => draft.Flags = 0x55),

            RefusalReason.CoseKeyMemberInvalid => Passkey(draft => draft.CoseKey.Remove(-3)),
            RefusalReason.CoseKeyMemberUnexpected => Passkey(draft => draft.CoseKey.Set("kid", Cbor.Null)),
            RefusalReason.CoseKeyPrivate => Passkey(draft => draft.CoseKey.Set(-4, Cbor.Bytes(new byte[32]))),
            RefusalReason.AlgorithmNotSupported => Passkey(draft => draft.CoseKey.Set(3, Cbor.Number(-65535))),
            RefusalReason.AlgorithmNotOffered => new SoftwareAuthenticator { Algorithm = -36 }.Create(challenge, rpId, origin),
            RefusalReason.AlgorithmKeyMismatch => Passkey(draft => draft.CoseKey = SoftwareKey.P384().CoseKey(-7)),
            RefusalReason.PublicKeyNotOnCurve => Passkey(draft => draft.CoseKey.Set(-3, Cbor.Bytes(new byte[32]))),
            RefusalReason.PublicKeySmallOrder => new SoftwareAuthenticator { Algorithm = -8 }.Create(
                challenge, rpId, origin, draft => draft.CoseKey.Set(-2, Cbor.Bytes(new byte[32]))),
            RefusalReason.RsaModulusNotAccepted => SoftwareKey.Rsa(1024).Create(challenge),
            RefusalReason.RsaExponentNotAccepted => new SoftwareAuthenticator { Algorithm = -257 }.Create(
                challenge, rpId, origin, draft => draft.CoseKey.Set(-2, Cbor.Bytes([1]))),
            RefusalReason.PublicKeyDerMalformed => Pem(_ => PemEncoding.WriteString("PUBLIC KEY", [0x30, 0x00])),
            RefusalReason.PublicKeyDerTrailingBytes => Pem(draft => PemEncoding.WriteString("PUBLIC KEY", [.. draft.Key.SubjectPublicKeyInfo, 0])),
            RefusalReason.KeyTypeNotSupported => Pem(_ => PemEncoding.WriteString("PUBLIC KEY", X25519Key)),
            RefusalReason.CurveNotSupported => SoftwareKey.BrainpoolP256().Create(challenge),
            RefusalReason.CurveParametersExplicit => Pem(_ => ExplicitP256Pem()),
            RefusalReason.PointCompressed => Passkey(draft => draft.CoseKey.Set(-3, Cbor.True)),

            RefusalReason.AttestationFormatNotSupported => With(AttestationMaker.SafetyNet()),
            RefusalReason.AttestationFormatUnknown => Object(map => map.Set("fmt", Cbor.Text("nonsense"))),
            RefusalReason.AttestationStatementInvalid => Packed(draft => draft.Statement = map => map.Remove("sig")),
            RefusalReason.NoneStatementNotEmpty => Passkey(draft => draft.Statement = map => map.Set("alg", Cbor.Number(-7))),
            RefusalReason.CompoundStatementNested =>
                With(AttestationMaker.Compound(statements => statements[0].Set("fmt", Cbor.Text("compound")), AttestationMaker.None, AttestationMaker.None)),
            RefusalReason.AttestationAlgorithmNotSupported => Packed(draft => draft.Statement = map => map.Set("alg", Cbor.Number(-65535))),
            RefusalReason.AttestationAlgorithmMismatch => Packed(draft => draft.Statement = map => map.Set("alg", Cbor.Number(-257))),
            RefusalReason.AttestationSignatureInvalid => Packed(draft => draft.Signature = signature => [.. signature, 0]),
            RefusalReason.CertificateChainTooLong => Packed(draft => draft.Statement = map =>
                map.Set("x5c", Cbor.Array([.. Enumerable.Repeat(Cbor.Bytes(Dot), VerificationLimits.MaxCertificates + 1)]))),
            RefusalReason.CertificateTooLarge => Certified(leaf =>
                leaf.Extensions.Add(new("1.2.3.4", Critical: false, new byte[VerificationLimits.MaxCertificateSizeBytes]))),
            RefusalReason.CertificateMalformed => Certified(leaf => leaf.Encoded = bytes => [.. bytes, 0]),
            RefusalReason.CertificateVersionNotAccepted => Certified(leaf => leaf.Version = 1),
            RefusalReason.CertificateSubjectNotAccepted => Certified(leaf => leaf.SetSubject("2.5.4.11", "Something else")),
            RefusalReason.CertificateIsAuthority => Certified(leaf => leaf.SetExtension(CertificateDraft.BasicConstraintsOid, null)),
            RefusalReason.CertificateAaguidMalformed => Certified(leaf => SetAaguid(leaf, critical: false, [0x04, 0x00])),
            RefusalReason.CertificateAaguidCritical => Certified(leaf => SetAaguid(leaf, critical: true, OtherModel)),
            RefusalReason.CertificateAaguidMismatch => Certified(leaf => SetAaguid(leaf, critical: false, OtherModel)),
            RefusalReason.CertificateExtensionNotAccepted =>
                Certified(leaf => leaf.Extensions.Add(new(CertificateDraft.FirmwareVersionOid, Critical: true, [0x02, 0x01, 0x05]))),
            RefusalReason.CertificateOutsideValidity => Trusted(leaf => leaf.NotAfter = leaf.NotBefore.AddDays(1)),

            RefusalReason.CertificateKeyNotAccepted => U2f(-7, SoftwareKey.P384()),
            RefusalReason.CredentialKeyNotAccepted => U2f(-8, SoftwareKey.P256()),

            RefusalReason.CertificateKeyMismatch => With(AttestationMaker.AndroidKey(certifiedKey: SoftwareKey.P256())),
            RefusalReason.CertificateAlternativeNameNotAccepted =>
                With(AttestationMaker.Tpm(change: leaf => leaf.SetExtension(CertificateDraft.AlternativeNameOid, null))),
            RefusalReason.CertificateKeyUsageNotAccepted =>
                With(AttestationMaker.Tpm(change: leaf => leaf.SetExtension(CertificateDraft.ExtendedKeyUsageOid, null))),

            RefusalReason.TpmVersionNotAccepted => new SoftwareAuthenticator { Attestation = AttestationMaker.Tpm() }.Create(
                challenge, rpId, origin, draft => draft.Statement = map => map.Set("ver", Cbor.Text("1.2"))),
            RefusalReason.TpmPublicAreaMalformed => Tpm(tpm => tpm.PublicArea = bytes => [.. bytes, 0]),
            RefusalReason.TpmAlgorithmNotSupported => Tpm(tpm => tpm.CurveId = 0x0010),
            RefusalReason.TpmPublicKeyMismatch => Tpm(tpm => tpm.Unique[0] = new byte[32]),
            RefusalReason.TpmCertInfoMalformed => Tpm(tpm => tpm.CertInfo = bytes => [.. bytes, 0]),
            RefusalReason.TpmMagicUnexpected => Tpm(tpm => tpm.Magic = 0),
            RefusalReason.TpmTypeUnexpected => Tpm(tpm => tpm.Type = 0x8018),
            RefusalReason.TpmExtraDataMismatch => Tpm(tpm => tpm.ExtraData = _ => new byte[32]),
            RefusalReason.TpmNameMismatch => Tpm(tpm => tpm.Name = name => [.. name[..^1], (byte)(name[^1] ^ 1)]),

            RefusalReason.AndroidKeyDescriptionMissing =>
                With(AttestationMaker.AndroidKey(change: leaf => leaf.SetExtension(AndroidKeyDescriptionDraft.Oid, null))),
            RefusalReason.AndroidKeyDescriptionMalformed => Android(description => description.Encoded = bytes => [.. bytes, 0]),
            RefusalReason.AndroidChallengeMismatch => Android(description => description.Challenge[0] ^= 1),
            RefusalReason.AndroidAllApplications => Android(description =>
                description.SoftwareEnforced[AndroidKeyDescriptionDraft.AllApplicationsTag] = AndroidKeyDescriptionDraft.Null),
            RefusalReason.AndroidOriginNotGenerated => Android(description =>
                description.TeeEnforced[AndroidKeyDescriptionDraft.OriginTag] = AndroidKeyDescriptionDraft.Number(2)),
            RefusalReason.AndroidPurposeNotSign => Android(description =>
                description.TeeEnforced[AndroidKeyDescriptionDraft.PurposeTag] = AndroidKeyDescriptionDraft.Numbers(2, 3)),

            RefusalReason.AppleNonceMalformed =>
                With(AttestationMaker.Apple(change: leaf => leaf.SetExtension(AttestationMaker.AppleNonceOid, null))),
            RefusalReason.AppleNonceMismatch => With(AttestationMaker.Apple(nonce => [.. nonce[1..], 0])),

            RefusalReason.JwsMalformed => With(AttestationMaker.SafetyNet(response => response.Compact = text => text + ".")),
            RefusalReason.SafetyNetNonceMismatch => With(AttestationMaker.SafetyNet(response => response.Payload.Set("nonce", "AAAA"))),
            RefusalReason.SafetyNetIntegrityFailed => With(AttestationMaker.SafetyNet(response => response.Payload.Set("ctsProfileMatch", false))),
            RefusalReason.SafetyNetHostNotAccepted =>
                With(AttestationMaker.SafetyNet(change: leaf => leaf.SetExtension(CertificateDraft.AlternativeNameOid, null))),

            RefusalReason.AttestationNoneNotAccepted => Passkey(_ => { }),
            RefusalReason.AttestationSelfNotAccepted => Packed(_ => { }),
            RefusalReason.CertificatePathInvalid => Trusted(leaf => leaf.Extensions.Add(new("1.2.3.4", Critical: true, [0x05, 0x00]))),
            RefusalReason.CertificatePathNotTrusted => Certified(_ => { }),
            RefusalReason.AaguidDenied => Passkey(draft => draft.Aaguid = DeniedModel),
            RefusalReason.AaguidNotAttested => Packed(draft => draft.Aaguid = AllowedModel),
            RefusalReason.AaguidNotAllowed => Trusted(_ => { }),
            RefusalReason.AuthenticatorStatusNotAccepted => Passkey(draft => draft.Aaguid = RevokedModel),

            RefusalReason.KeyAttestationMemberInvalid => Key(draft => draft.Attestation = json => json.Remove("signature")),
            RefusalReason.HashAlgorithmNotSupported => Key(draft => draft.Attestation = json => json.Set("algorithm", "SHA1")),
            RefusalReason.SignatureNotHex => Key(draft => draft.Attestation = json => json.Set("signature", "MEUCIQ")),
            RefusalReason.KeySignatureInvalid => Key(draft => draft.Key = SoftwareKey.P256()),
            RefusalReason.PemMalformed => Pem(draft => draft.Pem.Replace("-----END", "----END", StringComparison.Ordinal)),
            RefusalReason.PemTextAround => Pem(draft => draft.Pem + "\nmore"),
            RefusalReason.PemSeveralBlocks => Pem(draft => draft.Pem + "\n" + draft.Pem),
            RefusalReason.PemPrivateKey => Pem(_ => PemEncoding.WriteString("PRIVATE KEY", [0x30, 0x00])),
            RefusalReason.PemLabelNotSupported => Pem(draft => PemEncoding.WriteString("CERTIFICATE", draft.Key.SubjectPublicKeyInfo)),
        };

        Exception NoSuchFault() => new ArgumentOutOfRangeException(nameof(reason), reason, "no new credential has this fault");

        MadeCredential Passkey(Action<RegistrationDraft> change) => new SoftwareAuthenticator().Create(challenge, rpId, origin, change);

        MadeCredential Object(Action<CborMapDraft> change) => Passkey(draft => draft.AttestationObject = change);

        MadeCredential Packed(Action<RegistrationDraft> change) =>
            new SoftwareAuthenticator { Attestation = AttestationMaker.PackedSelf }.Create(challenge, rpId, origin, change);

        MadeCredential Certified(Action<CertificateDraft> change) =>
            new SoftwareAuthenticator { Attestation = AttestationMaker.PackedCertified(change: change) }.Create(challenge, rpId, origin);

        MadeCredential Trusted(Action<CertificateDraft> change) => new SoftwareAuthenticator
        {
            Attestation = AttestationMaker.PackedCertified(change: change),
            Certify = TestAuthority.Trusted.Certify,
        }.Create(challenge, rpId, origin);

        MadeCredential U2f(int algorithm, SoftwareKey batchKey) => new SoftwareAuthenticator
        {
            Algorithm = algorithm,
            Attestation = AttestationMaker.FidoU2f(batchKey: batchKey),
            Aaguid = Guid.Empty,
        }.Create(challenge, rpId, origin);

        MadeCredential With(AttestationMaker attestation) =>
            new SoftwareAuthenticator { Attestation = attestation }.Create(challenge, rpId, origin);

        MadeCredential Tpm(Action<TpmDraft> describe) => With(AttestationMaker.Tpm(describe: describe));

        MadeCredential Android(Action<AndroidKeyDescriptionDraft> describe) => With(AttestationMaker.AndroidKey(describe));

        MadeCredential Key(Action<KeyDraft> change) => SoftwareKey.P256().Create(challenge, change: change);

        MadeCredential Pem(Func<KeyDraft, string> change) => Key(draft => draft.Pem = change(draft));
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static void SetAaguid(CertificateDraft leaf, bool critical, byte[] der) =>
        leaf.SetExtension(CertificateDraft.AaguidOid, new(CertificateDraft.AaguidOid, critical, der));

    private static string ExplicitP256Pem()
    {
        using var named = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var written = ECDsa.Create(named.ExportExplicitParameters(includePrivateParameters: false));
        return written.ExportSubjectPublicKeyInfoPem();
    }
}
