using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 9: client data is JSON, and the members a verdict depends on are there (§5.8.1).</summary>
public sealed class Step09_JsonTests
{
    [Fact]
    [Clause("7.2", 9)]
    public void Accepts_members_in_any_order_with_others_between() => Accepted(Get(draft =>
    {
        draft.ClientData.Set("other_keys_can_be_added_here", "do not compare against a template");
        draft.ClientData.Order("origin", "other_keys_can_be_added_here", "challenge", "crossOrigin", "type");
    }));

    [Theory]
    [InlineData("type")]
    [InlineData("challenge")]
    [InlineData("origin")]
    [Clause("7.2", 9)]
    public void Refuses_a_missing_member(string name) =>
        Refused(RefusalReason.ClientDataMemberInvalid, Get(draft => draft.ClientData.Remove(name)));

    [Fact]
    [Clause("7.2", 9)]
    public void Refuses_a_member_that_occurs_twice() =>
        Refused(RefusalReason.JsonDuplicateMember, Get(draft => draft.ClientData.AddRaw("type", "\"webauthn.get\"")));

    [Theory]
    [InlineData("[{}]", RefusalReason.JsonNotObject)]
    [InlineData("{}{}", RefusalReason.JsonMalformed)]
    [InlineData("", RefusalReason.Base64UrlInvalid)]
    [Clause("7.2", 9)]
    public void Refuses_anything_but_one_object(string json, RefusalReason reason) =>
        Refused(reason, Get(draft => draft.ClientData.Encoded = _ => System.Text.Encoding.UTF8.GetBytes(json)));
}
