using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Social;

/// <summary>What a client of single sign-on may be set to.</summary>
internal static class SsoClientRules
{
    /// <summary>Redirect URIs of one client.</summary>
    public const int MostRedirectUris = 20;

    /// <summary>Every fault, each with a valid example.</summary>
    public static IReadOnlyList<string> Faults(SsoClient client, SocialProvider provider)
    {
        var faults = new List<string>();
        if (!provider.ClientIds.Contains(client.ClientId, StringComparer.Ordinal)) faults.Add("The provider does not accept this client id; 'social-provider add' names it first.");
        if (client.RedirectUris.Count is 0 or > MostRedirectUris || !client.RedirectUris.TrueForAll(IsRedirectUri))
        {
            faults.Add($"From 1 to {MostRedirectUris} redirect URIs are needed, each an https address without a fragment, such as 'https://app.example.co/callback'; http is for localhost alone.");
        }

        return faults;
    }

    /// <summary>What is wrong with a client secret (RFC 6749 appendix A.2); null for nothing.</summary>
    public static string? SecretFault(string secret) =>
        secret.Length is > 0 and <= Limits.ClientSecretLength && secret.All(c => c is >= ' ' and <= '~') ? null : $"The client secret must have 1 to {Limits.ClientSecretLength} characters of ASCII, on one line.";

    // RFC 6749 §3.1.2: absolute, without a fragment. What is compared as text is not to mean something else to a browser.
    private static bool IsRedirectUri(string text) =>
        text.Length <= Limits.RedirectUriLength && FreeText.IsPlain(text) && !text.Any(char.IsWhiteSpace) && !text.Contains('\\', StringComparison.Ordinal) && !text.Contains('#', StringComparison.Ordinal)
        && Uri.TryCreate(text, UriKind.Absolute, out var url) && ProviderKeys.IsSecure(url) && url.UserInfo.Length == 0;
}
