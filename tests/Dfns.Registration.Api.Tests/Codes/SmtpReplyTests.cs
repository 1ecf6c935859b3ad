using Dfns.Registration.Api.Mail;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>What of a mail server's words is told in the log.</summary>
[Trait("Speed", "quick")]
public sealed class SmtpReplyTests
{
    private const string Code = "7K2M-00XW-9QRT-B4ZC";

    [Theory]
    [InlineData(451, "4.7.1 Greylisted, try again later", "SmtpCommandException 451 4.7.1 Greylisted, try again later")]
    [InlineData(421, "", "SmtpCommandException 421")]
    [InlineData(550, "5.1.1 <Jane@example.co>: unknown", "SmtpCommandException 550 5.1.1 <…>: unknown")]
    [InlineData(550, "one\r\ntwo\u001b[31m\u202ethree\u2028four", "SmtpCommandException 550 one  two [31m three four")]
    [InlineData(554, "spam: 7K2M-00XW-9QRT-B4ZC", "SmtpCommandException 554 (it repeats the mail)")]
    [InlineData(554, "spam: (7k2m 00xw 9qrt b4zc)", "SmtpCommandException 554 (it repeats the mail)")]
    [InlineData(554, "spam: 7K2M00XW\n9QRTB4ZC", "SmtpCommandException 554 (it repeats the mail)")]
    public void Code_and_text_are_told_in_one_line_without_whom_or_what_was_mailed(int status, string text, string told) =>
        Assert.Equal(told, SmtpReply.Words(new SmtpCommandException(SmtpErrorCode.MessageNotAccepted, (SmtpStatusCode)status, text), "jane@example.co", Code));

    [Fact]
    public void A_long_text_is_cut_off_and_a_code_behind_its_end_is_found()
    {
        var words = SmtpReply.Words(Refused(new string('x', 10_000)), null, Code);

        Assert.Equal($"SmtpCommandException 550 {new string('x', SmtpReply.MostTextLength)}", words);
        Assert.Equal("SmtpCommandException 550 (it repeats the mail)", SmtpReply.Words(Refused($"{new string('x', SmtpReply.MostTextLength - 9)} {Code}"), null, Code));
    }

    [Theory]
    [InlineData("535: 5.7.8 Bad password", 535, "AuthenticationException 535 5.7.8 Bad password")]
    [InlineData("454: 4.7.0 Temporary failure", 454, "AuthenticationException 454 4.7.0 Temporary failure")]
    [InlineData("Nothing in common", null, "AuthenticationException")]
    public void Of_a_login_too(string message, int? code, string told)
    {
        Assert.Equal(code, SmtpReply.Code(new AuthenticationException(message)));
        Assert.Equal(told, SmtpReply.Words(new AuthenticationException(message), "jane@example.co", Code));
    }

    [Fact]
    public void Of_what_is_no_reply_the_fault_alone_is_told() => Assert.Equal("IOException", SmtpReply.Words(new IOException("451 4.7.1 jane@example.co"), "jane@example.co", Code));

    private static SmtpCommandException Refused(string text) => new(SmtpErrorCode.MessageNotAccepted, (SmtpStatusCode)550, text);
}
