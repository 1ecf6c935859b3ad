using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Dfns.Registration.Api.Ceremonies;

namespace Dfns.Registration.Api.Tests.Ceremonies;

/// <summary>Which texts are the same JSON value, and which are not.</summary>
[Trait("Speed", "quick")]
public sealed class SignedPayloadTests
{
    private static readonly Gen<JsonNode?> Scalar = Gen.OneOf<JsonNode?>(
        Gen.String.AlphaNumeric.Select(s => (JsonNode?)JsonValue.Create(s)),
        Gen.Long.Select(n => (JsonNode?)JsonValue.Create(n)),
        Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.Const((JsonNode?)null));

    [Theory]
    [InlineData("", "{}")]
    [InlineData("", " { } ")]
    [InlineData("1", "1.0")]
    [InlineData("1", "10e-1")]
    [InlineData("-1200", "-1.2E+3")]
    [InlineData("0.0012", "12.0e-4")]
    [InlineData("1e400", "10e399")]
    [InlineData("0e5", "0.0")]
    [InlineData("-0", "0")]
    [InlineData("\"\\u00e9\"", "\"é\"")]
    [InlineData("[1, 2]", "[1,2]")]
    [InlineData("{\"a\":{\"b\":1,\"c\":2}}", "{ \"a\" : { \"c\" : 2 , \"b\" : 1 } }")]
    public void Same(string one, string other) => Assert.Equal(SignedPayload.Digest(one), SignedPayload.Digest(other));

    [Theory]
    [InlineData("{}", "[]")]
    [InlineData("{}", "null")]
    [InlineData("{\"a\":null}", "{}")]
    [InlineData("[1,2]", "[2,1]")]
    [InlineData("[1,2]", "[12]")]
    [InlineData("1", "\"1\"")]
    [InlineData("0", "false")]
    [InlineData("1", "1.0000000000000000000000000001")]
    [InlineData("12345678901234567890123456789012345678901", "12345678901234567890123456789012345678902")]
    [InlineData("1e400", "1e401")]
    [InlineData("0", "1e-40")]
    [InlineData("1e-29", "2e-29")]
    [InlineData("1.2345678901234567890123e-9", "1.2345678901234567890124e-9")]
    [InlineData("1", "-1")]
    [InlineData("1", "10")]
    [InlineData("0.1", "0.01")]
    [InlineData("1e99999999999", "2e99999999999")]
    [InlineData("{\"a\":\"b\"}", "{\"A\":\"b\"}")]
    [InlineData("{\"a\":[\"b\"]}", "{\"a\":\"b\"}")]
    [InlineData("\"é\"", "\"e\u0301\"")]
    public void Different(string one, string other)
    {
        Assert.NotNull(SignedPayload.Digest(one));
        Assert.NotNull(SignedPayload.Digest(other));
        Assert.NotEqual(SignedPayload.Digest(one), SignedPayload.Digest(other));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":1,\"\\u0061\":2}")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("NaN")]
    [InlineData("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]")]
    public void No_value(string text) => Assert.Null(SignedPayload.Digest(text));

    [Fact]
    public void No_value_where_it_is_no_utf8() => Assert.Null(SignedPayload.Digest(new byte[] { (byte)'"', 0xC3, 0x28, (byte)'"' }));

    [Fact]
    public void Any_bytes_get_a_digest_or_none() => Gen.Byte.Array[0, 64].Sample(bytes => SignedPayload.Digest(bytes) is null or { Length: 64 });

    [Fact]
    public void The_order_of_members_does_not_count_and_each_value_does() =>
        Gen.Dictionary(Gen.String.AlphaNumeric, Scalar)[1, 8].Sample(members =>
        {
            var there = new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
            var back = new JsonObject(members.Reverse().Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
            var changed = there.DeepClone().AsObject();
            changed[members.First().Key] = new JsonArray("changed");
            return SignedPayload.Digest(there.ToJsonString()) == SignedPayload.Digest(Encoding.UTF8.GetBytes(back.ToJsonString()))
                && SignedPayload.Digest(there.ToJsonString()) != SignedPayload.Digest(changed.ToJsonString());
        });
}
