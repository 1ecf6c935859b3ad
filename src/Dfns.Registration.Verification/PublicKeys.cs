using Dfns.Registration.Verification.RawKey;

namespace Dfns.Registration.Verification;

/// <summary>Reads the public key of a raw key that signs later on, where somebody vouches for it and no proof of possession is asked for.</summary>
public static class PublicKeys
{
    /// <summary>Reads a PEM text by the rules that a raw key is registered by.</summary>
    /// <param name="pem">One block (RFC 7468), <c>PUBLIC KEY</c> or <c>RSA PUBLIC KEY</c>, and at most line breaks around it.</param>
    /// <returns>
    /// DER SubjectPublicKeyInfo, the same bytes for the same key; or one of the reasons that begin with <c>Pem</c>, or what is wrong with
    /// the key in it: its encoding, its type, its curve, its size.
    /// </returns>
    public static Outcome<ReadOnlyMemory<byte>> ReadPem(string pem)
    {
        if (PublicKeyPem.Read(pem).Refused(out var why, out var key)) return why;
        return (ReadOnlyMemory<byte>)key.ExportSubjectPublicKeyInfo();
    }
}
