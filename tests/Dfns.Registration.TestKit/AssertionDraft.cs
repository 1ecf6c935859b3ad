using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

/// <summary>
/// A WebAuthn assertion in the making, layer over layer: client data, authenticator data, signature, texts. What a test changes in
/// one layer enters everything that is computed, and signed, above it.
/// </summary>
public sealed class AssertionDraft
{
    /// <summary>The flags UP and UV.</summary>
    public const byte UsualFlags = 0x05;

    internal AssertionDraft(SoftwareAuthenticator authenticator, string challenge, string rpId, string origin, byte[] credentialId, string? userId)
    {
        Algorithm = authenticator.Algorithm;
        CredentialKey = authenticator.CredentialKey;
        CredentialId = credentialId;
        RpId = rpId;
        UserHandle = userId is null ? null : System.Text.Encoding.UTF8.GetBytes(userId);
        ClientData.Set("type", "webauthn.get").Set("challenge", challenge).Set("origin", origin).Set("crossOrigin", false);
    }

    /// <summary>Client data: <c>type</c>, <c>challenge</c> (variant B, verbatim), <c>origin</c>, <c>crossOrigin</c>.</summary>
    public JsonDraft ClientData { get; } = new();

    /// <summary>The RP ID whose hash is in the authenticator data.</summary>
    public string RpId { get; set; }

    /// <summary>The flags; <see cref="UsualFlags"/> to begin with.</summary>
    public byte Flags { get; set; } = UsualFlags;

    /// <summary>The signature counter; 0, as passkeys that are synced leave it.</summary>
    public uint SignCount { get; set; }

    /// <summary>Bytes after the counter; a test that sets them sets a flag as well, or does not.</summary>
    public byte[] Extensions { get; set; } = [];

    /// <summary>The COSE algorithm number that is signed with.</summary>
    public int Algorithm { get; set; }

    /// <summary>The key that signs.</summary>
    public SoftwareKey CredentialKey { get; set; }

    /// <summary>The credential id.</summary>
    public byte[] CredentialId { get; set; }

    /// <summary>The user handle; null where the authenticator gives none.</summary>
    public byte[]? UserHandle { get; set; }

    /// <summary>Authenticator data as a whole.</summary>
    public Func<byte[], byte[]> AuthenticatorData { get; set; } = bytes => bytes;

    /// <summary>Client data hash as it is signed.</summary>
    public Func<byte[], byte[]> ClientDataHash { get; set; } = bytes => bytes;

    /// <summary>The signature.</summary>
    public Func<byte[], byte[]> Signature { get; set; } = bytes => bytes;

    /// <summary>The texts of the request.</summary>
    public Func<MadeAssertion, MadeAssertion> Texts { get; set; } = made => made;

    /// <summary>Sets <c>challenge</c> to variant A: base64url of the UTF-8 bytes of the text, as the official browser SDK does.</summary>
    public void EncodeChallengeText(string challenge) =>
        ClientData.Set("challenge", Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(challenge)));

    internal MadeAssertion ToAssertion()
    {
        var clientData = ClientData.ToBytes();
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, SignCount);
        var authenticatorData = AuthenticatorData([.. SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(RpId)), Flags, .. counter, .. Extensions]);

        byte[] signedBytes = [.. authenticatorData, .. ClientDataHash(SHA256.HashData(clientData))];
        var signature = Signature(CredentialKey.Sign(signedBytes, Algorithm));
        return Texts(MadeAssertion.Of(CredentialId, clientData, signature) with
        {
            AuthenticatorData = Base64Url.EncodeToString(authenticatorData),
            UserHandle = UserHandle is null ? null : Base64Url.EncodeToString(UserHandle),
        });
    }
}
