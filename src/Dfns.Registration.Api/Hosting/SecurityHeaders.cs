namespace Dfns.Registration.Api.Hosting;

/// <summary>Headers that every answer carries.</summary>
internal static class SecurityHeaders
{
    // Swagger UI sets styles from script; everything else is files of our own.
    private const string Page = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'none'; img-src 'self' data:";
    private const string SwaggerUi = Page + "; style-src 'self' 'unsafe-inline'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase) ? SwaggerUi : Page;
            headers["x-request-id"] = context.TraceIdentifier;
            // Tokens, challenges and errors are for one reader; only the published keys say otherwise.
            if (context.Request.Path.StartsWithSegments("/auth", StringComparison.OrdinalIgnoreCase) || context.Request.Path.StartsWithSegments("/permissions", StringComparison.OrdinalIgnoreCase) || context.Request.Path.StartsWithSegments("/webhooks", StringComparison.OrdinalIgnoreCase)) headers.CacheControl = "no-store";
            return Task.CompletedTask;
        });
        return next(context);
    });
}
