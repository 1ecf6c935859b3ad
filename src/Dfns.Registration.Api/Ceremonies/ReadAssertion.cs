using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>An assertion whose members are all there, and the id to look its credential up by.</summary>
internal sealed record ReadAssertion(byte[] CredentialId, CredentialAssertion Assertion)
{
    /// <summary>Reads <c>credentialAssertion</c>.</summary>
    /// <param name="sent">As parsed; null when the member is absent.</param>
    /// <param name="path">JSON path of the object that holds it.</param>
    /// <param name="kind">The kind it came under: Fido2 needs authenticator data.</param>
    public static Checked<ReadAssertion> Read(CredentialAssertionRequest? sent, string path, CredentialKind kind)
    {
        if (sent is null) return ErrorCatalog.MemberRequired.At($"{path}.credentialAssertion");
        if (Member.Required(sent.CredId, $"{path}.credentialAssertion.credId") is { } noId) return noId;
        if (Member.Required(sent.ClientData, $"{path}.credentialAssertion.clientData") is { } noData) return noData;
        if (Member.Required(sent.Signature, $"{path}.credentialAssertion.signature") is { } noSignature) return noSignature;
        if (kind == CredentialKind.Fido2 && Member.Required(sent.AuthenticatorData, $"{path}.credentialAssertion.authenticatorData") is { } noAuthenticator) return noAuthenticator;
        if (CredentialIds.Read(sent.CredId, kind).Refused(out var why, out var credentialId)) return RefusalErrors.ForAssertion(why, path);

        return new ReadAssertion(credentialId.ToArray(), new CredentialAssertion
        {
            CredId = sent.CredId!,
            ClientData = sent.ClientData!,
            Signature = sent.Signature!,
            AuthenticatorData = sent.AuthenticatorData,
            UserHandle = sent.UserHandle,
            Algorithm = sent.Algorithm,
        });
    }
}
