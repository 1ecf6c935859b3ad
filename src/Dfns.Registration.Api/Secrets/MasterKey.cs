using System.Security.Cryptography;
using System.Text;

namespace Dfns.Registration.Api.Secrets;

/// <summary>
/// The one secret outside the database. Four keys are derived from it (HKDF, RFC 5869): one seals private signing keys, client secrets and
/// what waits to be sent, one hashes codes, one the addresses and names that limits are counted by, and from one follows what a single sign-on keeps to itself, so that a copy of the database alone yields none of them.
/// </summary>
public sealed class MasterKey
{
    /// <summary>Bytes of the master key: 256 bits.</summary>
    public const int SizeBytes = 32;

    private const int TagSizeBytes = 16;
    private const int NonceSizeBytes = 12;

    private readonly byte[] sealingKey;
    private readonly byte[] codeKey;
    private readonly byte[] budgetKey;
    private readonly byte[] stateKey;

    /// <param name="key">Exactly <see cref="SizeBytes"/> random bytes.</param>
    public MasterKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != SizeBytes) throw new ArgumentException("A master key has 32 bytes.", nameof(key));
        sealingKey = Derive(key, "seal");
        codeKey = Derive(key, "codes");
        budgetKey = Derive(key, "budgets");
        stateKey = Derive(key, "states");
    }

    /// <summary>Encrypts a secret for storage (AES-256-GCM): nonce, tag, ciphertext.</summary>
    /// <param name="secret">What to seal.</param>
    /// <param name="name">The name it is stored under; it opens under no other.</param>
    /// <param name="entropy">Gives the nonce.</param>
    public byte[] Seal(ReadOnlySpan<byte> secret, string name, Entropy entropy)
    {
        var box = new byte[NonceSizeBytes + TagSizeBytes + secret.Length];
        var nonce = box.AsSpan(0, NonceSizeBytes);
        entropy.Fill(nonce);
        using var cipher = new AesGcm(sealingKey, TagSizeBytes);
        cipher.Encrypt(nonce, secret, box.AsSpan(NonceSizeBytes + TagSizeBytes), box.AsSpan(NonceSizeBytes, TagSizeBytes), Encoding.UTF8.GetBytes(name));
        return box;
    }

    /// <summary>Decrypts what <see cref="Seal"/> made.</summary>
    /// <exception cref="CryptographicException">Sealed with another master key or under another name, changed since, or never sealed.</exception>
    public byte[] Open(ReadOnlySpan<byte> box, string name)
    {
        if (box.Length < NonceSizeBytes + TagSizeBytes) throw new CryptographicException("What is shorter than nonce and tag was never sealed.");
        var secret = new byte[box.Length - NonceSizeBytes - TagSizeBytes];
        using var cipher = new AesGcm(sealingKey, TagSizeBytes);
        cipher.Decrypt(box[..NonceSizeBytes], box[(NonceSizeBytes + TagSizeBytes)..], box.Slice(NonceSizeBytes, TagSizeBytes), secret, Encoding.UTF8.GetBytes(name));
        return secret;
    }

    /// <summary>The keyed hash of a code, bound to whom it was sent and what for: HMAC-SHA-256, 32 bytes.</summary>
    public byte[] HashCode(string organisationId, string subject, string code) =>
        HMACSHA256.HashData(codeKey, Encoding.UTF8.GetBytes($"{organisationId}\0{subject}\0{code}"));

    /// <summary>The keyed hash of whose budget it is: HMAC-SHA-256, 32 bytes.</summary>
    public byte[] HashBudget(string owner) => HMACSHA256.HashData(budgetKey, Encoding.UTF8.GetBytes(owner));

    /// <summary>A secret that follows from a state, and that nobody can tell who knows the state alone: HMAC-SHA-256, 32 bytes.</summary>
    /// <param name="name">Which of its secrets.</param>
    /// <param name="state">The state as a client holds it.</param>
    public byte[] SecretOf(string name, string state) => HMACSHA256.HashData(stateKey, Encoding.UTF8.GetBytes($"{name}\0{state}"));

    private static byte[] Derive(ReadOnlySpan<byte> key, string purpose)
    {
        var derived = new byte[SizeBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt: [], info: Encoding.UTF8.GetBytes($"dfns-registration/{purpose}/v1"));
        return derived;
    }
}
