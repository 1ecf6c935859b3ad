using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 28: extension outputs decode, flag ED announces them, and what is known of them is told.</summary>
public sealed class Step28_ExtensionsTests
{
    private const byte WithExtensions = RegistrationDraft.UsualFlags | 0x80;

    private static byte[] CredProtect => new CborMapDraft().Set("credProtect", Cbor.Number(2)).ToBytes();

    [Fact]
    [Clause("7.1", 28)]
    public void Accepts_unsolicited_extensions() =>
        Accepted(Make(draft => (draft.Flags, draft.Extensions) = (WithExtensions, CredProtect)));

    [Fact]
    [Clause("7.1", 28)]
    public void Accepts_no_extensions()
    {
        var extensions = Accepted(Make()).WebAuthn!.Extensions;
        Assert.Null(extensions.CredProtect);
        Assert.Null(extensions.MinPinLength);
        Assert.Null(extensions.HmacSecret);
        Assert.False(extensions.HmacSecretAtCreation);
        Assert.Empty(extensions.Others);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Clause("7.1", 28)]
    public void Accepts_and_tells_what_authenticators_report(int policy)
    {
        var extensions = Told(new CborMapDraft()
            .Set("credBlob", Cbor.True)
            .Set("credProtect", Cbor.Number(policy))
            .Set("hmac-secret", Cbor.True)
            .Set("minPinLength", Cbor.Number(6))
            .Set("hmac-secret-mc", Cbor.Bytes(new byte[48]))
            .Set("example.extension", Cbor.Text("anything")));
        Assert.Equal(policy, extensions.CredProtect);
        Assert.Equal(6, extensions.MinPinLength);
        Assert.True(extensions.HmacSecret);
        Assert.True(extensions.HmacSecretAtCreation);
        Assert.Equal(["credBlob", "example.extension"], extensions.Others);
    }

    [Fact]
    [Clause("7.1", 28)]
    public void Accepts_an_authenticator_without_hmac_secret() =>
        Assert.False(Told(new CborMapDraft().Set("hmac-secret", Cbor.False)).HmacSecret);

    [Fact]
    [Clause("7.1", 28)]
    public void Accepts_outputs_of_another_type_and_tells_no_more_than_their_names()
    {
        var extensions = Told(new CborMapDraft()
            .Set("uvm", Cbor.Array(Cbor.Array(Cbor.Number(2), Cbor.Number(4), Cbor.Number(2))))
            .Set("credProtect", Cbor.Number(4))
            .Set("hmac-secret", Cbor.Null)
            .Set("minPinLength", Cbor.Number(-1))
            .Set("hmac-secret-mc", Cbor.True));
        Assert.Null(extensions.CredProtect);
        Assert.Null(extensions.MinPinLength);
        Assert.Null(extensions.HmacSecret);
        Assert.False(extensions.HmacSecretAtCreation);
        Assert.Equal(["uvm", "credProtect", "hmac-secret", "minPinLength", "hmac-secret-mc"], extensions.Others);
    }

    [Theory]
    [InlineData(0L, true)]
    [InlineData((long)int.MaxValue, true)]
    [InlineData(-1L, false)]
    [InlineData(int.MaxValue + 1L, false)]
    [Clause("7.1", 28)]
    public void Accepts_a_shortest_PIN_of_any_length_and_tells_those_that_can_be(long length, bool told) =>
        Assert.Equal(told ? (int)length : null, Told(new CborMapDraft().Set("minPinLength", Cbor.Number(length))).MinPinLength);

    [Theory]
    [InlineData(0L)]
    [InlineData(0x1_0000_0000L)]
    [InlineData(long.MaxValue)]
    [Clause("7.1", 28)]
    public void Accepts_numbers_of_any_size(long number) =>
        Assert.Equal(["credProtect"], Told(new CborMapDraft().Set("credProtect", Cbor.Number(number))).Others);

    [Fact]
    [Clause("7.1", 28)]
    public void Refuses_an_identifier_that_is_no_text() => Refused(
        RefusalReason.CborItemNotAllowed,
        Make(draft => (draft.Flags, draft.Extensions) = (WithExtensions, new CborMapDraft().Set(1, Cbor.True).ToBytes())));

    [Fact]
    [Clause("7.1", 28)]
    public void Refuses_flag_ED_without_extensions() =>
        Refused(RefusalReason.AuthenticatorDataTruncated, Make(draft => draft.Flags = WithExtensions));

    [Fact]
    [Clause("7.1", 28)]
    public void Refuses_extensions_without_flag_ED() =>
        Refused(RefusalReason.AuthenticatorDataTrailingBytes, Make(draft => draft.Extensions = CredProtect));

    [Fact]
    [Clause("7.1", 28)]
    public void Refuses_extensions_that_are_not_a_map() =>
        Refused(RefusalReason.CborNotMap, Make(draft => (draft.Flags, draft.Extensions) = (WithExtensions, Cbor.Array())));

    [Fact]
    [Clause("7.1", 28)]
    public void Refuses_bytes_after_extensions() => Refused(
        RefusalReason.AuthenticatorDataTrailingBytes,
        Make(draft => (draft.Flags, draft.Extensions) = (WithExtensions, [.. CredProtect, 0xA0])));

    [Fact]
    [Clause("7.1", 28)]
    public void Refuses_an_extension_that_occurs_twice() => Refused(
        RefusalReason.CborDuplicateKey,
        Make(draft =>
        {
            var map = new CborMapDraft().Set("credProtect", Cbor.Number(2));
            map.Entries.Add(map.Entries[0]);
            (draft.Flags, draft.Extensions) = (WithExtensions, map.ToBytes());
        }));

    private static AuthenticatorExtensions Told(CborMapDraft outputs) =>
        Accepted(Make(draft => (draft.Flags, draft.Extensions) = (WithExtensions, outputs.ToBytes()))).WebAuthn!.Extensions;
}
