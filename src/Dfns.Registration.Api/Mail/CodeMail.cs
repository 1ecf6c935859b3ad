using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Mail;

/// <summary>What is to be mailed to a user.</summary>
internal abstract record WaitingMail(string OrganisationId, string UserId);

/// <summary>A code that was issued to a user.</summary>
/// <param name="OrganisationId">Whose user it is; empty for nobody.</param>
/// <param name="UserId">The user, or a decoy.</param>
/// <param name="Purpose">What the code is for.</param>
/// <param name="Code">As the user types it.</param>
/// <param name="Hash">As it is stored.</param>
/// <param name="ExpiresAt">UTC.</param>
internal sealed record IssuedCode(string OrganisationId, string UserId, CodePurpose Purpose, string Code, byte[] Hash, DateTimeOffset ExpiresAt) : WaitingMail(OrganisationId, UserId)
{
    /// <summary>The peer's address who asked for it, or invited the user; null where that was a command.</summary>
    public string? RemoteAddress { get; init; }
}

/// <summary>That a user's account was recovered, for the user to know.</summary>
/// <param name="OrganisationId">Whose user it is.</param>
/// <param name="UserId">The user.</param>
/// <param name="At">UTC.</param>
internal sealed record RecoveryNotice(string OrganisationId, string UserId, DateTimeOffset At) : WaitingMail(OrganisationId, UserId);

/// <summary>A code on its way to its user. Holds a readable copy of the code; stored sealed alone, never logged outside Development.</summary>
/// <param name="Id">The same at each attempt.</param>
/// <param name="To">The username, which is the address.</param>
/// <param name="OrganisationId">Whose user it is.</param>
/// <param name="OrganisationName">As the mail names it.</param>
/// <param name="Purpose">What the code is for.</param>
/// <param name="Code">The code as the user types it.</param>
/// <param name="ExpiresAt">UTC.</param>
internal sealed record CodeMail(string Id, string To, string OrganisationId, string OrganisationName, CodePurpose Purpose, string Code, DateTimeOffset ExpiresAt);

/// <summary>A notice on its way to its user.</summary>
/// <param name="Id">The same at each attempt.</param>
/// <param name="To">The username, which is the address.</param>
/// <param name="OrganisationName">As the mail names it.</param>
/// <param name="RecoveredAt">UTC.</param>
internal sealed record RecoveryMail(string Id, string To, string OrganisationName, DateTimeOffset RecoveredAt);

/// <summary>The username is no address that mail can be sent to.</summary>
internal sealed class AddressNotMailableException : Exception;

/// <summary>The one way out for mails. Two implementations: <see cref="SmtpCodeDelivery"/> and, in Development, <see cref="LogCodeDelivery"/>.</summary>
internal interface ICodeDelivery
{
    /// <summary>Hands a code over. Throws when it could not; the caller repeats.</summary>
    Task DeliverAsync(CodeMail mail, CancellationToken ct);

    /// <summary>Hands a notice over. Throws when it could not; the caller repeats.</summary>
    Task DeliverAsync(RecoveryMail mail, CancellationToken ct);
}
