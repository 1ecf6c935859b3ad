using Microsoft.AspNetCore.OutputCaching;

namespace Dfns.Registration.Api.Hosting;

/// <summary>Keeps for a moment what anybody may ask for as often as he likes, and what costs more than it should then.</summary>
internal static class DocumentCache
{
    public static void AddDocumentCache(this IServiceCollection services) => services.AddOutputCache(cache =>
        cache.AddBasePolicy(policy => policy.AddPolicy<Policy>(), excludeDefaultPolicy: true));

    private sealed class Policy : IOutputCachePolicy
    {
        public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
        {
            var request = context.HttpContext.Request;
            var lifetime = Lifetime(request.Path, context.HttpContext.RequestServices.GetRequiredService<IHostEnvironment>().IsDevelopment());
            var cached = HttpMethods.IsGet(request.Method) && lifetime > TimeSpan.Zero;
            context.EnableOutputCaching = context.AllowCacheLookup = context.AllowCacheStorage = context.AllowLocking = cached;
            context.ResponseExpirationTimeSpan = lifetime;
            // Nothing that a client can vary makes another entry.
            context.CacheVaryByRules.VaryByHost = false;
            context.CacheVaryByRules.QueryKeys = Microsoft.Extensions.Primitives.StringValues.Empty;
            return ValueTask.CompletedTask;
        }

        public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
        {
            // A service that is not ready is asked again at once.
            if (context.HttpContext.Response.StatusCode != StatusCodes.Status200OK) context.AllowCacheStorage = false;
            return ValueTask.CompletedTask;
        }

        // The document of Development carries live examples.
        private static TimeSpan Lifetime(PathString path, bool development) => path.Value switch
        {
            "/swagger/v1/swagger.json" when !development => TimeSpan.FromHours(1),
            "/health/ready" => TimeSpan.FromSeconds(1),
            _ => TimeSpan.Zero,
        };
    }
}
