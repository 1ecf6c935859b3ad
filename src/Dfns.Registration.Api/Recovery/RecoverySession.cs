using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Recovery;

/// <summary>A recovery ceremony with everything that completing it reads, as of one moment: while it is open, so are its user's recovery keys.</summary>
internal sealed class RecoverySession
{
    public required Ceremony Ceremony { get; init; }

    public required User User { get; init; }

    public required RelyingParty RelyingParty { get; init; }

    /// <summary>The active recovery keys of the user.</summary>
    public required List<Credential> RecoveryKeys { get; init; }

    /// <summary>The recovery key of an id, if the user has it.</summary>
    public Credential? RecoveryKey(ReadOnlySpan<byte> credentialId)
    {
        foreach (var key in RecoveryKeys)
        {
            if (key.CredentialId.AsSpan().SequenceEqual(credentialId)) return key;
        }

        return null;
    }

    /// <summary>What there is to answer without completing anything: the session is over or spent, or its user deactivated.</summary>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="now">UTC.</param>
    /// <returns>Null when the session is open.</returns>
    public Checked<RegistrationResponse>? Answer(ReadOnlySpan<byte> digest, DateTimeOffset now)
    {
        if (Ceremony.ExpiresAt <= now) return ErrorCatalog.NotAuthorized;
        if (Ceremony.Repeat<RegistrationResponse>(digest) is { } repeat) return repeat;
        if (Ceremony.ConsumedAt is not null) return ErrorCatalog.NotAuthorized;
        if (!User.IsActive) return ErrorCatalog.UserDeactivated;
        return null;
    }
}

/// <summary>A recovery that was started, and the recovery key that it was started with, if there is such a one.</summary>
internal sealed record StartedRecovery(Ceremony Ceremony, User User, RelyingParty RelyingParty, Credential? RecoveryKey);
