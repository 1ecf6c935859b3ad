using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§6.1: authenticator data is 37 bytes, then what its flags announce, then nothing. §6.5.1 and §6.5.4: what it is part of.</summary>
public sealed class AuthenticatorDataTests
{
    private const byte UserPresent = 0x01, UserVerified = 0x04, Eligible = 0x08, BackedUp = 0x10, Attested = 0x40, Extended = 0x80;

    public static TheoryData<byte> EveryFlagByte => [.. Enumerable.Range(0, 256).Select(flags => (byte)flags)];

    [Theory]
    [MemberData(nameof(EveryFlagByte))]
    public void Each_of_the_256_flag_bytes_has_its_verdict(byte flags)
    {
        var made = Make(draft => draft.Flags = flags);
        RefusalReason? expected = (flags & Attested) == 0
            ? (flags & Extended) == 0 ? RefusalReason.AuthenticatorDataTrailingBytes : RefusalReason.CborNotMap
            : (flags & Extended) != 0 ? RefusalReason.AuthenticatorDataTruncated
            : (flags & UserPresent) == 0 ? RefusalReason.UserNotPresent
            : (flags & UserVerified) == 0 ? RefusalReason.UserNotVerified
            : (flags & (Eligible | BackedUp)) == BackedUp ? RefusalReason.BackupStateWithoutEligibility
            : null;

        Assert.Equal(expected, CredentialVerifiers.Verify(made.ToVerify(), Expected).Refused(out var why, out _) ? why.Reason : null);
    }

    [Fact]
    [Clause("6.1", "length")]
    public void Accepts_37_bytes_and_what_the_flags_announce() => Accepted(Make());

    [Fact]
    [Clause("6.1", "length")]
    public void Refuses_authenticator_data_cut_anywhere_and_a_byte_too_many()
    {
        var length = 0;
        Make(draft => draft.AuthenticatorData = bytes =>
        {
            length = bytes.Length;
            return bytes;
        });

        for (var cut = 0; cut < length; cut++)
            Assert.True(CredentialVerifiers.Verify(Make(draft => draft.AuthenticatorData = bytes => bytes[..cut]).ToVerify(), Expected).Refused(out _, out _));
        Refused(RefusalReason.AuthenticatorDataTrailingBytes, Make(draft => draft.AuthenticatorData = bytes => [.. bytes, 0]));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(uint.MaxValue)]
    [Clause("6.1", "signature counter")]
    public void Accepts_any_counter(uint count) => Assert.Equal(count, Accepted(Make(draft => draft.SignCount = count)).WebAuthn!.SignCount);

    [Theory]
    [InlineData(0x02)]
    [InlineData(0x20)]
    [InlineData(0x22)]
    [Clause("6.1", "reserved flags")]
    public void Accepts_flags_that_are_reserved(byte reserved) => Accepted(Make(draft => draft.Flags |= reserved));

    [Fact]
    [Clause("6.1", "flag AT")]
    public void Accepts_a_credential_that_AT_announces() => Accepted(Make(draft => draft.Flags = RegistrationDraft.UsualFlags));

    [Fact]
    [Clause("6.1", "flag AT")]
    public void Refuses_a_credential_that_AT_does_not_announce() =>
        Refused(RefusalReason.AuthenticatorDataTrailingBytes, Make(draft => draft.Flags = UserPresent | UserVerified));

    [Fact]
    [Clause("6.1", "flag ED")]
    public void Accepts_an_empty_map_of_extensions() => Accepted(Make(draft => (draft.Flags, draft.Extensions) = (0xC5, [0xA0])));

    [Fact]
    [Clause("6.1", "flag ED")]
    public void Refuses_extensions_that_ED_does_not_announce() =>
        Refused(RefusalReason.AuthenticatorDataTrailingBytes, Make(draft => draft.Extensions = [0xA0]));

    [Fact]
    [Clause("6.5.1", "credential id length")]
    public void Accepts_an_id_of_the_length_that_is_stated() => Assert.Equal(64, Accepted(Make(draft => draft.CredentialId = new byte[64])).CredentialId.Length);

    [Fact]
    [Clause("6.5.1", "credential id length")]
    public void Refuses_an_id_shorter_than_the_length_that_is_stated() => Refused(
        RefusalReason.AuthenticatorDataTruncated,
        Make(draft => draft.AuthenticatorData = bytes =>
        {
            bytes[53] = 0xFF;
            return bytes;
        }));

    [Fact]
    [Clause("6.5.4", "members")]
    public void Accepts_fmt_attStmt_and_authData() => Accepted(Make());

    [Theory]
    [InlineData("fmt")]
    [InlineData("authData")]
    [InlineData("attStmt")]
    [Clause("6.5.4", "members")]
    public void Refuses_an_attestation_object_without_one_of_them(string name) =>
        Refused(RefusalReason.AttestationObjectMemberInvalid, Make(draft => draft.AttestationObject = map => map.Remove(name)));
}
