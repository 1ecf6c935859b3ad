using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 13: the attestation object decodes (§6.5.4), and its authenticator data too (§6.1, §6.5.1).</summary>
public sealed class Step13_AttestationObjectTests
{
    [Fact]
    [Clause("7.1", 13)]
    public void Accepts_members_in_any_order() => Accepted(Make(draft => draft.AttestationObject = map =>
    {
        var entries = map.Entries.Reverse().ToList();
        map.Entries.Clear();
        foreach (var entry in entries) map.Entries.Add(entry);
    }));

    [Fact]
    [Clause("7.1", 13)]
    public void Accepts_a_member_it_does_not_know() => Accepted(Make(draft => draft.AttestationObject = map => map.Set("ep", Cbor.False)));

    [Theory]
    [InlineData("fmt")]
    [InlineData("authData")]
    [InlineData("attStmt")]
    [Clause("7.1", 13)]
    public void Refuses_a_missing_member(string name) =>
        Refused(RefusalReason.AttestationObjectMemberInvalid, Make(draft => draft.AttestationObject = map => map.Remove(name)));

    [Theory]
    [InlineData("fmt")]
    [InlineData("authData")]
    [InlineData("attStmt")]
    [Clause("7.1", 13)]
    public void Refuses_a_member_of_the_wrong_type(string name) =>
        Refused(RefusalReason.AttestationObjectMemberInvalid, Make(draft => draft.AttestationObject = map => map.Set(name, Cbor.Number(1))));

    [Fact]
    [Clause("7.1", 13)]
    public void Refuses_bytes_after_the_attestation_object() => Refused(
        RefusalReason.CborTrailingBytes, Make(draft => draft.AttestationObject = map => map.Encoded = bytes => [.. bytes, 0xF6]));

    [Fact]
    [Clause("7.1", 13)]
    public void Refuses_a_tag_around_the_attestation_object() => Refused(
        RefusalReason.CborNotMap, Make(draft => draft.AttestationObject = map => map.Encoded = bytes => [0xD9, 0xD9, 0xF7, .. bytes]));

    [Fact]
    [Clause("7.1", 13)]
    public void Refuses_a_member_that_occurs_twice() => Refused(
        RefusalReason.CborDuplicateKey, Make(draft => draft.AttestationObject = map => map.Entries.Add(map.Entries[0])));

    [Theory]
    [InlineData(0)]
    [InlineData(36)]
    [InlineData(37)]
    [InlineData(54)]
    [InlineData(60)]
    [InlineData(87)]
    [Clause("7.1", 13)]
    public void Refuses_authenticator_data_that_ends_early(int length) =>
        Refused(RefusalReason.AuthenticatorDataTruncated, Make(draft => draft.AuthenticatorData = bytes => bytes[..length]));

    [Fact]
    [Clause("7.1", 13)]
    public void Refuses_authenticator_data_that_ends_within_the_public_key() =>
        Refused(RefusalReason.CborMalformed, Make(draft => draft.AuthenticatorData = bytes => bytes[..^1]));

    [Fact]
    [Clause("7.1", 13)]
    public void Refuses_bytes_after_authenticator_data() =>
        Refused(RefusalReason.AuthenticatorDataTrailingBytes, Make(draft => draft.AuthenticatorData = bytes => [.. bytes, 0]));

    [Fact]
    [Clause("7.1", 13)]
    public void Refuses_authenticator_data_without_a_credential() => Refused(
        RefusalReason.AttestedCredentialDataMissing,
        Make(draft =>
        {
            draft.Flags = 0x05;
            draft.AuthenticatorData = bytes => bytes[..37];
        }));
}
