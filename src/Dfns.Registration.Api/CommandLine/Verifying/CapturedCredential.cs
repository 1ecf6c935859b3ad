using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Api.CommandLine.Verifying;

/// <summary>A captured credential, and what was expected of it.</summary>
/// <param name="Credential">As it was sent.</param>
/// <param name="Expected">What it is held against.</param>
/// <param name="KnownCredentialIds">The ids that are registered already.</param>
internal sealed record CapturedCredential(
    RegistrationCredential Credential, RegistrationExpectation Expected, IReadOnlyList<ReadOnlyMemory<byte>> KnownCredentialIds)
{
    private static readonly string[] Rfc3339 = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <summary>Reads an input. Members that are unknown are ignored, members that are null count as absent.</summary>
    /// <param name="json">One JSON object, UTF-8.</param>
    /// <param name="clock">The moment of verification, unless the input names one; UTC.</param>
    public static UsableOr<CapturedCredential> Read(ReadOnlyMemory<byte> json, DateTimeOffset clock)
    {
        const string NotAnObject = "The input is not one JSON object in UTF-8, or has a member twice.";
        if (!Utf8.IsValid(json.Span)) return NotAnObject;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object) return NotAnObject;
            return Read(new Members(document.RootElement), clock);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter is what a name with half a surrogate pair makes of the search for members that stand twice.
            return NotAnObject;
        }
        catch (UnusableException e)
        {
            return e.Message;
        }
    }

    private static CapturedCredential Read(Members input, DateTimeOffset clock)
    {
        var kind = Kind(input.Text("kind") ?? throw input.Missing("kind"));
        var info = input.Object("credentialInfo") ?? throw input.Missing("credentialInfo");
        // What the raw-key kinds prove knows neither relying party nor origin.
        var isFido2 = kind == CredentialKind.Fido2;
        return new CapturedCredential(
            new RegistrationCredential
            {
                Kind = kind,
                CredId = info.Text("credId") ?? throw info.Missing("credId"),
                ClientData = info.Text("clientData") ?? throw info.Missing("clientData"),
                AttestationData = info.Text("attestationData") ?? throw info.Missing("attestationData"),
            },
            new RegistrationExpectation
            {
                Challenge = input.Text("challenge") ?? throw input.Missing("challenge"),
                RelyingPartyId = isFido2 ? input.Text("rpId") ?? throw input.Missing("rpId") : "",
                Origins = isFido2 ? input.List("origins", Members.AsText) ?? throw input.Missing("origins") : [],
                Algorithms = input.List("algorithms", Members.AsNumber) ?? RegistrationExpectation.SupportedAlgorithms,
                RequireUserVerification = input.Flag("requireUserVerification") ?? false,
                AllowCrossOrigin = input.Flag("allowCrossOrigin") ?? false,
                TopOrigins = input.List("topOrigins", Members.AsText) ?? [],
                RequireTee = input.Flag("requireTee") ?? false,
                AllowSafetyNet = input.Flag("allowSafetyNet") ?? false,
                AllowRs1InTpm = input.Flag("allowRs1InTpm") ?? true,
                Trust = new AttestationTrust
                {
                    AcceptNone = input.Flag("acceptNone") ?? true,
                    AcceptSelf = input.Flag("acceptSelf") ?? true,
                    Roots = Roots(input.List("roots", Members.AsText) ?? []),
                    AllowedAaguids = input.List("allowedAaguids", AsAaguid) ?? [],
                    DeniedAaguids = input.List("deniedAaguids", AsAaguid) ?? [],
                },
                Now = input.Text("now") is { } now ? Moment(now) : clock,
            },
            input.List("knownCredentialIds", AsCredentialId) ?? []);
    }

    private static CredentialKind Kind(string text) => Enum.GetNames<CredentialKind>().Contains(text, StringComparer.Ordinal)
        ? Enum.Parse<CredentialKind>(text)
        : throw new UnusableException($"'kind' must be one of {string.Join(", ", Enum.GetNames<CredentialKind>())}.");

    // No list, or an empty one: the certificate path is not assessed.
    private static List<TrustedRoot>? Roots(IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return null;
        var roots = new List<TrustedRoot>();
        foreach (var pem in texts)
        {
            if (TrustAnchor.ReadPem(pem).Refused(out var why, out var anchors)) throw new UnusableException($"'roots' must hold certificates in PEM; one cannot be read: {why.Reason}.");
            roots.AddRange(anchors.Select(anchor => new TrustedRoot(anchor)));
        }

        return roots;
    }

    // RFC 3339 §5.6; T and Z may be in lower case, and .NET keeps seven digits of a second.
    private static DateTimeOffset Moment(string text) =>
        DateTimeOffset.TryParseExact(text.ToUpperInvariant(), Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment
            : throw new UnusableException("'now' must be a moment as RFC 3339 writes it, such as 2026-11-23T12:00:00Z.");

    private static Guid AsAaguid(JsonElement value) => value.ValueKind == JsonValueKind.String && value.TryGetGuid(out var aaguid)
        ? aaguid
        : throw new FormatException("AAGUIDs, such as 00000000-0000-0000-0000-000000000000");

    private static ReadOnlyMemory<byte> AsCredentialId(JsonElement value) =>
        CredentialIds.Read(Members.AsText(value)).Refused(out _, out var id) ? throw new FormatException("credential ids in base64url") : id;
}
