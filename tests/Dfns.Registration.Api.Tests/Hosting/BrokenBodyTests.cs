using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>A body that does not arrive as HTTP has it, at every endpoint that takes one: an error of the catalogue, and nothing in the log but the request.</summary>
public sealed class BrokenBodyTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private const string Chunked = "Transfer-Encoding: chunked";

    private static readonly string[] Loud = ["\"@l\":\"Error\"", "\"@l\":\"Fatal\"", "\"@l\":\"Warning\"", "\"@x\":", "internal_error", "\"StatusCode\":500"];

    private static readonly string TooLarge = new('x', 300 * 1024);

    private static readonly Dictionary<string, (string Framing, string Body, string Code)> Ways = new(StringComparer.Ordinal)
    {
        ["a size that is no number"] = (Chunked, "zz\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["no size"] = (Chunked, "\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["a size below zero"] = (Chunked, "-2\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["a size beyond all numbers"] = (Chunked, "FFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["a chunk that is longer than its size"] = (Chunked, "1\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["a chunk that is shorter than its size"] = (Chunked, "4\r\n{}\r\n0\r\n\r\nxxxx", "request_invalid"),
        ["a line feed alone"] = (Chunked, "2\n{}\n0\n\n", "request_invalid"),
        ["a trailer that is none"] = (Chunked, "2\r\n{}\r\n0\r\nno trailer\r\n\r\n", "request_invalid"),
        ["too many trailers"] = (Chunked, $"2\r\n{{}}\r\n0\r\n{string.Concat(Enumerable.Range(0, 200).Select(n => $"x-{n}: 1\r\n"))}\r\n", "request_invalid"),
        ["a transfer coding besides"] = ("Transfer-Encoding: gzip, chunked", "2\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["a transfer coding besides, by itself"] = ($"Transfer-Encoding: gzip\r\n{Chunked}", "2\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["chunks of chunks"] = ("Transfer-Encoding: chunked, chunked", "2\r\n{}\r\n0\r\n\r\n", "request_invalid"),
        ["two framings, and a bad chunk"] = ($"Content-Length: 5\r\n{Chunked}", "zz\r\n", "request_invalid"),
        ["more than the limit, in one piece"] = ($"Content-Length: {TooLarge.Length}", TooLarge, "body_too_large"),
        ["more than the limit, in chunks"] = (Chunked, $"{TooLarge.Length:x}\r\n{TooLarge}\r\n0\r\n\r\n", "body_too_large"),
        ["more than any request may bring"] = ("Content-Length: 99999999999", "{", "body_too_large"),
        ["a content coding"] = ("Content-Length: 2\r\nContent-Encoding: gzip", "{}", "content_type_unsupported"),
        ["bytes that are no UTF-8"] = ("Content-Length: 4", "{\"\u00FF\"", "body_not_json"),
    };

    /// <summary>Where a body ends with the connection's: as far as the server can tell, its client has gone.</summary>
    private static readonly Dictionary<string, (string Framing, string Body)> Ends = new(StringComparer.Ordinal)
    {
        ["before the first chunk"] = (Chunked, ""),
        ["within a size"] = (Chunked, "2"),
        ["within a chunk"] = (Chunked, "5\r\n{"),
        ["before the last chunk"] = (Chunked, "2\r\n{}\r\n"),
        ["within the trailers"] = (Chunked, "2\r\n{}\r\n0\r\nx-a: 1\r\n"),
        ["before the body"] = ("Content-Length: 2", ""),
        ["within the body"] = ("Content-Length: 20", "{\"username\":"),
    };

    private static readonly string[] Environments = ["Production", "Development"];

    public static TheoryData<string, string> AllEnds => [.. Environments.SelectMany(environment => Ends.Keys.Select(where => (where, environment)))];

    public static TheoryData<string> AllWays => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(AllWays))]
    public async Task Is_told_at_every_endpoint_that_takes_one(string way)
    {
        var (framing, body, code) = Ways[way];
        await using var service = await Service.StartAsync(Service.Database);
        var requests = await RequestsAsync(service);
        var before = service.Log.Lines.Count;
        foreach (var request in requests)
        {
            using var client = await RawClient.ConnectAsync(service);
            await client.WriteAsync(request.Head(framing) + body);
            var answer = await client.ReadAsync();

            // A form has no syntax to fail: what cannot be read in it is not there.
            var told = request.MediaType == FormBody.MediaType && code == "body_not_json" ? "member_required" : code;
            Assert.True(answer.Contains($"\"code\":\"{told}\"", StringComparison.Ordinal), $"{request.Method} {request.Path}: {answer}");
        }

        Assert.True(requests.Count > 25, $"{requests.Count}");
        AssertQuiet(service.Log.Lines.Skip(before));
    }

    [Theory]
    [MemberData(nameof(AllEnds))]
    public async Task Whose_connection_ends_first_is_nobodys_fault(string where, string environment)
    {
        var (framing, body) = Ends[where];
        await using var database = await Fixture.NewDatabaseAsync();
        var service = await Service.StartAsync(database, ("environment", environment));
        var requests = await RequestsAsync(service);
        var before = service.Log.Lines.Count;
        foreach (var hangsUp in new[] { false, true })
        {
            foreach (var request in requests)
            {
                using var client = await RawClient.ConnectAsync(service);
                await client.WriteAsync(request.Head(framing) + body);
                if (hangsUp)
                {
                    client.HangUp();
                    continue;
                }

                client.EndSending();
                var answer = await client.ReadAsync();
                Assert.True(answer.Length == 0 || answer.Contains("\"code\":\"request_invalid\"", StringComparison.Ordinal), $"{request.Method} {request.Path}: {answer}");
            }
        }

        // Of those that were begun the last ones may still be ending.
        await service.DisposeAsync();
        AssertQuiet(service.Log.Lines.Skip(before));
    }

    // Waits for ten seconds of the server's own clock, which nothing else tells.
    [Fact]
    public async Task Is_told_that_it_comes_too_slowly()
    {
        await using var service = await Service.StartAsync(Service.Database);
        var requests = await RequestsAsync(service);
        var before = service.Log.Lines.Count;

        var answers = await Task.WhenAll(requests.Select(async request =>
        {
            using var client = await RawClient.ConnectAsync(service);
            await client.WriteAsync(request.Head("Content-Length: 1000") + "{");
            return (request, Text: await client.ReadAsync());
        }));

        Assert.All(answers, answer => Assert.True(
            answer.Text.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal) && answer.Text.Contains("\"code\":\"request_invalid\"", StringComparison.Ordinal) && answer.Text.Contains("too slowly", StringComparison.Ordinal),
            $"{answer.request.Method} {answer.request.Path}: {answer.Text}"));
        AssertQuiet(service.Log.Lines.Skip(before));
    }

    /// <summary>Neither a warning nor an error, no exception, and no request that failed by a fault of the service.</summary>
    internal static void AssertQuiet(IEnumerable<string> lines)
    {
        var loud = lines.Where(line => Loud.Any(mark => line.Contains(mark, StringComparison.Ordinal))).ToList();
        Assert.True(loud.Count == 0, string.Join('\n', loud));
    }

    /// <summary>A request to every endpoint that takes a body, by somebody whose body it would read.</summary>
    /// <param name="service">Where.</param>
    /// <param name="session">The bearer token of a session, in place of one that is good.</param>
    internal static async Task<List<RawRequest>> RequestsAsync(Service service, Func<string, Task<string>>? session = null)
    {
        var organisation = await service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, recovery: true, username: "jane@example.co");
        var (token, recovering) = (await user.LoginAsync(), await Recovering.StartAsync(user));
        var registering = await (await service.InviteAsync(organisation, "john@example.co")).InitAsync();
        if (session is not null) token = await session(token);
        var backend = await organisation.NewServiceAccountAsync([.. Permission.All]);
        return
        [
            .. service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                .SelectMany(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Select(m => (Method: m, Path: e.RoutePattern.RawText!)) ?? [])
                .Where(e => e.Method is not ("GET" or "HEAD" or "OPTIONS") && !e.Path.StartsWith("/console", StringComparison.Ordinal))
                .Select(e => new RawRequest(
                    new HttpMethod(e.Method),
                    e.Path.Replace("{userId}", user.UserId, StringComparison.Ordinal).Replace("{credentialUuid}", "cr-none", StringComparison.Ordinal).Replace("{permissionId}", "pm-none", StringComparison.Ordinal).Replace("{assignmentId}", "as-none", StringComparison.Ordinal),
                    "{}",
                    e.Path switch
                    {
                        "/auth/registration" or "/auth/registration/enduser" => registering.Token,
                        "/auth/recover/user" => recovering.Token,
                        "/auth/introspect" => backend.Token,
                        _ => token,
                    })
                {
                    MediaType = e.Path == "/auth/introspect" ? FormBody.MediaType : "application/json",
                }),
        ];
    }
}
