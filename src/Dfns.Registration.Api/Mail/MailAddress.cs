using MimeKit;

namespace Dfns.Registration.Api.Mail;

/// <summary>Which usernames mail can be sent to.</summary>
internal static class MailAddress
{
    /// <summary>Whether a username is an address that mail can be sent to, and nothing but an address: no display name, no comment, no local mailbox.</summary>
    public static bool IsMailable(string username) =>
        MailboxAddress.TryParse(username, out var address) && string.Equals(address.Address, username, StringComparison.Ordinal) && address.Domain.Length > 0;
}
