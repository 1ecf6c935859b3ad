using Dfns.Registration.Verification;
using static Dfns.Registration.Verification.RefusalReason;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>One point in which the two verifiers differ, and the rule that says who is right.</summary>
internal sealed record Disagreement
{
    private Disagreement(string id, RefusalReason? ourReason, string? format, string? fido2Says, string clause, string why) =>
        (Id, OurReason, Format, Fido2Says, Clause, Why) = (id, ourReason, format, fido2Says, clause, why);

    /// <summary>
    /// The closed list. Whatever the two differ in otherwise, and whatever they no longer differ in, fails a test. Sections without a document are
    /// those of WebAuthn Level 3, editor's draft of 30 July 2026.
    /// </summary>
    public static IReadOnlyList<Disagreement> All { get; } =
    [
        // The wire and client data.
        WeRefuse("large-member", MemberTooLarge, "RFC 8259 §9", "A reader may bound the texts it takes; Fido2 leaves that to the server in front of it."),
        WeRefuse("deep-json", JsonTooDeep, "RFC 8259 §9", "A reader may bound the depth; Fido2 has the 64 levels of the framework."),
        WeRefuse("json-no-utf8", JsonNotUtf8, "RFC 8259 §8.1", "JSON is UTF-8, and by a departure of ours what is not is refused; Fido2 does not look at it in members that it skips."),
        WeRefuse("json-twice", JsonDuplicateMember, "RFC 8259 §4", "Which of two members of one name counts is left open, so none may; Fido2 takes the last."),
        WeRefuse("challenge-padded", ChallengeMismatch, "§7.1 step 8", "The challenge is compared as base64url text, which has no padding (§3); Fido2 compares what it decodes to."),
        WeRefuse("origin-normalized", OriginNotAllowed, "§7.1 step 9", "Client data holds a serialized origin, which has no path, no default port and no capitals; Fido2 reads an address, and drops them."),
        WeRefuse("top-origin-without-frame", TopOriginNotExpected, "§7.1 step 11.1", "A top origin tells of a frame, and none is expected; Fido2 asks only whether it is an origin of the relying party."),
        Fido2Refuses("challenge-as-text", null, "Authenticator response challenge does not match original challenge", "§7.1 step 8", "The official SDK has the text of the challenge for its bytes, which we take too by a departure of ours; Fido2 is to the letter."),
        Fido2Refuses("byte-order-mark", null, "Malformed clientDataJson", "§7.1 step 5", "UTF-8 decode strips a byte order mark; Fido2 gives it to the JSON reader."),
        Fido2Refuses("token-binding", null, "Tokenbinding Id does not match", "§5.8.1", "Level 3 has retired the member and keeps its name from use; Fido2 verifies it as Level 1 did."),
        Fido2Refuses("standard-alphabet", null, "Expected data to be in Base64Url format", "RFC 4648 §5", "Shipped clients write so, which we take by a departure of ours; Fido2 is to the letter."),
        Fido2Refuses("top-origin-of-another", null, "Fully qualified top origin", "§7.1 step 11.2", "The page around the frame may be another's, if the relying party expects it; Fido2 knows no list of them."),

        // CBOR and authenticator data.
        WeRefuse("cbor-indefinite", CborIndefiniteLength, "§2.4", "CTAP2 canonical form states every length beforehand; Fido2 reads any form."),
        WeRefuse("cbor-long-form", CborNotShortest, "§2.4", "CTAP2 canonical form is the shortest; Fido2 reads any form."),
        WeRefuse("cbor-key-order", CborKeyOrder, "§6.5.1, §6.1", "The credential public key and extensions are in CTAP2 canonical form, whose keys are sorted; Fido2 reads any order."),
        WeRefuse("cbor-many-items", CborTooManyItems, "RFC 8949 §10", "A reader of hostile input bounds what it builds; Fido2 bounds depth alone."),
        WeRefuse("cbor-trailing", CborTrailingBytes, "§7.1 step 13", "The attestation object is one item and nothing behind it; Fido2 does not look behind it."),
        WeRefuse("extensions-no-map", CborNotMap, "§6.1", "Extensions are a map; Fido2 keeps any item."),
        WeRefuse("extension-no-text", CborItemNotAllowed, "§5.7.4", "An extension is named by a text; Fido2 keeps any key."),

        // The credential public key.
        WeRefuse("cose-more-members", CoseKeyMemberUnexpected, "§6.5.1", "The key has no optional parameter but alg; Fido2 passes over others."),
        WeRefuse("cose-private-key", CoseKeyPrivate, "RFC 9053 §7.1", "A public key has no private part; Fido2 passes over it, and returns it to be stored."),
        WeRefuse("ed25519-no-point", PublicKeyNotOnCurve, "RFC 8032 §5.1.3", "The bytes decode to no point; Fido2 takes any 32."),
        WeRefuse("ed25519-small-order", PublicKeySmallOrder, "RFC 8032 §5.1.7", "Under a key of small order the equation holds for whatever is signed; Fido2 takes it."),
        WeRefuse("rsa-size", RsaModulusNotAccepted, "RFC 8812 §2", "A key has 2,048 bits or more, and by our bound 4,096 at most; Fido2 takes any size."),
        WeRefuse("rsa-exponent", RsaExponentNotAccepted, "RFC 8017 §3.1", "The exponent is less than the modulus, and by our bound 32 bits at most; Fido2 takes any that OpenSSL takes."),

        // Statements.
        WeRefuse("packed-signature-der", AttestationSignatureInvalid, "packed", "§6.5.5", "An ECDSA signature is DER, all of it; Fido2 reads two numbers of BER, and not what is behind them."),
        WeRefuse("packed-sha-1", AttestationAlgorithmNotSupported, "packed", "RFC 8812 §2", "RS1 is deprecated and for the statements of TPMs alone; Fido2 takes it in any."),
        WeRefuse("packed-more-members", AttestationStatementInvalid, "packed", "§8.2", "The syntax of a statement is closed; Fido2 passes over what it does not know."),
        WeRefuse("tpm-more-members", AttestationStatementInvalid, "tpm", "§8.3", "The syntax of a statement is closed; Fido2 passes over what it does not know."),
        WeRefuse("packed-certificate-size", CertificateTooLarge, "packed", "RFC 8949 §10", "A reader of hostile input bounds what it takes; Fido2 takes a certificate of any size."),
        WeRefuse("packed-certificate-der", CertificateMalformed, "packed", "RFC 5280 §4.1", "A certificate is DER and nothing behind it; Fido2 reads it by the framework, which is lax."),
        WeRefuse("tpm-certificate-der", CertificateMalformed, "tpm", "RFC 5280 §4.1", "A certificate is DER and nothing behind it; Fido2 reads it by the framework, which is lax."),
        WeRefuse("android-key-certificate-der", CertificateMalformed, "android-key", "RFC 5280 §4.1", "A certificate is DER and nothing behind it; Fido2 reads it by the framework, which is lax."),
        WeRefuse("fido-u2f-certificate-der", CertificateMalformed, "fido-u2f", "RFC 5280 §4.1", "A certificate is DER and nothing behind it; Fido2 reads it by the framework, which is lax."),
        WeRefuse("packed-firmware", CertificateExtensionNotAccepted, "packed", "§8.2.1", "The firmware version is a number and not critical; Fido2 does not read it."),
        WeRefuse("tpm-name-not-critical", CertificateAlternativeNameNotAccepted, "tpm", "RFC 5280 §4.2.1.6", "Where the subject is empty the alternative name is critical; Fido2 does not ask."),
        WeRefuse("android-key-description", AndroidKeyDescriptionMalformed, "android-key", "§8.4.1", "The description is DER of its schema, all of it; Fido2 picks out four fields."),
        WeRefuse("android-key-purposes", AndroidPurposeNotSign, "android-key", "§8.4", "The purpose equals SIGN; Fido2 looks at the first of several."),
        Fido2Refuses("android-key-no-ecdsa", "android-key", "Invalid android-key attestation public key", "§8.4", "The key is that of any algorithm; Fido2 verifies ECDSA alone."),
        Fido2Refuses("android-key-empty-lists", "android-key", "Found origin field not set to KM_ORIGIN_GENERATED", "§16", "The vector of the specification has two empty lists, which we take by a departure of ours; Fido2 wants an origin."),
        Fido2Refuses("apple-one-certificate", "apple", "Malformed x5c in Apple attestation", "§8.8", "The certificates above the leaf may be absent, as in the vector of the specification; Fido2 wants one."),
        Fido2Refuses("apple-root", "apple", "Failed to build chain in Apple attestation", "§7.1 step 23", "The relying party says whom it trusts; Fido2 trusts Apple's own root and no other."),
        Fido2Refuses("u2f-with-model", "fido-u2f", "Aaguid was not empty", "§8.6", "The procedure does not ask for a model of zeros, and the vector of the specification has another; Fido2 asks, as the conformance tools do."),
        Fido2Refuses("tpm-maker", "tpm", "Invalid TPM manufacturer", "§16", "The vector of the specification names a maker who is in no registry, which we leave to trust in roots; Fido2 has a list of makers."),
        Fido2Refuses("tpm-name-by-sha-1", "tpm", "Unexpected handle in TPM2B_NAME", "TPM 2.0 Part 2 §10.5.3", "The name begins with its hash, and that of SHA-1 is number 4; Fido2 takes that for the size of a handle."),
        Fido2Refuses("compound", "compound", "Malformed AttestationObject", "§8.9", "The statement is an array; Fido2 does not know the format."),
        Fido2Refuses("safetynet-time", "android-safetynet", "SafetyNet timestampMs must be", "§8.5", "The challenge shows that the statement is fresh; Fido2 wants it a minute old at most by the machine's clock, which no test can give it."),

        // Assertions.
        WeRefuse("assertion-signature-der", AssertionSignatureInvalid, "assertion", "§6.5.5", "An ECDSA signature is DER, all of it; Fido2 reads two numbers of BER, and not what is behind them."),
        WeRefuse("assertion-user-unknown", UserHandleMissing, "assertion", "§7.2 step 6", "Where nobody was known beforehand the user handle is there; Fido2 cannot be told that nobody was."),
        WeRefuse("assertion-eligibility", BackupEligibilityChanged, "assertion", "§7.2 step 19", "Flag BE is what it was at registration; Fido2 does not keep it."),
        WeRefuse("assertion-attests", AttestedCredentialDataUnexpected, "assertion", "§6.1", "An assertion attests no credential; Fido2 passes over one."),
        Fido2Refuses("assertion-user-twice", "assertion", "User is not owner", "§7.2 step 6", "React Native's module for iOS encodes the user handle twice, which we take by a departure of ours if it names the user; Fido2 leaves that to its caller."),
        Fido2Refuses("assertion-empty-user", "assertion", "UserHandle was empty DOMString", "§7.2 step 6", "The official clients send an empty user handle for none, which we take by a departure of ours; Fido2 is to the letter."),

        // Policy.
        WeRefuse("policy-none", AttestationNoneNotAccepted, "§7.1 step 24", "A relying party may refuse what is not attested; Fido2 leaves that to its caller."),
        WeRefuse("policy-models-attested", AaguidNotAttested, "§7.1 step 24", "A relying party may list the models that it accepts; Fido2 leaves that to its caller."),
        WeRefuse("policy-models", AaguidNotAllowed, "§7.1 step 24", "A relying party may list the models that it accepts; Fido2 leaves that to its caller."),
    ];

    /// <summary>A name of its own.</summary>
    public string Id { get; }

    /// <summary>Why we refuse; null where Fido2 does.</summary>
    public RefusalReason? OurReason { get; }

    /// <summary>The attestation statement format, or "assertion" for a rule of assertions alone. Null where the rule is not about the statement.</summary>
    public string? Format { get; }

    /// <summary>How Fido2's message begins; null where we refuse.</summary>
    public string? Fido2Says { get; }

    /// <summary>The rule that decides.</summary>
    public string Clause { get; }

    /// <summary>What it says, and what the other does.</summary>
    public string Why { get; }

    /// <summary>Whether this is the point in which two opinions differ.</summary>
    public bool Explains(Opinions opinions)
    {
        if (!opinions.Differ) return false;
        if (opinions.Ours is { } refusal)
            return refusal.Reason == OurReason && (Format is null ? !refusal.InStatement : opinions.Question.Format == Format);
        if (Fido2Says is null || !opinions.Fido2Says!.StartsWith(Fido2Says, StringComparison.Ordinal)) return false;
        // A message about client data is too little to go by where anything may have been done to them.
        return Format is null ? !opinions.Question.Changed : opinions.Question.Format == Format;
    }

    /// <inheritdoc/>
    public override string ToString() => Id;

    private static Disagreement WeRefuse(string id, RefusalReason reason, string clause, string why) => new(id, reason, format: null, fido2Says: null, clause, why);

    private static Disagreement WeRefuse(string id, RefusalReason reason, string format, string clause, string why) => new(id, reason, format, fido2Says: null, clause, why);

    private static Disagreement Fido2Refuses(string id, string? format, string says, string clause, string why) => new(id, ourReason: null, format, says, clause, why);
}
