using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 28: extension outputs are ignored, but they decode, and flag ED announces them.</summary>
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
}
