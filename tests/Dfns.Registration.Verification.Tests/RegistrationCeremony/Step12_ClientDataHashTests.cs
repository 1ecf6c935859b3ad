using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 12: the hash is taken over client data as received.</summary>
public sealed class Step12_ClientDataHashTests
{
    [Fact]
    [Clause("7.1", 12)]
    public void Accepts_a_signature_over_client_data_in_unusual_spelling() => Accepted(Make(
        AttestationMaker.PackedSelf,
        draft => draft.ClientData.Encoded = text =>
            System.Text.Encoding.UTF8.GetBytes(" " + text.Replace("\",\"", "\" ,\n \"", StringComparison.Ordinal) + "\n")));

    [Fact]
    [Clause("7.1", 12)]
    public void Refuses_a_signature_over_another_client_data_hash() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.ClientDataHash = hash => [.. hash.Reverse()]));
}
