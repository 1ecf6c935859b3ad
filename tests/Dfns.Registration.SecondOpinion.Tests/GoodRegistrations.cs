using System.Buffers.Text;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using static Dfns.Registration.SecondOpinion.Tests.RelyingParty;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>Registrations that we accept: of every maker, with every algorithm, trusted or not; in every spelling that we take; and of others.</summary>
internal static class GoodRegistrations
{
    private const int Rs1 = -65535;

    /// <summary>The makers by the names of the members of <see cref="AttestationMaker"/> that give them.</summary>
    public static IReadOnlyList<(string Member, Func<AttestationMaker> Make)> Makers { get; } =
    [
        (nameof(AttestationMaker.None), () => AttestationMaker.None),
        (nameof(AttestationMaker.PackedSelf), () => AttestationMaker.PackedSelf),
        (nameof(AttestationMaker.PackedCertified), () => AttestationMaker.PackedCertified()),
        (nameof(AttestationMaker.Tpm), () => AttestationMaker.Tpm()),
        (nameof(AttestationMaker.AndroidKey), () => AttestationMaker.AndroidKey()),
        (nameof(AttestationMaker.Apple), () => AttestationMaker.Apple()),
        (nameof(AttestationMaker.FidoU2f), () => AttestationMaker.FidoU2f()),
        (nameof(AttestationMaker.SafetyNet), () => AttestationMaker.SafetyNet()),
        (nameof(AttestationMaker.Compound), () => AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.PackedCertified())),
    ];

    /// <summary>All of them, each under a name of its own.</summary>
    public static IEnumerable<RegistrationQuestion> All => OfMakers().Concat(InOtherSpellings()).Concat(OfOthers());

    private static IEnumerable<RegistrationQuestion> OfMakers()
    {
        var intermediate = new TestAuthority("Intermediate", TestAuthority.Trusted);
        foreach (var (member, make) in Makers)
            foreach (var algorithm in RegistrationExpectation.SupportedAlgorithms.Where(algorithm => Attests(member, algorithm)))
            {
                yield return Made($"{member}, credential key {algorithm}", make(), algorithm);
                yield return Made($"{member}, credential key {algorithm}, trusted", make(), algorithm, TestAuthority.Trusted);
                // A statement of U2F has one certificate (§8.6), so no intermediate one.
                if (member != nameof(AttestationMaker.FidoU2f)) yield return Made($"{member}, credential key {algorithm}, trusted by an intermediate", make(), algorithm, intermediate);
            }

        foreach (var algorithm in RegistrationExpectation.SupportedAlgorithms) yield return Made($"PackedCertified, attestation key {algorithm}", AttestationMaker.PackedCertified(algorithm));
        foreach (var algorithm in RegistrationExpectation.SupportedAlgorithms.Append(Rs1)) yield return Made($"Tpm, attestation key {algorithm}", AttestationMaker.Tpm(algorithm));
        foreach (var (name, hash) in new[] { ("SHA-1", 0x0004), ("SHA-384", 0x000C), ("SHA-512", 0x000D) })
            yield return Made($"Tpm, name by {name}", AttestationMaker.Tpm(describe: tpm => tpm.NameAlgorithm = (ushort)hash));
        yield return Made("Tpm, exponent written out", AttestationMaker.Tpm(describe: tpm => tpm.Exponent = 65537), algorithm: -257);
        yield return Made("Tpm, scheme named", AttestationMaker.Tpm(describe: tpm => tpm.Scheme = [0x00, 0x14, 0x00, 0x0B]), algorithm: -257);
        yield return Made("FidoU2f, with an AAGUID", AttestationMaker.FidoU2f(), change: draft => draft.Aaguid = new Guid("f00dbabe-0123-4567-89ab-cdef00112233"));
    }

    private static IEnumerable<RegistrationQuestion> InOtherSpellings()
    {
        yield return Spelled("challenge as text", draft => draft.EncodeChallengeText(Challenge));
        yield return Spelled("client data with further members", draft => draft.ClientData.SetRaw("more", """{"deep":[1.5]}"""));
        yield return Spelled("client data without crossOrigin", draft => draft.ClientData.Remove("crossOrigin"));
        yield return Spelled("client data with its members in another order", draft => draft.ClientData.Order("crossOrigin", "origin", "challenge", "type"));
        yield return Spelled("client data with escaped characters", draft => draft.ClientData.SetRaw("origin", "\"https:\\/\\/app\\u002Eexample.co\""));
        yield return Spelled("client data behind a byte order mark", draft => draft.ClientData.Encoded = text => [0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(text)]);
        yield return Spelled("client data with a retired token binding", draft => draft.ClientData.SetRaw("tokenBinding", """{"status":"supported"}"""));
        yield return Spelled("client data with a token binding that is used", draft => draft.ClientData.SetRaw("tokenBinding", """{"status":"present","id":"AAAA"}"""));
        yield return Spelled("attestation object with a further member", draft => draft.AttestationObject = map => map.Set("more", Cbor.True));
        yield return Spelled("attestation object in another order", draft => draft.AttestationObject = map => (map.Entries[0], map.Entries[2]) = (map.Entries[2], map.Entries[0]));
        yield return Spelled("backed up", draft => draft.Flags = 0x5D);
        yield return Spelled("flags that are reserved", draft => draft.Flags = 0x67);
        yield return Spelled("extensions", draft =>
        {
            draft.Flags = 0xC5;
            draft.Extensions = new CborMapDraft().Set("credProtect", Cbor.Number(2)).Set("hmac-secret", Cbor.True).ToBytes();
        });
        yield return Spelled("extensions, none of them", draft => (draft.Flags, draft.Extensions) = (0xC5, new CborMapDraft().ToBytes()));
        yield return Spelled("credential id of one byte", draft => draft.CredentialId = [7]);
        yield return Spelled("credential id of 1,023 bytes", draft => draft.CredentialId = new byte[VerificationLimits.MaxCredentialIdSizeBytes]);
        yield return Spelled("texts with padding", draft => draft.Texts = made => new(made.Kind, Padded(made.CredId), Padded(made.ClientData), Padded(made.AttestationData)));
        // Every value of six bits but for 62 would do without the other alphabet.
        yield return Spelled("texts in the standard alphabet", draft =>
        {
            draft.CredentialId = [0xFB, 0xEF, 0xBE];
            draft.Texts = made => made with { CredId = Convert.ToBase64String(Base64Url.DecodeFromChars(made.CredId)) };
        });
        yield return Spelled("a native app", draft => draft.ClientData.Set("origin", "android:apk-key-hash:AAAA"), Expected with { Origins = ["android:apk-key-hash:AAAA"] });
        yield return Spelled("a port of its own", draft => draft.ClientData.Set("origin", "http://localhost:3000"), Expected with { Origins = ["http://localhost:3000"] });
        yield return Spelled(
            "a frame in a page that is allowed",
            draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", "https://example.com"),
            Expected with { AllowCrossOrigin = true, TopOrigins = ["https://example.com"] });
    }

    /// <summary>Those that were recorded.</summary>
    public static IEnumerable<RegistrationQuestion> OfOthers()
    {
        foreach (var vector in Recorded.All.Where(vector => vector.ExpectedReason is null)) yield return Recorded.AsIssued(vector);
        foreach (var vector in Recorded.Chromium.Where(vector => vector.ExpectedReason is null && Recorded.SignsText(vector))) yield return Recorded.WithTextAsChallenge(vector);
    }

    // A TPM has keys of RSA and on the curves of NIST (TPM 2.0 Part 2 §6.3 and §6.4); a U2F token on P-256 alone (§8.6).
    private static bool Attests(string maker, int algorithm) => maker switch
    {
        nameof(AttestationMaker.Tpm) => algorithm is not (-8 or -47),
        nameof(AttestationMaker.FidoU2f) => algorithm is -7,
        _ => true,
    };

    private static RegistrationQuestion Made(
        string name, AttestationMaker attestation, int algorithm = -7, TestAuthority? authority = null, Action<RegistrationDraft>? change = null)
    {
        // Genuine U2F tokens have no model.
        var aaguid = attestation.Format == "fido-u2f" ? Guid.Empty : new Guid("f00dbabe-0123-4567-89ab-cdef00112233");
        var authenticator = authority is null
            ? new SoftwareAuthenticator { Attestation = attestation, Algorithm = algorithm, Aaguid = aaguid }
            : new SoftwareAuthenticator { Attestation = attestation, Algorithm = algorithm, Aaguid = aaguid, Certify = authority.Certify };
        return new(name, attestation.Format, authenticator.Create(Challenge, RpId, Origin, change).ToVerify(), authority is null ? Expected : Trusting);
    }

    private static RegistrationQuestion Spelled(string name, Action<RegistrationDraft> change, RegistrationExpectation? expected = null) =>
        new(name, "none", new SoftwareAuthenticator().Create(Challenge, RpId, Origin, change).ToVerify(), expected ?? Expected);

    private static string Padded(string text) => text.PadRight((text.Length + 3) / 4 * 4, '=');
}
