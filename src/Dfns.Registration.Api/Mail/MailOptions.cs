using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Mail;

/// <summary>Section <c>Mail</c>.</summary>
public sealed class MailOptions
{
    public const string Section = "Mail";

    /// <summary><c>Smtp</c>, or <c>Log</c>, which Development alone accepts and is the default there.</summary>
    public MailDelivery Delivery { get; set; } = MailDelivery.Smtp;

    public string? Host { get; set; }

    public int Port { get; set; } = 587;

    /// <summary><c>StartTls</c> (default), <c>SslOnConnect</c>, or <c>None</c> for a relay on the same host.</summary>
    public MailSecurity Security { get; set; } = MailSecurity.StartTls;

    /// <summary>
    /// The name by which the service makes itself known to that server, a domain or an address in brackets; some take mail only from one that DNS
    /// knows. Default: the name of the machine, if others may know it by that, else its address.
    /// </summary>
    public string? EhloName { get; set; }

    /// <summary>Whether the server's certificate has to be shown not to be revoked; an authority of one's own often publishes no list to show it by. Default true.</summary>
    public bool CheckRevocation { get; set; } = true;

    public string? Username { get; set; }

    [Secret]
    public string? Password { get; set; }

    /// <summary>A file that holds it, in place of <see cref="Password"/>.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>The sender, such as <c>Example &lt;no-reply@example.co&gt;</c>.</summary>
    public string? From { get; set; }

    /// <summary>
    /// Link to the page where the code is entered, with <c>{username}</c>, <c>{code}</c> and <c>{orgId}</c> in it, such as
    /// <c>https://app.example.co/register#username={username}&amp;code={code}&amp;orgId={orgId}</c>. Without it the mail carries the code alone.
    /// </summary>
    public string? Link { get; set; }

    /// <summary>Each mail waits a random part of this time, so that the work it makes does not show in the answers around it. Default one second.</summary>
    public TimeSpan Spread { get; set; } = TimeSpan.FromSeconds(1);
}

public enum MailDelivery
{
    Smtp,
    Log,
}

/// <summary>How the connection to the mail server is encrypted. No word for "if the server likes": whoever sits between would answer for it.</summary>
public enum MailSecurity
{
    StartTls,
    SslOnConnect,
    None,
}
