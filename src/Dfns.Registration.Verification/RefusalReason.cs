namespace Dfns.Registration.Verification;

/// <summary>
/// The closed list of reasons for which a credential is refused: one for each rule. Section numbers without a document are those of
/// WebAuthn Level 3; "raw key" means the kinds Key, PasswordProtectedKey and RecoveryKey. Names are kept for good: a rule that is
/// dropped leaves its name behind, so that no reason ever changes its meaning.
/// </summary>
public enum RefusalReason
{
    /// <summary>Nothing was verified: the value of a result nobody set.</summary>
    NotVerified,

    // Encodings. The first group occurs in several members; each refusal says in which.

    /// <summary>
    /// Empty, or no base64url (RFC 4648 §5) with or without padding: other characters, a wrong length, spare bits that are set.
    /// </summary>
    Base64UrlInvalid,

    /// <summary>The decoded member is longer than <see cref="VerificationLimits.MaxMemberSizeBytes"/>.</summary>
    MemberTooLarge,

    /// <summary>Not valid UTF-8, where JSON was expected (RFC 8259 §8.1; §7.1 step 5).</summary>
    JsonNotUtf8,

    /// <summary>Not one JSON text and nothing after it (RFC 8259 §2), or a string that holds half a surrogate pair (§8.2).</summary>
    JsonMalformed,

    /// <summary>JSON, but not an object (§7.1 step 6).</summary>
    JsonNotObject,

    /// <summary>
    /// An object names a member twice, compared after unescaping (RFC 8259 §4 leaves the outcome open; so nobody may rely on one).
    /// </summary>
    JsonDuplicateMember,

    /// <summary>JSON nested deeper than <see cref="VerificationLimits.MaxJsonDepth"/>.</summary>
    JsonTooDeep,

    // CBOR: the attestation object, the credential public key, the extensions.

    /// <summary>
    /// Not well-formed CBOR (RFC 8949 §3): truncated, reserved values, a declared length beyond the end, text that is not UTF-8.
    /// </summary>
    CborMalformed,

    /// <summary>CBOR, but not a map where one must stand (§6.1, §6.5.1, §6.5.4).</summary>
    CborNotMap,

    /// <summary>
    /// A tag, a floating-point number, a simple value other than false, true and null, or a key that is neither integer nor text; among
    /// extensions, a key that is no text (§5.7.4).
    /// </summary>
    CborItemNotAllowed,

    /// <summary>A length left open (RFC 8949 §3.2); CTAP2 canonical form, which §2.4 demands, has definite lengths only.</summary>
    CborIndefiniteLength,

    /// <summary>A number or length written in more bytes than it needs (RFC 8949 §4.2.1).</summary>
    CborNotShortest,

    /// <summary>An integer beyond 64 signed bits; no number that this library reads is that large.</summary>
    CborIntegerOutOfRange,

    /// <summary>A map with the same key twice (RFC 8949 §5.6).</summary>
    CborDuplicateKey,

    /// <summary>The keys of the credential public key (§6.5.1), of the extensions or of a map in them (§6.1), are not in CTAP2 canonical order (§2.4).</summary>
    CborKeyOrder,

    /// <summary>CBOR nested deeper than <see cref="VerificationLimits.MaxCborDepth"/>.</summary>
    CborTooDeep,

    /// <summary>CBOR of more items than <see cref="VerificationLimits.MaxCborItems"/>.</summary>
    CborTooManyItems,

    /// <summary>Bytes after the end of the attestation object (§7.1 step 13).</summary>
    CborTrailingBytes,

    // The credential id.

    /// <summary>The credential id is not 1 to 1,023 bytes long (§7.1 step 25, §4 Credential ID; for raw keys the same bounds).</summary>
    CredentialIdLength,

    /// <summary><c>credId</c> is not the id in the attested credential data (§6.5.1), compared as bytes.</summary>
    CredentialIdMismatch,

    // Client data.

    /// <summary>
    /// A required member is absent, or a known one is of the wrong JSON type (§5.8.1; raw key: <c>type</c>, <c>challenge</c>).
    /// </summary>
    ClientDataMemberInvalid,

    /// <summary>
    /// <c>type</c> is not <c>webauthn.create</c> (§7.1 step 7) or <c>webauthn.get</c> (§7.2 step 10), or for a raw key not
    /// <c>key.create</c> or <c>key.get</c>.
    /// </summary>
    TypeUnexpected,

    /// <summary>The challenge is not the one that was issued, in none of the accepted spellings (§7.1 step 8, §7.2 step 11).</summary>
    ChallengeMismatch,

    /// <summary>The origin is not one of those expected, compared as exact text (§7.1 step 9, §7.2 step 12).</summary>
    OriginNotAllowed,

    /// <summary><c>crossOrigin</c> is true, and no cross-origin ceremony is expected (§7.1 step 10, §7.2 step 13).</summary>
    CrossOriginNotAllowed,

    /// <summary><c>topOrigin</c> is present, and no cross-origin ceremony is expected (§7.1 step 11.1, §7.2 step 14.1).</summary>
    TopOriginNotExpected,

    /// <summary><c>topOrigin</c> is not one of those expected, compared as exact text (§7.1 step 11.2, §7.2 step 14.2).</summary>
    TopOriginNotAllowed,

    // The attestation object and its authenticator data.

    /// <summary><c>fmt</c>, <c>authData</c> or <c>attStmt</c> is absent or of the wrong type (§6.5.4, §7.1 step 13).</summary>
    AttestationObjectMemberInvalid,

    /// <summary>Authenticator data ends before the 37 bytes, or before what its flags AT and ED announce (§6.1).</summary>
    AuthenticatorDataTruncated,

    /// <summary>Authenticator data goes on after what its flags announce (§6.1).</summary>
    AuthenticatorDataTrailingBytes,

    /// <summary>Flag AT is not set: no credential was attested (§6.1, §6.5.1).</summary>
    AttestedCredentialDataMissing,

    /// <summary>The RP ID hash is not SHA-256 of the expected RP ID (§7.1 step 14, §7.2 step 15).</summary>
    RpIdHashMismatch,

    /// <summary>Flag UP is not set (§7.1 step 15, §7.2 step 16).</summary>
    UserNotPresent,

    /// <summary>Flag UV is not set although user verification is required (§7.1 step 16, §7.2 step 17).</summary>
    UserNotVerified,

    /// <summary>Flag BS is set without BE (§7.1 step 17, §7.2 step 18).</summary>
    BackupStateWithoutEligibility,

    // Public keys: COSE_Key, SubjectPublicKeyInfo, certificates.

    /// <summary>
    /// A parameter the key needs is absent, of the wrong type or of the wrong length (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).
    /// </summary>
    CoseKeyMemberInvalid,

    /// <summary>A COSE parameter beyond those the key needs (§6.5.1 allows no optional one but <c>alg</c>).</summary>
    CoseKeyMemberUnexpected,

    /// <summary>The COSE key carries a private part (RFC 9053 §7.1 and §7.2 <c>d</c>, RFC 8230 §4 labels -3 to -12).</summary>
    CoseKeyPrivate,

    /// <summary>The COSE algorithm number has no row in the table of algorithms.</summary>
    AlgorithmNotSupported,

    /// <summary>The algorithm is not one of those offered (§7.1 step 20).</summary>
    AlgorithmNotOffered,

    /// <summary>Key type or curve is not the one its algorithm is bound to (§5.8.5, RFC 9053 §2).</summary>
    AlgorithmKeyMismatch,

    /// <summary>
    /// The public key is not a point on its curve (SEC 1 §3.2.2.1; RFC 8032 §5.1.3), or a coordinate is not below the prime.
    /// </summary>
    PublicKeyNotOnCurve,

    /// <summary>An Ed25519 key of small order: signatures under it prove nothing.</summary>
    PublicKeySmallOrder,

    /// <summary>The RSA modulus is even, or outside 2,048 to 4,096 bits (both ends count).</summary>
    RsaModulusNotAccepted,

    /// <summary>The RSA public exponent is even, less than 3, or longer than 32 bits.</summary>
    RsaExponentNotAccepted,

    /// <summary>The key does not decode as DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) or RSAPublicKey (RFC 8017 A.1.1).</summary>
    PublicKeyDerMalformed,

    /// <summary>Bytes after the end of the DER of a public key.</summary>
    PublicKeyDerTrailingBytes,

    /// <summary>A key of another type than elliptic curve, Ed25519 and RSA; the RSASSA-PSS key type is another type.</summary>
    KeyTypeNotSupported,

    /// <summary>A curve other than P-256, P-384, P-521, secp256k1 and Ed25519.</summary>
    CurveNotSupported,

    /// <summary>Curve parameters written out instead of named (RFC 5480 §2.1.1 forbids them).</summary>
    CurveParametersExplicit,

    /// <summary>A point in compressed form (§5.8.5 forbids it; raw keys are held to the same).</summary>
    PointCompressed,

    // Attestation statements.

    /// <summary>The format is registered, but retired, and nobody asked for it: android-safetynet (§7.1 step 21, §8.5).</summary>
    AttestationFormatNotSupported,

    /// <summary>The format is not a registered one, compared as exact text (§7.1 step 21).</summary>
    AttestationFormatUnknown,

    /// <summary>
    /// The statement does not have the syntax of its format: a member absent, of the wrong type, or not defined for it (§8).
    /// </summary>
    AttestationStatementInvalid,

    /// <summary>Format <c>none</c> with a statement that is not the empty map (§8.7).</summary>
    NoneStatementNotEmpty,

    /// <summary>Format compound: a statement inside it is compound again (§8.9).</summary>
    CompoundStatementNested,

    /// <summary>The statement's <c>alg</c> has no row in the table of algorithms (§8.2).</summary>
    AttestationAlgorithmNotSupported,

    /// <summary>
    /// The statement's <c>alg</c> is not that of the key that signed: the credential key (self) or the leaf certificate's (§8.2).
    /// </summary>
    AttestationAlgorithmMismatch,

    /// <summary>The attestation signature does not verify (§7.1 step 22, §8.2).</summary>
    AttestationSignatureInvalid,

    /// <summary>More certificates than <see cref="VerificationLimits.MaxCertificates"/>.</summary>
    CertificateChainTooLong,

    /// <summary>A certificate longer than <see cref="VerificationLimits.MaxCertificateSizeBytes"/>.</summary>
    CertificateTooLarge,

    /// <summary>Not one DER certificate and nothing after it (RFC 5280 §4.1), or one with an extension twice (§4.2).</summary>
    CertificateMalformed,

    /// <summary>The attestation certificate is not of version 3 (§8.2.1, §8.3.1).</summary>
    CertificateVersionNotAccepted,

    /// <summary>The subject does not carry C, O, CN and OU "Authenticator Attestation", each once (§8.2.1), or for tpm is not empty (§8.3.1).</summary>
    CertificateSubjectNotAccepted,

    /// <summary>Basic constraints are absent or allow the attestation certificate to be an authority (§8.2.1, §8.3.1).</summary>
    CertificateIsAuthority,

    /// <summary>The AAGUID extension 1.3.6.1.4.1.45724.1.1.4 does not hold an octet string of 16 bytes (§8.2.1).</summary>
    CertificateAaguidMalformed,

    /// <summary>The AAGUID extension is marked critical (§8.2.1).</summary>
    CertificateAaguidCritical,

    /// <summary>The AAGUID extension names another model than authenticator data does (§8.2, §8.2.1).</summary>
    CertificateAaguidMismatch,

    /// <summary>
    /// Format packed: the firmware version is critical or no natural number (§8.2.1), or the serial number is critical (§8.2.2).
    /// </summary>
    CertificateExtensionNotAccepted,

    /// <summary>
    /// A certificate of the path to a trusted root is not valid yet, or no longer (RFC 5280 §4.1.2.5), at the moment of verification
    /// (§7.1 step 24).
    /// </summary>
    CertificateOutsideValidity,

    /// <summary>The key of the attestation certificate is not of the type its format demands: fido-u2f, P-256 (§8.6).</summary>
    CertificateKeyNotAccepted,

    /// <summary>The credential key is not of the type that the attestation format can be about: fido-u2f, ES256 (§8.6).</summary>
    CredentialKeyNotAccepted,

    /// <summary>The leaf certificate is not about the credential key, as android-key (§8.4) and apple (§8.8) demand.</summary>
    CertificateKeyMismatch,

    /// <summary>
    /// Format tpm: the subject alternative name is absent, not critical (RFC 5280 §4.2.1.6), or does not name the TPM's
    /// manufacturer, model and version, each once (§8.3.1).
    /// </summary>
    CertificateAlternativeNameNotAccepted,

    /// <summary>Format tpm: the extended key usage lacks 2.23.133.8.3, that of attestation keys (§8.3.1).</summary>
    CertificateKeyUsageNotAccepted,

    /// <summary>Format tpm: <c>ver</c> is not <c>2.0</c> (§8.3).</summary>
    TpmVersionNotAccepted,

    /// <summary>Format tpm: pubArea is not one TPMT_PUBLIC and nothing after it (§8.3).</summary>
    TpmPublicAreaMalformed,

    /// <summary>Format tpm: a key type, scheme, curve or hash in pubArea that no credential key has (§8.3).</summary>
    TpmAlgorithmNotSupported,

    /// <summary>Format tpm: pubArea describes another key than the credential key (§8.3).</summary>
    TpmPublicKeyMismatch,

    /// <summary>Format tpm: certInfo is not one TPMS_ATTEST and nothing after it (§8.3).</summary>
    TpmCertInfoMalformed,

    /// <summary>Format tpm: magic of certInfo is not TPM_GENERATED_VALUE (§8.3).</summary>
    TpmMagicUnexpected,

    /// <summary>Format tpm: type of certInfo is not TPM_ST_ATTEST_CERTIFY (§8.3).</summary>
    TpmTypeUnexpected,

    /// <summary>Format tpm: extraData of certInfo is not the hash of authenticator data and client data hash (§8.3).</summary>
    TpmExtraDataMismatch,

    /// <summary>Format tpm: the attested name is not that of pubArea (§8.3).</summary>
    TpmNameMismatch,

    /// <summary>Format android-key: the leaf lacks the extension 1.3.6.1.4.1.11129.2.1.17 (§8.4.1).</summary>
    AndroidKeyDescriptionMissing,

    /// <summary>Format android-key: the key description is not DER of the published schema, all of it (§8.4.1).</summary>
    AndroidKeyDescriptionMalformed,

    /// <summary>Format android-key: the attestation challenge is not the client data hash (§8.4).</summary>
    AndroidChallengeMismatch,

    /// <summary>
    /// Format android-key: an authorization list has allApplications, so the key is not bound to one relying party (§8.4).
    /// </summary>
    AndroidAllApplications,

    /// <summary>Format android-key: the key was not generated where it is kept, or nothing that counts says so (§8.4).</summary>
    AndroidOriginNotGenerated,

    /// <summary>Format android-key: the key is not for signing alone, or nothing that counts says so (§8.4).</summary>
    AndroidPurposeNotSign,

    /// <summary>
    /// Format apple: the leaf lacks the extension 1.2.840.113635.100.8.2, or it is not a sequence of one octet string tagged 1
    /// (§8.8).
    /// </summary>
    AppleNonceMalformed,

    /// <summary>Format apple: the nonce is not the hash of authenticator data and client data hash (§8.8).</summary>
    AppleNonceMismatch,

    /// <summary>
    /// Format android-safetynet: the response is not a JSON web signature in compact serialization (RFC 7515 §7.1) with
    /// certificates in its header (§8.5).
    /// </summary>
    JwsMalformed,

    /// <summary>
    /// Format android-safetynet: the nonce is not base64 of the hash of authenticator data and client data hash (§8.5).
    /// </summary>
    SafetyNetNonceMismatch,

    /// <summary>Format android-safetynet: ctsProfileMatch is not true (§8.5).</summary>
    SafetyNetIntegrityFailed,

    /// <summary>Format android-safetynet: the certificate is not that of attest.android.com (§8.5).</summary>
    SafetyNetHostNotAccepted,

    // Trust.

    /// <summary>No attestation, and the relying party does not accept none (§7.1 step 24).</summary>
    AttestationNoneNotAccepted,

    /// <summary>Self attestation, and the relying party does not accept it (§7.1 step 24).</summary>
    AttestationSelfNotAccepted,

    /// <summary>
    /// The certificates are no path (RFC 5280 §6.1): one is not certified by the next, the next is no authority or not for so long a path,
    /// or one has a critical extension that is not processed (§7.1 step 24).
    /// </summary>
    CertificatePathInvalid,

    /// <summary>The certificates lead to no root that is trusted for the format or the model (§7.1 step 24).</summary>
    CertificatePathNotTrusted,

    /// <summary>The model is one that the relying party refuses (§7.1 step 24).</summary>
    AaguidDenied,

    /// <summary>The relying party accepts listed models alone, and nothing that is trusted says which model this is (§7.1 step 24).</summary>
    AaguidNotAttested,

    /// <summary>The model is attested, and not one of those that the relying party accepts (§7.1 step 24).</summary>
    AaguidNotAllowed,

    /// <summary>Metadata reports the model, or a certificate of the path, as revoked or compromised (FIDO MDS 3 §3.1.3, §3.1.4).</summary>
    AuthenticatorStatusNotAccepted,

    // Raw keys.

    /// <summary><c>publicKey</c> or <c>signature</c> is absent or no text, or <c>algorithm</c> is present and no text.</summary>
    KeyAttestationMemberInvalid,

    /// <summary>
    /// <c>algorithm</c> names no hash that is accepted: SHA256, SHA384, SHA512, each alone or as <c>RSA-SHA256</c>, in either case.
    /// </summary>
    HashAlgorithmNotSupported,

    /// <summary><c>signature</c> is not pairs of hexadecimal digits (either case).</summary>
    SignatureNotHex,

    /// <summary>The raw key's signature over the fingerprint of client data hash and public key does not verify.</summary>
    KeySignatureInvalid,

    /// <summary><c>publicKey</c> holds no well-formed PEM block (RFC 7468 §3).</summary>
    PemMalformed,

    /// <summary>Other text than line breaks before or after the PEM block.</summary>
    PemTextAround,

    /// <summary>More than one PEM block.</summary>
    PemSeveralBlocks,

    /// <summary>A private key was sent where its public half belongs.</summary>
    PemPrivateKey,

    /// <summary>A PEM label other than <c>PUBLIC KEY</c> and <c>RSA PUBLIC KEY</c>.</summary>
    PemLabelNotSupported,

    // Assertions.

    /// <summary>The credential is not one of those that were offered (§7.2 step 5).</summary>
    CredentialNotAllowed,

    /// <summary><c>credId</c> is not the id of the credential it is verified against, compared as bytes (§7.2 step 6).</summary>
    CredentialIdUnexpected,

    /// <summary>The credential belongs to another user than the one who was known beforehand (§7.2 step 6).</summary>
    CredentialOfAnotherUser,

    /// <summary>A recovery key outside a recovery, or a credential of another kind in one.</summary>
    CredentialKindNotAccepted,

    /// <summary>No user handle, though nobody was known beforehand (§7.2 step 6).</summary>
    UserHandleMissing,

    /// <summary>The user handle is not the UTF-8 of the id of the credential's user (§7.2 step 6).</summary>
    UserHandleMismatch,

    /// <summary>Flag AT is set: the authenticator data of an assertion attests no credential (§6.1).</summary>
    AttestedCredentialDataUnexpected,

    /// <summary>Flag BE is not what it was at registration (§7.2 step 19, §6.1.3).</summary>
    BackupEligibilityChanged,

    /// <summary>
    /// The signature does not verify: over authenticator data and client data hash (§7.2 step 21), or for a raw key over client data.
    /// </summary>
    AssertionSignatureInvalid,

    /// <summary>The signature counter is in use and did not grow, and policy refuses that (§7.2 step 22).</summary>
    SignCountRegressed,

    /// <summary>
    /// The stored credential can verify nothing: its key cannot be read, or its algorithm is absent or another key's. A fault of the
    /// service, not of the request.
    /// </summary>
    StoredCredentialUnusable,

    /// <summary>The challenge that a recovery key signed is not base64url of a JSON object, strictly read.</summary>
    RecoveryNotBound,

    /// <summary>The JSON object that a recovery key signed is not <c>newCredentials</c> of the request, compared as values.</summary>
    RecoveryCredentialsDiffer,
}

/// <summary>Facts about each reason that every caller needs.</summary>
public static class RefusalReasons
{
    /// <summary>Tells the reasons that only an assertion is refused for from those of new credentials.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>True when no new credential is ever refused for it.</returns>
    public static bool IsOfAssertion(RefusalReason reason) => reason
        is RefusalReason.CredentialNotAllowed
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
        or RefusalReason.RecoveryCredentialsDiffer;

    /// <summary>Tells the reasons that an assertion can be refused for: those that are its own, and those it shares with new credentials.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>True when <see cref="AssertionVerifiers"/> can answer with it.</returns>
    public static bool CanRefuseAssertion(RefusalReason reason) => IsOfAssertion(reason) || reason
        is RefusalReason.Base64UrlInvalid
        or RefusalReason.MemberTooLarge
        or RefusalReason.JsonNotUtf8
        or RefusalReason.JsonMalformed
        or RefusalReason.JsonNotObject
        or RefusalReason.JsonDuplicateMember
        or RefusalReason.JsonTooDeep
        or RefusalReason.CborMalformed
        or RefusalReason.CborNotMap
        or RefusalReason.CborItemNotAllowed
        or RefusalReason.CborIndefiniteLength
        or RefusalReason.CborNotShortest
        or RefusalReason.CborIntegerOutOfRange
        or RefusalReason.CborDuplicateKey
        or RefusalReason.CborTooDeep
        or RefusalReason.CborTooManyItems
        or RefusalReason.CborKeyOrder
        or RefusalReason.CredentialIdLength
        or RefusalReason.ClientDataMemberInvalid
        or RefusalReason.TypeUnexpected
        or RefusalReason.ChallengeMismatch
        or RefusalReason.OriginNotAllowed
        or RefusalReason.CrossOriginNotAllowed
        or RefusalReason.TopOriginNotExpected
        or RefusalReason.TopOriginNotAllowed
        or RefusalReason.AuthenticatorDataTruncated
        or RefusalReason.AuthenticatorDataTrailingBytes
        or RefusalReason.RpIdHashMismatch
        or RefusalReason.UserNotPresent
        or RefusalReason.UserNotVerified
        or RefusalReason.BackupStateWithoutEligibility
        or RefusalReason.HashAlgorithmNotSupported;

    /// <summary>Names the member of the credential in which a fault of this kind lies.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>
    /// The member; <see cref="CredentialPart.Credential"/> for the reasons that occur in several members, whose refusals say which. The
    /// rules of authenticator data lie in <see cref="CredentialPart.AttestationData"/> at registration; for an assertion the refusal says
    /// <see cref="CredentialPart.AuthenticatorData"/>.
    /// </returns>
    public static CredentialPart PartOf(RefusalReason reason) => reason switch
    {
        RefusalReason.NotVerified
            or RefusalReason.Base64UrlInvalid
            or RefusalReason.MemberTooLarge
            or RefusalReason.JsonNotUtf8
            or RefusalReason.JsonMalformed
            or RefusalReason.JsonNotObject
            or RefusalReason.JsonDuplicateMember
            or RefusalReason.JsonTooDeep
            or RefusalReason.CredentialKindNotAccepted
            or RefusalReason.StoredCredentialUnusable => CredentialPart.Credential,

        RefusalReason.CredentialIdLength
            or RefusalReason.CredentialIdMismatch
            or RefusalReason.CredentialNotAllowed
            or RefusalReason.CredentialIdUnexpected
            or RefusalReason.CredentialOfAnotherUser => CredentialPart.CredId,

        RefusalReason.ClientDataMemberInvalid
            or RefusalReason.TypeUnexpected
            or RefusalReason.ChallengeMismatch
            or RefusalReason.OriginNotAllowed
            or RefusalReason.CrossOriginNotAllowed
            or RefusalReason.TopOriginNotExpected
            or RefusalReason.TopOriginNotAllowed
            or RefusalReason.RecoveryNotBound
            or RefusalReason.RecoveryCredentialsDiffer => CredentialPart.ClientData,

        RefusalReason.CborMalformed
            or RefusalReason.CborNotMap
            or RefusalReason.CborItemNotAllowed
            or RefusalReason.CborIndefiniteLength
            or RefusalReason.CborNotShortest
            or RefusalReason.CborIntegerOutOfRange
            or RefusalReason.CborDuplicateKey
            or RefusalReason.CborKeyOrder
            or RefusalReason.CborTooDeep
            or RefusalReason.CborTooManyItems
            or RefusalReason.CborTrailingBytes
            or RefusalReason.AttestationObjectMemberInvalid
            or RefusalReason.AuthenticatorDataTruncated
            or RefusalReason.AuthenticatorDataTrailingBytes
            or RefusalReason.AttestedCredentialDataMissing
            or RefusalReason.RpIdHashMismatch
            or RefusalReason.UserNotPresent
            or RefusalReason.UserNotVerified
            or RefusalReason.BackupStateWithoutEligibility
            or RefusalReason.CoseKeyMemberInvalid
            or RefusalReason.CoseKeyMemberUnexpected
            or RefusalReason.CoseKeyPrivate
            or RefusalReason.AlgorithmNotSupported
            or RefusalReason.AlgorithmNotOffered
            or RefusalReason.AlgorithmKeyMismatch
            or RefusalReason.PublicKeyNotOnCurve
            or RefusalReason.PublicKeySmallOrder
            or RefusalReason.RsaModulusNotAccepted
            or RefusalReason.RsaExponentNotAccepted
            or RefusalReason.PublicKeyDerMalformed
            or RefusalReason.PublicKeyDerTrailingBytes
            or RefusalReason.KeyTypeNotSupported
            or RefusalReason.CurveNotSupported
            or RefusalReason.CurveParametersExplicit
            or RefusalReason.PointCompressed
            or RefusalReason.AttestationFormatNotSupported
            or RefusalReason.AttestationFormatUnknown
            or RefusalReason.AttestationStatementInvalid
            or RefusalReason.NoneStatementNotEmpty
            or RefusalReason.CompoundStatementNested
            or RefusalReason.AttestationAlgorithmNotSupported
            or RefusalReason.AttestationAlgorithmMismatch
            or RefusalReason.AttestationSignatureInvalid
            or RefusalReason.CertificateChainTooLong
            or RefusalReason.CertificateTooLarge
            or RefusalReason.CertificateMalformed
            or RefusalReason.CertificateVersionNotAccepted
            or RefusalReason.CertificateSubjectNotAccepted
            or RefusalReason.CertificateIsAuthority
            or RefusalReason.CertificateAaguidMalformed
            or RefusalReason.CertificateAaguidCritical
            or RefusalReason.CertificateAaguidMismatch
            or RefusalReason.CertificateExtensionNotAccepted
            or RefusalReason.CertificateOutsideValidity
            or RefusalReason.CertificateKeyNotAccepted
            or RefusalReason.CredentialKeyNotAccepted
            or RefusalReason.CertificateKeyMismatch
            or RefusalReason.CertificateAlternativeNameNotAccepted
            or RefusalReason.CertificateKeyUsageNotAccepted
            or RefusalReason.TpmVersionNotAccepted
            or RefusalReason.TpmPublicAreaMalformed
            or RefusalReason.TpmAlgorithmNotSupported
            or RefusalReason.TpmPublicKeyMismatch
            or RefusalReason.TpmCertInfoMalformed
            or RefusalReason.TpmMagicUnexpected
            or RefusalReason.TpmTypeUnexpected
            or RefusalReason.TpmExtraDataMismatch
            or RefusalReason.TpmNameMismatch
            or RefusalReason.AndroidKeyDescriptionMissing
            or RefusalReason.AndroidKeyDescriptionMalformed
            or RefusalReason.AndroidChallengeMismatch
            or RefusalReason.AndroidAllApplications
            or RefusalReason.AndroidOriginNotGenerated
            or RefusalReason.AndroidPurposeNotSign
            or RefusalReason.AppleNonceMalformed
            or RefusalReason.AppleNonceMismatch
            or RefusalReason.JwsMalformed
            or RefusalReason.SafetyNetNonceMismatch
            or RefusalReason.SafetyNetIntegrityFailed
            or RefusalReason.SafetyNetHostNotAccepted
            or RefusalReason.AttestationNoneNotAccepted
            or RefusalReason.AttestationSelfNotAccepted
            or RefusalReason.CertificatePathInvalid
            or RefusalReason.CertificatePathNotTrusted
            or RefusalReason.AaguidDenied
            or RefusalReason.AaguidNotAttested
            or RefusalReason.AaguidNotAllowed
            or RefusalReason.AuthenticatorStatusNotAccepted
            or RefusalReason.KeyAttestationMemberInvalid
            or RefusalReason.HashAlgorithmNotSupported
            or RefusalReason.SignatureNotHex
            or RefusalReason.KeySignatureInvalid
            or RefusalReason.PemMalformed
            or RefusalReason.PemTextAround
            or RefusalReason.PemSeveralBlocks
            or RefusalReason.PemPrivateKey
            or RefusalReason.PemLabelNotSupported => CredentialPart.AttestationData,

        RefusalReason.AttestedCredentialDataUnexpected
            or RefusalReason.BackupEligibilityChanged
            or RefusalReason.SignCountRegressed => CredentialPart.AuthenticatorData,

        RefusalReason.AssertionSignatureInvalid => CredentialPart.Signature,

        RefusalReason.UserHandleMissing
            or RefusalReason.UserHandleMismatch => CredentialPart.UserHandle,
    };
}
