using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.Tests.Encoding;

/// <summary>X.690 §10: the distinguished rules, as far as they are about layout.</summary>
public sealed class DerStructureTests
{
    [Theory]
    [InlineData("0500")]
    [InlineData("3000")]
    [InlineData("3008020101" + "0403010203")]
    [InlineData("3105A303010100")]
    [InlineData("A0020500")]
    [InlineData("0101FF" + "0500")]
    public void Takes_definite_lengths_in_shortest_form(string hex) => Assert.True(DerStructure.IsDistinguished(Convert.FromHexString(hex)));

    [Fact]
    public void Takes_a_certificate()
    {
        var key = SoftwareKey.P256();
        Assert.True(DerStructure.IsDistinguished(CertificateDraft.ForAttestation(key, Guid.Empty).Sign(key)));
    }

    [Theory]
    [InlineData("30")]
    [InlineData("3001")]
    [InlineData("300105")]
    [InlineData("30800500" + "0000")]
    [InlineData("A0800500" + "0000")]
    [InlineData("308100")]
    [InlineData("30820002" + "0500")]
    [InlineData("3004" + "048101" + "00")]
    [InlineData("2405" + "0403010203")]
    [InlineData("2C03" + "0C0141")]
    [InlineData("1F0400")]
    public void Refuses_what_the_basic_rules_allow_beyond_that(string hex) => Assert.False(DerStructure.IsDistinguished(Convert.FromHexString(hex)));

    [Fact]
    public void Takes_any_depth_without_recursion()
    {
        // Sequences around sequences, each with as many bytes of length as it needs.
        var nested = new List<byte>();
        for (var level = 0; level < 20_000; level++)
        {
            var length = nested.Count;
            byte[] head = length switch
            {
                < 0x80 => [(byte)(length & 0xFF), 0x30],
                < 0x100 => [(byte)(length & 0xFF), 0x81, 0x30],
                < 0x10000 => [(byte)(length & 0xFF), (byte)(length >> 8), 0x82, 0x30],
                _ => [(byte)(length & 0xFF), (byte)((length >> 8) & 0xFF), (byte)(length >> 16), 0x83, 0x30],
            };
            nested.AddRange(head);
        }

        nested.Reverse();
        Assert.True(DerStructure.IsDistinguished(nested.ToArray()));
    }
}
