using System.Net.Http.Headers;
using System.Text;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>Bodies that no client sends by accident: each gets a typed 4xx, and nothing is stored.</summary>
public abstract class HostileBodyTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : HostileBodyTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : HostileBodyTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Theory]
    [InlineData("", "body_not_json")]
    [InlineData("null", "body_not_json")]
    [InlineData("[]", "body_not_json")]
    [InlineData("\"text\"", "body_not_json")]
    [InlineData("1", "body_not_json")]
    [InlineData("not json", "body_not_json")]
    [InlineData("{\"firstFactorCredential\":", "body_not_json")]
    [InlineData("{} {}", "body_not_json")]
    [InlineData("{\"a\":1,}", "body_not_json")]
    [InlineData("{/*comment*/}", "body_not_json")]
    [InlineData("{\"firstFactorCredential\":{\"credentialKind\":NaN}}", "body_not_json")]
    [InlineData("{}", "member_required")]
    [InlineData("{\"FirstFactorCredential\":{}}", "member_invalid")]
    [InlineData("{\"firstFactorCredential\":{},\"firstFactorCredential\":{}}", "member_repeated")]
    [InlineData("{\"firstFactorCredential\":{\"credentialKind\":\"Key\",\"credentialKind\":\"Fido2\"}}", "member_repeated")]
    [InlineData("{\"firstFactorCredential\":{\"credentialKind\":\"Key\",\"\\u0063redentialKind\":\"Fido2\"}}", "member_repeated")]
    [InlineData("{\"unknown\":{\"a\":1,\"a\":2}}", "member_repeated")]
    [InlineData("{\"\\ud800\":1}", "body_not_json")]
    [InlineData("{\"\\ud800\":1,\"\\ud801\":1}", "body_not_json")]
    [InlineData("{\"firstFactorCredential\":{\"credentialKind\":\"\\ud800\"}}", "member_invalid")]
    [InlineData("{\"firstFactorCredential\":{\"credentialKind\":\"a\\u0000b\"}}", "member_invalid")]
    public async Task Refuses_a_body(string body, string code) => await AssertRefusedAsync(Encoding.UTF8.GetBytes(body), 400, code);

    [Fact]
    public async Task Refuses_a_body_that_is_not_utf8() =>
        await AssertRefusedAsync([.. "{\"unknown\":\""u8, 0xC3, 0x28, .. "\"}"u8], 400, "body_not_json");

    [Fact]
    public async Task Refuses_a_body_in_utf16() =>
        await AssertRefusedAsync(Encoding.Unicode.GetBytes("{}"), 400, "body_not_json");

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100_000)]
    public async Task Refuses_a_body_nested_too_deeply(int depth) =>
        await AssertRefusedAsync(Encoding.UTF8.GetBytes($"{{\"a\":{new string('[', depth)}{new string(']', depth)}}}"), 400, "body_too_deep");

    [Theory]
    [InlineData("{\"a\":", 52_000)]
    [InlineData("[{\"a\":", 37_000)]
    public async Task Refuses_members_nested_too_deeply(string level, int depth) =>
        await AssertRefusedAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(level, depth))), 400, "body_too_deep");

    [Theory]
    [InlineData("too deep")]
    [InlineData("long names")]
    public void Explaining_a_body_costs_no_more_than_a_small_multiple_of_it(string what)
    {
        var body = Encoding.UTF8.GetBytes(what == "too deep"
            ? string.Concat(Enumerable.Repeat("{\"a\":", 52_000))
            : $"{{\"{new string('n', 100_000)}\":{{{string.Concat(Enumerable.Range(0, 14_000).Select(i => $"\"{i}\":1,"))}\"0\":1}}}}");

        var before = GC.GetAllocatedBytesForCurrentThread();
        var failed = JsonBody.Parse<object>(body).Failed(out var error, out _);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((true, what == "too deep" ? "body_too_deep" : "member_repeated"), (failed, error?.Code));
        Assert.True(allocated < 64 * body.Length, $"{allocated} bytes for {body.Length}");
    }

    [Fact]
    public async Task Refuses_a_body_of_one_byte_too_many() =>
        await AssertRefusedAsync(Encoding.UTF8.GetBytes($"{{\"a\":\"{new string('x', (256 * 1024) - 7)}\"}}"), 413, "body_too_large");

    [Fact]
    public async Task Reads_a_body_of_the_largest_size() =>
        await AssertRefusedAsync(Encoding.UTF8.GetBytes($"{{\"a\":\"{new string('x', (256 * 1024) - 8)}\"}}"), 400, "member_required");

    [Fact]
    public async Task Refuses_a_body_of_ten_megabytes() => await AssertRefusedAsync(new byte[10 * 1024 * 1024], 413, "body_too_large");

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/jsonp")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json; charset=utf-7")]
    [InlineData("application/json; charset=nonsense")]
    public async Task Refuses_a_content_type(string? type)
    {
        var challenge = await ChallengeAsync();
        using var content = new ByteArrayContent("{}"u8.ToArray());
        if (type is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

        var answer = await Service.SendAsync(HttpMethod.Post, "/auth/registration", content, challenge.Token);

        Assert.Equal((415, "content_type_unsupported"), ((int)answer.Status, answer.Code));
    }

    [Fact]
    public async Task Refuses_a_compressed_body()
    {
        var challenge = await ChallengeAsync();
        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");

        Assert.Equal("content_type_unsupported", (await Service.SendAsync(HttpMethod.Post, "/auth/registration", content, challenge.Token)).Code);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json; charset=\"UTF-8\"")]
    [InlineData("Application/JSON")]
    public async Task Accepts_a_content_type(string type)
    {
        var challenge = await ChallengeAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(challenge.GoodBody().ToJsonString()));
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Post, "/auth/registration", content, challenge.Token)).Status);
    }

    [Fact]
    public async Task Refuses_cbor_nested_ten_thousand_deep_and_lives()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        var deep = new byte[10_001];
        Array.Fill(deep, (byte)0x81);
        deep[^1] = 0;
        body["firstFactorCredential"]!["credentialInfo"]!["attestationData"] = System.Buffers.Text.Base64Url.EncodeToString(deep);

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal(400, (int)answer.Status);
        Assert.Equal("$.firstFactorCredential.credentialInfo.attestationData", answer.Path);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Theory]
    [InlineData("' or 1=1 --")]
    [InlineData("{{7*7}}")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("😀 ä ß 👩\u200d💻")]
    public async Task Stores_and_returns_a_name_as_it_is(string name)
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        body["firstFactorCredential"]!["credentialName"] = name;

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal((200, name), ((int)answer.Status, (string?)answer.Body["credential"]!["name"]));
    }

    private async Task AssertRefusedAsync(byte[] body, int status, string code)
    {
        var challenge = await ChallengeAsync();
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        var answer = await Service.SendAsync(HttpMethod.Post, "/auth/registration", content, challenge.Token);

        Assert.Equal((status, code), ((int)answer.Status, answer.Code));
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
}
