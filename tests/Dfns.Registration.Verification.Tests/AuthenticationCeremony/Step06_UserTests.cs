using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 6: the credential is the one of its id, and of the user who was known beforehand or whom it names.</summary>
public sealed class Step06_UserTests
{
    private static AssertionExpectation Unknown => Expected with { UserId = null };

    [Fact]
    [Clause("7.2", 6)]
    public void Accepts_the_user_who_was_known_beforehand() => Accepted(Get());

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [Clause("7.2", 6)]
    public void Accepts_a_known_user_without_a_user_handle(string? userHandle) =>
        Accepted(Get(draft => draft.Texts = made => made with { UserHandle = userHandle }));

    [Fact]
    [Clause("7.2", 6)]
    public void Accepts_a_user_who_was_not_known_by_the_user_handle() => Accepted(Get(), Unknown);

    [Fact]
    [Clause("7.2", 6)]
    public void Accepts_a_user_handle_with_padding() =>
        Accepted(Get(draft => draft.Texts = made => made with { UserHandle = made.UserHandle + "==" }), Expected);

    // As React Native's module for iOS sends it: the text itself, or encoded twice.
    [Theory]
    [InlineData("us-6b58p-r53sr-rlrd3l5cj3uc4ome")]
    [InlineData("ZFhNdE5tSTFPSEF0Y2pVemMzSXRjbXh5WkROc05XTnFNM1ZqTkc5dFpR")]
    [InlineData("ZFhNdE5tSTFPSEF0Y2pVemMzSXRjbXh5WkROc05XTnFNM1ZqTkc5dFpRPT0=")]
    [Clause("7.2", 6)]
    public void Accepts_a_user_handle_in_the_other_encodings_of_clients(string userHandle)
    {
        var made = Get(draft => draft.Texts = made => made with { UserHandle = userHandle });
        Accepted(made);
        Accepted(made, Unknown);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [Clause("7.2", 6)]
    public void Refuses_a_user_who_was_not_known_without_a_user_handle(string? userHandle) =>
        Refused(RefusalReason.UserHandleMissing, Get(draft => draft.Texts = made => made with { UserHandle = userHandle }), Unknown);

    [Theory]
    [InlineData("us-6b58p-r53sr-rlrd3l5cj3uc4omf")]
    [InlineData("us-6b58p-r53sr-rlrd3l5cj3uc4om")]
    [InlineData("us-6b58p-r53sr-rlrd3l5cj3uc4ome\0")]
    [InlineData("US-6B58P-R53SR-RLRD3L5CJ3UC4OME")]
    [InlineData("dXMtNmI1OHAtcjUzc3ItcmxyZDNsNWNqM3VjNG9tZg")]
    [InlineData("ZFhNdE5tSTFPSEF0Y2pVemMzSXRjbXh5WkROc05XTnFNM1ZqTkc5dFpR")]
    [Clause("7.2", 6)]
    public void Refuses_the_user_handle_of_another_user_whether_one_was_known_or_not(string userHandle)
    {
        var made = Get(draft => draft.UserHandle = System.Text.Encoding.UTF8.GetBytes(userHandle));
        Refused(RefusalReason.UserHandleMismatch, made);
        Refused(RefusalReason.UserHandleMismatch, made, Unknown);
    }

    [Theory]
    [InlineData("us-6b58p r53sr")]
    [InlineData("=")]
    [InlineData("A")]
    [Clause("7.2", 6)]
    public void Refuses_a_user_handle_that_is_not_base64url(string userHandle) => Assert.Equal(
        CredentialPart.UserHandle,
        Refused(RefusalReason.Base64UrlInvalid, Get(draft => draft.Texts = made => made with { UserHandle = userHandle })).Part);

    [Theory]
    [InlineData("us-another")]
    [InlineData("")]
    [Clause("7.2", 6)]
    public void Refuses_a_credential_of_another_user_than_the_known_one(string userId) =>
        Refused(RefusalReason.CredentialOfAnotherUser, Get(), Expected with { UserId = userId });

    [Fact]
    [Clause("7.2", 6)]
    public void Refuses_an_id_that_is_not_the_stored_credentials() => Refused(
        RefusalReason.CredentialIdUnexpected, Get(draft => draft.CredentialId = [.. draft.CredentialId, 0]));
}
