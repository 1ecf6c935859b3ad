using System.Net;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>What the address of a webhook must look like; whether it may be sent to is asked again, of what its name resolves to, each time it is.</summary>
internal sealed class WebhookUrls(WebhookAddresses addresses, IOptions<WebhookOptions> options)
{
    private const string Path = "$.url";

    /// <summary>Checks what was sent.</summary>
    /// <returns>Null, or the first fault.</returns>
    public ApiError? Fault(string? url)
    {
        if (string.IsNullOrEmpty(url)) return ErrorCatalog.MemberRequired.At(Path);
        if (url.Length > Limits.UrlLength) return ErrorCatalog.MemberTooLong.Saying($"At most {Limits.UrlLength} characters.").At(Path);
        // What Uri would put right is not what a client then reads back.
        if (url.Any(c => c is <= ' ' or > '~' or '\\' or '"' or '<' or '>') || !Uri.TryCreate(url, UriKind.Absolute, out var read) || read.Host.Length == 0) return Invalid("Use an address such as 'https://backend.example.co/webhooks', in ASCII.");
        if (read.UserInfo.Length > 0 || url.Contains('#', StringComparison.Ordinal)) return Invalid("Leave out user, password and fragment.");
        if (!IsAllowedScheme(read)) return Invalid("Use https.");
        return IPAddress.TryParse(read.DnsSafeHost, out var address) && !addresses.Admits(address) ? Invalid("This address is not sent to: others cannot reach it.") : null;
    }

    /// <summary>Whether an address is by https, or by http where the operator lists its host.</summary>
    public bool IsAllowedScheme(Uri url) =>
        url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && options.Value.HttpHosts.Contains(url.DnsSafeHost, StringComparer.OrdinalIgnoreCase));

    private static ApiError Invalid(string why) => ErrorCatalog.MemberInvalid.Saying(why).At(Path);
}
