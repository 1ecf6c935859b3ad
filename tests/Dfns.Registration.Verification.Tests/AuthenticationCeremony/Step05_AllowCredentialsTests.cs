using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 5: one of the credentials that were offered, if any were.</summary>
public sealed class Step05_AllowCredentialsTests
{
    [Fact]
    [Clause("7.2", 5)]
    public void Accepts_a_credential_that_was_offered() =>
        Accepted(Get(), Expected with { AllowCredentials = [new byte[] { 1 }, Passkey.CredentialId] });

    [Fact]
    [Clause("7.2", 5)]
    public void Accepts_any_credential_where_none_was_named() => Accepted(Get(), Expected with { AllowCredentials = null });

    [Fact]
    [Clause("7.2", 5)]
    public void Refuses_a_credential_that_was_not_offered() => Refused(
        RefusalReason.CredentialNotAllowed, Get(), Expected with { AllowCredentials = [new byte[] { 1 }, Passkey.CredentialId[..31]] });

    [Fact]
    [Clause("7.2", 5)]
    public void Refuses_every_credential_where_an_empty_list_was_offered() =>
        Refused(RefusalReason.CredentialNotAllowed, Get(), Expected with { AllowCredentials = [] });
}
