using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Tests.Webhooks;

/// <summary>Events are written to the byte as JSON.stringify writes them; the end-to-end tests ask it itself.</summary>
[Trait("Speed", "quick")]
public sealed class EventJsonTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\"\\/", "\\\"\\\\/")]
    [InlineData("\b\f\n\r\t", "\\b\\f\\n\\r\\t")]
    [InlineData("\0\u0001\u001f", "\\u0000\\u0001\\u001f")]
    [InlineData("\u007f\u0080\u2028\u2029\ufeff\ufffd", "\u007f\u0080\u2028\u2029\ufeff\ufffd")]
    [InlineData("<script>&'+`", "<script>&'+`")]
    [InlineData("Jané 🔑", "Jané 🔑")]
    public void A_text_is_escaped_where_it_must_be(string text, string written) =>
        Assert.Equal($"\"{written}\"", Encoding.UTF8.GetString(EventJson.Write(JsonValue.Create(text))));

    [Fact]
    public void Members_stay_in_their_order_and_nothing_is_between_them()
    {
        var value = new JsonObject { ["b"] = 1764331200, ["a"] = new JsonArray(true, false, null, new JsonObject(), new JsonArray(), "x"), ["c"] = new JsonObject { ["d"] = null } };

        const string expected = """{"b":1764331200,"a":[true,false,null,{},[],"x"],"c":{"d":null}}""";
        Assert.Equal(expected, Encoding.UTF8.GetString(EventJson.Write(value)));
        Assert.Equal(expected, Encoding.UTF8.GetString(EventJson.Write(JsonNode.Parse(expected)!)));
    }
}
