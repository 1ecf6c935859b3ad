using System.Collections.Frozen;
using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Calls that clients of the hosted service have and this service does not answer: whoever makes one is told so, and does not look for what
/// is wrong with the path.
/// </summary>
internal static class OtherCalls
{
    private const string SingleSignOn = "There is POST /auth/login/sso/init, or POST /auth/login/social with the provider's ID token.";

    private static readonly FrozenDictionary<string, string> Instead = new Dictionary<string, string>
    {
        ["/auth/login/oidc/init"] = SingleSignOn,
        ["/auth/login/oidc"] = SingleSignOn,
        ["/auth/tokens"] = "A token counts in the one organisation that it was issued for: sign in at the other.",
        ["/auth/users/invite"] = "A user belongs to one organisation: create one with POST /auth/users.",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // What the paths of all other calls begin with.
    private static readonly FrozenSet<string> Domains = new[]
    {
        "address-watches", "agreements", "allocations", "exchanges", "fee-sponsors", "key-stores", "keys", "networks", "payins", "payouts", "signers", "staking", "swaps", "v2", "vaults", "wallets",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What there is to say of a path that nothing here answers.</summary>
    /// <param name="path">The path of the request, decoded.</param>
    /// <returns><see cref="ErrorCatalog.CallNotServed"/> with what to do instead; null where the path is none of the hosted service's either.</returns>
    public static ApiError? Find(PathString path)
    {
        var asked = path.Value?.TrimEnd('/') ?? "";
        if (Instead.TryGetValue(asked, out var instead)) return ErrorCatalog.CallNotServed.Saying(instead);
        var domain = asked.Split('/') is ["", var first, ..] ? first : "";
        return Domains.TryGetValue(domain, out var known) ? ErrorCatalog.CallNotServed.Saying($"There is nothing below /{known}.") : null;
    }
}
