using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 23, §6.1: authenticator data decodes to its end, and extension outputs are ignored.</summary>
public sealed class Step23_ExtensionsTests
{
    private static readonly byte[] Outputs = new CborMapDraft().Set("uvm", Cbor.Array()).Set("credProtect", Cbor.Number(2)).ToBytes();

    [Fact]
    [Clause("7.2", 23)]
    public void Accepts_extension_outputs_that_nobody_asked_for() => Accepted(Get(draft =>
    {
        draft.Flags |= 0x80;
        draft.Extensions = Outputs;
    }));

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("A1")]
    [InlineData("BFFF")]
    [InlineData("A000")]
    [Clause("7.2", 23)]
    public void Refuses_extension_outputs_that_are_not_one_CBOR_map(string hex)
    {
        var made = Get(draft =>
        {
            draft.Flags |= 0x80;
            draft.Extensions = Convert.FromHexString(hex);
        });
        Assert.True(AssertionVerifiers.Verify(made.ToVerify(), Passkey, Expected).Refused(out var why, out _));
        Assert.Equal(CredentialPart.AuthenticatorData, why!.Part);
    }

    [Fact]
    public void Refuses_bytes_that_no_flag_announces() => Assert.Equal(
        CredentialPart.AuthenticatorData,
        Refused(RefusalReason.AuthenticatorDataTrailingBytes, Get(draft => draft.Extensions = Outputs)).Part);

    [Theory]
    [InlineData(1)]
    [InlineData(36)]
    public void Refuses_authenticator_data_that_ends_early(int length) => Assert.Equal(
        CredentialPart.AuthenticatorData,
        Refused(RefusalReason.AuthenticatorDataTruncated, Get(draft => draft.AuthenticatorData = bytes => bytes[..length])).Part);

    [Fact]
    [Clause("6.1", "no attested credential data in an assertion")]
    public void Accepts_authenticator_data_of_37_bytes() =>
        Assert.Equal(37, System.Buffers.Text.Base64Url.DecodeFromChars(Accepting(Get()).AuthenticatorData!).Length);

    [Fact]
    [Clause("6.1", "no attested credential data in an assertion")]
    public void Refuses_attested_credential_data() => Refused(RefusalReason.AttestedCredentialDataUnexpected, Get(draft =>
    {
        draft.Flags |= 0x40;
        draft.Extensions = [.. new byte[16], 0, 1, 7, .. Authenticator.CredentialKey.CoseKey(-7).ToBytes()];
    }));

    private static MadeAssertion Accepting(MadeAssertion made)
    {
        Accepted(made);
        return made;
    }
}
