using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 6: client data is JSON, and the members a verdict depends on are there (§5.8.1).</summary>
public sealed class Step06_JsonTests
{
    [Fact]
    [Clause("7.1", 6)]
    public void Accepts_members_in_any_order_with_others_between() => Accepted(Make(draft =>
    {
        draft.ClientData.Set("other_keys_can_be_added_here", "do not compare against a template").SetRaw("tokenBinding", "{\"status\":\"supported\"}");
        draft.ClientData.Order("tokenBinding", "origin", "challenge", "other_keys_can_be_added_here", "crossOrigin", "type");
    }));

    [Fact]
    [Clause("7.1", 6)]
    public void Accepts_escapes_in_names_and_values() => Accepted(Make(draft =>
        draft.ClientData.Remove("type").AddRaw("t\\u0079pe", "\"webauthn\\u002Ecreate\"")));

    [Theory]
    [InlineData("type")]
    [InlineData("challenge")]
    [InlineData("origin")]
    [Clause("7.1", 6)]
    public void Refuses_a_missing_member(string name) =>
        Refused(RefusalReason.ClientDataMemberInvalid, Make(draft => draft.ClientData.Remove(name)));

    [Theory]
    [InlineData("type", "1")]
    [InlineData("type", "null")]
    [InlineData("challenge", "[\"x\"]")]
    [InlineData("challenge", "12345")]
    [InlineData("origin", "{}")]
    [InlineData("origin", "[\"https://app.example.co\"]")]
    [InlineData("crossOrigin", "\"false\"")]
    [InlineData("crossOrigin", "null")]
    [InlineData("crossOrigin", "0")]
    [InlineData("topOrigin", "null")]
    [InlineData("topOrigin", "true")]
    [Clause("7.1", 6)]
    public void Refuses_a_member_of_the_wrong_type(string name, string json) =>
        Refused(RefusalReason.ClientDataMemberInvalid, Make(draft => draft.ClientData.SetRaw(name, json)));

    [Theory]
    [InlineData("origin")]
    [InlineData("\\u006Frigin")]
    [Clause("7.1", 6)]
    public void Refuses_a_member_that_occurs_twice(string name) =>
        Refused(RefusalReason.JsonDuplicateMember, Make(draft => draft.ClientData.AddRaw(name, "\"https://app.example.co\"")));

    [Theory]
    [InlineData("[{}]")]
    [InlineData("\"webauthn.create\"")]
    [InlineData("null")]
    [Clause("7.1", 6)]
    public void Refuses_JSON_that_is_not_an_object(string json) =>
        Refused(RefusalReason.JsonNotObject, Make(draft => draft.ClientData.Encoded = _ => System.Text.Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("", " {}")]
    [InlineData("", ",")]
    [InlineData("//\n", "")]
    [InlineData("x", "")]
    [InlineData("", "\0")]
    [Clause("7.1", 6)]
    public void Refuses_text_before_or_after_the_object(string before, string after) => Refused(
        RefusalReason.JsonMalformed, Make(draft => draft.ClientData.Encoded = text => System.Text.Encoding.UTF8.GetBytes(before + text + after)));

    [Fact]
    [Clause("7.1", 6)]
    public void Refuses_client_data_beyond_the_size_that_is_read() =>
        Refused(RefusalReason.MemberTooLarge, Make(draft => draft.ClientData.Set("more", new string('x', 65_536))));
}
