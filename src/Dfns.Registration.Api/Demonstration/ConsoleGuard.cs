using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>
/// Lets the console's own page in, and programs of the developer; no other page that is open in the developer's browser: neither one that
/// asks across origins, nor one whose host name an attacker has pointed at this machine (DNS rebinding).
/// </summary>
internal static class ConsoleGuard
{
    public const string Path = "/console";

    public static void UseConsoleGuard(this WebApplication app) => app.UseWhen(
        context => context.Request.Path.StartsWithSegments(Path, StringComparison.OrdinalIgnoreCase),
        console => console.Use(async (context, next) =>
        {
            // Invitations carry codes.
            context.Response.Headers.CacheControl = "no-store";
            if (IsForeign(context.Request, context.RequestServices.GetRequiredService<IOptions<DemonstrationOptions>>().Value.PublicUrl))
            {
                await new ErrorResult(ErrorCatalog.ConsoleForeign).ExecuteAsync(context);
                return;
            }

            await next(context);
        }));

    // A program sends neither of the two headers; a browser sends Origin whenever a page writes, and Sec-Fetch-Site always.
    private static bool IsForeign(HttpRequest request, string? publicUrl)
    {
        if (!PageGuard.Hosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase)) return true;
        if (request.Headers.TryGetValue("Sec-Fetch-Site", out var site) && site is not (["same-origin"] or ["none"])) return true;
        if (!request.Headers.TryGetValue("Origin", out var origin)) return false;
        return origin != $"{request.Scheme}://{request.Host}" && (publicUrl is null || origin != new Uri(publicUrl).GetLeftPart(UriPartial.Authority));
    }
}
