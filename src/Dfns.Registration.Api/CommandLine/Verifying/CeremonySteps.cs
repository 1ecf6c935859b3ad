using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.CommandLine.Verifying;

/// <summary>A step of a proof.</summary>
/// <param name="Name">Its number, in WebAuthn L3 or in the proof of a raw key.</param>
/// <param name="Rule">What it asks, in our words.</param>
internal sealed record CeremonyStep(string Name, string Rule);

/// <summary>
/// The steps of both proofs, in the order in which the verifiers take them, and the step that each reason belongs to. So a verdict of the
/// verifiers tells all of them: those before the refusing one have passed.
/// </summary>
internal static class CeremonySteps
{
    private static readonly CeremonyStep[] Fido2 =
    [
        new("wire", "credId, clientData and attestationData are base64url text"),
        Step(5, "client data is UTF-8"),
        Step(6, "client data is one JSON object with type, challenge and origin"),
        Step(7, "type is webauthn.create"),
        Step(8, "the challenge is the one that was issued"),
        Step(9, "the origin is an expected one"),
        Step(10, "no cross-origin frame, unless one is expected"),
        Step(11, "the top origin, where there is one, is expected"),
        Step(12, "SHA-256 of client data, as received"),
        Step(13, "the attestation object decodes, and attests a credential"),
        Step(14, "the RP ID hash is that of the expected RP ID"),
        Step(15, "the user was present"),
        Step(16, "the user was verified, where that is required"),
        Step(17, "backed up only if that is possible"),
        Step(20, "the credential key is sound, and of an algorithm that was offered"),
        Step(21, "the attestation format is a known one"),
        Step(22, "the attestation statement verifies by its format"),
        Step(24, "the attestation is accepted, and trusted where that is asked"),
        Step(25, "the credential id has 1 to 1,023 bytes, and is the one sent"),
        Step(26, "the credential is not registered yet"),
    ];

    private static readonly CeremonyStep[] RawKey =
    [
        new("credential id", "credId is base64url text of 1 to 1,023 bytes"),
        new("client data", "clientData is base64url of one JSON object with type and challenge"),
        new("type", "type is key.create"),
        new("challenge", "the challenge is the one that was issued"),
        new("attestation", "attestationData is base64url of JSON with publicKey and a hexadecimal signature"),
        new("public key", "publicKey is one PEM block with a sound key of an accepted type"),
        new("hash", "algorithm, where there is one, names an accepted hash"),
        new("signature", "the key signed the hash of client data and itself"),
        new("uniqueness", "the credential is not registered yet"),
    ];

    /// <summary>The steps for a kind; the last is that of uniqueness.</summary>
    public static IReadOnlyList<CeremonyStep> Of(CredentialKind kind) => kind == CredentialKind.Fido2 ? Fido2 : RawKey;

    /// <summary>The index of the step that refused.</summary>
    public static int IndexOf(CredentialKind kind, Refusal refusal)
    {
        var name = kind == CredentialKind.Fido2 ? NameOfFido2(refusal) : NameOfRawKey(refusal);
        return Array.FindIndex([.. Of(kind)], step => step.Name == name);
    }

    private static CeremonyStep Step(int number, string rule) => new(Number(number), rule);

    private static string Number(int number) => $"§7.1 step {number}";

    // Whatever a statement, or a certificate in it, is refused for. Every other reason has its own step.
    private static string NameOfFido2(Refusal refusal) => refusal switch
    {
        { Reason: RefusalReason.AttestationFormatUnknown or RefusalReason.AttestationFormatNotSupported } => Number(21),
        { InStatement: true } => Number(22),
        { Reason: RefusalReason.Base64UrlInvalid or RefusalReason.MemberTooLarge } => "wire",
        { Reason: RefusalReason.JsonNotUtf8 } => Number(5),
        { Reason: RefusalReason.JsonMalformed or RefusalReason.JsonNotObject or RefusalReason.JsonDuplicateMember or RefusalReason.JsonTooDeep } => Number(6),
        { Reason: RefusalReason.ClientDataMemberInvalid } => Number(6),
        { Reason: RefusalReason.TypeUnexpected } => Number(7),
        { Reason: RefusalReason.ChallengeMismatch } => Number(8),
        { Reason: RefusalReason.OriginNotAllowed } => Number(9),
        { Reason: RefusalReason.CrossOriginNotAllowed } => Number(10),
        { Reason: RefusalReason.TopOriginNotExpected or RefusalReason.TopOriginNotAllowed } => Number(11),
        { Reason: RefusalReason.RpIdHashMismatch } => Number(14),
        { Reason: RefusalReason.UserNotPresent } => Number(15),
        { Reason: RefusalReason.UserNotVerified } => Number(16),
        { Reason: RefusalReason.BackupStateWithoutEligibility } => Number(17),
        { Reason: RefusalReason.CredentialIdLength or RefusalReason.CredentialIdMismatch } => Number(25),
        { Reason: >= RefusalReason.CborMalformed and <= RefusalReason.CborTrailingBytes } => Number(13),
        { Reason: >= RefusalReason.AttestationObjectMemberInvalid and <= RefusalReason.AttestedCredentialDataMissing } => Number(13),
        { Reason: >= RefusalReason.CoseKeyMemberInvalid and <= RefusalReason.PointCompressed } => Number(20),
        _ => Number(24),
    };

    private static string NameOfRawKey(Refusal refusal) => refusal switch
    {
        { Part: CredentialPart.CredId } => "credential id",
        { Reason: RefusalReason.TypeUnexpected } => "type",
        { Reason: RefusalReason.ChallengeMismatch } => "challenge",
        { Part: CredentialPart.ClientData } => "client data",
        { Reason: RefusalReason.HashAlgorithmNotSupported } => "hash",
        { Reason: RefusalReason.KeySignatureInvalid } => "signature",
        { Reason: >= RefusalReason.PemMalformed and <= RefusalReason.PemLabelNotSupported } => "public key",
        { Reason: >= RefusalReason.CoseKeyMemberInvalid and <= RefusalReason.PointCompressed } => "public key",
        _ => "attestation",
    };
}
