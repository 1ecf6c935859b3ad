using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification;

/// <summary>Reads a credential id before its credential, and with it the kind, is known.</summary>
public static class CredentialIds
{
    /// <summary>Decodes the text of an id, to look its credential up by the bytes.</summary>
    /// <param name="credId">
    /// Base64url text of either alphabet, padded or not. Spare bits are dropped, as they are from the ids of raw keys; whether they
    /// are allowed is for the verifier of the kind to say.
    /// </param>
    /// <returns>
    /// 1 to 1,023 bytes, or <see cref="RefusalReason.Base64UrlInvalid"/>, <see cref="RefusalReason.MemberTooLarge"/> or
    /// <see cref="RefusalReason.CredentialIdLength"/>.
    /// </returns>
    public static Outcome<ReadOnlyMemory<byte>> Read(string? credId)
    {
        if (Base64UrlText.DecodeChosenId(credId).Refused(out var why, out var bytes)) return why;
        return bytes.Length > VerificationLimits.MaxCredentialIdSizeBytes ? RefusalReason.CredentialIdLength : bytes;
    }
}
