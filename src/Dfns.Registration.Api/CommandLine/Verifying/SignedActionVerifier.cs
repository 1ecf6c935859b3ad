using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.CommandLine.Verifying;

/// <summary>Verifies, from an export of <c>GET /auth/action/logs/{id}</c> and nothing else, that a call was signed, by which key and for whom.</summary>
internal static class SignedActionVerifier
{
    private const string Evidence = "evidence";

    private static readonly JsonSerializerOptions Json = new(WireJson.Options) { RespectNullableAnnotations = true };

    private static readonly CeremonyStep ChallengeStep = new("challenge", "the challenge follows from organisation, user, id, method, path and digest of the call");
    private static readonly CeremonyStep PayloadStep = new("payload", "the body is the one whose digest was signed");

    /// <summary>Whether an input is such an export, and not a captured credential.</summary>
    public static bool IsOne(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(Evidence, out _);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Verifies an export.</summary>
    /// <param name="json">The answer, or an object whose member <c>evidence</c> is that of one: UTF-8 JSON.</param>
    /// <param name="payload">The body of the call, to be held against what was signed; null where it is not at hand.</param>
    public static VerificationReport Verify(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte>? payload)
    {
        ActionEvidence? evidence;
        try
        {
            evidence = JsonSerializer.Deserialize<Export>(json.Span, Json)?.Evidence;
        }
        catch (JsonException e)
        {
            return VerificationReport.Unusable($"This is no export of a signed action: {e.Path} is missing, or has the wrong form.");
        }

        if (evidence is not { Factors.Count: 1 or 2 } || evidence.Factors.Contains(null!)) return VerificationReport.Unusable("This is no export of a signed action: evidence.factors has to have one or two members.");
        if (evidence.Factors.FirstOrDefault(f => !Enum.GetNames<CredentialKind>().Contains(f.Kind, StringComparer.Ordinal)) is { } unknown) return VerificationReport.Unusable($"There is no kind of credential that is called '{unknown.Kind}'.");

        if (AmbiguousMember(evidence) is { } member) return VerificationReport.Unusable($"This is no export of a signed action: evidence.{member} has not the form of one.");
        if (evidence.Origins.Concat(evidence.TopOrigins).Contains(null!)) return VerificationReport.Unusable("This is no export of a signed action: an origin is null.");

        List<CeremonyStep> steps = [ChallengeStep, .. payload is null ? Array.Empty<CeremonyStep>() : [PayloadStep], .. evidence.Factors.Select(StepOf)];
        if (ActionChallenge.Of(evidence.OrgId, evidence.UserId, evidence.Id, evidence.Method, evidence.Path, evidence.PayloadDigest) != evidence.Challenge)
        {
            return VerificationReport.Refused(ErrorCatalog.ChallengeNotValid, detail: null, steps, 0);
        }

        if (payload is { } body && SignedPayload.Digest(body) != evidence.PayloadDigest) return VerificationReport.Refused(ErrorCatalog.UserActionMissing, detail: null, steps, 1);
        foreach (var (n, factor) in evidence.Factors.Index())
        {
            if (Refusal(evidence, factor) is { } refused) return VerificationReport.Refused(refused, detail: null, steps, steps.Count - evidence.Factors.Count + n);
        }

        return VerificationReport.Passed(steps) with
        {
            Message = $"{evidence.UserId} of {evidence.OrgId} signed {evidence.Method} {evidence.Path} with a body of SHA-256 {evidence.PayloadDigest}; by the clock of the service on {evidence.DateSigned}.",
        };
    }

    private static CeremonyStep StepOf(FactorEvidence factor) =>
        new(factor.CredentialUuid, $"{factor.Kind} signed that challenge{(factor.Kind == nameof(CredentialKind.Fido2) ? " for the relying party, on one of its origins" : "")}");

    private static ApiError? Refusal(ActionEvidence evidence, FactorEvidence factor)
    {
        const string Path = "$.evidence";
        if (PublicKeys.ReadPem(factor.PublicKey).Refused(out var why, out var key)) return RefusalErrors.ForAssertion(why, Path);
        var kind = Enum.Parse<CredentialKind>(factor.Kind);
        if (CredentialIds.Read(factor.CredId, kind).Refused(out why, out var id)) return RefusalErrors.ForAssertion(why, Path);
        if (ReadAssertion.Read(factor.Assertion with { CredId = factor.CredId }, Path, kind).Failed(out var error, out var read)) return error;
        var stored = new StoredCredential
        {
            Kind = kind,
            CredentialId = id,
            UserId = evidence.UserId,
            SubjectPublicKeyInfo = key,
            Algorithm = factor.Algorithm,
            HashAlgorithm = factor.HashAlgorithm,
        };
        // What it was before, and so whether counter and flags went on from there, is not told: the service has looked at that.
        var expected = new AssertionExpectation
        {
            Challenge = evidence.Challenge,
            RelyingPartyId = evidence.RpId,
            Origins = evidence.Origins,
            TopOrigins = evidence.TopOrigins,
            AllowCrossOrigin = evidence.AllowCrossOrigin,
            RequireUserVerification = evidence.RequireUserVerification,
            UserId = evidence.UserId,
            AcceptSignCountRegression = true,
            AcceptSyncedSignCountRegression = true,
            AcceptBackupEligibilityChange = true,
        };
        return AssertionVerifiers.Verify(read.Assertion, stored, expected).Refused(out why, out _) ? RefusalErrors.ForAssertion(why, Path) : null;
    }

    // What is signed is lines: one that held a line break would stand in the place of another, and what was signed for one call verify for a second.
    private static string? AmbiguousMember(ActionEvidence evidence)
    {
        if (!IsId(evidence.OrgId)) return "orgId";
        if (!IsId(evidence.UserId)) return "userId";
        if (!IsId(evidence.Id)) return "id";
        if (!ActionChallenge.Methods.Contains(evidence.Method)) return "method";
        if (!ActionChallenge.IsPath(evidence.Path)) return "path";
        return evidence.PayloadDigest.Length == 2 * SHA256.HashSizeInBytes && evidence.PayloadDigest.All(char.IsAsciiHexDigitLower) ? null : "payloadDigest";

        static bool IsId(string text) => text.Length is > 0 and <= Limits.IdLength && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
    }

    private sealed record Export(ActionEvidence? Evidence);
}
