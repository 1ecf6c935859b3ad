using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>An assertion as a client sends it: the texts that go into a request body. A text that is null is left out of it.</summary>
/// <param name="CredId">Base64url of the credential id.</param>
/// <param name="ClientData">Base64url of the client data.</param>
/// <param name="Signature">Base64url of the signature.</param>
/// <param name="AuthenticatorData">Base64url of the authenticator data; null for raw keys.</param>
/// <param name="UserHandle">Base64url of the user handle; null for raw keys, and where the authenticator gives none.</param>
/// <param name="Algorithm">The hash that a raw key names; null where it names none.</param>
public sealed record MadeAssertion(
    string CredId, string ClientData, string Signature, string? AuthenticatorData = null, string? UserHandle = null, string? Algorithm = null)
{
    /// <summary>The assertion as the verifier takes it.</summary>
    public CredentialAssertion ToVerify() => new()
    {
        CredId = CredId,
        ClientData = ClientData,
        Signature = Signature,
        AuthenticatorData = AuthenticatorData,
        UserHandle = UserHandle,
        Algorithm = Algorithm,
    };

    /// <summary>The assertion as a request body takes it: <c>kind</c> and <c>credentialAssertion</c>.</summary>
    public JsonObject ToJson(CredentialKind kind)
    {
        var members = new JsonObject();
        Add("credId", CredId);
        Add("clientData", ClientData);
        Add("authenticatorData", AuthenticatorData);
        Add("signature", Signature);
        Add("userHandle", UserHandle);
        Add("algorithm", Algorithm);
        return new JsonObject { ["kind"] = kind.ToString(), ["credentialAssertion"] = members };

        void Add(string name, string? text)
        {
            if (text is not null) members[name] = text;
        }
    }

    internal static MadeAssertion Of(byte[] credId, byte[] clientData, byte[] signature) =>
        new(Base64Url.EncodeToString(credId), Base64Url.EncodeToString(clientData), Base64Url.EncodeToString(signature));
}
