using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>
/// Opens the envelope that clients put around a private key: base64 of JSON {iv, key}; PBKDF2-SHA-256, 100,000 iterations, salted with
/// the hash of the lower-cased, trimmed username; AES-256-GCM with an IV of 16 bytes around a PKCS#8 key.
/// </summary>
internal static class EncryptedPrivateKey
{
    private const int TagSizeBytes = 16;

    /// <returns>The key.</returns>
    /// <exception cref="CryptographicException">The secret is not the one it was encrypted with.</exception>
    public static ECDsa Open(string envelope, string secret, string username)
    {
        var parts = JsonNode.Parse(Convert.FromBase64String(envelope))!;
        var salt = SHA256.HashData(Encoding.UTF8.GetBytes(username.ToLowerInvariant().Trim()));
        var wrappingKey = Rfc2898DeriveBytes.Pbkdf2(secret, salt, 100_000, HashAlgorithmName.SHA256, 32);
        var pkcs8 = DecryptGcm(wrappingKey, Convert.FromBase64String((string)parts["iv"]!), Convert.FromBase64String((string)parts["key"]!));
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return key;
    }

    // NIST SP 800-38D, algorithm 5. The framework's own takes IVs of 12 bytes only.
    private static byte[] DecryptGcm(byte[] key, byte[] iv, byte[] sealedText)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var cipher = sealedText.AsSpan(..^TagSizeBytes);
        var h = Encrypt(aes, UInt128.Zero);
        var counter = GHash(h, iv, lengths: (UInt128)iv.Length * 8);
        var tag = GHash(h, cipher, lengths: (UInt128)cipher.Length * 8) ^ Encrypt(aes, counter);
        if (tag != BinaryPrimitives.ReadUInt128BigEndian(sealedText.AsSpan(^TagSizeBytes..))) throw new CryptographicException("The tag does not match.");

        var plain = new byte[cipher.Length];
        for (var i = 0; i < plain.Length; i++)
        {
            if (i % 16 == 0) counter = Increment(counter);
            plain[i] = (byte)(cipher[i] ^ (byte)(Encrypt(aes, counter) >> (120 - (i % 16 * 8)) & 0xff));
        }

        return plain;
    }

    private static UInt128 GHash(UInt128 h, ReadOnlySpan<byte> bytes, UInt128 lengths)
    {
        var sum = UInt128.Zero;
        Span<byte> block = stackalloc byte[16];
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(16, bytes.Length)..])
        {
            block.Clear();
            bytes[..Math.Min(16, bytes.Length)].CopyTo(block);
            sum = Multiply(sum ^ BinaryPrimitives.ReadUInt128BigEndian(block), h);
        }

        return Multiply(sum ^ lengths, h);
    }

    private static UInt128 Multiply(UInt128 x, UInt128 y)
    {
        var product = UInt128.Zero;
        for (var bit = 127; bit >= 0; bit--)
        {
            if ((x >> bit & 1) == 1) product ^= y;
            y = (y & 1) == 0 ? y >> 1 : (y >> 1) ^ ((UInt128)0xe1 << 120);
        }

        return product;
    }

    private static UInt128 Increment(UInt128 counter) => (counter & ~(UInt128)uint.MaxValue) | unchecked((uint)counter + 1);

    private static UInt128 Encrypt(Aes aes, UInt128 block)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, block);
#pragma warning disable CA5358 // One block at a time is how GCM uses the cipher.
        aes.EncryptEcb(bytes, bytes, PaddingMode.None);
#pragma warning restore CA5358
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
