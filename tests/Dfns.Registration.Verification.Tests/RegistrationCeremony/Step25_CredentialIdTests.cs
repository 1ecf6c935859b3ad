using System.Buffers.Text;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 25: the credential id is 1 to 1,023 bytes long, and the one the request goes by.</summary>
public sealed class Step25_CredentialIdTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(1023)]
    [Clause("7.1", 25)]
    public void Accepts_up_to_1023_bytes(int length) =>
        Assert.Equal(length, Accepted(Make(draft => draft.CredentialId = new byte[length])).CredentialId.Length);

    [Theory]
    [InlineData(1024)]
    [InlineData(20_000)]
    [Clause("7.1", 25)]
    public void Refuses_more(int length) => Refused(RefusalReason.CredentialIdLength, Make(draft => draft.CredentialId = new byte[length]));

    [Fact]
    [Clause("7.1", 25)]
    public void Refuses_an_empty_attested_id() => Refused(
        RefusalReason.CredentialIdLength,
        Make(draft =>
        {
            draft.CredentialId = [];
            draft.Texts = made => made with { CredId = "AA" };
        }));

    [Fact]
    public void Accepts_credId_in_another_spelling_of_the_same_bytes() => Accepted(Make(draft =>
    {
        draft.CredentialId = [0xFB, 0xFF, 0xFE, 0x01];
        draft.Texts = made => made with { CredId = "+//+AQ==" };
    }));

    [Fact]
    public void Refuses_a_credId_of_another_credential() => Refused(
        RefusalReason.CredentialIdMismatch,
        Make(draft => draft.Texts = made => made with { CredId = Base64Url.EncodeToString(new byte[32]) }));

    [Fact]
    public void Refuses_a_credId_that_is_the_beginning_of_the_attested_id() => Refused(
        RefusalReason.CredentialIdMismatch,
        Make(draft => draft.Texts = made => made with { CredId = Base64Url.EncodeToString(draft.CredentialId.AsSpan(0, 31)) }));

    [Theory]
    [InlineData("")]
    [InlineData("AA AA")]
    [InlineData("AA.AA")]
    public void Refuses_a_credId_that_is_not_base64url(string credId) => Assert.Equal(
        CredentialPart.CredId,
        Refused(RefusalReason.Base64UrlInvalid, Make(draft => draft.Texts = made => made with { CredId = credId })).Part);
}
