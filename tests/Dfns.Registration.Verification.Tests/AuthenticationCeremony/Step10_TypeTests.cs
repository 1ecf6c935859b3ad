using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 10: made by get().</summary>
public sealed class Step10_TypeTests
{
    [Fact]
    [Clause("7.2", 10)]
    public void Accepts_webauthn_get() => Accepted(Get());

    [Theory]
    [InlineData("webauthn.create")]
    [InlineData("key.get")]
    [InlineData("payment.get")]
    [InlineData("WebAuthn.Get")]
    [InlineData("webauthn.get ")]
    [InlineData("")]
    [Clause("7.2", 10)]
    public void Refuses_any_other(string type) => Refused(RefusalReason.TypeUnexpected, Get(draft => draft.ClientData.Set("type", type)));
}
