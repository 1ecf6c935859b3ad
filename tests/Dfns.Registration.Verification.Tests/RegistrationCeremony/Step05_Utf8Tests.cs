using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 5: client data is decoded as UTF-8.</summary>
public sealed class Step05_Utf8Tests
{
    [Fact]
    [Clause("7.1", 5)]
    public void Accepts_one_leading_byte_order_mark() =>
        Accepted(Make(draft => draft.ClientData.Encoded = text => [0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(text)]));

    [Fact]
    [Clause("7.1", 5)]
    public void Accepts_members_beyond_ASCII() =>
        Accepted(Make(draft => draft.ClientData.Set("other_keys_can_be_added_here", "naïve ☃ 🔑")));

    [Fact]
    [Clause("7.1", 5)]
    public void Refuses_bytes_that_are_not_UTF8() => Refused(
        RefusalReason.JsonNotUtf8,
        Make(draft => draft.ClientData.Set("more", "#").Encoded =
            text => [.. System.Text.Encoding.UTF8.GetBytes(text).Select(octet => octet == '#' ? (byte)0xFF : octet)]));

    [Fact]
    [Clause("7.1", 5)]
    public void Refuses_a_second_byte_order_mark() => Refused(
        RefusalReason.JsonMalformed,
        Make(draft => draft.ClientData.Encoded =
            text => [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(text)]));
}
