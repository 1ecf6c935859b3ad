using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Tokens;

/// <summary>What issues and reads tokens.</summary>
internal static class TokenSetup
{
    public static void AddTokens(this WebApplicationBuilder builder)
    {
        var development = builder.Environment.IsDevelopment();
        builder.Bind<TokenOptions>(TokenOptions.Section)
            .PostConfigure(o => o.Issuer ??= development ? "http://localhost" : null)
            .Validate(o => IsHttpUrl(o.Issuer, development), "Tokens:Issuer must be the public https address of the service, such as 'https://auth.example.co'.")
            .Validate(o => o.SigningKeyLifetime >= TimeSpan.FromDays(1) && o.SigningKeyLifetime <= TimeSpan.FromDays(365), "Tokens:SigningKeyLifetime must be at least a day and at most a year, such as '90.00:00:00'.");
        builder.Services.AddScoped<SigningKeyStore>();
        builder.Services.AddSingleton<SigningKeys>();
        builder.Services.AddSingleton<KnownTokens>();
        builder.Services.AddSingleton<TokenService>();
    }

    private static bool IsHttpUrl(string? text, bool development) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (development && url.Scheme == Uri.UriSchemeHttp))
        // RFC 8414 §2: no query, no fragment; and nobody's password is for everybody to read.
        && url is { UserInfo: "", Query: "", Fragment: "" } && !text!.EndsWith('?') && !text.EndsWith('#');
}
