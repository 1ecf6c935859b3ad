using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Registration;

/// <summary>A registration ceremony with everything that completing it reads or changes.</summary>
internal sealed class RegistrationSession
{
    public required Ceremony Ceremony { get; init; }

    public required User User { get; init; }

    public required RelyingParty RelyingParty { get; init; }

    /// <summary>Null when the registration did not begin with a code.</summary>
    public required OneTimeCode? Code { get; init; }

    public required List<Ceremony> OtherOpen { get; init; }

    public bool RequiresRecovery => RelyingParty.RequiresRecoveryOf(User);

    /// <summary>What there is to answer without completing anything: the session is spent, or its user may not register.</summary>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="now">UTC; a session may end between being found and being completed.</param>
    /// <returns>Null when the session is open.</returns>
    public Checked<CompletedRegistration>? Answer(ReadOnlySpan<byte> digest, DateTimeOffset now)
    {
        if (Ceremony.ExpiresAt <= now) return ErrorCatalog.NotAuthorized;
        if (Ceremony.Repeat<CompletedRegistration>(digest) is { } repeat) return repeat;
        if (User.RegisteredAt is not null) return ErrorCatalog.UserAlreadyExists;
        if (User.IsInvitationOver(now)) return ErrorCatalog.NotAuthorized;
        if (!User.IsActive) return ErrorCatalog.UserDeactivated;
        // Ended: the registration has been begun anew since, perhaps by somebody else under this name.
        if (Ceremony.ConsumedAt is not null || (Ceremony.BoundTo == Ceremony.ByInvitation && Code is not { ConsumedAt: null })) return ErrorCatalog.NotAuthorized;
        return null;
    }
}
