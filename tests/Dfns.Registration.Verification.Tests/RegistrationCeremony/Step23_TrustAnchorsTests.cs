using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 23: the trust anchors are those of the statement's format.</summary>
public sealed class Step23_TrustAnchorsTests
{
    public static TheoryData<string> Formats => ["packed", "tpm", "android-key", "apple", "fido-u2f", "android-safetynet"];

    [Theory]
    [MemberData(nameof(Formats))]
    [Clause("7.1", 23)]
    public void Accepts_the_root_of_the_format_and_tells_it(string format)
    {
        var verdict = Accepted(MakeCertified(Maker(format), TestAuthority.Trusted), For(format)).WebAuthn!.Trust;
        Assert.Equal((TrustVerdict.Trusted, TestAuthority.Trusted.Anchor.Fingerprint), (verdict.Verdict, verdict.Root!.Fingerprint));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    [Clause("7.1", 23)]
    public void Refuses_the_root_of_another_format(string format) => Refused(
        RefusalReason.CertificatePathNotTrusted,
        MakeCertified(Maker(format), TestAuthority.Trusted),
        For(format == "packed" ? "tpm" : "packed"));

    [Theory]
    [MemberData(nameof(Formats))]
    [Clause("7.1", 23)]
    public void Accepts_an_expired_leaf_where_paths_are_not_assessed(string format)
    {
        var verdict = Accepted(Make(Maker(format, Expire)), Expected with { AllowSafetyNet = true }).WebAuthn!.Trust;
        Assert.Equal(new AttestationVerdict(TrustVerdict.NotAssessed), verdict);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    [Clause("RFC 5280 §6.1", "validity")]
    public void Refuses_an_expired_leaf_where_they_are(string format) =>
        Refused(RefusalReason.CertificateOutsideValidity, MakeCertified(Maker(format, Expire), TestAuthority.Trusted), For(format));

    private static RegistrationExpectation For(string format) => Trusting(trust => trust with { Roots = [new(TestAuthority.Trusted.Anchor, format)] });

    private static void Expire(CertificateDraft leaf) => leaf.NotAfter = Now.AddSeconds(-1);

    private static AttestationMaker Maker(string format, Action<CertificateDraft>? change = null) => format switch
    {
        "packed" => AttestationMaker.PackedCertified(change: change),
        "tpm" => AttestationMaker.Tpm(change: change),
        "android-key" => AttestationMaker.AndroidKey(change: change),
        "apple" => AttestationMaker.Apple(change: change),
        "fido-u2f" => AttestationMaker.FidoU2f(change),
        _ => AttestationMaker.SafetyNet(change: change),
    };
}
