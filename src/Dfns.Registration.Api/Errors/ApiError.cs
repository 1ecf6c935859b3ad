namespace Dfns.Registration.Api.Errors;

/// <summary>One row of the closed catalogue of errors.</summary>
/// <param name="Code">Stable, machine-readable; never changed, never reused.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Message">What is wrong. Where existing clients compare the text, exactly the text they compare.</param>
/// <param name="Help">What to change, where the message is fixed by the wire contract and does not say so itself.</param>
public sealed record ApiError(string Code, int Status, string Message, string? Help = null)
{
    /// <summary>JSON path of the member at fault, such as <c>$.firstFactorCredential.credentialInfo.credId</c>.</summary>
    public string? Path { get; init; }

    /// <summary>Seconds after which a repeat can succeed; sent as <c>Retry-After</c>.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>What the operator may know and the client may not: why, of several reasons that look alike from outside.</summary>
    public string? Reason { get; init; }

    /// <summary>The same row, at a place in the request.</summary>
    public ApiError At(string path) => this with { Path = path };

    /// <summary>The same row, with what was found. The sentence must not carry a secret.</summary>
    public ApiError Saying(string? detail) => detail is null ? this : this with { Message = $"{Message} {detail}" };
}
