using System.Net;
using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>
/// Lets nobody at the pages and at Swagger UI, which ask for no sign-in, but whoever runs the service: under the name of this machine alone,
/// and where the service is open to the network with the token of the link that it printed.
/// </summary>
internal sealed class PageGuard(IServiceProvider services, Entropy entropy)
{
    /// <summary>The names of this machine: no other page's name, which an attacker can point here (DNS rebinding), is among them. PublicUrl is at localhost too.</summary>
    public static readonly IReadOnlyList<string> Hosts = ["localhost", "127.0.0.1", "[::1]"];

    private const string Parameter = "access";

    // What the service answers in Production too, and guards by itself.
    private static readonly string[] Unguarded = ["/auth", "/permissions", "/webhooks", "/.well-known", "/health"];

    private readonly string token = entropy.Challenge();

    /// <summary>Whether the service is open to the network.</summary>
    public bool NeedsToken => services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.Any(address => !IsLoopback(address)) ?? true;

    /// <summary>What a link to a page carries in front of its fragment; empty where no token is needed.</summary>
    public string Query => NeedsToken ? $"?{Parameter}={token}" : "";

    /// <summary>What is wrong with the addresses that the service is about to listen at.</summary>
    /// <returns>A sentence, or null.</returns>
    public static string? AddressFault(IConfiguration configuration, DemonstrationOptions options) =>
        !options.AllowNetwork && ListenAddresses.Of(configuration).Select(address => address.Url).FirstOrDefault(address => !IsLoopback(address)) is { } open
            ? $"In Development the service has pages and a console that ask for no sign-in, and codes in its log; '{open}' is open to the network. Listen at localhost, such as '--urls=http://localhost:5080', or say '--Demonstration:AllowNetwork=true'."
            : null;

    /// <summary>Lets a request through, or answers it.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (Array.Exists(Unguarded, path => request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase)))
        {
            await next(context);
            return;
        }

        // The console answers a foreign name itself.
        var isConsole = request.Path.StartsWithSegments(ConsoleGuard.Path, StringComparison.OrdinalIgnoreCase);
        if (!isConsole && !Hosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
        {
            await PlainAnswer.RefuseAsync(context, "This page is shown under the name of this machine alone. Open it at localhost.");
            return;
        }

        if (NeedsToken)
        {
            // A browser keeps cookies by name, not by port.
            var cookie = $"development-{request.Host.Port}";
            var (typed, kept) = (IsToken(request.Query[Parameter]), IsToken(request.Cookies[cookie]));
            if (!typed && !kept)
            {
                if (isConsole) await new ErrorResult(ErrorCatalog.ConsoleForeign).ExecuteAsync(context);
                else await PlainAnswer.RefuseAsync(context, "This service is open to the network, and its pages are for whoever started it. Open the link that it printed.");
                return;
            }

            if (typed && !isConsole && HttpMethods.IsGet(request.Method))
            {
                // Out of the address bar; the browser keeps what stands behind '#'.
                context.Response.Cookies.Append(cookie, token, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" });
                var rest = QueryString.Create(request.Query.Where(member => member.Key != Parameter));
                context.Response.Headers.CacheControl = "no-store";
                context.Response.Redirect($"{request.PathBase}{request.Path}{rest}");
                return;
            }
        }

        await next(context);
    }

    private static bool IsLoopback(string address)
    {
        try
        {
            var bound = BindingAddress.Parse(address);
            return bound.IsUnixPipe || bound.IsNamedPipe || bound.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(bound.Host, out var ip) && IPAddress.IsLoopback(ip));
        }
        catch (FormatException)
        {
            // The web server tells what is wrong with it.
            return true;
        }
    }

    private bool IsToken(string? text) => text is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(token));
}

/// <summary>Puts the guard in front of the pages.</summary>
internal static class PageGuardSetup
{
    public static void UsePageGuard(this WebApplication app)
    {
        var guard = app.Services.GetRequiredService<PageGuard>();
        app.Use((context, next) => guard.InvokeAsync(context, next));
    }

    /// <summary>What is wrong with the addresses of a service in Development, before it listens.</summary>
    public static string? AddressFault(this WebApplication app) =>
        app.Environment.IsDevelopment() ? PageGuard.AddressFault(app.Configuration, app.Services.GetRequiredService<IOptions<DemonstrationOptions>>().Value) : null;
}
