using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>A raw-key registration in the making. What a test changes enters everything that is computed from it afterwards.</summary>
public sealed class KeyDraft
{
    internal KeyDraft(SoftwareKey key, string challenge)
    {
        Key = key;
        Pem = key.Pem;
        ClientData.Set("type", "key.create").Set("challenge", challenge);
    }

    /// <summary>The key that signs.</summary>
    public SoftwareKey Key { get; set; }

    /// <summary>The credential id.</summary>
    public byte[] CredentialId { get; set; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>The client data: <c>type</c>, <c>challenge</c>, in this order.</summary>
    public JsonDraft ClientData { get; } = new();

    /// <summary>The PEM text, in the fingerprint and in the attestation.</summary>
    public string Pem { get; set; }

    /// <summary>The hash that is signed with.</summary>
    public HashAlgorithmName Hash { get; set; } = HashAlgorithmName.SHA256;

    /// <summary>The padding of RSA keys.</summary>
    public RSASignaturePadding Padding { get; set; } = RSASignaturePadding.Pkcs1;

    /// <summary>The text that is signed.</summary>
    public Func<string, string> Fingerprint { get; set; } = text => text;

    /// <summary>The signature.</summary>
    public Func<byte[], byte[]> Signature { get; set; } = bytes => bytes;

    /// <summary>The attestation: <c>publicKey</c>, <c>signature</c>, in this order.</summary>
    public Action<JsonDraft> Attestation { get; set; } = _ => { };

    /// <summary>The texts of the request.</summary>
    public Func<MadeCredential, MadeCredential> Texts { get; set; } = made => made;

    internal MadeCredential ToCredential(CredentialKind kind)
    {
        var clientData = ClientData.ToBytes();
        var clientDataHash = Convert.ToHexStringLower(SHA256.HashData(clientData));
        var escapedPem = JsonEncodedText.Encode(Pem, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        var fingerprint = Fingerprint("{\"clientDataHash\":\"" + clientDataHash + "\",\"publicKey\":\"" + escapedPem + "\"}");
        var signature = Signature(Key.Sign(System.Text.Encoding.UTF8.GetBytes(fingerprint), Hash, Padding));

        var attestation = new JsonDraft().Set("publicKey", Pem).Set("signature", Convert.ToHexStringLower(signature));
        Attestation(attestation);
        return Texts(MadeCredential.Of(kind, CredentialId, clientData, attestation.ToBytes()));
    }
}
