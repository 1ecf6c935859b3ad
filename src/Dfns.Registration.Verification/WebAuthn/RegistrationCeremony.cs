using System.Security.Cryptography;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Trust;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Verification.WebAuthn;

/// <summary>
/// Registering a new credential: W3C Web Authentication Level 3 §7.1, numbered as in the editor's draft of 30 July 2026. Each step
/// also says its rule, since numbers drift between editions. Steps 1 to 4 happen in the front end, which makes the options, calls the
/// browser and sends what came back.
/// </summary>
internal static class RegistrationCeremony
{
    /// <summary>Follows §7.1 from step 5 on.</summary>
    /// <param name="credential">A credential of kind Fido2.</param>
    /// <param name="expected">What it must have signed, and what is accepted of it.</param>
    /// <returns>The credential record, or the first rule that is broken.</returns>
    public static Outcome<VerifiedCredential> Verify(RegistrationCredential credential, RegistrationExpectation expected)
    {
        // The wire: three texts of base64url.
        if (Base64UrlText.Decode(credential.CredId, CredentialPart.CredId).Refused(out var why, out var credId)) return why;
        if (Base64UrlText.Decode(credential.ClientData, CredentialPart.ClientData).Refused(out why, out var clientDataJson)) return why;
        if (Base64UrlText.Decode(credential.AttestationData, CredentialPart.AttestationData).Refused(out why, out var attestationData))
            return why;

        // Steps 5 and 6: client data is UTF-8, and JSON.
        if (CollectedClientData.Read(clientDataJson.Span).Refused(out why, out var clientData)) return why;
        // Steps 7 to 11: it is about this ceremony.
        if (CeremonyChecks.RefuseClientData(clientData, "webauthn.create", expected) is { } unexpected) return unexpected;
        // Step 12: its hash is what the authenticator signed, over the bytes as received.
        var clientDataHash = SHA256.HashData(clientDataJson.Span);

        // Step 13: the attestation object decodes, and holds a credential.
        if (AttestationObject.Read(attestationData).Refused(out why, out var attestation)) return why;
        var authenticatorData = attestation.AuthenticatorData;
        if (authenticatorData.AttestedCredential is not { } attested) return RefusalReason.AttestedCredentialDataMissing;
        // Steps 14 to 17: it is for this relying party, and its flags satisfy it.
        if (CeremonyChecks.RefuseAuthenticatorData(authenticatorData, expected) is { } unsatisfied) return unsatisfied;
        // Steps 18 and 19: no policy on backup; both flags are kept on the credential record.

        // Step 20: the credential key's algorithm was offered. Reading the key ties its type and curve to that algorithm.
        if (CoseKey.Read(attested.PublicKeyMembers).Refused(out why, out var credentialKey)) return why;
        var key = credentialKey.Key;
        if (!expected.Algorithms.Contains(credentialKey.Algorithm.Number))
            return new Refusal(RefusalReason.AlgorithmNotOffered, credentialKey.Algorithm.Name);

        // Steps 21 and 22: the statement is verified by the file named after its format.
        var subject = new AttestationSubject(attestation, attested, credentialKey, clientDataHash, expected);
        if (AttestationStatements.Verify(subject).Refused(out why, out var finding)) return why with { InStatement = true };
        // Steps 23 and 24: it is trustworthy, as far as policy asks.
        if (TrustAssessment.Assess(finding, attested.Aaguid, expected.Trust, expected.Now).Refused(out why, out var verdict)) return why;

        // Step 25: the credential id is at most 1,023 bytes, and not empty; and it is the one the request goes by.
        if (attested.CredentialId.Length is 0 or > VerificationLimits.MaxCredentialIdSizeBytes) return RefusalReason.CredentialIdLength;
        if (!credId.Span.SequenceEqual(attested.CredentialId.Span)) return RefusalReason.CredentialIdMismatch;
        // Step 26: not registered before. The database decides: its unique index sees all credentials, this library sees one.

        // Step 27: the credential record.
        return new VerifiedCredential
        {
            Kind = credential.Kind,
            CredentialId = attested.CredentialId,
            SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo(),
            WebAuthn = new WebAuthnRegistration
            {
                Algorithm = credentialKey.Algorithm.Number,
                CoseKey = attested.PublicKey,
                SignCount = authenticatorData.SignCount,
                UserVerified = authenticatorData.Flags.HasFlag(AuthenticatorFlags.UserVerified),
                BackupEligible = authenticatorData.Flags.HasFlag(AuthenticatorFlags.BackupEligible),
                BackedUp = authenticatorData.Flags.HasFlag(AuthenticatorFlags.BackupState),
                Aaguid = attested.Aaguid,
                Extensions = authenticatorData.Extensions,
                Origin = clientData.Origin,
                AttestationFormat = attestation.Format,
                AttestationType = finding.Type,
                AttestationCertificates = Encoded(finding),
                Trust = verdict,
                CompoundStatements =
                [
                    .. finding.Parts.Select(part => new CompoundStatement { Format = part.Format, Type = part.Type, Certificates = Encoded(part) }),
                ],
            },
        };
        // Step 28: no extension is asked for. Authenticator outputs are kept on the record, and nothing depends on them; client outputs
        // do not travel on the wire.
        // Step 29: stored by the caller.
    }

    private static List<ReadOnlyMemory<byte>> Encoded(AttestationFinding finding) => finding.Certificates.Select(certificate => certificate.Encoded).ToList();
}
