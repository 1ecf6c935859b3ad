namespace Dfns.Registration.Verification;

/// <summary>Which credential an assertion claims to be of: the questions that come before any proof, alike for all kinds.</summary>
internal static class AssertedCredential
{
    /// <summary>Holds the id of an assertion against the stored credential and against what the ceremony was begun for.</summary>
    /// <param name="credId">The id in the assertion, decoded.</param>
    /// <param name="credential">The credential that was looked up by it.</param>
    /// <param name="allowed">The ids that were offered, or null when none were named.</param>
    /// <param name="userId">The user who was known beforehand, or null.</param>
    /// <returns>
    /// Null, or <see cref="RefusalReason.CredentialNotAllowed"/>, <see cref="RefusalReason.CredentialIdUnexpected"/> or
    /// <see cref="RefusalReason.CredentialOfAnotherUser"/>.
    /// </returns>
    public static Refusal? Refuse(
        ReadOnlyMemory<byte> credId, StoredCredential credential, IReadOnlyList<ReadOnlyMemory<byte>>? allowed, string? userId)
    {
        // WebAuthn L3 §7.2 step 5: one of the credentials that were offered, if any were.
        if (allowed is not null && !allowed.Any(id => id.Span.SequenceEqual(credId.Span))) return new(RefusalReason.CredentialNotAllowed);
        // Step 6: the credential record is the one of this id, and of the user who was known beforehand.
        if (!credId.Span.SequenceEqual(credential.CredentialId.Span)) return new(RefusalReason.CredentialIdUnexpected);
        if (userId is not null && userId != credential.UserId) return new(RefusalReason.CredentialOfAnotherUser);
        return null;
    }
}
