using System.Buffers.Text;
using System.Text.Json;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.RawKey;

/// <summary>A recovery key signs the new credentials, and nothing else will do.</summary>
public sealed class RecoveryBindingTests
{
    private const string Whole = """
        {"firstFactorCredential":{"credentialKind":"Fido2","credentialInfo":{"credId":"AA","clientData":"AQ","attestationData":"Ag"},"credentialName":"Täglich"},"recoveryCredential":{"credentialKind":"RecoveryKey","credentialInfo":{"credId":"Aw"},"encryptedPrivateKey":"a+b/c="}}
        """;

    [Fact]
    public void Accepts_a_recovery_that_is_bound_and_tells_the_challenge()
    {
        var challenge = Recovered(GetRecovery()).ClientDataChallenge;
        Assert.Equal(NewCredentials, System.Text.Encoding.UTF8.GetString(Base64Url.DecodeFromChars(challenge)));
    }

    [Theory]
    [InlineData("P-384")]
    [InlineData("Ed25519")]
    [InlineData("RSA-2048")]
    public void Accepts_every_key_type(string name)
    {
        var key = SoftwareKey.Named(name);
        var credential = Store(key.Create(Ceremony.Challenge, CredentialKind.RecoveryKey));
        Ceremony.Accepted(AssertionVerifiers.VerifyRecovery(
            key.GetRecovery(Whole, CredId(credential)).ToVerify(),
            credential,
            Recovery(Whole) with { CredentialId = credential.CredentialId }));
    }

    [Fact]
    public void Accepts_a_challenge_with_padding_and_in_the_standard_alphabet() => Recovered(
        GetRecovery(Whole, draft => draft.ClientData.Set("challenge", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Whole)))), Whole);

    [Fact]
    public void Accepts_the_hash_that_the_assertion_names() => Recovered(GetRecovery(Whole, draft => draft.Algorithm = "SHA256"), Whole);

    // Which key.
    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public void Refuses_every_kind_but_a_recovery_key(CredentialKind kind) => Ceremony.Refused(
        RefusalReason.CredentialKindNotAccepted,
        AssertionVerifiers.VerifyRecovery(GetRecovery().ToVerify(), RecoveryKey with { Kind = kind }, Recovery()));

    [Fact]
    public void Refuses_another_recovery_key_than_the_one_that_recovery_was_begun_for()
    {
        Ceremony.Refused(
            RefusalReason.CredentialNotAllowed,
            AssertionVerifiers.VerifyRecovery(GetRecovery().ToVerify(), RecoveryKey, Recovery() with { CredentialId = new byte[] { 1 } }));
        Ceremony.Refused(
            RefusalReason.CredentialIdUnexpected,
            AssertionVerifiers.VerifyRecovery(GetRecovery().ToVerify(), RecoveryKey with { CredentialId = new byte[] { 1 } }, Recovery()));
    }

    [Fact]
    public void Refuses_a_recovery_key_of_another_user() => Ceremony.Refused(
        RefusalReason.CredentialOfAnotherUser,
        AssertionVerifiers.VerifyRecovery(GetRecovery().ToVerify(), RecoveryKey with { UserId = "us-another" }, Recovery()));

    // What it signed.
    [Fact]
    public void Refuses_a_signature_of_another_key() =>
        NotRecovered(RefusalReason.AssertionSignatureInvalid, GetRecovery(change: draft => draft.Key = SoftwareKey.P256()));

    [Fact]
    public void Refuses_new_credentials_that_are_put_into_client_data_after_signing()
    {
        var signed = GetRecovery();
        NotRecovered(RefusalReason.AssertionSignatureInvalid, GetRecovery(Whole) with { Signature = signed.Signature }, Whole);
    }

    [Fact]
    public void Refuses_the_type_of_registration() =>
        NotRecovered(RefusalReason.TypeUnexpected, GetRecovery(change: draft => draft.ClientData.Set("type", "key.create")));

    [Fact]
    public void Refuses_the_issued_challenge_in_every_spelling()
    {
        NotRecovered(RefusalReason.RecoveryNotBound, GetRecovery(change: draft => draft.ClientData.Set("challenge", Ceremony.Challenge)));
        NotRecovered(RefusalReason.RecoveryNotBound, GetRecovery(change: draft => draft.EncodeChallengeText(Ceremony.Challenge)));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"{}\"")]
    [InlineData("{}{}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":1,\"a\":1}")]
    [InlineData("{\"a\":1,\"\\u0061\":1}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{\"a\":[[[[[[[[]]]]]]]]}")]
    public void Refuses_a_challenge_that_is_not_one_JSON_object_strictly_read(string json) =>
        NotRecovered(RefusalReason.RecoveryNotBound, GetRecovery(json));

    [Theory]
    [InlineData("")]
    [InlineData("not base64url")]
    [InlineData("{\"firstFactorCredential\":{}}")]
    [InlineData("_w")]
    public void Refuses_a_challenge_that_is_not_base64url_of_UTF8(string challenge) =>
        NotRecovered(RefusalReason.RecoveryNotBound, GetRecovery(change: draft => draft.ClientData.Set("challenge", challenge)));

    [Theory]
    [InlineData("[]", RefusalReason.JsonNotObject)]
    [InlineData("", RefusalReason.JsonMalformed)]
    [InlineData("{", RefusalReason.JsonMalformed)]
    [InlineData("{\"a\":1,\"a\":1}", RefusalReason.JsonDuplicateMember)]
    [InlineData("{\"a\":{\"b\":1,\"\\u0062\":1}}", RefusalReason.JsonDuplicateMember)]
    public void Refuses_new_credentials_that_are_not_one_JSON_object_strictly_read(string json, RefusalReason reason) =>
        Assert.Equal(CredentialPart.NewCredentials, NotRecovered(reason, GetRecovery("{\"a\":1}"), json).Part);

    // Equal as values.
    [Theory]
    [InlineData("{}", " {\n} ")]
    [InlineData("{\"a\":1,\"b\":[true,null]}", "{ \"b\" : [ true , null ], \"a\" : 1 }")]
    [InlineData("{\"a\":{\"b\":\"x\",\"c\":{}}}", "{\"a\":{\"c\":{},\"b\":\"x\"}}")]
    [InlineData("{\"name\":\"T\u00e4glich /\"}", "{\"n\\u0061me\":\"T\\u00e4glich \\/\"}")]
    [InlineData("{\"unknown\":{\"deep\":[1,2,{\"x\":false}]}}", "{\"unknown\":{\"deep\":[1,2,{\"x\":false}]}}")]
    [InlineData("{\"\":\"\"}", "{\"\":\"\"}")]
    public void Accepts_the_same_values_in_another_spelling(string signedText, string received)
    {
        Recovered(GetRecovery(signedText), received);
        Recovered(GetRecovery(received), signedText);
    }

    [Fact]
    public void Accepts_a_byte_order_mark_before_what_was_signed() => Recovered(GetRecovery("\uFEFF" + Whole), Whole);

    [Theory]
    [InlineData("{\"a\":1}", "{\"a\":2}", "newCredentials.a")]
    [InlineData("{\"a\":1}", "{\"a\":1.0}", "newCredentials.a")]
    [InlineData("{\"a\":1}", "{\"a\":\"1\"}", "newCredentials.a")]
    [InlineData("{\"a\":1}", "{\"A\":1}", "newCredentials.a")]
    [InlineData("{\"a\":1}", "{}", "newCredentials.a")]
    [InlineData("{}", "{\"a\":1}", "newCredentials.a")]
    [InlineData("{}", "{\"a\":null}", "newCredentials.a")]
    [InlineData("{\"a\":null}", "{\"a\":false}", "newCredentials.a")]
    [InlineData("{\"a\":true}", "{\"a\":false}", "newCredentials.a")]
    [InlineData("{\"a\":[]}", "{\"a\":{}}", "newCredentials.a")]
    [InlineData("{\"a\":[1,2]}", "{\"a\":[2,1]}", "newCredentials.a[0]")]
    [InlineData("{\"a\":[1]}", "{\"a\":[1,1]}", "newCredentials.a")]
    [InlineData("{\"a\":[1,2,3]}", "{\"a\":[1,2,4]}", "newCredentials.a[2]")]
    [InlineData("{\"a\":{\"b\":[{\"c\":\"x\"}]}}", "{\"a\":{\"b\":[{\"c\":\"X\"}]}}", "newCredentials.a.b[0].c")]
    [InlineData("{\"a\":\"\u00e9\"}", "{\"a\":\"e\u0301\"}", "newCredentials.a")]
    [InlineData("{\"a\":\"x\"}", "{\"a\":\"x\\u0000\"}", "newCredentials.a")]
    public void Refuses_any_difference_and_says_where(string signedText, string received, string where) =>
        Assert.Equal(where, NotRecovered(RefusalReason.RecoveryCredentialsDiffer, GetRecovery(signedText), received).Detail);

    [Fact]
    public void Refuses_a_credential_that_is_added_taken_away_or_exchanged()
    {
        var added = Whole.Replace("\"recoveryCredential\"", "\"secondFactorCredential\":{},\"recoveryCredential\"", StringComparison.Ordinal);
        var exchanged = Whole.Replace("\"credId\":\"AA\"", "\"credId\":\"BB\"", StringComparison.Ordinal);
        NotRecovered(RefusalReason.RecoveryCredentialsDiffer, GetRecovery(Whole), added);
        NotRecovered(RefusalReason.RecoveryCredentialsDiffer, GetRecovery(added), Whole);
        NotRecovered(RefusalReason.RecoveryCredentialsDiffer, GetRecovery(Whole), exchanged);
    }

    [Fact]
    public void Thousands_of_members_are_compared_in_no_time()
    {
        var names = Enumerable.Range(0, 3500).Select(number => $"m{number}").ToList();
        var forwards = JsonSerializer.Serialize(names.ToDictionary(name => name, _ => 1));
        var backwards = JsonSerializer.Serialize(Enumerable.Reverse(names).ToDictionary(name => name, _ => 1));

        Recovered(GetRecovery(forwards), backwards);
    }
}
