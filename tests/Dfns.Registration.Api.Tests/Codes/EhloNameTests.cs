using Dfns.Registration.Api.Mail;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>The name by which the service makes itself known to a mail server.</summary>
[Trait("Speed", "quick")]
public sealed class EhloNameTests
{
    [Theory]
    [InlineData("auth.example.co", true)]
    [InlineData("relay", true)]
    [InlineData("xn--mller-kva.example", true)]
    [InlineData("1.example", true)]
    [InlineData("[192.0.2.1]", true)]
    [InlineData("[IPv6:2001:db8::1]", true)]
    [InlineData("", false)]
    [InlineData("müller.example", false)]
    [InlineData("auth_1.example.co", false)]
    [InlineData("-a.example.co", false)]
    [InlineData("a-.example.co", false)]
    [InlineData("a..example.co", false)]
    [InlineData("example.co.", false)]
    [InlineData("example.co\r\nMAIL FROM:<a@example.co>", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("[192.0.2]", false)]
    [InlineData("[192.0.2.300]", false)]
    [InlineData("[2001:db8::1]", false)]
    [InlineData("[IPv6:192.0.2.1]", false)]
    [InlineData("[IPv6:fe80::1%1]", false)]
    [InlineData("[]", false)]
    public void Is_a_domain_or_an_address_literal(string text, bool isValid) => Assert.Equal(isValid, EhloName.IsValid(text));

    [Theory]
    [InlineData("auth.example.co", "auth.example.co")]
    [InlineData("3f2a1b7c9d0e", null)]
    [InlineData("localhost", null)]
    [InlineData("localhost.localdomain", null)]
    [InlineData("printer.local", null)]
    [InlineData("pod.svc.cluster.local", null)]
    [InlineData("vm.eu-west-1.compute.internal", null)]
    [InlineData("my_host.example.co", null)]
    [InlineData("host host.(none)", null)]
    [InlineData("host host.example.co", "host.example.co")]
    public void Of_this_machine_is_one_that_others_may_know_it_by(string names, string? taken) => Assert.Equal(taken, EhloName.Taken(names.Split(' ')));

    [Theory]
    [InlineData("192.0.2.1", "[192.0.2.1]")]
    [InlineData("::ffff:192.0.2.1", "[192.0.2.1]")]
    [InlineData("2001:db8::1", "[IPv6:2001:db8::1]")]
    [InlineData("fe80::1%3", "[IPv6:fe80::1]")]
    public void Of_a_machine_without_a_name_is_its_address(string address, string literal)
    {
        Assert.Equal(literal, EhloName.Literal(System.Net.IPAddress.Parse(address)));
        Assert.True(EhloName.IsValid(literal));
    }

    [Fact]
    public void Of_whatever_machine_this_is_a_server_can_read_it() => Assert.True(EhloName.OfThisMachine is not { } name || EhloName.IsValid(name));
}
