using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>What anybody may ask for without limit costs no more for being asked for in another spelling or by another method.</summary>
[Trait("Database", "PostgreSql")]
public sealed class SpellingTests : IAsyncLifetime
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "PROPFIND"];

    private static readonly string[] Spellings =
    [
        "/swagger/v1/swagger.json", "/SWAGGER/V1/SWAGGER.JSON", "/swagger/v1/swagger.json/", "/swagger/v1/swagger.json?v=2", "/swagger/v1/swagger.yaml", "/swagger/v1/swagger.yml",
        "/swagger/V1/swagger.json?x", "//swagger/v1/swagger.json", "/swagger/v2/swagger.json", "/swagger/v1/swagger", "/swagger/v1/swagger%2Ejson", "/swagger/./v1/swagger.json",
        "/swagger/v1/swagger.json;a=b", "/openapi/v1.json", "/health/ready", "/HEALTH/READY", "/health/ready/", "/health/ready?x=1", "/health//ready", "/health/read%79", "/health/live/../ready",
    ];

    private TestDatabase database = null!;
    private CuttingProxy proxy = null!;
    private Service service = null!;

    public async ValueTask InitializeAsync()
    {
        database = await Migrated.PostgreSqlAsync();
        proxy = CuttingProxy.Of(database);
        service = await proxy.StartBehindAsync(database, prepares: true);
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        await proxy.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Every_spelling_and_method_of_a_document_is_answered_from_memory_or_not_at_all()
    {
        var document = service.Services.GetRequiredService<ApiDocument>();
        var built = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(document.GetAsync)));
        Assert.All(built, bytes => Assert.Same(built[0], bytes));
        Assert.Equal(200, await StatusAsync("GET", "/health/ready"));
        var before = proxy.RoundTrips;

        var served = new HashSet<string>();
        foreach (var path in Spellings)
        {
            foreach (var method in Methods)
            {
                var status = await StatusAsync(method, path);
                Assert.True(status is 200 or 204 or 404 or 405, $"{method} {path}: {status}");
                if (status == 200) served.Add($"{method} {path}");
            }
        }

        Assert.Same(built[0], await document.GetAsync());
        Assert.Equal(before, proxy.RoundTrips);
        Assert.Contains("GET /swagger/v1/swagger.json", served);
        Assert.Contains("HEAD /HEALTH/READY", served);
        Assert.DoesNotContain(served, call => call.Contains("yaml", StringComparison.Ordinal) || !(call.StartsWith("GET", StringComparison.OrdinalIgnoreCase) || call.StartsWith("HEAD", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Readiness_is_asked_once_for_all_who_ask_at_once_and_again_a_second_later()
    {
        Assert.Equal(200, await StatusAsync("GET", "/health/ready"));
        var before = proxy.RoundTrips;

        service.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 32).Select(n => StatusAsync("GET", $"/health/ready?{n}"))), status => Assert.Equal(200, status));
        var once = proxy.RoundTrips - before;

        Assert.InRange(once, 1, 3);
        service.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await StatusAsync("GET", "/health/ready"));
        Assert.Equal(before + (2 * once), proxy.RoundTrips);
    }

    // As it stands: a client's own address would tidy it up.
    private async Task<int> StatusAsync(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(service.Http.BaseAddress!.AbsoluteUri.TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        using var response = await service.Http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
