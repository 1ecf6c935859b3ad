using System.Text.Json;
using Dfns.Registration.Verification.Encoding;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Encoding;

public sealed class StrictJsonTests
{
    [Fact]
    public void Tells_strings_other_values_and_absent_members_apart()
    {
        var json = Accepted(Read("""{"text":"aé\n","flag":true,"none":null,"list":[1],"object":{"text":"inner"}}"""));

        Assert.Equal("aé\n", json["text"].Text);
        Assert.Equal((JsonTokenType.True, null), (json["flag"].Token, json["flag"].Text));
        Assert.Equal(JsonTokenType.Null, json["none"].Token);
        Assert.Equal(JsonTokenType.StartArray, json["list"].Token);
        Assert.Equal(JsonTokenType.StartObject, json["object"].Token);
        Assert.True(json["Text"].Absent);
    }

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""{"x":{"a":1,"a":2}}""")]
    [InlineData("""{"x":[{"a":1},{"a":1,"a":2}]}""")]
    [InlineData("""{"":1,"":2}""")]
    [InlineData("""{"a":1,"x":{"b":1},"a":2}""")]
    [InlineData("""{"a":{"b":1,"x":{},"b":2}}""")]
    public void Refuses_a_name_that_occurs_twice_in_one_object(string json) => Refused(RefusalReason.JsonDuplicateMember, Read(json));

    [Theory]
    [InlineData("""{"a":1,"A":1}""")]
    [InlineData("""{"a":{"a":1},"b":{"a":1}}""")]
    [InlineData("""{"a":[{"a":1},{"a":1}]}""")]
    [InlineData("""{"x":{"a":1},"a":1}""")]
    [InlineData("""{"x":{"y":{"a":1},"a":1},"a":1}""")]
    public void Accepts_a_name_again_in_another_object_or_another_case(string json) => Accepted(Read(json));

    [Theory]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\udc00\ud800"}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"a":["x",{"b":"\udfff"}]}""")]
    public void Refuses_half_a_surrogate_pair_wherever_it_stands(string json) => Refused(RefusalReason.JsonMalformed, Read(json));

    [Theory]
    [InlineData("{")]
    [InlineData("{\"a\"}")]
    [InlineData("{\"a\":}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("{\"a\":1}{}")]
    [InlineData("{\"a\":1} x")]
    [InlineData("{/* */}")]
    public void Refuses_what_is_not_JSON(string json) => Refused(RefusalReason.JsonMalformed, Read(json));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void Refuses_nothing_at_all(string json) => Assert.True(Read(json).Refused(out _, out _));

    [Theory]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("\"{}\"")]
    public void Refuses_what_is_not_an_object(string json) => Refused(RefusalReason.JsonNotObject, Read(json));

    [Fact]
    public void Reads_eight_levels_and_no_more()
    {
        Accepted(Read(Nested(8)));
        Refused(RefusalReason.JsonTooDeep, Read(Nested(9)));
        Refused(RefusalReason.JsonTooDeep, Read("{\"a\":" + new string('[', 7) + "{}" + new string(']', 7) + "}"));
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(60_000)]
    public void Refuses_a_tower_of_arrays(int levels) => Refused(RefusalReason.JsonTooDeep, Read("{\"a\":" + new string('[', levels)));

    [Fact]
    public void Reads_65536_bytes_and_no_more()
    {
        const string Around = "{\"a\":\"\"}";
        Accepted(Read("{\"a\":\"" + new string('x', 65_536 - Around.Length) + "\"}"));
        Refused(RefusalReason.MemberTooLarge, Read("{\"a\":\"" + new string('x', 65_537 - Around.Length) + "\"}"));
    }

    [Fact]
    public void The_refusal_names_the_member_that_was_read() =>
        Assert.Equal(CredentialPart.AttestationData, Refused(RefusalReason.JsonMalformed, Read("{")).Part);

    private static string Nested(int levels) =>
        string.Concat(Enumerable.Repeat("{\"a\":", levels - 1)) + "{}" + new string('}', levels - 1);

    private static Outcome<StrictJson> Read(string json) =>
        StrictJson.Read(System.Text.Encoding.UTF8.GetBytes(json), CredentialPart.AttestationData);
}
