using System.Net.Http.Headers;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary><c>HEAD</c>, wherever there is something to get; and what whoever has a document already is spared.</summary>
[Trait("Speed", "quick")]
public sealed class HeadTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private const string Document = "/swagger/v1/swagger.json";

    [Fact]
    public async Task Is_answered_as_what_it_is_the_head_of_at_every_path()
    {
        var paths = Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Contains(HttpMethods.Get))
            .Select(e => e.RoutePattern.RawText!.Replace("{userId}", "us-none", StringComparison.Ordinal).Replace("{permissionId}", "pm-none", StringComparison.Ordinal).Replace("{appId}", "ap-none", StringComparison.Ordinal))
            .ToList();
        var session = await (await Registered.NewAsync(await Service.NewOrganisationAsync())).LoginAsync();

        Assert.Contains("/.well-known/jwks.json", paths);
        foreach (var path in paths)
        {
            foreach (var bearer in new[] { null, session })
            {
                using var head = await AskAsync(HttpMethod.Head, path, bearer);
                using var got = await AskAsync(HttpMethod.Get, path, bearer);

                Assert.Equal((path, got.StatusCode, got.Content.Headers.ContentType), (path, head.StatusCode, head.Content.Headers.ContentType));
                Assert.NotEqual(405, (int)head.StatusCode);
                Assert.Empty(await head.Content.ReadAsByteArrayAsync());
            }
        }
    }

    [Fact]
    public async Task Is_not_allowed_where_there_is_nothing_to_get()
    {
        using var head = await AskAsync(HttpMethod.Head, "/auth/login");

        Assert.Equal(405, (int)head.StatusCode);
    }

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("deflate", null)]
    [InlineData(null, null)]
    public async Task A_document_is_sent_as_its_reader_takes_it_and_once(string? accepted, string? coding)
    {
        using var first = await AskAsync(HttpMethod.Get, Document, accepted: accepted);
        var (tag, bytes) = (first.Headers.ETag!, await first.Content.ReadAsByteArrayAsync());
        using var again = await AskAsync(HttpMethod.Get, Document, accepted: accepted, tag: tag);
        using var other = await AskAsync(HttpMethod.Get, Document, accepted: accepted, tag: new EntityTagHeaderValue("\"other\""));

        Assert.Equal(coding is null ? [] : [coding], first.Content.Headers.ContentEncoding);
        Assert.Equal(("no-cache", true), (first.Headers.CacheControl!.ToString(), first.Headers.Vary.Contains("Accept-Encoding")));
        Assert.True(coding is null ? bytes.Length > 500_000 : bytes.Length < 250_000, $"{bytes.Length}");
        Assert.Equal((304, 0), ((int)again.StatusCode, (await again.Content.ReadAsByteArrayAsync()).Length));
        Assert.Equal((200, bytes.Length), ((int)other.StatusCode, (await other.Content.ReadAsByteArrayAsync()).Length));
        using var head = await AskAsync(HttpMethod.Head, Document, accepted: accepted);
        Assert.Equal((bytes.Length, tag), ((int?)head.Content.Headers.ContentLength, head.Headers.ETag));
    }

    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, string? bearer = null, string? accepted = null, EntityTagHeaderValue? tag = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        if (accepted is not null) request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        if (tag is not null) request.Headers.IfNoneMatch.Add(tag);
        return await Service.Http.SendAsync(request);
    }
}
