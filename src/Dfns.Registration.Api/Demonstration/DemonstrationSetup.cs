using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Settings;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>Section <c>Demonstration</c>; read in Development only.</summary>
public sealed class DemonstrationOptions
{
    public const string Section = "Demonstration";

    /// <summary>Where a browser finds the page, when that is not where the service listens: <c>http://localhost:8080</c> outside a container.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Whether the service may listen where others than this machine reach it; its pages then ask for the token of the printed link.</summary>
    public bool AllowNetwork { get; set; }
}

/// <summary>What a newcomer finds on a machine with nothing but the SDK: an organisation, a user, and one link.</summary>
internal static class DemonstrationSetup
{
    /// <summary>Its settings.</summary>
    public static void BindDemonstration(this WebApplicationBuilder builder) => builder.Bind<DemonstrationOptions>(DemonstrationOptions.Section)
        .Validate(
            o => o.PublicUrl is null || (Uri.TryCreate(o.PublicUrl, UriKind.Absolute, out var url) && url.Host == "localhost"),
            "Demonstration:PublicUrl must be an address at localhost, where browsers allow passkeys without https, such as 'http://localhost:8080'.");

    public static void AddDemonstration(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PageGuard>();
        builder.Services.AddScoped<DemonstrationStore>();
        builder.Services.AddScoped<ConsoleStore>();
        builder.Services.AddSingleton<IRequestExamples, DemonstrationExamples>();
    }

    /// <summary>Prepares the data once the service listens, and prints the link. The code stands behind '#', which no browser sends.</summary>
    public static async Task PrintDemonstrationAsync(this WebApplication app, CancellationToken ct)
    {
        var page = PageOrigin(app.Services);
        await using var scope = app.Services.CreateAsyncScope();
        var data = scope.ServiceProvider.GetRequiredService<DemonstrationStore>();
        await data.PrepareOrganisationAsync([page], ct);
        var (username, code) = await data.InviteAsync(ct);
        var query = app.Services.GetRequiredService<PageGuard>().Query;

        // To the console, not to the log: the link carries a code.
        await Console.Out.WriteLineAsync(
            $"""

             Register a passkey in your browser:
               {RegistrationLink(app.Services, username, code)}

             Then sign in:       {page}/account.html{query}#orgId={DemonstrationStore.OrganisationId}
             Invite more users:  {page}/console.html{query}
             Explore the API:    {page}/swagger{query}

             """.AsMemory(),
            ct);
    }

    /// <summary>The link that registers an invited user; its code stands behind '#'.</summary>
    internal static string RegistrationLink(IServiceProvider services, string username, IssuedCode code) =>
        $"{PageOrigin(services)}/{services.GetRequiredService<PageGuard>().Query}#username={Uri.EscapeDataString(username)}&code={code.Code}&orgId={code.OrganisationId}";

    /// <summary>Where a browser finds the pages, such as <c>http://localhost:5080</c>. Known once the service listens.</summary>
    internal static string PageOrigin(IServiceProvider services)
    {
        if (services.GetRequiredService<IOptions<DemonstrationOptions>>().Value.PublicUrl is { } configured)
        {
            return new Uri(configured).GetLeftPart(UriPartial.Authority);
        }

        // An IP address is no relying party id: the page is opened at localhost, whatever address the service is bound to.
        var address = services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        var bound = BindingAddress.Parse(address);
        return new UriBuilder(bound.Scheme, "localhost", bound.Port).Uri.GetLeftPart(UriPartial.Authority);
    }
}
