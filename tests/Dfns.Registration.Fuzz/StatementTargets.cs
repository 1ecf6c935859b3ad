using System.Buffers.Text;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Fuzz;

/// <summary>The attestation statements, one target a format: the input stands in an otherwise valid registration of one passkey.</summary>
internal static class StatementTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        Of("none", AttestationMaker.None),
        Of("packed", AttestationMaker.PackedSelf, AttestationMaker.PackedCertified(), AttestationMaker.PackedCertified(-257), AttestationMaker.PackedCertified(-8)),
        Of("fido-u2f", AttestationMaker.FidoU2f()),
        Of("tpm", AttestationMaker.Tpm(), AttestationMaker.Tpm(-7), AttestationMaker.Tpm(-65535)),
        Of("android-key", AttestationMaker.AndroidKey()),
        Of("apple", AttestationMaker.Apple()),
        Of("android-safetynet", AttestationMaker.SafetyNet()),
        Of("compound", AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.Apple()), AttestationMaker.Compound(AttestationMaker.None, AttestationMaker.Tpm(-7))),
    ];

    private static FuzzTarget Of(string format, params AttestationMaker[] makers) =>
        new($"statement-{format}", input => Verify(format, input), () => makers.Select(Surroundings.Statement));

    private static void Verify(string format, byte[] statement)
    {
        var outcome = Invariant.Answers(statement.Length, () => CredentialVerifiers.Verify(With(Surroundings.ClientData), Surroundings.Registration));
        if (outcome.Refused(out _, out var verified)) return;

        var registration = verified.WebAuthn!;
        Invariant.Holds(registration.AttestationFormat == format, "has the format that was sent");
        Invariant.Holds(registration.AttestationType == AttestationType.Certified == registration.AttestationCertificates is not [], "is certified by certificates");
        Invariant.Holds(
            registration.AttestationCertificates.All(certificate => format == "android-safetynet" || statement.AsSpan().IndexOf(certificate.Span) >= 0),
            "hands out certificates that were sent");
        Invariant.Holds(format == "none" == registration.AttestationType is AttestationType.None || format == "compound", "proves something unless it is none");
        Invariant.Holds(format != "none" || statement is [0xA0], "of none is the empty map");

        // What is proven is bound to this ceremony: over another hash of client data nothing is.
        if (registration.AttestationType != AttestationType.None)
            Invariant.Holds(CredentialVerifiers.Verify(With(Surroundings.OtherClientData), Surroundings.Registration).Refused(out _, out _), "is bound to client data");

        RegistrationCredential With(byte[] clientData) => new()
        {
            Kind = CredentialKind.Fido2,
            CredId = Surroundings.Passkey.CredId,
            ClientData = Base64Url.EncodeToString(clientData),
            AttestationData = Base64Url.EncodeToString(Surroundings.AttestationObject(format, statement)),
        };
    }
}
