using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.OpenApi;

/// <summary>Where the examples of the document come from: made up in general, live in Development.</summary>
internal interface IRequestExamples
{
    /// <summary>Makes one set of examples that belong together.</summary>
    Task<RequestExamples> MakeAsync(CancellationToken ct);
}

/// <summary>Bodies that can be sent as they are.</summary>
/// <param name="Bodies">By operation id, then by the name the reader sees.</param>
/// <param name="BearerToken">The token that the registration examples belong to; null when they are made up.</param>
internal sealed record RequestExamples(IReadOnlyDictionary<string, IReadOnlyDictionary<string, JsonNode>> Bodies, string? BearerToken)
{
    /// <summary>The examples of every operation, over one challenge.</summary>
    public static RequestExamples Of(ExampleCredentials make, string username, string code, string orgId, string? bearerToken) => new(
        new Dictionary<string, IReadOnlyDictionary<string, JsonNode>>(StringComparer.Ordinal)
        {
            ["createRegistrationChallenge"] = One("With a code", new JsonObject { ["username"] = username, ["registrationCode"] = code, ["orgId"] = orgId }),
            ["createSocialRegistrationChallenge"] = One("With an ID token", new JsonObject { ["idToken"] = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.….…", ["socialLoginProviderKind"] = "Oidc", ["orgId"] = orgId }),
            ["resendRegistrationCode"] = One("A new code", new JsonObject { ["username"] = username, ["orgId"] = orgId }),
            ["createDelegatedRegistrationChallenge"] = One("An end user", EndUser()),
            ["restartDelegatedRegistration"] = One("An end user", EndUser()),
            ["createUser"] = One("An employee", new JsonObject { ["email"] = "john@example.co", ["kind"] = nameof(UserKind.CustomerEmployee) }),
            ["updateUser"] = One("Without single sign-on", new JsonObject { ["isSSORequired"] = false }),
            ["completeUserRegistration"] = new Dictionary<string, JsonNode>(StringComparer.Ordinal)
            {
                ["A passkey and a recovery key"] = new JsonObject { ["firstFactorCredential"] = make.Fido2(), ["recoveryCredential"] = make.RecoveryKey() },
                ["A key"] = new JsonObject { ["firstFactorCredential"] = make.Key() },
                ["A password-protected key and a recovery key"] = new JsonObject
                {
                    ["firstFactorCredential"] = make.PasswordProtectedKey(),
                    ["recoveryCredential"] = make.RecoveryKey(),
                },
                ["A passkey, a key and a recovery key"] = new JsonObject
                {
                    ["firstFactorCredential"] = make.Fido2(),
                    ["secondFactorCredential"] = make.Key(),
                    ["recoveryCredential"] = make.RecoveryKey(),
                },
            },
            ["completeEndUserRegistration"] = One("A passkey and a recovery key, with a wish for a wallet", new JsonObject
            {
                ["firstFactorCredential"] = make.Fido2(),
                ["recoveryCredential"] = make.RecoveryKey(),
                ["wallets"] = new JsonArray(new JsonObject { ["network"] = "EthereumSepolia" }),
            }),
        },
        bearerToken);

    private static JsonObject EndUser() => new() { ["email"] = "jane@example.co", ["kind"] = nameof(UserKind.EndUser) };

    private static Dictionary<string, JsonNode> One(string name, JsonNode body) => new(StringComparer.Ordinal) { [name] = body };
}

/// <summary>Well-formed, properly signed, and over a challenge that nobody issued.</summary>
internal sealed class MadeUpExamples : IRequestExamples
{
    // Made once: keys cost more than a reader of the document should be able to ask for.
    private readonly Lazy<RequestExamples> made = new(() => RequestExamples.Of(
        new ExampleCredentials("ZGVtb25zdHJhdGlvbi1jaGFsbGVuZ2UtMzItYnl0ZXM", "example.co", "https://app.example.co"),
        "jane@example.co", "7K2M-00XW-9QRT-B4ZC", "or-30tnh-itmjs-s235s5ontr3r23h2", bearerToken: null));

    public Task<RequestExamples> MakeAsync(CancellationToken ct) => Task.FromResult(made.Value);
}
