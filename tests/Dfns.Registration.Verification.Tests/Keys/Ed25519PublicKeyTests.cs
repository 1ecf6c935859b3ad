using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>RFC 8032 §5.1.3, and the points of small order.</summary>
public sealed class Ed25519PublicKeyTests
{
    [Theory]
    [InlineData("D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A")]
    [InlineData("3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C")]
    [InlineData("FC51CD8E6218A1A38DA47ED00230F0580816ED13BA3303AC5DEB911548908025")]
    public void Accepts_the_public_keys_of_RFC_8032(string hex) => Accepted(Ed25519PublicKey.Create(Convert.FromHexString(hex)));

    [Fact]
    public void Verifies_the_second_signature_of_RFC_8032()
    {
        var key = Accepted(Ed25519PublicKey.Create(Convert.FromHexString("3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C")));
        var signature = Convert.FromHexString(
            "92A009A9F0D4CAB8720E820B5F642540A2B27B5416503F8FB3762223EBDB69DA085AC1E43E15996E458F3613D0F11D8C387B2EAEB4302AEEB00D291612BB0C00");

        Assert.True(key.Verifies([0x72], signature, default));
        Assert.False(key.Verifies([0x73], signature, default));
    }

    [Fact]
    public void Accepts_fresh_keys_with_either_sign()
    {
        var signs = new HashSet<int>();
        while (signs.Count < 2)
        {
            var point = SoftwareKey.Ed25519().SubjectPublicKeyInfo[^32..];
            Accepted(Ed25519PublicKey.Create(point));
            signs.Add(point[^1] >> 7);
        }
    }

    [Theory]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0700000000000000000000000000000000000000000000000000000000000080")]
    public void Refuses_a_y_that_belongs_to_no_point(string hex) =>
        Refused(RefusalReason.PublicKeyNotOnCurve, Ed25519PublicKey.Create(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")]
    [InlineData("EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")]
    [InlineData("F0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    public void Refuses_a_y_that_is_not_below_the_prime(string hex) =>
        Refused(RefusalReason.PublicKeyNotOnCurve, Ed25519PublicKey.Create(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")]
    [InlineData("ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05")]
    [InlineData("26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC85")]
    [InlineData("C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC037A")]
    [InlineData("C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC03FA")]
    public void Refuses_every_point_of_small_order(string hex) =>
        Refused(RefusalReason.PublicKeySmallOrder, Ed25519PublicKey.Create(Convert.FromHexString(hex)));

    [Fact]
    public void Refuses_a_passkey_of_small_order_although_nothing_is_signed() => Refused(
        RefusalReason.PublicKeySmallOrder,
        Make(AttestationMaker.None, draft => draft.CoseKey.Set(-2, Cbor.Bytes([1, .. new byte[31]])), algorithm: -8));
}
