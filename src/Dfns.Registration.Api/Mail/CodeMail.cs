namespace Dfns.Registration.Api.Mail;

/// <summary>A code that was issued to a user, waiting to be mailed.</summary>
internal sealed record IssuedCode(string OrganisationId, string UserId, string Code, DateTimeOffset ExpiresAt);

/// <summary>A code on its way to its user. Holds a readable copy of the code; never stored, never logged outside Development.</summary>
/// <param name="To">The username, which is the address.</param>
/// <param name="OrganisationId">Whose user it is.</param>
/// <param name="OrganisationName">As the mail names it.</param>
/// <param name="Code">The code as the user types it.</param>
/// <param name="ExpiresAt">UTC.</param>
internal sealed record CodeMail(string To, string OrganisationId, string OrganisationName, string Code, DateTimeOffset ExpiresAt);

/// <summary>The username is no address that mail can be sent to.</summary>
internal sealed class AddressNotMailableException : Exception;

/// <summary>The one way out for codes. Two implementations: <see cref="SmtpCodeDelivery"/> and, in Development, <see cref="LogCodeDelivery"/>.</summary>
internal interface ICodeDelivery
{
    /// <summary>Hands a code over. Throws when it could not; the caller repeats.</summary>
    Task DeliverAsync(CodeMail mail, CancellationToken ct);
}
