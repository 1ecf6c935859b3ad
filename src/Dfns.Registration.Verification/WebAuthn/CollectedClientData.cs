using System.Text.Json;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn;

/// <summary>
/// The client data a browser or platform collected (WebAuthn L3 §5.8.1): the members that a verdict depends on. Others are allowed,
/// <c>tokenBinding</c> among them, which the specification has retired.
/// </summary>
internal sealed record CollectedClientData
{
    /// <summary>The ceremony: <c>webauthn.create</c> or <c>webauthn.get</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The challenge, base64url text.</summary>
    public required string Challenge { get; init; }

    /// <summary>The origin that ran the ceremony.</summary>
    public required string Origin { get; init; }

    /// <summary>
    /// Whether it ran in a frame that is not same-origin with its ancestors; absent, as older and native clients leave it, is false.
    /// </summary>
    public required bool CrossOrigin { get; init; }

    /// <summary>The origin of the top-level page of such a frame, where the client tells it.</summary>
    public required string? TopOrigin { get; init; }

    /// <summary>Reads client data.</summary>
    /// <param name="bytes">As received; at most <see cref="VerificationLimits.MaxMemberSizeBytes"/> bytes.</param>
    /// <returns>
    /// The client data, or <see cref="RefusalReason.ClientDataMemberInvalid"/>, or what <see cref="StrictJson"/> refuses.
    /// </returns>
    public static Outcome<CollectedClientData> Read(ReadOnlySpan<byte> bytes)
    {
        if (StrictJson.Read(bytes, CredentialPart.ClientData).Refused(out var why, out var json)) return why;

        if (json["type"].Text is not { } type) return Invalid("type");
        if (json["challenge"].Text is not { } challenge) return Invalid("challenge");
        if (json["origin"].Text is not { } origin) return Invalid("origin");
        if (json["crossOrigin"].Token is not (JsonTokenType.None or JsonTokenType.True or JsonTokenType.False))
            return Invalid("crossOrigin");
        if (json["topOrigin"] is { Absent: false, Text: null }) return Invalid("topOrigin");

        return new CollectedClientData
        {
            Type = type,
            Challenge = challenge,
            Origin = origin,
            CrossOrigin = json["crossOrigin"].Token == JsonTokenType.True,
            TopOrigin = json["topOrigin"].Text,
        };
    }

    private static Refusal Invalid(string member) => new(RefusalReason.ClientDataMemberInvalid, member);
}
