namespace Dfns.Registration.Verification.Keys;

/// <summary>Reads the public key of a stored credential. It was accepted once; that it no longer is would be the service's fault.</summary>
internal static class StoredKey
{
    /// <summary>Reads the key.</summary>
    /// <returns>The key, or <see cref="RefusalReason.StoredCredentialUnusable"/>.</returns>
    public static Outcome<PublicKey> Read(StoredCredential credential) =>
        SubjectPublicKeyInfo.Read(credential.SubjectPublicKeyInfo).Refused(out var why, out var key)
            ? new Refusal(RefusalReason.StoredCredentialUnusable, $"{why.Reason}")
            : key;
}
