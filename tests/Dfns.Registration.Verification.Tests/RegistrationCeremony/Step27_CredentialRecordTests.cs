using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 27: the credential record.</summary>
public sealed class Step27_CredentialRecordTests
{
    [Fact]
    [Clause("7.1", 27)]
    public void Accepts_and_tells_what_was_attested()
    {
        var authenticator = new SoftwareAuthenticator { Attestation = AttestationMaker.PackedCertified() };
        RegistrationDraft? draft = null;
        var made = authenticator.Create(Challenge, RpId, Origin, made =>
        {
            draft = made;
            made.SignCount = 0xFEDCBA98;
        });

        var verified = Accepted(made);
        Assert.Equal(CredentialKind.Fido2, verified.Kind);
        Assert.Equal(draft!.CredentialId, verified.CredentialId.ToArray());
        Assert.Equal(authenticator.CredentialKey.SubjectPublicKeyInfo, verified.SubjectPublicKeyInfo.ToArray());
        Assert.Null(verified.PublicKeyPem);
        Assert.Null(verified.HashAlgorithm);

        var registration = verified.WebAuthn!;
        Assert.Equal(draft.CoseKey.ToBytes(), registration.CoseKey.ToArray());
        Assert.Equal(0xFEDCBA98, registration.SignCount);
        Assert.Equal(authenticator.Aaguid, registration.Aaguid);
        Assert.Equal(2, registration.AttestationCertificates.Count);
    }
}
