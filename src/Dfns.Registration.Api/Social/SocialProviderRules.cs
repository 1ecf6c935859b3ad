using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Social;

/// <summary>What an OpenID provider may be set to.</summary>
internal static class SocialProviderRules
{
    /// <summary>Signatures that only the provider can make: with a shared secret, or with none, anybody could who knows the public key.</summary>
    public static readonly IReadOnlyList<string> SupportedAlgorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    public static readonly IReadOnlyList<string> DefaultAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];

    /// <summary>Every fault, each with a valid example.</summary>
    public static IReadOnlyList<string> Faults(SocialProvider provider)
    {
        var faults = new List<string>();
        if (!IsIssuer(provider.Issuer))
        {
            faults.Add("The issuer must be the https address that the provider's tokens name in iss, such as 'https://accounts.google.com'; http is for localhost alone.");
        }

        if (provider.ClientIds.Count == 0 || provider.ClientIds.Exists(c => string.IsNullOrWhiteSpace(c) || c.Length > Limits.SubjectLength || !FreeText.IsPlain(c)))
        {
            faults.Add($"At least one client id is needed, each of 1 to {Limits.SubjectLength} characters, such as '1234.apps.googleusercontent.com'.");
        }

        if (provider.Algorithms.Count == 0 || provider.Algorithms.Except(SupportedAlgorithms).Any())
        {
            faults.Add($"The algorithms must be some of {string.Join(", ", SupportedAlgorithms)}.");
        }

        return faults;
    }

    // Discovery 1.0 §3: https, without query and fragment.
    private static bool IsIssuer(string text) =>
        text.Length <= Limits.IssuerLength && FreeText.IsPlain(text) && !text.Any(char.IsWhiteSpace) && Uri.TryCreate(text, UriKind.Absolute, out var url) && ProviderKeys.IsSecure(url)
        && url.UserInfo.Length == 0 && !text.Contains('?', StringComparison.Ordinal) && !text.Contains('#', StringComparison.Ordinal);
}
