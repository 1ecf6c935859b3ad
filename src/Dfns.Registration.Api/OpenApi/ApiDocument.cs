using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.Features;

namespace Dfns.Registration.Api.OpenApi;

/// <summary>
/// The OpenAPI document, built and compressed once and served from memory: it takes as long as a hundred registrations, and anybody may ask for it. In
/// Development it carries live examples, and is built one at a time.
/// </summary>
internal sealed class ApiDocument(IServiceProvider services, IHostEnvironment environment) : IDisposable
{
    /// <summary>The name of the document: of the wire format, not of the service.</summary>
    public const string Name = "v1";

    /// <summary>The one path it is served at.</summary>
    public const string Path = $"/swagger/{Name}/swagger.json";

    private readonly RequestDelegate build = new ApplicationBuilder(services).UseSwagger().Build();
    private readonly SemaphoreSlim turn = new(1);
    private volatile CodedDocument? built;

    /// <summary>The document as it goes out.</summary>
    public async Task<CodedDocument> GetAsync()
    {
        if (built is { } ready) return ready;
        await turn.WaitAsync();
        try
        {
            if (built is { } meanwhile) return meanwhile;
            var document = await BuildAsync();
            return environment.IsDevelopment() ? CodedDocument.Plain(document) : built = CodedDocument.Compressed(document);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    private async Task<byte[]> BuildAsync()
    {
        await using var scope = services.CreateAsyncScope();
        using var body = new MemoryStream();
        var http = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        (http.Request.Method, http.Request.Path) = (HttpMethods.Get, Path);
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        await build(http);
        if (http.Response.StatusCode != StatusCodes.Status200OK) throw new InvalidOperationException("There is no document of this name.");
        return body.ToArray();
    }
}
