using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 24: the attestation is one that the relying party accepts.</summary>
public sealed class Step24_TrustTests
{
    private static readonly Guid Model = new("f00dbabe-0123-4567-89ab-cdef00112233");
    private static readonly Guid Other = new("00000000-0000-4000-8000-000000000042");

    [Fact]
    [Clause("7.1", 24)]
    [Clause("7.1", "step 24 none")]
    public void Accepts_no_attestation_where_it_is_accepted() =>
        Assert.Equal(new AttestationVerdict(TrustVerdict.None), Accepted(Make(), Trusting()).WebAuthn!.Trust);

    [Fact]
    [Clause("7.1", 24)]
    [Clause("7.1", "step 24 none")]
    public void Refuses_no_attestation_where_it_is_not() =>
        Refused(RefusalReason.AttestationNoneNotAccepted, Make(), Trusting(trust => trust with { AcceptNone = false, Roots = null }));

    [Fact]
    [Clause("7.1", "step 24 self")]
    public void Accepts_self_attestation_where_it_is_accepted() => Assert.Equal(
        new AttestationVerdict(TrustVerdict.Self),
        Accepted(Make(AttestationMaker.PackedSelf), Trusting(trust => trust with { AcceptNone = false })).WebAuthn!.Trust);

    [Fact]
    [Clause("7.1", "step 24 self")]
    public void Refuses_self_attestation_where_it_is_not() => Refused(
        RefusalReason.AttestationSelfNotAccepted, Make(AttestationMaker.PackedSelf), Trusting(trust => trust with { AcceptSelf = false, Roots = null }));

    [Fact]
    [Clause("7.1", 24)]
    public void Accepts_certificates_that_nobody_is_asked_to_trust() =>
        Assert.Equal(new AttestationVerdict(TrustVerdict.NotAssessed), Accepted(Make(AttestationMaker.PackedCertified())).WebAuthn!.Trust);

    [Fact]
    [Clause("7.1", 24)]
    public void Refuses_a_root_that_only_the_statement_knows() =>
        Refused(RefusalReason.CertificatePathNotTrusted, Make(AttestationMaker.PackedCertified()), Trusting());

    [Fact]
    [Clause("7.1", 24)]
    public void Refuses_every_certificate_where_nobody_is_trusted() => Refused(
        RefusalReason.CertificatePathNotTrusted, MakeCertified(AttestationMaker.PackedCertified(), TestAuthority.Trusted), Trusting(trust => trust with { Roots = [] }));

    [Fact]
    [Clause("7.1", "step 24 compound")]
    public void Accepts_a_compound_statement_when_each_certified_one_is_trusted()
    {
        var made = MakeCertified(
            AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.Tpm(), AttestationMaker.PackedCertified()), TestAuthority.Trusted);
        var verdict = Accepted(made, Trusting(trust => trust with { AcceptSelf = false, AcceptNone = false })).WebAuthn!.Trust;
        Assert.Equal((TrustVerdict.Trusted, true), (verdict.Verdict, verdict.AaguidAttested));
    }

    [Fact]
    [Clause("7.1", "step 24 compound")]
    public void Refuses_a_compound_statement_when_one_certified_one_is_not_trusted() => Refused(
        RefusalReason.CertificatePathNotTrusted,
        MakeCertified(AttestationMaker.Compound(AttestationMaker.Tpm(), AttestationMaker.PackedCertified()), TestAuthority.Trusted),
        Trusting(trust => trust with { Roots = [new(TestAuthority.Trusted.Anchor, "tpm")] }));

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [Clause("7.1", "step 24 compound")]
    public void Accepts_the_model_that_any_trusted_one_attests_and_tells_the_root_of_the_first(bool withPacked, bool attested)
    {
        var (first, second) = (new TestAuthority("First"), new TestAuthority("Second"));
        var made = Make(
            AttestationMaker.Compound(withPacked ? AttestationMaker.PackedCertified() : AttestationMaker.AndroidKey(), AttestationMaker.Tpm()),
            // A TPM's attestation key has no subject.
            draft => draft.Certify = leaf => (leaf.Subject.Count == 0 ? second : first).Certify(leaf));
        var verdict = Accepted(made, Trusting(trust => trust with { Roots = [new(second.Anchor), new(first.Anchor)] })).WebAuthn!.Trust;
        Assert.Equal((TrustVerdict.Trusted, attested, first.Anchor.Fingerprint), (verdict.Verdict, verdict.AaguidAttested, verdict.Root!.Fingerprint));
    }

    [Theory]
    [InlineData(false, RefusalReason.AttestationSelfNotAccepted)]
    [InlineData(true, RefusalReason.AttestationNoneNotAccepted)]
    [Clause("7.1", "step 24 compound")]
    public void Refuses_a_compound_statement_of_none_but_weak_ones(bool ofNone, RefusalReason reason)
    {
        var weak = ofNone ? AttestationMaker.None : AttestationMaker.PackedSelf;
        Refused(reason, Make(AttestationMaker.Compound(AttestationMaker.None, weak)), Trusting(trust => trust with { AcceptSelf = false, AcceptNone = false }));
    }

    [Fact]
    [Clause("7.1", "step 24 models")]
    public void Accepts_a_listed_model_that_is_attested()
    {
        var made = MakeCertified(AttestationMaker.PackedCertified(), TestAuthority.Trusted);
        Assert.True(Accepted(made, Trusting(trust => trust with { AllowedAaguids = [Other, Model] })).WebAuthn!.Trust.AaguidAttested);
    }

    [Fact]
    [Clause("7.1", "step 24 models")]
    public void Refuses_an_attested_model_that_is_not_listed() => Refused(
        RefusalReason.AaguidNotAllowed, MakeCertified(AttestationMaker.PackedCertified(), TestAuthority.Trusted), Trusting(trust => trust with { AllowedAaguids = [Other] }));

    [Theory]
    [InlineData("none")]
    [InlineData("self")]
    [Clause("7.1", "step 24 models")]
    public void Refuses_to_take_a_claim_for_a_listed_model(string attestation) => Refused(
        RefusalReason.AaguidNotAttested,
        Make(attestation == "none" ? AttestationMaker.None : AttestationMaker.PackedSelf),
        Trusting(trust => trust with { AllowedAaguids = [Model] }));

    [Fact]
    [Clause("7.1", "step 24 models")]
    public void Refuses_a_listed_model_whose_path_was_not_assessed() => Refused(
        RefusalReason.AaguidNotAttested, Make(AttestationMaker.PackedCertified()), Trusting(trust => trust with { Roots = null, AllowedAaguids = [Model] }));

    // Whatever runs beside a TPM or in an Android app writes authenticator data; a U2F token does not sign the model.
    [Theory]
    [InlineData("tpm")]
    [InlineData("android-key")]
    [InlineData("fido-u2f")]
    [Clause("7.1", "step 24 models")]
    public void Refuses_a_model_that_the_trusted_key_does_not_vouch_for(string format)
    {
        var made = MakeCertified(Maker(format, _ => { }), TestAuthority.Trusted);
        Refused(RefusalReason.AaguidNotAttested, made, Trusting(trust => trust with { AllowedAaguids = [Model] }));
        Assert.False(Accepted(made, Trusting()).WebAuthn!.Trust.AaguidAttested);
    }

    [Theory]
    [InlineData("tpm")]
    [InlineData("android-key")]
    [InlineData("fido-u2f")]
    [Clause("7.1", "step 24 models")]
    public void Accepts_it_once_the_certificate_names_it(string format)
    {
        var made = MakeCertified(Maker(format, Naming(Model)), TestAuthority.Trusted);
        Assert.True(Accepted(made, Trusting(trust => trust with { AllowedAaguids = [Model] })).WebAuthn!.Trust.AaguidAttested);
    }

    [Fact]
    [Clause("7.1", "step 24 models")]
    public void Refuses_no_model_at_all_where_models_are_listed() => Refused(
        RefusalReason.AaguidNotAttested,
        MakeCertified(AttestationMaker.FidoU2f(), TestAuthority.Trusted, draft => draft.Aaguid = Guid.Empty),
        Trusting(trust => trust with { AllowedAaguids = [Guid.Empty] }));

    [Theory]
    [InlineData("none")]
    [InlineData("self")]
    [InlineData("certified")]
    [Clause("7.1", "step 24 models")]
    public void Refuses_a_denied_model_even_when_it_is_only_claimed(string attestation) => Refused(
        RefusalReason.AaguidDenied,
        Make(attestation switch { "none" => AttestationMaker.None, "self" => AttestationMaker.PackedSelf, _ => AttestationMaker.PackedCertified() }),
        Expected with { Trust = new() { DeniedAaguids = [Model] } });

    [Fact]
    [Clause("7.1", "step 24 models")]
    public void Accepts_a_model_while_others_are_denied() => Accepted(Make(), Expected with { Trust = new() { DeniedAaguids = [Other] } });

    private static AttestationMaker Maker(string format, Action<CertificateDraft> change) => format switch
    {
        "tpm" => AttestationMaker.Tpm(change: change),
        "android-key" => AttestationMaker.AndroidKey(change: change),
        _ => AttestationMaker.FidoU2f(change),
    };

    private static Action<CertificateDraft> Naming(Guid model) => leaf => leaf.Extensions.Add(
        new(CertificateDraft.AaguidOid, Critical: false, CertificateDraft.OctetString(model.ToByteArray(bigEndian: true))));
}
