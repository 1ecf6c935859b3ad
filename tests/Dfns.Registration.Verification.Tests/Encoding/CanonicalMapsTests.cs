using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Encoding;

/// <summary>
/// §2.4: whoever makes CBOR makes it in CTAP2 canonical form, and whoever reads it should refuse other forms. What an authenticator encodes
/// and signs is held to that in each of its maps; what is put around it on the way, by clients and by software that wraps authenticators, may
/// have its members in any order.
/// </summary>
public sealed class CanonicalMapsTests
{
    private const byte ExtensionData = 0x80;

    /// <summary>Pairs of keys, the first of which belongs before the second: by length, then by bytes.</summary>
    public static TheoryData<string, string> Pairs => new()
    {
        { "uvm", "credProtect" },
        { "credProtect", "hmac-secret" },
        { "hmac-secret", "minPinLength" },
        { "minPinLength", "hmac-secret-mc" },
        { "z", "aa" },
        { "a", "b" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    [Clause("6.1", "extensions in canonical form")]
    public void Accepts_extensions_in_canonical_order(string first, string second)
    {
        Accepted(Registration(Map(first, second)));
        Authentication.Accepted(Assertion(Map(first, second)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Clause("6.1", "extensions in canonical form")]
    public void Refuses_extensions_in_another_order(string first, string second)
    {
        Assert.Equal(CredentialPart.AttestationData, Refused(RefusalReason.CborKeyOrder, Registration(Map(second, first))).Part);
        Assert.Equal(CredentialPart.AuthenticatorData, Authentication.Refused(RefusalReason.CborKeyOrder, Assertion(Map(second, first))).Part);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Clause("6.1", "extensions in canonical form")]
    public void Accepts_a_map_in_an_extension_in_canonical_order(string first, string second)
    {
        Accepted(Registration(Around(Map(first, second))));
        Authentication.Accepted(Assertion(Around(Map(first, second))));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Clause("6.1", "extensions in canonical form")]
    public void Refuses_a_map_in_an_extension_in_another_order(string first, string second)
    {
        Refused(RefusalReason.CborKeyOrder, Registration(Around(Map(second, first))));
        Authentication.Refused(RefusalReason.CborKeyOrder, Assertion(Around(Map(second, first))));
        Refused(RefusalReason.CborKeyOrder, Registration(Around(Cbor.Array(Map(second, first)))));
    }

    [Fact]
    [Clause("6.5.1", "canonical form")]
    public void Refuses_every_other_order_of_a_credential_public_key() => Assert.All([-7, -8, -257], algorithm =>
    {
        var count = SoftwareKey.ForAlgorithm(algorithm).CoseKey(algorithm).Entries.Count;
        for (var at = 0; at + 1 < count; at++)
        {
            var index = at;
            Refused(RefusalReason.CborKeyOrder, Make(AttestationMaker.None, draft =>
                (draft.CoseKey.Entries[index], draft.CoseKey.Entries[index + 1]) = (draft.CoseKey.Entries[index + 1], draft.CoseKey.Entries[index]), algorithm));
        }
    });

    /// <summary>A departure from §2.4: neither is signed, and clients write both.</summary>
    [Fact]
    [Clause("6.5.4", "members")]
    public void Accepts_an_attestation_object_and_its_statement_in_any_order()
    {
        Accepted(Make(draft => draft.AttestationObject = Reverse));
        Assert.All(
            new[] { AttestationMaker.PackedSelf, AttestationMaker.PackedCertified(), AttestationMaker.FidoU2f(), AttestationMaker.Tpm(), AttestationMaker.AndroidKey() },
            maker => Accepted(Make(maker, draft => draft.Statement = Reverse)));
    }

    private static void Reverse(CborMapDraft map)
    {
        var entries = map.Entries.Reverse().ToList();
        map.Entries.Clear();
        entries.ForEach(map.Entries.Add);
    }

    private static byte[] Map(string first, string second) => new CborMapDraft().Set(first, Cbor.True).Set(second, Cbor.Number(1)).ToBytes();

    private static byte[] Around(byte[] value) => new CborMapDraft().Set("example", value).ToBytes();

    private static MadeCredential Registration(byte[] outputs) =>
        Make(draft => (draft.Flags, draft.Extensions) = (RegistrationDraft.UsualFlags | ExtensionData, outputs));

    private static MadeAssertion Assertion(byte[] outputs) => Authentication.Get(draft =>
    {
        draft.Flags |= ExtensionData;
        draft.Extensions = outputs;
    });
}
