using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>What a signature scheme adds to a key: the hash, and for RSA the padding.</summary>
/// <param name="Hash">The hash over the signed bytes. Ed25519 brings its own and ignores it.</param>
/// <param name="Padding">The RSA padding; null for other keys.</param>
internal readonly record struct SignatureScheme(HashAlgorithmName Hash, RSASignaturePadding? Padding);

/// <summary>
/// A public key that passed every check of its type, whichever encoding it came in. There is no way to hold one that did not: the
/// three kinds are made by their own <c>Create</c>. A key is its numbers: it holds nothing that wants releasing, and is imported into a
/// library of cryptography for the length of one verification.
/// </summary>
internal abstract class PublicKey
{
    /// <summary>The key re-encoded as DER SubjectPublicKeyInfo: equal keys give equal bytes.</summary>
    public abstract byte[] ExportSubjectPublicKeyInfo();

    /// <summary>
    /// Verifies a signature in the encoding of its kind: DER for ECDSA, 64 bytes for Ed25519, one modulus length for RSA.
    /// </summary>
    /// <param name="data">The signed bytes, not hashed.</param>
    /// <param name="signature">The signature; any bytes at all give an answer.</param>
    /// <param name="scheme">Hash and padding.</param>
    /// <returns>Whether the signature is the key's, over these bytes.</returns>
    public abstract bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureScheme scheme);
}
