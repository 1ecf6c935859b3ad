using System.Text.Json;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Errors;

/// <summary>
/// What a front-end developer is told for each reason of the verifiers. The code is the reason's name in snake case; a reason without a
/// sentence does not compile.
/// </summary>
internal static class RefusalErrors
{
    /// <summary>A row for every reason.</summary>
    public static readonly IReadOnlyList<ApiError> All = [.. Enum.GetValues<RefusalReason>().Select(Row)];

    /// <summary>A row for every reason that a new credential can be refused for: all but those of assertions.</summary>
    public static readonly IReadOnlyList<ApiError> OfNewCredentials =
        [.. Enum.GetValues<RefusalReason>().Where(reason => !RefusalReasons.IsOfAssertion(reason)).Select(Row)];

    /// <summary>A row for every reason that an assertion can be refused for.</summary>
    public static readonly IReadOnlyList<ApiError> OfAssertions =
        [.. Enum.GetValues<RefusalReason>().Where(RefusalReasons.CanRefuseAssertion).Select(Row)];

    /// <summary>A row for every reason that a public key can be refused for that somebody vouches for.</summary>
    public static readonly IReadOnlyList<ApiError> OfPublicKeys =
    [
        .. new[]
        {
            RefusalReason.PemMalformed, RefusalReason.PemTextAround, RefusalReason.PemSeveralBlocks, RefusalReason.PemPrivateKey, RefusalReason.PemLabelNotSupported,
            RefusalReason.PublicKeyDerMalformed, RefusalReason.PublicKeyDerTrailingBytes, RefusalReason.KeyTypeNotSupported, RefusalReason.CurveNotSupported, RefusalReason.CurveParametersExplicit,
            RefusalReason.PointCompressed, RefusalReason.PublicKeyNotOnCurve, RefusalReason.PublicKeySmallOrder, RefusalReason.RsaModulusNotAccepted, RefusalReason.RsaExponentNotAccepted,
        }.Select(Row),
    ];

    /// <summary>The error for a refused public key that somebody vouches for.</summary>
    /// <param name="refusal">Why.</param>
    /// <param name="path">JSON path of the key.</param>
    public static ApiError ForPublicKey(Refusal refusal, string path) => Row(refusal.Reason).Saying(refusal.Detail).At(path);

    /// <summary>The error for a refused new credential.</summary>
    /// <param name="refusal">Why, and in which member.</param>
    /// <param name="slotPath">JSON path of the credential, such as <c>$.firstFactorCredential</c>.</param>
    public static ApiError For(Refusal refusal, string slotPath) => For(refusal, slotPath, "credentialInfo");

    /// <summary>The error for a refused assertion.</summary>
    /// <param name="refusal">Why, and in which member.</param>
    /// <param name="slotPath">JSON path of the object that holds the assertion, such as <c>$.firstFactor</c> or <c>$.recovery</c>.</param>
    public static ApiError ForAssertion(Refusal refusal, string slotPath) => For(refusal, slotPath, "credentialAssertion");

    private static ApiError For(Refusal refusal, string slotPath, string members) =>
        Row(refusal.Reason).Saying(refusal.Detail).At(refusal.Part switch
        {
            CredentialPart.Credential => slotPath,
            CredentialPart.CredId => $"{slotPath}.{members}.credId",
            CredentialPart.ClientData => $"{slotPath}.{members}.clientData",
            CredentialPart.AttestationData => $"{slotPath}.{members}.attestationData",
            CredentialPart.AuthenticatorData => $"{slotPath}.{members}.authenticatorData",
            CredentialPart.Signature => $"{slotPath}.{members}.signature",
            CredentialPart.UserHandle => $"{slotPath}.{members}.userHandle",
            CredentialPart.Algorithm => $"{slotPath}.{members}.algorithm",
            CredentialPart.NewCredentials => "$.newCredentials",
        });

    private static ApiError Row(RefusalReason reason) =>
        new(JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()), Status(reason), Message(reason));

    // Every reason but one is the request's fault.
    private static int Status(RefusalReason reason) => reason == RefusalReason.StoredCredentialUnusable
        ? StatusCodes.Status500InternalServerError
        : StatusCodes.Status400BadRequest;

    private static string Message(RefusalReason reason) => reason switch
    {
        RefusalReason.NotVerified => "The credential was not verified.",

        RefusalReason.Base64UrlInvalid => "This member is not base64url text: letters, digits, '-' and '_', with or without '=' at the end, no white space.",
        RefusalReason.MemberTooLarge => "This member is too large once decoded.",
        RefusalReason.JsonNotUtf8 => "The decoded JSON is not valid UTF-8.",
        RefusalReason.JsonMalformed => "The decoded text is not well-formed JSON.",
        RefusalReason.JsonNotObject => "The decoded JSON is not an object.",
        RefusalReason.JsonDuplicateMember => "The decoded JSON has a member twice.",
        RefusalReason.JsonTooDeep => "The decoded JSON is nested too deeply.",

        RefusalReason.CborMalformed => "The decoded bytes are not well-formed CBOR. Send the attestationObject as the browser returns it.",
        RefusalReason.CborNotMap => "The decoded CBOR is not a map where one must stand. Send the attestationObject, not the authenticator data.",
        RefusalReason.CborItemNotAllowed => "The CBOR holds an item that no attestation object has: a tag, a floating-point number or an odd key.",
        RefusalReason.CborIndefiniteLength => "The CBOR has an item of indefinite length; CTAP2 canonical form has none.",
        RefusalReason.CborNotShortest => "The CBOR has a number or length that is not in its shortest form.",
        RefusalReason.CborIntegerOutOfRange => "The CBOR holds an integer beyond 64 bits.",
        RefusalReason.CborDuplicateKey => "A CBOR map has the same key twice.",
        RefusalReason.CborKeyOrder => "The keys of the credential public key or of the extensions are not in CTAP2 canonical order.",
        RefusalReason.CborTooDeep => "The CBOR is nested too deeply.",
        RefusalReason.CborTooManyItems => "The CBOR holds too many items.",
        RefusalReason.CborTrailingBytes => "There are bytes after the end of the attestation object.",

        RefusalReason.CredentialIdLength => "A credential id has 1 to 1,023 bytes.",
        RefusalReason.CredentialIdMismatch => "credId is not the credential id inside attestationData. Send the rawId of the same credential.",

        RefusalReason.ClientDataMemberInvalid => "The client data lacks a member that it needs, or has one of the wrong type.",
        RefusalReason.TypeUnexpected => "The client data is of the wrong type: a new passkey has 'webauthn.create', a new key 'key.create'; to sign with them is 'webauthn.get' and 'key.get'.",
        RefusalReason.ChallengeMismatch => "The client data is not over the challenge that was issued. Every new credential of a request signs the challenge that came with the bearer token, an assertion the one that came with its challengeIdentifier.",
        RefusalReason.OriginNotAllowed => "The origin of the client data is not one that the organisation lists for its relying party. Its operator adds one with 'relying-party add --origin'.",
        RefusalReason.CrossOriginNotAllowed => "The ceremony ran in a cross-origin frame, which the organisation does not allow.",
        RefusalReason.TopOriginNotExpected => "The client data names a topOrigin, but the organisation does not allow cross-origin frames.",
        RefusalReason.TopOriginNotAllowed => "The topOrigin of the client data is not one that the organisation lists.",

        RefusalReason.AttestationObjectMemberInvalid => "The attestation object lacks fmt, authData or attStmt, or has one of the wrong type.",
        RefusalReason.AuthenticatorDataTruncated => "The authenticator data ends too early.",
        RefusalReason.AuthenticatorDataTrailingBytes => "There are bytes after the end of the authenticator data.",
        RefusalReason.AttestedCredentialDataMissing => "The authenticator data attests no credential. Send the result of create(), not of get().",
        RefusalReason.RpIdHashMismatch => "The credential was made for another relying party id. Use the rp.id of the challenge.",
        RefusalReason.UserNotPresent => "The authenticator did not test that a user is present.",
        RefusalReason.UserNotVerified => "The authenticator did not verify its user, which the organisation requires. Pass authenticatorSelection of the challenge to create(), or its userVerification to get().",
        RefusalReason.BackupStateWithoutEligibility => "The authenticator says the credential is backed up but may not be.",

        RefusalReason.CoseKeyMemberInvalid => "The credential public key lacks a parameter, or has one of the wrong type or length.",
        RefusalReason.CoseKeyMemberUnexpected => "The credential public key has a parameter that does not belong there.",
        RefusalReason.CoseKeyPrivate => "The credential public key carries a private part. That key is compromised; create another.",
        RefusalReason.AlgorithmNotSupported => "The algorithm of the credential public key is not supported.",
        RefusalReason.AlgorithmNotOffered => "The algorithm of the credential public key was not offered. Pass pubKeyCredParams of the challenge to create().",
        RefusalReason.AlgorithmKeyMismatch => "Key type or curve is not the one the algorithm goes with.",
        RefusalReason.PublicKeyNotOnCurve => "The public key is not a point on its curve.",
        RefusalReason.PublicKeySmallOrder => "The public key has small order; signatures under it prove nothing.",
        RefusalReason.RsaModulusNotAccepted => "An RSA key has 2,048 to 4,096 bits.",
        RefusalReason.RsaExponentNotAccepted => "The RSA public exponent is not an odd number from 3 to 32 bits.",
        RefusalReason.PublicKeyDerMalformed => "The public key is not well-formed DER.",
        RefusalReason.PublicKeyDerTrailingBytes => "There are bytes after the end of the public key.",
        RefusalReason.KeyTypeNotSupported => "The key is of a type that is not supported. Use an elliptic-curve, Ed25519 or RSA key.",
        RefusalReason.CurveNotSupported => "The curve is not supported. Use P-256, P-384, P-521, secp256k1 or Ed25519.",
        RefusalReason.CurveParametersExplicit => "The key writes its curve parameters out; use a named curve.",
        RefusalReason.PointCompressed => "The public key is a compressed point; send it uncompressed.",

        RefusalReason.AttestationFormatNotSupported => "The attestation statement is in a format that is retired. Ask for attestation 'none'.",
        RefusalReason.AttestationFormatUnknown => "The attestation statement is in a format that is not registered.",
        RefusalReason.AttestationStatementInvalid => "The attestation statement does not have the syntax of its format.",
        RefusalReason.NoneStatementNotEmpty => "The attestation statement of format 'none' is not empty.",
        RefusalReason.CompoundStatementNested => "A statement inside the compound attestation statement is compound again.",
        RefusalReason.AttestationAlgorithmNotSupported => "The algorithm of the attestation statement is not supported.",
        RefusalReason.AttestationAlgorithmMismatch => "The algorithm of the attestation statement is not that of the key that signed it.",
        RefusalReason.AttestationSignatureInvalid => "The attestation signature does not verify.",
        RefusalReason.CertificateChainTooLong => "The attestation carries too many certificates.",
        RefusalReason.CertificateTooLarge => "An attestation certificate is too large.",
        RefusalReason.CertificateMalformed => "An attestation certificate is not well-formed.",
        RefusalReason.CertificateVersionNotAccepted => "The attestation certificate is not of version 3.",
        RefusalReason.CertificateSubjectNotAccepted => "The subject of the attestation certificate is not what its format demands.",
        RefusalReason.CertificateIsAuthority => "The attestation certificate is, or may be, that of an authority.",
        RefusalReason.CertificateAaguidMalformed => "The AAGUID extension of the attestation certificate is not well-formed.",
        RefusalReason.CertificateAaguidCritical => "The AAGUID extension of the attestation certificate is marked critical.",
        RefusalReason.CertificateAaguidMismatch => "The attestation certificate names another authenticator model than the authenticator data.",
        RefusalReason.CertificateExtensionNotAccepted => "An extension of the attestation certificate is critical or of a form that its format does not allow.",
        RefusalReason.CertificateOutsideValidity => "A certificate of the attestation is not valid yet, or no longer.",
        RefusalReason.CertificateKeyNotAccepted => "The key of the attestation certificate is not of the type that its format demands.",
        RefusalReason.CredentialKeyNotAccepted => "The credential key is of a type that the attestation format cannot be about.",
        RefusalReason.CertificateKeyMismatch => "The attestation certificate is about another key than the credential key.",
        RefusalReason.CertificateAlternativeNameNotAccepted => "The subject alternative name of the attestation certificate does not name a TPM.",
        RefusalReason.CertificateKeyUsageNotAccepted => "The extended key usage of the attestation certificate is not that of an attestation key.",
        RefusalReason.TpmVersionNotAccepted => "The TPM attestation is not of version 2.0.",
        RefusalReason.TpmPublicAreaMalformed => "The public area of the TPM attestation is not well-formed.",
        RefusalReason.TpmAlgorithmNotSupported => "The public area of the TPM attestation names an algorithm that is not supported.",
        RefusalReason.TpmPublicKeyMismatch => "The public area of the TPM attestation describes another key than the credential key.",
        RefusalReason.TpmCertInfoMalformed => "The certified information of the TPM attestation is not well-formed.",
        RefusalReason.TpmMagicUnexpected => "The certified information was not made by a TPM.",
        RefusalReason.TpmTypeUnexpected => "The certified information of the TPM attestation is of another type.",
        RefusalReason.TpmExtraDataMismatch => "The TPM attestation is over another ceremony.",
        RefusalReason.TpmNameMismatch => "The TPM attestation certifies another object than the public area.",
        RefusalReason.AndroidKeyDescriptionMissing => "The attestation certificate lacks the key description of Android.",
        RefusalReason.AndroidKeyDescriptionMalformed => "The key description in the attestation certificate is not well-formed.",
        RefusalReason.AndroidChallengeMismatch => "The key description in the attestation certificate is over another challenge.",
        RefusalReason.AndroidAllApplications => "The Android key may be used by all applications.",
        RefusalReason.AndroidOriginNotGenerated => "The Android key is not known to be generated where it is kept.",
        RefusalReason.AndroidPurposeNotSign => "The Android key is not known to be for signing alone.",
        RefusalReason.AppleNonceMalformed => "The attestation certificate lacks the nonce of Apple, or has a malformed one.",
        RefusalReason.AppleNonceMismatch => "The nonce in the attestation certificate is that of another ceremony.",
        RefusalReason.JwsMalformed => "The response of SafetyNet is not a JSON web signature with certificates.",
        RefusalReason.SafetyNetNonceMismatch => "The response of SafetyNet is to another nonce.",
        RefusalReason.SafetyNetIntegrityFailed => "SafetyNet does not vouch for the integrity of the device.",
        RefusalReason.SafetyNetHostNotAccepted => "The response of SafetyNet is signed by another host.",

        RefusalReason.AttestationNoneNotAccepted => "The organisation requires an attestation. Pass attestation of the challenge to create(), and use an authenticator that attests.",
        RefusalReason.AttestationSelfNotAccepted => "The organisation does not accept that an authenticator attests with the credential key itself.",
        RefusalReason.CertificatePathInvalid => "The attestation certificates do not certify one another.",
        RefusalReason.CertificatePathNotTrusted => "The attestation certificates lead to no root that the organisation trusts.",
        RefusalReason.AaguidDenied => "The organisation refuses authenticators of this model.",
        RefusalReason.AaguidNotAttested => "The organisation accepts listed authenticator models alone, and nothing proves the model of this one.",
        RefusalReason.AaguidNotAllowed => "This authenticator model is not one that the organisation accepts.",
        RefusalReason.AuthenticatorStatusNotAccepted => "This authenticator model is reported as revoked or compromised.",

        RefusalReason.KeyAttestationMemberInvalid => "The attestation of a key is JSON with publicKey and signature, both text, and optionally algorithm.",
        RefusalReason.HashAlgorithmNotSupported => "The algorithm is not supported. Use SHA256, SHA384 or SHA512, or leave it out.",
        RefusalReason.SignatureNotHex => "The signature in the attestation of a key is hexadecimal text.",
        RefusalReason.KeySignatureInvalid => "The signature of the key does not verify over {\"clientDataHash\":…,\"publicKey\":…}, compact and in this order.",
        RefusalReason.PemMalformed => "publicKey is not a well-formed PEM block.",
        RefusalReason.PemTextAround => "There is text around the PEM block of publicKey.",
        RefusalReason.PemSeveralBlocks => "publicKey holds more than one PEM block.",
        RefusalReason.PemPrivateKey => "publicKey holds a private key. That key is compromised; create another and send its public half.",
        RefusalReason.PemLabelNotSupported => "publicKey is neither a 'PUBLIC KEY' nor an 'RSA PUBLIC KEY' PEM block.",

        RefusalReason.CredentialNotAllowed => "This credential is not one of those that allowCredentials offered.",
        RefusalReason.CredentialIdUnexpected => "credId is not spelled as the id of its credential. Send the id as it was registered.",
        RefusalReason.CredentialOfAnotherUser => "This credential belongs to another user.",
        RefusalReason.CredentialKindNotAccepted => "A credential of this kind cannot be used here: a recovery key recovers the account and does nothing else, and nothing else recovers it.",
        RefusalReason.UserHandleMissing => "A sign-in without a username needs the userHandle that get() returned.",
        RefusalReason.UserHandleMismatch => "userHandle does not name the user of this credential. Send the userHandle that get() returned.",
        RefusalReason.AttestedCredentialDataUnexpected => "The authenticator data attests a new credential. Send the result of get(), not of create().",
        RefusalReason.BackupEligibilityChanged => "The authenticator says of the credential's backup eligibility what it did not say at registration.",
        RefusalReason.AssertionSignatureInvalid => "The signature does not verify. A passkey signs authenticatorData and the SHA-256 of clientData, a key signs clientData itself.",
        RefusalReason.SignCountRegressed => "The authenticator's signature counter did not grow; the authenticator may have been copied.",
        RefusalReason.StoredCredentialUnusable => "The service cannot use what it stored of this credential.",
        RefusalReason.RecoveryNotBound => "The challenge that a recovery key signs is base64url of the JSON of newCredentials, not the challenge that was issued.",
        RefusalReason.RecoveryCredentialsDiffer => "The recovery key signed other new credentials than those of the request; they differ at this member.",
    };
}
