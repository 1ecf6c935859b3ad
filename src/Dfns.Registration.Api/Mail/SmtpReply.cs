using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Dfns.Registration.Api.Mail;

/// <summary>What a mail server replied, for the log: what tells an operator why it takes no mail.</summary>
internal static partial class SmtpReply
{
    /// <summary>Characters of a text that are told: two lines of a reply (RFC 5321 §4.5.3.1.5) are not so long.</summary>
    public const int MostTextLength = 300;

    /// <summary>The reply code (RFC 5321 §4.2); null where it did not reply.</summary>
    public static int? Code(Exception exception) => exception switch
    {
        SmtpCommandException command => (int)command.StatusCode,
        // The driver has it in its words alone: "535: 5.7.8 …".
        AuthenticationException login when LeadingCode().Match(login.Message) is { Success: true } leading => int.Parse(leading.Groups["code"].Value, CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>The fault and what the server said of it, on one line, without whom or what was mailed.</summary>
    /// <param name="exception">What came of a mail.</param>
    /// <param name="address">Whom it was for; null for nobody.</param>
    /// <param name="secret">The code that was in it; null for none.</param>
    public static string Words(Exception exception, string? address, string? secret)
    {
        var fault = exception.GetType().Name;
        if (Code(exception) is not { } code) return fault;
        var text = LeadingCode().Replace(exception.Message, "");
        // However it is written: a server may repeat what it was sent.
        if (secret is not null && Letters(text).Contains(Letters(secret), StringComparison.Ordinal)) return $"{fault} {code} (it repeats the mail)";
        if (!string.IsNullOrEmpty(address)) text = text.Replace(address, "…", StringComparison.OrdinalIgnoreCase);
        text = OneLine(text);
        return string.Create(CultureInfo.InvariantCulture, $"{fault} {code} {(text.Length > MostTextLength ? text[..MostTextLength] : text)}").TrimEnd();
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    // Nothing that ends a line of a log, or turns what follows about.
    private static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var isShown = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            line.Append(isShown ? rune.ToString() : " ");
        }

        return line.ToString().Trim();
    }

    [GeneratedRegex("^(?<code>[2-5][0-9]{2})(: | |-|$)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LeadingCode();
}
