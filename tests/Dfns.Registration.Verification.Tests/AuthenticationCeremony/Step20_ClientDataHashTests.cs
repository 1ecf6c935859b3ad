using System.Buffers.Text;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 20: the hash is taken over client data as received.</summary>
public sealed class Step20_ClientDataHashTests
{
    [Fact]
    [Clause("7.2", 20)]
    public void Accepts_a_signature_over_client_data_in_unusual_spelling() => Accepted(Get(draft => draft.ClientData.Encoded = text =>
        System.Text.Encoding.UTF8.GetBytes(" " + text.Replace("\",\"", "\" ,\n \"", StringComparison.Ordinal) + "\n")));

    [Fact]
    [Clause("7.2", 20)]
    public void Refuses_a_signature_over_another_client_data_hash() =>
        Refused(RefusalReason.AssertionSignatureInvalid, Get(draft => draft.ClientDataHash = hash => [.. hash.Reverse()]));

    [Fact]
    [Clause("7.2", 20)]
    public void Refuses_client_data_that_was_spelled_anew_after_signing()
    {
        var made = Get();
        var clientData = System.Text.Encoding.UTF8.GetString(Base64Url.DecodeFromChars(made.ClientData));
        Refused(
            RefusalReason.AssertionSignatureInvalid,
            made with { ClientData = Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(clientData + " ")) });
    }
}
