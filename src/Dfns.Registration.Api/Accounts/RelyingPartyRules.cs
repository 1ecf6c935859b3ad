using System.Buffers.Text;
using System.Globalization;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Api.Accounts;

/// <summary>What a relying party may be set to. A setting that could never verify a ceremony, or verify somebody else's, is refused here.</summary>
internal static class RelyingPartyRules
{
    private static readonly string[] Attestations = ["none", "indirect", "direct", "enterprise"];
    private const int MostIds = 10;
    private const string Android = "android:apk-key-hash:";

    // Of a certificate, by SHA-256.
    private const int FingerprintBytes = 32;

    private static readonly string[] AppOrigins = ["ios:bundle-id:"];
    private static readonly string[] UserVerifications = ["required", "preferred", "discouraged"];

    /// <summary>The statuses of FIDO MDS 3.1 §3.1.4 that speak against a model; the others say how well it was certified.</summary>
    public static readonly IReadOnlyList<string> RefusableStatuses =
        [.. AttestationTrust.Undesired, "NOT_FIDO_CERTIFIED", "UPDATE_AVAILABLE", "RETIRED", "SELF_ASSERTION_SUBMITTED"];

    /// <summary>Every fault, each with a valid example.</summary>
    public static IReadOnlyList<string> Faults(RelyingParty relyingParty)
    {
        var faults = new List<string>();
        faults.AddRange(relyingParty.EveryId.Select(id => DomainFault(id, relyingParty)).OfType<string>());
        // Of what is no domain no origin can be: that is told once.
        var areDomains = faults.Count == 0;
        faults.AddRange(relyingParty.Origins.Concat(relyingParty.TopOrigins.Where(o => !IsWebOrigin(o)))
            .Where(o => !relyingParty.EveryId.Any(id => IsOrigin(o, id)))
            .Select(o => AsWritten(o) ?? (!areDomains ? null : $"'{o}' is not an origin of '{string.Join("' or '", relyingParty.EveryId)}': use 'https://' ('http://' for localhost alone) and a host that is the RP id or below it, without a path or a slash at the end, or an app's origin such as 'android:apk-key-hash:…'."
                + (RelatedFault(o, relyingParty) is null ? $" A page of another domain may use its passkeys too if it is named with '--related-origin {o}'." : ""))).OfType<string>());
        if (relyingParty.EveryId is { Count: > MostIds } ids) faults.Add($"An organisation has {MostIds} RP ids at most, and these are {ids.Count}.");
        if (relyingParty.FurtherIds?.Contains(relyingParty.RelyingPartyId) == true) faults.Add($"'{relyingParty.RelyingPartyId}' is the primary RP id, and no further one: name it once.");
        if (NameFault(relyingParty.Name) is { } badName) faults.Add(badName);
        if (relyingParty.Origins.Count == 0) faults.Add("At least one origin is needed, such as 'https://app.example.co'.");
        faults.AddRange(relyingParty.TopOrigins.Where(IsPattern).Select(o => $"'{o}' is no top origin: the pages that may hold a frame are named one by one."));
        faults.AddRange(relyingParty.Origins.Where(IsPattern).Select(PatternFault).OfType<string>());
        faults.AddRange(RelatedFaults(relyingParty));
        if (PageFault(relyingParty.PasskeyEnrollUrl, "--passkey-enroll-url") is { } badEnroll) faults.Add(badEnroll);
        if (PageFault(relyingParty.PasskeyManageUrl, "--passkey-manage-url") is { } badManage) faults.Add(badManage);
        if (!Attestations.Contains(relyingParty.Attestation)) faults.Add($"The attestation must be one of {string.Join(", ", Attestations)}.");
        if (!UserVerifications.Contains(relyingParty.UserVerification)) faults.Add($"The user verification must be one of {string.Join(", ", UserVerifications)}.");
        if (relyingParty is { TopOrigins.Count: > 0, AllowCrossOrigin: false }) faults.Add("Top origins have no effect while no ceremony may run in a cross-origin frame: set '--allow-cross-origin' too.");
        if (relyingParty is { TopOrigins.Count: 0, AllowCrossOrigin: true }) faults.Add("A ceremony in a cross-origin frame needs at least one top origin that may hold the frame, such as '--top-origin https://www.example.co'.");
        if (relyingParty is { AcceptSignCountRegression: true, RefuseSyncedSignCountRegression: true }) faults.Add("Counters that do not grow cannot be refused of passkeys that may be backed up while they are accepted of all: set '--accept-sign-count-regression false' too.");
        if (relyingParty.Algorithms.Count == 0 || relyingParty.Algorithms.Except(RegistrationExpectation.SupportedAlgorithms).Any())
        {
            faults.Add($"The algorithms must be some of {string.Join(", ", RegistrationExpectation.SupportedAlgorithms)}.");
        }

        faults.AddRange(AttestationFaults(relyingParty));
        return faults;
    }

    /// <summary>What is wrong with the name of an organisation or of a relying party.</summary>
    /// <returns>The fault, or null.</returns>
    public static string? NameFault(string name) =>
        string.IsNullOrWhiteSpace(name) || name.Length > Limits.NameLength ? $"The name must have 1 to {Limits.NameLength} characters."
        : !FreeText.IsPlain(name) ? $"The name is shown in mails, terminals and by authenticators. {FreeText.Fault}"
        : null;

    private static IEnumerable<string> AttestationFaults(RelyingParty relyingParty)
    {
        // Browsers then take the attestation away, and every passkey would be refused.
        if (relyingParty is { Attestation: "none", RefuseNoAttestation: true })
            yield return "Passkeys without attestation can be refused only where one is asked for: set the attestation to 'direct'.";
        if (relyingParty is { AllowedAaguids.Count: > 0, RequireTrustedRoot: false })
            yield return "Models can be listed only where attestation must lead to a trusted root: anybody can claim to be of a model.";
        if (relyingParty is { AllowedAaguids.Count: > 0, Attestation: "none" })
            yield return "Models can be listed only where an attestation is asked for: set the attestation to 'direct'.";
        if (relyingParty is { DeniedAaguids.Count: > 0, RequireTrustedRoot: false })
            yield return "Models can be refused only where attestation must lead to a trusted root: anybody can claim to be of another model.";
        if (relyingParty is { RefusedStatuses.Count: > 0, RequireTrustedRoot: false })
            yield return "Statuses restrict nothing where no attestation has to lead to a trusted root: set '--require-trusted-root' too.";
        if ((relyingParty.AllowedAaguids ?? []).Intersect(relyingParty.DeniedAaguids ?? []).ToList() is { Count: > 0 } both)
            yield return $"A model is either accepted or refused, and {string.Join(", ", both)} would be both: it would be refused. Name it once.";
        // WebAuthn L3 §6.5.1: what an authenticator says that names no model, and any may.
        if ((relyingParty.AllowedAaguids ?? []).Concat(relyingParty.DeniedAaguids ?? []).Contains(Guid.Empty))
            yield return $"'{Guid.Empty}' is no model: authenticators that name none send it. Passkeys without a certificate are refused with '--refuse-no-attestation --refuse-self-attestation'.";
        foreach (var status in (relyingParty.RefusedStatuses ?? []).Where(status => !RefusableStatuses.Contains(status)))
            yield return $"'{status}' is not a status as metadata spells one, such as 'REVOKED': {Spelling.Hint(status, RefusableStatuses)}";
        // Whoever may do without a certificate is not held by what is asked of certificates. A list of models is: without a trusted one, nobody is of it.
        if (relyingParty is { RequireTrustedRoot: true, AllowedAaguids: null or { Count: 0 } } and not { RefuseNoAttestation: true, RefuseSelfAttestation: true })
            yield return "A trusted root restricts nothing while passkeys without certificates are accepted: refuse no attestation and self attestation too, with '--refuse-no-attestation --refuse-self-attestation --attestation direct'.";
        if (relyingParty is { RefuseSelfAttestation: true, RefuseNoAttestation: false, AllowedAaguids: null or { Count: 0 } })
            yield return "Refusing self attestation restricts nothing while passkeys without any attestation are accepted: the same key comes without. Refuse both, with '--refuse-no-attestation --attestation direct'.";
    }

    // What a browser takes for the RP ID (WebAuthn L3 §5.1.3): a domain as DNS spells it, and none that others register under, but where the page itself is there.
    private static string? DomainFault(string domain, RelyingParty relyingParty)
    {
        const string fault = "The RP id must be a domain name in lower case, such as 'example.co'";
        if (IsDomain(domain))
        {
            return PublicSuffixes.Contains(domain) && relyingParty.Origins.Any(o => IsWebOrigin(o) && new Uri(o).Host is var host && host != domain && RelyingParty.IsAtOrBelow(host, domain))
                ? $"'{domain}' is a name that others register theirs under, and no browser makes a passkey for all of them. Take the part that is yours, such as 'example.{domain}'."
                : null;
        }

        return AsDns(domain) is { } spelled && IsDomain(spelled) ? $"{fault}; browsers and DNS spell '{domain}' as '{spelled}'." : $"{fault}.";
    }

    private static bool IsDomain(string text) =>
        text.Length <= Limits.DomainLength && text.All(char.IsAscii) && !text.Any(char.IsAsciiLetterUpper) && Uri.CheckHostName(text) == UriHostNameType.Dns && !text.EndsWith('.');

    // What browsers keep to of what is published for them (WebAuthn L3 §5.11.1): at least five labels, and every domain that says nothing more of who it is counts as one.
    private const int MostRelatedLabels = 5;

    private static IEnumerable<string> RelatedFaults(RelyingParty relyingParty)
    {
        var related = relyingParty.RelatedOrigins ?? [];
        foreach (var origin in related)
        {
            if (RelatedFault(origin, relyingParty) is { } fault) yield return fault;
        }

        if (related.Select(RelatedLabel).OfType<string>().Distinct(StringComparer.Ordinal).ToList() is { Count: > MostRelatedLabels } labels)
            yield return $"Browsers look at the related origins of {MostRelatedLabels} names and pass over the rest; these are of {labels.Count}: {string.Join(", ", labels)}. The same name under several public suffixes, such as 'example.co' and 'example.de', counts once.";
    }

    private static string? RelatedFault(string origin, RelyingParty relyingParty) =>
        RelatedLabel(origin) is null ? (origin.All(char.IsAscii) ? null : AsWritten(origin))
            ?? $"'{origin}' is not a related origin: use 'https://' and the host of a page of another domain, without a path or a slash at the end, such as 'https://www.example.de'."
        : relyingParty.EveryId.FirstOrDefault(id => RelyingParty.IsAtOrBelow(new Uri(origin).Host, id)) is { } own ? $"'{origin}' lies at or below the RP id '{own}' and needs no relation: name it with '--origin'."
        : null;

    // The label under which its domain is registered; null for what is no origin that a browser relates.
    private static string? RelatedLabel(string origin) =>
        IsWebOrigin(origin) && new Uri(origin) is { Scheme: "https" } url && IsDomain(url.Host) ? PublicSuffixes.RegistrableLabel(url.Host) : null;

    private static bool IsPattern(string text) => text.StartsWith(AdmittedOrigins.Below, StringComparison.Ordinal);

    private static string? PatternFault(string text) =>
        PublicSuffixes.LetsOthersIn(text[AdmittedOrigins.Below.Length..]) ? $"'{text}' would admit pages of others: they register their names below '{text[AdmittedOrigins.Below.Length..]}'. Name each origin by itself." : null;

    private static string? PageFault(string? url, string option) =>
        url is null || (url.Length <= Limits.UrlLength && url.All(c => char.IsAscii(c) && c > ' ') && Uri.TryCreate(url, UriKind.Absolute, out var page) && page.UserInfo.Length == 0
            && (page.Scheme == Uri.UriSchemeHttps || (page.Scheme == Uri.UriSchemeHttp && page.Host == "localhost")))
            ? null
            : $"'{url}' is not the address of a page: use one with 'https://', of at most {Limits.UrlLength} characters, such as '{option} https://example.co/passkeys'.";

    // Null for what is no name at all.
    private static string? AsDns(string text)
    {
        try
        {
            return new IdnMapping { UseStd3AsciiRules = true }.GetAscii(text.TrimEnd('.').ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // An origin that is meant well and never compares equal: how it is spelled by whoever sends it. Null for what is no such one.
    private static string? AsWritten(string text)
    {
        if (text.StartsWith(Android, StringComparison.Ordinal))
        {
            return $"'{text}' is not an origin of an Android app: behind '{Android}' stands the SHA-256 fingerprint of the certificate that signs the app, in base64url without padding, 43 characters"
                + (Fingerprint(text[Android.Length..]) is { } bytes ? $": '{Android}{Base64Url.EncodeToString(bytes)}'." : ".");
        }

        // What apps on Apple's systems send is an origin of the web: that of the associated domain.
        if (text.StartsWith("ios:", StringComparison.Ordinal))
            return $"'{text}' is not an origin of an iOS app: passkeys that an app makes through the system carry 'https://' and the RP id; a client that names the app itself sends '{AppOrigins[0]}' and its bundle id, such as '{AppOrigins[0]}co.example.app'.";

        return text.All(char.IsAscii) || !Uri.TryCreate(text, UriKind.Absolute, out var url) || AsDns(url.Host) is not { } host
            ? null
            : $"'{text}' is not an origin as browsers write it: '{new UriBuilder(url.Scheme, host, url.IsDefaultPort ? -1 : url.Port).Uri.GetLeftPart(UriPartial.Authority)}'.";
    }

    // As tools print it: in hexadecimal, with colons or without, or in base64.
    private static byte[]? Fingerprint(string text)
    {
        var hexadecimal = text.Replace(":", "", StringComparison.Ordinal);
        if (hexadecimal.Length == 2 * FingerprintBytes && hexadecimal.All(char.IsAsciiHexDigit)) return Convert.FromHexString(hexadecimal);
        var bytes = new byte[FingerprintBytes + 2];
        return Convert.TryFromBase64String(text.Replace('-', '+').Replace('_', '/').TrimEnd('=') + "=", bytes, out var length) && length == FingerprintBytes ? bytes[..length] : null;
    }

    private static bool IsOrigin(string text, string relyingPartyId)
    {
        if (text.StartsWith(Android, StringComparison.Ordinal)) return Fingerprint(text[Android.Length..]) is { } bytes && text == Android + Base64Url.EncodeToString(bytes);
        if (AppOrigins.FirstOrDefault(start => text.StartsWith(start, StringComparison.Ordinal)) is { } app) return text.Length > app.Length && text[app.Length..].All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+' or '/' or '=');
        if (IsPattern(text)) return text[AdmittedOrigins.Below.Length..] is var domain && IsDomain(domain) && RelyingParty.IsAtOrBelow(domain, relyingPartyId);
        // WebAuthn L3 §5.1.3: the RP ID is the origin's host or a suffix of it at a dot.
        return IsWebOrigin(text) && RelyingParty.IsAtOrBelow(new Uri(text).Host, relyingPartyId);
    }

    // Compared as text later on, so it must be written the way browsers write it: no path, no default port, lower case.
    private static bool IsWebOrigin(string text) =>
        text.All(char.IsAscii) && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.Host == "localhost"))
        && url.UserInfo.Length == 0 && text == url.GetLeftPart(UriPartial.Authority);
}
