using System.Security.Cryptography;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.RawKey;
using Dfns.Registration.Verification.WebAuthn;
using static Dfns.Registration.Verification.Tests.Authentication;
using static Dfns.Registration.Verification.Tests.Vectors.DfnsDocumentation;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>The published examples that concern assertions and recovery: what decodes decodes, and what is broken in them is refused.</summary>
public sealed class DfnsDocumentationAssertionTests
{
    [Theory]
    [InlineData("clientdata-legacy-key-get")]
    [InlineData("clientdata-legacy-webauthn-get")]
    public void Decodes_client_data(string id)
    {
        var bytes = Ceremony.Accepted(Base64UrlText.Decode(Input(id, "clientData"), CredentialPart.ClientData));
        var clientData = Ceremony.Accepted(CollectedClientData.Read(bytes.Span));

        Assert.Equal(Expect(id).GetProperty("sha256Hex").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes.Span)));
        Assert.Equal(Expect(id).GetProperty("type").GetString(), clientData.Type);
        Assert.Equal(Expect(id).GetProperty("challenge").GetString(), clientData.Challenge);
        Assert.Equal(Expect(id).GetProperty("origin").GetString(), clientData.Origin);
    }

    [Fact]
    public void Reads_the_authenticator_data_of_a_sign_in()
    {
        var expected = Expect("authenticatordata-login");
        var bytes = Ceremony.Accepted(Base64UrlText.Decode(Input("authenticatordata-login", "authenticatorData"), CredentialPart.AuthenticatorData));
        var data = Ceremony.Accepted(AuthenticatorData.Read(bytes));

        Assert.Equal(expected.GetProperty("rpIdHashHex").GetString(), Convert.ToHexStringLower(data.RpIdHash.Span));
        Assert.Equal((AuthenticatorFlags)expected.GetProperty("flags").GetByte(), data.Flags);
        Assert.Equal(expected.GetProperty("signCount").GetUInt32(), data.SignCount);
        Assert.Null(data.AttestedCredential);
    }

    [Fact]
    public void Accepts_the_user_handle_of_a_sign_in_for_the_user_it_names()
    {
        var userId = Expect("userhandle-login").GetProperty("decodedUtf8").GetString()!;
        Accepted(
            Get(draft => draft.Texts = made => made with { UserHandle = Input("userhandle-login", "userHandle") }),
            Expected with { UserId = null },
            Passkey with { UserId = userId });
    }

    [Theory]
    [InlineData("signature-fido2-login-der")]
    [InlineData("reject-login-key-signature-not-der")]
    public void Refuses_the_printed_signatures_under_another_key(string id)
    {
        var signature = Input(id, "signature");
        Refused(RefusalReason.AssertionSignatureInvalid, Get(draft => draft.Texts = made => made with { Signature = signature }));
        Refused(RefusalReason.AssertionSignatureInvalid, GetKey(draft => draft.Texts = made => made with { Signature = signature }));
    }

    [Fact]
    public void Accepts_the_printed_binding_of_new_credentials()
    {
        var challenge = Expect("recovery-bound-challenge").GetProperty("challenge").GetString()!;
        var compact = Expect("recovery-bound-challenge").GetProperty("compactJson").GetString()!;
        var printed = InputJson("recovery-bound-challenge", "newCredentials").GetRawText();

        Recovered(GetRecovery(change: draft => draft.ClientData.Set("challenge", challenge)), compact);
        Recovered(GetRecovery(change: draft => draft.ClientData.Set("challenge", challenge)), printed);
        Assert.NotEqual(compact, printed);
    }

    [Fact]
    public void Refuses_the_printed_recovery_that_is_not_bound()
    {
        var bytes = Ceremony.Accepted(Base64UrlText.Decode(Input("reject-recovery-not-bound", "clientData"), CredentialPart.ClientData));
        var challenge = Ceremony.Accepted(StrictJson.Read(bytes.Span, CredentialPart.ClientData))["challenge"].Text!;

        NotRecovered(RefusalReason.RecoveryNotBound, GetRecovery(change: draft =>
            draft.ClientData.Encoded = _ => bytes.ToArray()));
        Assert.Equal(
            RefusalReason.RecoveryNotBound,
            RecoveryBinding.Refuse(challenge, System.Text.Encoding.UTF8.GetBytes(NewCredentials))!.Reason);
        NotRecovered(
            RefusalReason.AssertionSignatureInvalid,
            GetRecovery() with
            {
                ClientData = Input("reject-recovery-not-bound", "clientData"),
                Signature = Input("reject-recovery-not-bound", "signature"),
            });
    }
}
