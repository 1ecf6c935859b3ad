using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 22: the statement is verified by its format, and what it proves is told.</summary>
public sealed class Step22_StatementTests
{
    [Fact]
    [Clause("7.1", 22)]
    public void Accepts_no_attestation() => Assert.Equal(AttestationType.None, Accepted(Make()).WebAuthn!.AttestationType);

    [Fact]
    [Clause("7.1", 22)]
    public void Accepts_self_attestation() =>
        Assert.Equal(AttestationType.Self, Accepted(Make(AttestationMaker.PackedSelf)).WebAuthn!.AttestationType);

    [Fact]
    [Clause("7.1", 22)]
    public void Accepts_certified_attestation() =>
        Assert.Equal(AttestationType.Certified, Accepted(Make(AttestationMaker.PackedCertified())).WebAuthn!.AttestationType);

    [Fact]
    [Clause("7.1", 22)]
    public void Refuses_authenticator_data_changed_after_signing()
    {
        var made = Make(AttestationMaker.PackedSelf, draft => draft.AttestationObject = map =>
        {
            var authenticatorData = map.Entries.Single(entry => entry.Key.AsSpan().SequenceEqual(Cbor.Text("authData"))).Value;
            authenticatorData[2 + 33 + 3]++;
        });
        Refused(RefusalReason.AttestationSignatureInvalid, made);
    }
}
