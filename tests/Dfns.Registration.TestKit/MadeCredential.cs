using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>A credential as a client sends it: the texts that go into a request body.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="CredId">Base64url of the credential id.</param>
/// <param name="ClientData">Base64url of the client data.</param>
/// <param name="AttestationData">Base64url of the attestation.</param>
public sealed record MadeCredential(CredentialKind Kind, string CredId, string ClientData, string AttestationData)
{
    /// <summary>The credential as the verifier takes it.</summary>
    public RegistrationCredential ToVerify() =>
        new() { Kind = Kind, CredId = CredId, ClientData = ClientData, AttestationData = AttestationData };

    /// <summary>The credential as a request body takes it: <c>credentialKind</c> and <c>credentialInfo</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["credentialKind"] = Kind.ToString(),
        ["credentialInfo"] = new JsonObject
        {
            ["credId"] = CredId,
            ["clientData"] = ClientData,
            ["attestationData"] = AttestationData,
        },
    };

    internal static MadeCredential Of(CredentialKind kind, byte[] credId, byte[] clientData, byte[] attestationData) => new(
        kind, Base64Url.EncodeToString(credId), Base64Url.EncodeToString(clientData), Base64Url.EncodeToString(attestationData));
}
