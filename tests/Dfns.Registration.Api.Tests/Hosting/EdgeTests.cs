using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.Data.Sqlite;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>What surrounds every handler: unknown paths and methods, health, CORS, limits, proxies, headers.</summary>
public sealed class EdgeTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    [Theory]
    [InlineData("GET", "/", 404, "not_found")]
    [InlineData("GET", "/auth", 404, "not_found")]
    [InlineData("GET", "/index.html", 404, "not_found")]
    [InlineData("POST", "/auth/login/oidc", 404, "call_not_served")]
    [InlineData("POST", "/auth/users/invite/", 404, "call_not_served")]
    [InlineData("GET", "/Wallets", 404, "call_not_served")]
    [InlineData("POST", "/v2/policies", 404, "call_not_served")]
    [InlineData("GET", "/walletsmith", 404, "not_found")]
    [InlineData("GET", "/auth/wallets", 404, "not_found")]
    [InlineData("GET", "/auth/registration", 405, "method_not_allowed")]
    [InlineData("PUT", "/auth/registration/init", 405, "method_not_allowed")]
    [InlineData("TRACE", "/auth/registration", 405, "method_not_allowed")]
    [InlineData("BREW", "/auth/registration", 405, "method_not_allowed")]
    public async Task Answers_what_is_not_there_in_the_shape_of_all_errors(string method, string path, int status, string code)
    {
        var answer = await Service.SendAsync(new HttpMethod(method), path, content: null, bearer: null);

        Assert.Equal((status, code), ((int)answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Is_healthy_when_its_database_is(string path) =>
        Assert.Equal($$"""{"status":"ok","version":"{{ServiceVersion.Text}}"}""", (await Service.SendAsync(HttpMethod.Get, path, content: null, bearer: null)).Text);

    [Fact]
    public async Task Is_alive_but_not_ready_and_answers_503_when_its_database_is_gone()
    {
        // A directory in place of the file: nothing can be opened there any more.
        await using var database = await Migrated.SqliteAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        var file = new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(database.ConnectionString).DataSource;
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        File.Delete(file);
        Directory.CreateDirectory(file);

        Assert.Equal(HttpStatusCode.OK, (await service.SendAsync(HttpMethod.Get, "/health/live", content: null, bearer: null)).Status);
        using var ready = await service.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("storage_unavailable", (await invited.TryInitAsync()).Code);
    }

    [Fact]
    public async Task Has_no_more_connections_open_than_it_may()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Network:MaxConnections", "10"));
        var connections = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 10; i++) connections.Add(await ConnectAsync());
            foreach (var connection in connections) Assert.StartsWith("HTTP/1.1 200", await AskAsync(connection), StringComparison.Ordinal);

            using var further = await ConnectAsync();
            Assert.Equal("", await AskAsync(further));

            Assert.StartsWith("HTTP/1.1 200", await AskAsync(connections[0]), StringComparison.Ordinal);
        }
        finally
        {
            connections.ForEach(c => c.Dispose());
        }

        async Task<TcpClient> ConnectAsync()
        {
            var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", service.Http.BaseAddress!.Port);
            return client;
        }

        static async Task<string> AskAsync(TcpClient client)
        {
            try
            {
                await client.GetStream().WriteAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
                // To its last chunk, so that nothing of it is taken for the next answer.
                var (answer, buffer) = ("", new byte[4096]);
                while (!answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
                {
                    var count = await client.GetStream().ReadAsync(buffer);
                    if (count == 0) break;
                    answer += Encoding.ASCII.GetString(buffer, 0, count);
                }

                return answer;
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task Works_on_no_more_requests_at_once_than_it_may_and_whoever_sends_slowly_keeps_nobody_out()
    {
        await using var database = await Migrated.SqliteAsync();
        await using var service = await Service.StartAsync(database, ("RateLimits:RequestsAtOnce", "10"));
        var organisation = await service.NewOrganisationAsync();
        var body = new JsonObject { ["orgId"] = organisation.Id };
        var slow = new List<RawClient>();
        await using var other = new SqliteConnection(database.ConnectionString + ";Pooling=False");
        try
        {
            // Begun, and not at their end.
            var request = RawRequest.Of(HttpMethod.Post, "/auth/login/init", body);
            for (var n = 0; n < 20; n++)
            {
                slow.Add(await RawClient.ConnectAsync(service));
                await slow[^1].WriteAsync(request.Head() + request.Body[..^1]);
            }

            Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", body.DeepClone())).Status);

            // Nobody's challenge is stored while another writes.
            await other.OpenAsync();
            await RunAsync("BEGIN IMMEDIATE");
            var working = Enumerable.Range(0, 10).Select(_ => service.PostAsync("/auth/login/init", body.DeepClone())).ToList();
            Answer refused;
            do refused = await service.PostAsync("/auth/login/code", new JsonObject { ["orgId"] = organisation.Id, ["username"] = "" });
            while ((int)refused.Status != 503);
            Assert.Equal(("service_busy", "1"), (refused.Code, refused.Headers["Retry-After"]));
            foreach (var content in (HttpContent?[])[null, new StringContent("a")])
                Assert.Equal("service_busy", (await service.SendAsync(HttpMethod.Get, "/auth/credentials", content, "none")).Code);
            using var live = await service.Http.GetAsync(new Uri("/health/live", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
            await RunAsync("ROLLBACK");

            Assert.All(await Task.WhenAll(working), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
            Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", body.DeepClone())).Status);
            await slow[0].WriteAsync(request.Body[^1..]);
            Assert.StartsWith("HTTP/1.1 200", await slow[0].ReadAsync(), StringComparison.Ordinal);
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }

        async Task RunAsync(string sql)
        {
            await using var command = other.CreateCommand();
#pragma warning disable CA2100 // One of two.
            command.CommandText = sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }

    [Theory]
    [InlineData("Authorization")]
    [InlineData("content-type, x-dfns-useraction, x-dfns-sdk-version, x-dfns-appid, x-dfns-nonce")]
    [InlineData("baggage, sentry-trace, traceparent, tracestate")]
    [InlineData("x-datadog-trace-id, newrelic, x-of-a-tool-that-nobody-knows-yet")]
    public async Task Admits_the_headers_clients_send_from_an_origin_that_an_organisation_lists(string headers)
    {
        await using var service = await Service.StartAsync(Service.Database);
        await service.NewOrganisationAsync(r => r.Origins = ["https://listed.example.co"]);

        using var answer = await PreflightAsync(service, "https://listed.example.co", headers);

        Assert.Equal("https://listed.example.co", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        var allowed = answer.Headers.GetValues("Access-Control-Allow-Headers").Single().Split(',', StringSplitOptions.TrimEntries);
        Assert.All(headers.Split(", "), h => Assert.Contains(h, allowed, StringComparer.OrdinalIgnoreCase));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData("https://elsewhere.example.co")]
    [InlineData("https://listed.example.co.evil.example")]
    [InlineData("http://listed.example.co")]
    [InlineData("https://listed.example.co:8443")]
    [InlineData("null")]
    public async Task Admits_no_other_origin(string origin)
    {
        await using var service = await Service.StartAsync(Service.Database);
        await service.NewOrganisationAsync(r => r.Origins = ["https://listed.example.co"]);

        using var answer = await PreflightAsync(service, origin, "authorization");

        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("https://www.related.example", true)]
    [InlineData("https://a.b.below.example", true)]
    [InlineData("https://related.example", false)]
    [InlineData("https://a.www.related.example", false)]
    [InlineData("https://below.example", false)]
    [InlineData("https://evil-below.example", false)]
    [InlineData("https://a.below.example.evil.example", false)]
    [InlineData("https://a.below.example:8443", false)]
    [InlineData("https://A.below.example", false)]
    [InlineData("https://a.below.example.", false)]
    [InlineData("https://jane@a.below.example", false)]
    [InlineData("http://a.below.example", false)]
    [InlineData("https://*.below.example", false)]
    public async Task Admits_related_origins_and_where_an_organisation_says_so_the_hosts_below_a_domain(string origin, bool isAdmitted)
    {
        await using var service = await Service.StartAsync(Service.Database);
        await service.NewOrganisationAsync(r => (r.RelyingPartyId, r.Origins, r.RelatedOrigins) = ("below.example", ["https://*.below.example"], ["https://www.related.example"]));

        using var answer = await PreflightAsync(service, origin, "authorization");

        Assert.Equal(isAdmitted ? [origin] : [], answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var admitted) ? admitted : []);
    }

    [Fact]
    public async Task Answers_429_with_a_retry_after_beyond_the_limit_of_an_address_and_writes_nothing()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:PermitsPerMinute", "3"));
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");

        var answers = new List<Answer>();
        for (var request = 0; request < 5; request++) answers.Add(await invited.TryInitAsync());

        Assert.Equal([200, 200, 200, 429, 429], answers.Select(a => (int)a.Status));
        Assert.InRange(int.Parse(answers[^1].Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal("too_many_requests", answers[^1].Code);
    }

    [Fact]
    public async Task Does_not_let_a_client_widen_its_limit_with_forwarded_headers()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:PermitsPerMinute", "3"));

        var statuses = new List<int>();
        for (var request = 0; request < 5; request++) statuses.Add(await ForwardedAsync(service, $"198.51.100.{request}"));

        Assert.Equal([415, 415, 415, 429, 429], statuses);
    }

    [Fact]
    public async Task Counts_by_the_address_that_a_trusted_proxy_names()
    {
        await using var service = await Service.StartAsync(
            Service.Database, ("RateLimits:PermitsPerMinute", "3"), ("Network:TrustedProxies:0", "127.0.0.0/8"));

        var statuses = new List<int>();
        for (var request = 0; request < 5; request++) statuses.Add(await ForwardedAsync(service, $"198.51.100.{request}"));
        // What the client itself wrote stands further left, and does not count.
        for (var request = 0; request < 4; request++) statuses.Add(await ForwardedAsync(service, $"198.51.100.{request + 50}, 203.0.113.9"));

        Assert.Equal([415, 415, 415, 415, 415, 415, 415, 415, 429], statuses);
    }

    [Theory]
    [InlineData("/AUTH/registration/init")]
    [InlineData("/Auth/Registration/Init")]
    public async Task Forbids_caching_however_the_path_is_written(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Service.Json(new System.Text.Json.Nodes.JsonObject()) };

        using var answer = await Service.Http.SendAsync(request);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
    }

    [Fact]
    public async Task Does_not_name_the_software_that_answers()
    {
        var answer = await Service.SendAsync(HttpMethod.Get, "/health/live", content: null, bearer: null);

        Assert.False(answer.Headers.ContainsKey("Server"));
        Assert.False(answer.Headers.ContainsKey("X-Powered-By"));
    }

    [Fact]
    public async Task Answers_broken_http_without_falling_over()
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Service.Http.BaseAddress!.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync("POST /auth/registration/init HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n"u8.ToArray());
        using var reader = new StreamReader(stream);

        Assert.Contains(" 400 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal($$"""{"status":"ok","version":"{{ServiceVersion.Text}}"}""", (await Service.SendAsync(HttpMethod.Get, "/health/live", content: null, bearer: null)).Text);
    }

    private static async Task<int> ForwardedAsync(Service service, string forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/registration/init");
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var answer = await service.Http.SendAsync(request);
        return (int)answer.StatusCode;
    }

    private static async Task<HttpResponseMessage> PreflightAsync(Service service, string origin, string headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/auth/registration");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", headers);
        return await service.Http.SendAsync(request);
    }
}
