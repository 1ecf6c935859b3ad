using System.Net;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>
/// A service in Development that is open to the network: only when it was asked for, and its pages, its console and Swagger UI for nobody but
/// whoever has the link that it printed. Every file of the pages is tried.
/// </summary>
public sealed class PageGuardTests(Browser browser)
{
    private static readonly string Root = Path.Combine(Places.Repository, "src", "Dfns.Registration.Api", "wwwroot");

    /// <summary>Every page, every file of a page, Swagger UI and its document, every call of the console, and what is not there.</summary>
    private static readonly string[] Guarded =
    [
        "/", "/swagger", "/swagger/index.html", "/swagger/v1/swagger.json", "/SWAGGER/V1/SWAGGER.JSON", "/SWAGGER/index.html", "/nothing", "/console/nothing",
        "/console/organisations", "/console/organisations/or-demos-local-0000000000000001/users", "/console/organisations/or-demos-local-0000000000000001/audit",
        .. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories).Select(file => "/" + Path.GetRelativePath(Root, file).Replace('\\', '/')),
    ];

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://0.0.0.0:0")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:0;http://*:0")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "18099")]
    [InlineData("Kestrel:Endpoints:Open:Url", "http://[::]:0")]
    public async Task It_does_not_open_itself_to_the_network_unasked(string key, string value)
    {
        await using var database = await TestDatabase.SqliteAsync();
        var start = ServiceProcess.StartInfo("Development", "", [("Database:ConnectionString", database.ConnectionString), ("ASPNETCORE_URLS", null), (key, value)]);

        await using var process = RunningProcess.Start(start);

        Assert.Equal(1, await process.ExitAsync());
        Assert.Contains("is open to the network. Listen at localhost, such as '--urls=http://localhost:5080', or say '--Demonstration:AllowNetwork=true'.", process.Output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Now listening", process.Output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_its_pages_is_for_whoever_has_not_got_its_link()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await StartAsync(database);
        var link = await LinkAsync(service);
        using var stranger = Client(service);

        foreach (var path in Guarded)
        {
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, await StatusAsync(stranger, path)));
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, await StatusAsync(stranger, $"{path}?access={new string('a', 43)}")));
        }

        foreach (var path in new[] { "/health/live", "/health/ready", "/.well-known/jwks.json" }) Assert.Equal(HttpStatusCode.OK, await StatusAsync(stranger, path));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await StatusAsync(stranger, "/auth/registration"));

        // Whoever has it gets a cookie, and the token is out of the address.
        using var guest = Client(service);
        using var opened = await guest.GetAsync(new Uri(link.GetComponents(UriComponents.PathAndQuery, UriFormat.UriEscaped), UriKind.Relative));
        Assert.Equal((HttpStatusCode.Redirect, "/"), (opened.StatusCode, opened.Headers.Location!.OriginalString));
        Assert.Contains("httponly", Assert.Single(opened.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
        foreach (var path in Guarded.Where(p => !p.EndsWith("nothing", StringComparison.Ordinal)))
        {
            Assert.True(await StatusAsync(guest, path) is HttpStatusCode.OK or HttpStatusCode.MovedPermanently, path);
            // A foreign name is one, whoever asks.
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, await StatusAsync(guest, path, "rebound.example.co")));
        }
    }

    [Fact]
    public async Task The_printed_link_registers_and_its_console_invites()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await StartAsync(database);
        await using var tab = await browser.OpenAsync();
        var link = await LinkAsync(service);

        await tab.Page.GotoAsync(link.OriginalString);
        await Expect(tab["username"]).Not.ToHaveValueAsync("");
        Assert.Equal($"{service.Origin}/", tab.Page.Url);
        await tab["register-key"].ClickAsync();
        await Expect(tab["result-title"]).ToHaveTextAsync("You are registered");
        await tab["recovery-confirm"].ClickAsync();

        await tab.Page.GotoAsync($"{service.Origin}/console.html");
        await Expect(tab["user"].First).ToBeVisibleAsync();
        await tab.ScreenshotAsync("30-console-of-an-open-service");
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task At_localhost_the_pages_ask_for_no_token_but_for_the_name_of_this_machine()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await ServiceProcess.StartDevelopmentAsync(database.Provider, database.ConnectionString);
        await service.PrintedLinkAsync();
        using var client = Client(service);

        foreach (var path in Guarded.Where(p => !p.EndsWith("nothing", StringComparison.Ordinal)))
        {
            Assert.True(await StatusAsync(client, path) is HttpStatusCode.OK or HttpStatusCode.MovedPermanently, path);
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, await StatusAsync(client, path, "rebound.example.co")));
        }
    }

    private static Task<ServiceProcess> StartAsync(TestDatabase database) => ServiceProcess.StartAsync(
        "Development",
        [("Database:Provider", database.Provider), ("Database:ConnectionString", database.ConnectionString), ("Secrets:MasterKey", ServiceProcess.MasterKey), ("Demonstration:AllowNetwork", "true"), ("RateLimits:PermitsPerMinute", "1000000")],
        change: start => start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0;http://0.0.0.0:0");

    private static async Task<Uri> LinkAsync(ServiceProcess service)
    {
        var link = new Uri((await service.Output.LineAsync(line => line.Contains("/?access=", StringComparison.Ordinal) && line.Contains("#username=", StringComparison.Ordinal))).Trim());
        Assert.Equal("localhost", link.Host);
        return link;
    }

    private static HttpClient Client(ServiceProcess service) => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = new Uri(service.Origin) };

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path, string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (host is not null) request.Headers.Host = host;
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
