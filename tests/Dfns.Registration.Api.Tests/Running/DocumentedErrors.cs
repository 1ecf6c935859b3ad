using System.Collections.Concurrent;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>The errors that each endpoint says it can answer; no answer of any test may be another.</summary>
public static class DocumentedErrors
{
    private static readonly ConcurrentDictionary<string, (TemplateMatcher Path, HashSet<string> Codes)> ByRoute = new(StringComparer.Ordinal);

    // Answered before an endpoint is chosen.
    private static readonly string[] AnyRoute = [ErrorCatalog.NotFound.Code, ErrorCatalog.CallNotServed.Code, ErrorCatalog.MethodNotAllowed.Code, ErrorCatalog.StorageUnavailable.Code];

    public static void Learn(IServiceProvider services)
    {
        foreach (var endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            var codes = endpoint.Metadata.OfType<ErrorsMetadata>().SelectMany(m => m.Errors).Select(e => e.Code).ToHashSet(StringComparer.Ordinal);
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            {
                ByRoute[$"{method} {endpoint.RoutePattern.RawText}"] = (new TemplateMatcher(TemplateParser.Parse(endpoint.RoutePattern.RawText!), []), codes);
            }

        }
    }

    public static void AssertListed(HttpMethod method, string path, string? code)
    {
        Assert.Contains(ErrorCatalog.All, e => e.Code == code);
        if (AnyRoute.Contains(code)) return;
        // A fixed path comes before one with a parameter, as it does in routing.
        var route = ByRoute.Where(r => r.Key.StartsWith($"{method} ", StringComparison.Ordinal) && r.Value.Path.TryMatch(path, []))
            .OrderBy(r => r.Value.Path.Template.Parameters.Count).Select(r => r.Value.Codes).FirstOrDefault();
        Assert.True(route is not null, $"{method} {path} answered {code}, but is not an endpoint.");
        Assert.True(route.Contains(code!), $"{method} {path} answered {code}, which its documentation does not list.");
    }
}
