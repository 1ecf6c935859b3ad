using System.Buffers.Text;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 21: the stored key signed authenticator data and the hash of client data, by its own algorithm.</summary>
public sealed class Step21_SignatureTests
{
    public static TheoryData<int> Algorithms => [-7, -35, -36, -47, -8, -257, -258, -259, -37, -38, -39];

    [Theory]
    [MemberData(nameof(Algorithms))]
    [Clause("7.2", 21)]
    public void Accepts_every_algorithm(int algorithm)
    {
        var (authenticator, credential) = Registered(algorithm);
        Accepted(Sign(authenticator, credential), credential: credential);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    [Clause("7.2", 21)]
    public void Refuses_a_signature_with_one_bit_changed(int algorithm)
    {
        var (authenticator, credential) = Registered(algorithm);
        var made = Sign(authenticator, credential, draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]);
        Refused(RefusalReason.AssertionSignatureInvalid, made, credential: credential);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    [Clause("7.2", 21)]
    public void Refuses_a_signature_with_a_byte_after_it_or_cut_short(int algorithm)
    {
        var (authenticator, credential) = Registered(algorithm);
        Refused(
            RefusalReason.AssertionSignatureInvalid,
            Sign(authenticator, credential, draft => draft.Signature = signature => [.. signature, 0]),
            credential: credential);
        Refused(
            RefusalReason.AssertionSignatureInvalid,
            Sign(authenticator, credential, draft => draft.Signature = signature => signature[..^1]),
            credential: credential);
    }

    [Fact]
    [Clause("7.2", 21)]
    public void Refuses_a_signature_of_another_key() =>
        Refused(RefusalReason.AssertionSignatureInvalid, Get(draft => draft.CredentialKey = SoftwareKey.P256()));

    [Theory]
    [InlineData(-257, -258)]
    [InlineData(-257, -37)]
    [InlineData(-37, -257)]
    [InlineData(-39, -38)]
    [Clause("7.2", 21)]
    public void Refuses_a_signature_by_another_algorithm_than_the_registered_one(int registered, int used)
    {
        var (authenticator, credential) = Registered(registered);
        Refused(
            RefusalReason.AssertionSignatureInvalid,
            Sign(authenticator, credential, draft => draft.Algorithm = used),
            credential: credential);
    }

    [Fact]
    [Clause("7.2", 21)]
    public void Refuses_authenticator_data_changed_after_signing()
    {
        var made = Get();
        var data = Base64Url.DecodeFromChars(made.AuthenticatorData!);
        data[^1]++;
        Refused(RefusalReason.AssertionSignatureInvalid, made with { AuthenticatorData = Base64Url.EncodeToString(data) });
    }

    [Theory]
    [InlineData(-35)]
    [InlineData(-8)]
    [InlineData(-257)]
    [InlineData(0)]
    [InlineData(null)]
    [Clause("7.2", 21)]
    public void Refuses_a_stored_algorithm_that_is_not_the_stored_keys(int? algorithm) =>
        Refused(RefusalReason.StoredCredentialUnusable, Get(), credential: Passkey with { Algorithm = algorithm });

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [Clause("7.2", 21)]
    public void Refuses_a_stored_key_that_cannot_be_read(string der) => Refused(
        RefusalReason.StoredCredentialUnusable, Get(), credential: Passkey with { SubjectPublicKeyInfo = Convert.FromHexString(der) });

    [Fact]
    public void The_hash_that_an_assertion_names_is_ignored() =>
        Accepted(Get(draft => draft.Texts = made => made with { Algorithm = "nonsense" }));
}
