namespace Dfns.Registration.Api.Tokens;

/// <summary>Section <c>Tokens</c>.</summary>
public sealed class TokenOptions
{
    public const string Section = "Tokens";

    /// <summary>The <c>iss</c> of every token: the public address of the service, such as <c>https://auth.example.co</c>.</summary>
    public string? Issuer { get; set; }

    /// <summary>How long a signing key signs before the next one takes over; default 90 days, at least one day.</summary>
    public TimeSpan SigningKeyLifetime { get; set; } = TimeSpan.FromDays(90);
}
