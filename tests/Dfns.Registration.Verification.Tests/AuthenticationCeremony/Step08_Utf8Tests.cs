using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 8: client data is UTF-8, and a leading byte order mark is dropped.</summary>
public sealed class Step08_Utf8Tests
{
    [Fact]
    [Clause("7.2", 8)]
    public void Accepts_a_byte_order_mark() => Accepted(Get(draft => draft.ClientData.Encoded = text => [0xEF, 0xBB, 0xBF, .. Utf8(text)]));

    [Fact]
    [Clause("7.2", 8)]
    public void Refuses_bytes_that_are_not_UTF8() => Assert.Equal(
        CredentialPart.ClientData,
        Refused(RefusalReason.JsonNotUtf8, Get(draft => draft.ClientData.Encoded = text => [.. Utf8(text), 0xC0, 0xAF])).Part);

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
