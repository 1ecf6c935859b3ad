using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 7: made by create().</summary>
public sealed class Step07_TypeTests
{
    [Fact]
    [Clause("7.1", 7)]
    public void Accepts_webauthn_create() => Accepted(Make());

    [Theory]
    [InlineData("webauthn.get")]
    [InlineData("key.create")]
    [InlineData("payment.get")]
    [InlineData("WebAuthn.Create")]
    [InlineData("webauthn.create ")]
    [InlineData("")]
    [Clause("7.1", 7)]
    public void Refuses_any_other_type(string type) =>
        Refused(RefusalReason.TypeUnexpected, Make(draft => draft.ClientData.Set("type", type)));
}
