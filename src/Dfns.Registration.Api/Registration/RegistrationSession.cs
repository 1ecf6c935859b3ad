using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Api.Registration;

/// <summary>A registration ceremony with everything that completing it reads or changes.</summary>
internal sealed class RegistrationSession
{
    public required Ceremony Ceremony { get; init; }

    public required User User { get; init; }

    public required RelyingParty RelyingParty { get; init; }

    /// <summary>Null when the registration did not begin with a code.</summary>
    public required RegistrationCode? Code { get; init; }

    public required List<Ceremony> OtherOpen { get; init; }

    public bool RequiresRecovery => User.Kind == UserKind.EndUser && RelyingParty.RecoveryRequiredForEndUsers;

    /// <summary>What a credential must have signed to complete this session.</summary>
    /// <param name="now">UTC.</param>
    /// <param name="trusted">Whose attestation is trusted now.</param>
    public RegistrationExpectation Expect(DateTimeOffset now, TrustSources.Snapshot trusted) => new()
    {
        Challenge = Ceremony.Challenge,
        RelyingPartyId = RelyingParty.RelyingPartyId,
        Origins = RelyingParty.Origins,
        RequireUserVerification = RelyingParty.RequiresUserVerification,
        Algorithms = RelyingParty.Algorithms,
        AllowCrossOrigin = RelyingParty.AllowCrossOrigin,
        TopOrigins = RelyingParty.TopOrigins,
        Trust = new AttestationTrust
        {
            AcceptNone = !RelyingParty.RefuseNoAttestation,
            AcceptSelf = !RelyingParty.RefuseSelfAttestation,
            // Where trust is asked for and nobody is trusted, no certificate is: the list of roots is empty, not absent.
            Roots = RelyingParty.RequireTrustedRoot ? trusted.Roots : null,
            Metadata = RelyingParty.RequireTrustedRoot ? trusted.Metadata : null,
            AllowedAaguids = RelyingParty.AllowedAaguids ?? [],
            DeniedAaguids = RelyingParty.DeniedAaguids ?? [],
            RefusedStatuses = RelyingParty.RefusedStatuses ?? AttestationTrust.Undesired,
        },
        Now = now,
    };

    /// <summary>What there is to answer without completing anything: the session is spent, or its user may not register.</summary>
    /// <param name="digest">SHA-256 of the request body.</param>
    /// <param name="now">UTC; a session may end between being found and being completed.</param>
    /// <returns>Null when the session is open.</returns>
    public Checked<RegistrationResponse>? Answer(ReadOnlySpan<byte> digest, DateTimeOffset now)
    {
        if (Ceremony.ExpiresAt <= now) return ErrorCatalog.NotAuthorized;
        if (Ceremony.Result is { } result)
        {
            return CryptographicOperations.FixedTimeEquals(digest, Ceremony.ResultDigest)
                ? JsonSerializer.Deserialize<RegistrationResponse>(result, WireJson.Options)!
                : ErrorCatalog.SessionAlreadyCompleted;
        }

        if (Ceremony.ConsumedAt is not null || User.RegisteredAt is not null) return ErrorCatalog.UserAlreadyExists;
        if (!User.IsActive) return ErrorCatalog.UserDeactivated;
        return null;
    }
}
