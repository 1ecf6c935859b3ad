using System.Buffers.Text;
using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

/// <summary>A raw-key assertion in the making. What a test changes enters everything that is computed from it afterwards.</summary>
public sealed class KeyAssertionDraft
{
    internal KeyAssertionDraft(SoftwareKey key, string challenge, byte[] credentialId)
    {
        Key = key;
        CredentialId = credentialId;
        ClientData.Set("type", "key.get").Set("challenge", challenge);
    }

    /// <summary>The key that signs.</summary>
    public SoftwareKey Key { get; set; }

    /// <summary>The credential id.</summary>
    public byte[] CredentialId { get; set; }

    /// <summary>The client data: <c>type</c>, <c>challenge</c>, in this order.</summary>
    public JsonDraft ClientData { get; } = new();

    /// <summary>The hash that is signed with.</summary>
    public HashAlgorithmName Hash { get; set; } = HashAlgorithmName.SHA256;

    /// <summary>The padding of RSA keys.</summary>
    public RSASignaturePadding Padding { get; set; } = RSASignaturePadding.Pkcs1;

    /// <summary>The name of the hash in the request; null where the client names none.</summary>
    public string? Algorithm { get; set; }

    /// <summary>The bytes that are signed: client data.</summary>
    public Func<byte[], byte[]> SignedBytes { get; set; } = bytes => bytes;

    /// <summary>The signature.</summary>
    public Func<byte[], byte[]> Signature { get; set; } = bytes => bytes;

    /// <summary>The texts of the request.</summary>
    public Func<MadeAssertion, MadeAssertion> Texts { get; set; } = made => made;

    /// <summary>Sets <c>challenge</c> to base64url of a text's UTF-8 bytes: of the issued challenge (variant A), or of JSON for a recovery.</summary>
    public void EncodeChallengeText(string text) =>
        ClientData.Set("challenge", Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text)));

    internal MadeAssertion ToAssertion()
    {
        var clientData = ClientData.ToBytes();
        var signature = Signature(Key.Sign(SignedBytes(clientData), Hash, Padding));
        return Texts(MadeAssertion.Of(CredentialId, clientData, signature) with { Algorithm = Algorithm });
    }
}
