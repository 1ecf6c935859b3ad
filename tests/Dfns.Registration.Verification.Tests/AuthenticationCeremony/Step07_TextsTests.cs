using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 7: the texts of the assertion decode; they come padded or not, in either alphabet.</summary>
public sealed class Step07_TextsTests
{
    [Fact]
    [Clause("7.2", 7)]
    public void Accepts_the_texts_with_padding_and_in_the_standard_alphabet() => Accepted(Get(draft => draft.Texts = made => made with
    {
        CredId = Standard(made.CredId),
        ClientData = Standard(made.ClientData),
        Signature = Standard(made.Signature),
        AuthenticatorData = Standard(made.AuthenticatorData!),
        UserHandle = Standard(made.UserHandle!),
    }));

    [Theory]
    [InlineData("")]
    [InlineData("AA A")]
    [InlineData("A")]
    [InlineData("AB")]
    [InlineData("AAA!")]
    [Clause("7.2", 7)]
    public void Refuses_any_that_is_empty_or_not_base64url(string text)
    {
        Assert.Equal(CredentialPart.CredId, RefusedAs(made => made with { CredId = text }));
        Assert.Equal(CredentialPart.ClientData, RefusedAs(made => made with { ClientData = text }));
        Assert.Equal(CredentialPart.Signature, RefusedAs(made => made with { Signature = text }));
        Assert.Equal(CredentialPart.AuthenticatorData, RefusedAs(made => made with { AuthenticatorData = text }));
    }

    [Fact]
    [Clause("7.2", 7)]
    public void Refuses_a_passkey_without_authenticator_data() => Assert.Equal(
        CredentialPart.AuthenticatorData,
        Refused(RefusalReason.Base64UrlInvalid, Get() with { AuthenticatorData = null }, credential: Passkey).Part);

    private static CredentialPart RefusedAs(Func<MadeAssertion, MadeAssertion> change) =>
        Refused(RefusalReason.Base64UrlInvalid, change(Get()), credential: Passkey).Part;

    private static string Standard(string text) =>
        text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '=');
}
