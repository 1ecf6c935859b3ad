using System.Security.Cryptography;

namespace Dfns.Registration.Verification.WebAuthn;

/// <summary>
/// What registration (WebAuthn L3 §7.1) and authentication (§7.2) ask alike of client data and authenticator data. Each rule carries
/// its step in both.
/// </summary>
internal static class CeremonyChecks
{
    /// <summary>Holds client data against the ceremony that was begun.</summary>
    /// <param name="clientData">The client data.</param>
    /// <param name="type"><c>webauthn.create</c> or <c>webauthn.get</c>.</param>
    /// <param name="expected">What is expected.</param>
    public static Refusal? RefuseClientData(CollectedClientData clientData, string type, CeremonyExpectation expected)
    {
        // §7.1 step 7, §7.2 step 10: made by the call of this ceremony, not by that of the other.
        if (clientData.Type != type) return new(RefusalReason.TypeUnexpected, clientData.Type);
        // §7.1 step 8, §7.2 step 11: over the challenge that was issued.
        if (!new IssuedChallenge(expected.Challenge).IsPresentedBy(clientData.Challenge)) return new(RefusalReason.ChallengeMismatch);
        // §7.1 step 9, §7.2 step 12: on a page, or in an app, of the relying party.
        if (!AdmittedOrigins.Admits(expected.Origins, clientData.Origin))
            return new(RefusalReason.OriginNotAllowed, clientData.Origin);
        // §7.1 step 10, §7.2 step 13: not inside someone else's page, unless that is expected.
        if (clientData.CrossOrigin && !expected.AllowCrossOrigin) return new(RefusalReason.CrossOriginNotAllowed);
        // §7.1 step 11, §7.2 step 14: if the top-level page is named, it is one that is expected.
        if (clientData.TopOrigin is { } topOrigin)
        {
            if (!expected.AllowCrossOrigin) return new(RefusalReason.TopOriginNotExpected, topOrigin);
            if (!expected.TopOrigins.Contains(topOrigin, StringComparer.Ordinal)) return new(RefusalReason.TopOriginNotAllowed, topOrigin);
        }

        return null;
    }

    /// <summary>Holds authenticator data against the relying party and its policy.</summary>
    public static Refusal? RefuseAuthenticatorData(AuthenticatorData data, CeremonyExpectation expected)
    {
        // §7.1 step 14, §7.2 step 15: for this RP ID.
        var rpIdHash = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(expected.RelyingPartyId));
        if (!CryptographicOperations.FixedTimeEquals(data.RpIdHash.Span, rpIdHash)) return new(RefusalReason.RpIdHashMismatch);
        // §7.1 step 15, §7.2 step 16: the user was present. Conditional creation, which may do without, is not offered.
        if (!data.Flags.HasFlag(AuthenticatorFlags.UserPresent)) return new(RefusalReason.UserNotPresent);
        // §7.1 step 16, §7.2 step 17: the user was verified, where that is required.
        if (expected.RequireUserVerification && !data.Flags.HasFlag(AuthenticatorFlags.UserVerified))
            return new(RefusalReason.UserNotVerified);
        // §7.1 step 17, §7.2 step 18: backed up only if that is possible.
        if (data.Flags.HasFlag(AuthenticatorFlags.BackupState) && !data.Flags.HasFlag(AuthenticatorFlags.BackupEligible))
            return new(RefusalReason.BackupStateWithoutEligibility);
        return null;
    }
}
