using System.Text.Json;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.CommandLine.Verifying;

/// <summary>The verdict on an input.</summary>
internal enum Verdict
{
    Accepted,
    Refused,

    /// <summary>The input does not say what to verify.</summary>
    Unusable,
}

/// <summary>The verdict on one step.</summary>
internal enum StepVerdict
{
    Passed,
    Refused,
    NotReached,
}

/// <summary>A step with its verdict.</summary>
internal sealed record ReportedStep(string Step, string Rule, StepVerdict Verdict);

/// <summary>What is told of one input.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Reason">The code of the error, as the service answers it; for an input that cannot be used <c>input_unusable</c>.</param>
/// <param name="Detail">What was found, or the sentence why the input cannot be used; null when the reason says it all.</param>
/// <param name="Steps">Every step of the proof.</param>
internal sealed record VerificationReport(Verdict Verdict, string? Reason, string? Detail, IReadOnlyList<ReportedStep> Steps)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>What a developer is told about the reason.</summary>
    public string? Message { get; init; }

    /// <summary>The attestation format of an accepted passkey.</summary>
    public string? Format { get; init; }

    /// <summary>The COSE algorithm number of an accepted passkey.</summary>
    public int? Algorithm { get; init; }

    /// <summary>The model that an accepted passkey names.</summary>
    public Guid? Aaguid { get; init; }

    /// <summary>Whether that is proven.</summary>
    public bool? AaguidAttested { get; init; }

    /// <summary>The verdict on trust in the attestation of an accepted passkey.</summary>
    public Verification.Trust.TrustVerdict? Trust { get; init; }

    public static VerificationReport Unusable(string why) => new(Verdict.Unusable, "input_unusable", why, []);

    /// <summary>Verifies, and tells.</summary>
    public static VerificationReport Of(CapturedCredential captured)
    {
        var kind = captured.Credential.Kind;
        var steps = CeremonySteps.Of(kind);
        if (CredentialVerifiers.Verify(captured.Credential, captured.Expected).Refused(out var why, out var verified))
            return Refused(RefusalErrors.For(why, "$"), why.Detail, steps, CeremonySteps.IndexOf(kind, why));
        // Step 26, which in the service is the database's.
        if (captured.KnownCredentialIds.Any(id => id.Span.SequenceEqual(verified.CredentialId.Span)))
            return Refused(ErrorCatalog.CredentialAlreadyRegistered, detail: null, steps, steps.Count - 1);

        return Passed(steps) with
        {
            Format = verified.WebAuthn?.AttestationFormat,
            Algorithm = verified.WebAuthn?.Algorithm,
            Aaguid = verified.WebAuthn?.Aaguid,
            AaguidAttested = verified.WebAuthn?.Trust.AaguidAttested,
            Trust = verified.WebAuthn?.Trust.Verdict,
        };
    }

    /// <summary>Every step has passed.</summary>
    public static VerificationReport Passed(IReadOnlyList<CeremonyStep> steps) =>
        new(Verdict.Accepted, Reason: null, Detail: null, [.. steps.Select(step => new ReportedStep(step.Name, step.Rule, StepVerdict.Passed))]);

    /// <summary>A step has refused.</summary>
    /// <param name="error">Why, as the service answers it.</param>
    /// <param name="detail">What was found; null when the error says it all.</param>
    /// <param name="steps">Every step of the proof.</param>
    /// <param name="refusing">The index of the one that refused.</param>
    public static VerificationReport Refused(ApiError error, string? detail, IReadOnlyList<CeremonyStep> steps, int refusing) =>
        new(Verdict.Refused, error.Code, detail, [.. steps.Select((step, index) => new ReportedStep(
            step.Name,
            step.Rule,
            index < refusing ? StepVerdict.Passed : index == refusing ? StepVerdict.Refused : StepVerdict.NotReached))])
        {
            Message = error.Message,
        };

    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The steps, what was found, and on the last line the reason. Whoever made the input may have written what a terminal acts on: that is shown, not sent.</summary>
    public void WriteTo(TextWriter output)
    {
        var width = Steps.Max(step => step.Step.Length);
        foreach (var step in Steps)
        {
            var verdict = step.Verdict switch { StepVerdict.Passed => "passed", StepVerdict.Refused => "REFUSED", StepVerdict.NotReached => "-" };
            output.WriteLine(FreeText.Shown($"{verdict,-8}  {step.Step.PadRight(width)}  {step.Rule}"));
        }

        output.WriteLine();
        if (Format is not null) output.WriteLine($"format {Format}, algorithm {Algorithm}, model {Aaguid}{(AaguidAttested is true ? " (attested)" : "")}, trust {JsonSerializer.Serialize(Trust, Json).Trim('"')}");
        if (Message is not null) output.WriteLine(FreeText.Shown(Message));
        output.WriteLine(Reason ?? "accepted");
    }
}
