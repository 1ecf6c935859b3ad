using System.Text.Json.Serialization;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.UserActions;

/// <summary>Body of <c>POST /auth/action/init</c>: the call that is going to be made.</summary>
/// <param name="UserActionPayload">The text of its body; empty where it has none.</param>
/// <param name="UserActionHttpMethod">POST, PUT, DELETE or GET.</param>
/// <param name="UserActionHttpPath">Its path, without the query.</param>
/// <param name="UserActionServerKind">Api or Staff; of no meaning here.</param>
public sealed record InitUserActionRequest([property: JsonConverter(typeof(WireJson.TextAsSent))] string? UserActionPayload, string? UserActionHttpMethod, string? UserActionHttpPath, string? UserActionServerKind);

/// <summary>Answer of <c>POST /auth/action</c>: what to send in the header <c>X-DFNS-USERACTION</c>, once.</summary>
public sealed record UserActionResponse(string UserAction);

/// <summary>Answer of <c>GET /auth/action/logs/{id}</c>: a signed call, and everything that proves it.</summary>
public sealed record SignedActionResponse
{
    public required string Id { get; init; }

    /// <summary>Method and path of the call.</summary>
    public required string Action { get; init; }

    /// <summary>The id of the user action. The token by which the call was made was used up with it, and is not kept.</summary>
    public required string ActionToken { get; init; }

    public required string UserId { get; init; }

    public required string Username { get; init; }

    /// <summary>When the call was made; absent where it was signed, and not done.</summary>
    public string? DatePerformed { get; init; }

    public required SigningFactor FirstFactorCredential { get; init; }

    /// <summary>What <c>verify</c> on the command line wants, without any service: with a second factor, where there was one.</summary>
    public required ActionEvidence Evidence { get; init; }

    internal static SignedActionResponse Of(SignedAction action)
    {
        var evidence = ActionEvidence.Read(action);
        var first = evidence.Factors[0];
        return new SignedActionResponse
        {
            Id = action.Id,
            Action = $"{action.Method} {action.Path}",
            ActionToken = action.Id,
            UserId = action.SignerId,
            Username = action.Username,
            DatePerformed = action.PerformedAt is { } at ? WireTime.Of(at) : null,
            FirstFactorCredential = new SigningFactor(
                first.CredentialUuid, first.Kind, first.PublicKey, new SignatureEvidence(first.Assertion.AuthenticatorData, first.Assertion.ClientData!, first.Assertion.Signature!)),
            Evidence = evidence,
        };
    }
}

/// <summary>The credential that signed.</summary>
/// <param name="Id">Its uuid, such as <c>cr-…</c>.</param>
/// <param name="Kind">Fido2, Key or PasswordProtectedKey.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo in PEM.</param>
/// <param name="Assertion">What it signed.</param>
public sealed record SigningFactor(string Id, string Kind, string PublicKey, SignatureEvidence Assertion);

/// <summary>An assertion, base64url texts as they were sent; without <c>authenticatorData</c> where a key signed.</summary>
public sealed record SignatureEvidence(string? AuthenticatorData, string ClientData, string Signature);
